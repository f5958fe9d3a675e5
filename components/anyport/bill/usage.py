"""Tokens per endpoint and target, from a CSV that a gateway's counters fill.

Columns: `endpoint`, `target`, `input_tokens`, `output_tokens`, and if wanted `tier`, `month` (YYYY-MM) and
`requests`. Without a month the counts are those of the only month of the bill. Lines of one target and month add up.
Tokens are counted for a line of the bill only where it is the one line that they can be of: nothing is split by a guess.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import AnyportError, Problem, nearest
from .model import Line

__all__ = ["Count", "Usage", "counts", "read_usage"]

NEEDED = ("endpoint", "target", "input_tokens", "output_tokens")
KNOWN = (*NEEDED, "tier", "month", "requests")


@dataclass(frozen=True)
class Usage:
    """Tokens by (tier or "", endpoint, target, month or "") as (input, output)."""

    tokens: dict[tuple[str, str, str, str], tuple[int, int]]

    def of(
        self, tier: str, endpoint: str, target: str, month: str, only_month: bool
    ) -> tuple[int, int] | None:
        """Tokens that can be of a target in a month, those without a tier too; None when the file has none."""
        found = [
            self.tokens[key]
            for t in dict.fromkeys((tier, ""))
            for m in ((month, "") if only_month else (month,))
            if (key := (t, endpoint, target, m)) in self.tokens
        ]
        return (sum(pair[0] for pair in found), sum(pair[1] for pair in found)) if found else None


@dataclass(frozen=True)
class Count:
    """Tokens of one key of the file beside the bill.

    Attributes:
        tier, endpoint, target: as the file says; the tier may be empty.
        month: of the bill; empty when the file names none and the bill has several.
        tokens: input and output.
        lines: the lines of the bill that they can be of.
    """

    tier: str
    endpoint: str
    target: str
    month: str
    tokens: tuple[int, int]
    lines: tuple[Line, ...]


def counts(lines: Sequence[Line], usage: Usage) -> Iterator[Count]:
    """What the file says of the months of the bill, in a fixed order."""
    months = sorted({line.month for line in lines})
    own: dict[tuple[str, str, str], list[Line]] = defaultdict(list)
    for line in lines:
        own[(line.month, line.endpoint, line.target)].append(line)
    for (tier, endpoint, target, said), tokens in sorted(usage.tokens.items()):
        if said and said not in months:
            continue
        month = said or (months[0] if len(months) == 1 else "")
        fits = [line for line in own.get((month, endpoint, target), ()) if tier in ("", line.tier)]
        yield Count(tier, endpoint, target, month, tokens, tuple(fits))


def read_usage(path: Path) -> Usage:
    """Read the file.

    Raises:
        AnyportError: AP566, every wrong line at once.
    """
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = (getattr(error, "strerror", None) or "not UTF-8 text").lower()
        raise AnyportError([_wrong(path, 0, f"cannot be read: {why}")]) from None
    rows = csv.DictReader(text.splitlines(), strict=True, restkey="", restval=None)
    try:
        header = [name.strip().lower() for name in rows.fieldnames or ()]
        rows.fieldnames = header
        if problems := _header(path, header):
            raise AnyportError(problems)
        return _rows(path, rows)
    except csv.Error as error:
        raise AnyportError([_wrong(path, rows.line_num, f"is no CSV: {error}")]) from None


def _header(path: Path, header: list[str]) -> list[Problem]:
    problems = [
        _wrong(path, 1, f"unknown column {name!r}", fix=f"did you mean {near}?" if near else "leave it out")
        for name in header
        if name not in KNOWN
        for near in (nearest(name, KNOWN),)
    ]
    problems += [
        _wrong(path, 1, f"has the column {name!r} twice", fix="leave one of them out")
        for name, times in Counter(header).items()
        if times > 1 and name in KNOWN
    ]
    gone = [name for name in NEEDED if name not in header]
    if gone:
        problems.append(_wrong(path, 1, f"lacks {', '.join(gone)}", fix=f"columns: {', '.join(KNOWN)}"))
    return problems


def _rows(path: Path, rows: csv.DictReader[str]) -> Usage:
    tokens: dict[tuple[str, str, str, str], tuple[int, int]] = defaultdict(lambda: (0, 0))
    problems = []
    for row in rows:
        value = {
            name: (text or "").strip() for name, text in row.items() if isinstance(text, str | None) and name
        }
        wrong = [name for name in NEEDED[:2] if not value.get(name)]
        wrong += [name for name in NEEDED[2:] if not re.fullmatch(r"\d{1,18}", value.get(name, ""))]
        if value.get("month") and not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", value["month"]):
            wrong.append("month")
        if wrong or "" in row:
            what = (
                ", ".join(f"{name} {value.get(name, '')!r}" for name in wrong)
                or "more fields than the header"
            )
            fix = "names as in the spec, whole numbers of tokens, months as YYYY-MM"
            problems.append(_wrong(path, rows.line_num, f"wrong: {what}", fix=fix))
            continue
        key = (value.get("tier", ""), value["endpoint"], value["target"], value.get("month", ""))
        before = tokens[key]
        tokens[key] = (before[0] + int(value["input_tokens"]), before[1] + int(value["output_tokens"]))
    if problems:
        raise AnyportError(problems)
    return Usage(dict(tokens))


def _wrong(path: Path, line: int, what: str, fix: str = "") -> Problem:
    return Problem("AP566", "", f"the usage file {what}", fix=fix, file=str(path), line=line)
