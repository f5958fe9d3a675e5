"""A report as plain values, in one order: what is new and fails first, then by place."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from anyport.errors import Problem

from ..engine import Finding
from ..rule import Rule

__all__ = ["Change", "Entry", "Net", "Preview", "Report", "numbered"]

Net = Literal["offline", "preview"]
"""Where a finding was seen: in the files, or by the engine in a preview."""

_RANK = {"mandatory": 0, "advisory": 1, "note": 2}
_DAYS = re.compile(r"\b[0-9]+ days?\b")
_SEVERITY_RANK = {"critical": 0, "high": 1, "medium": 2, "low": 3}


@dataclass(frozen=True, slots=True)
class Entry:
    """A finding and where it stands.

    Attributes:
        finding: the rule's verdict.
        file: path from the top of the checkout, with slashes; empty when no file is known.
        line: 1-based line of the YAML key, 0 when unknown.
        end_line: last line of what belongs to the key.
        column: 1-based, 0 when unknown.
        old: known before this change, or in the baseline.
        nets: where it was seen.
        ordinal: tells alike findings of one place apart; see `numbered`.
    """

    finding: Finding
    file: str = ""
    line: int = 0
    end_line: int = 0
    column: int = 0
    old: bool = False
    nets: tuple[Net, ...] = ("offline",)
    ordinal: int = 0

    @property
    def fails(self) -> bool:
        """Whether it fails the check: mandatory, not waived, and not old."""
        return self.finding.fails and not self.old

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What it is about, without its wording and its line."""
        f = self.finding
        return f.rule_id, self.file, f.endpoint, f.target or "", f.resource or ""

    @property
    def fingerprint(self) -> str:
        """The same for the same finding whatever its wording, its line and what else is found."""
        text = "\0".join((*self.key, str(self.ordinal)))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @property
    def digest(self) -> str:
        """The same for the same finding in the same words, whatever its line, the day and what else is found."""
        text = "\0".join((*self.key, _DAYS.sub("days", self.finding.message)))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    @property
    def word(self) -> str:
        """Severity in capitals as reports show it; NOTE for what fails nothing."""
        return "NOTE" if self.finding.level == "note" else self.finding.severity.upper()

    @property
    def state(self) -> str:
        """`new`, `old` or `waived`."""
        return "waived" if self.finding.waived is not None else "old" if self.old else "new"

    @property
    def at(self) -> str:
        """`file:line`, as far as known."""
        return f"{self.file}:{self.line}" if self.line else self.file or "-"

    @property
    def order(self) -> tuple[object, ...]:
        """What fails first, then by place."""
        f = self.finding
        return (
            not self.fails,
            _RANK[f.level],
            self.state != "new",
            _SEVERITY_RANK.get(f.severity, 9),
            self.file,
            self.line,
            f.rule_id,
            f.path,
            f.message,
        )


def numbered(entries: Iterable[Entry]) -> list[Entry]:
    """The entries in the order of reports, alike ones told apart by `ordinal`."""
    seen: Counter[tuple[str, ...]] = Counter()
    out = []
    for entry in sorted(entries, key=lambda e: (e.file, e.line, e.finding.rule_id, e.finding.message)):
        key = entry.key
        out.append(entry if entry.ordinal == seen[key] else replace(entry, ordinal=seen[key]))
        seen[key] += 1
    return sorted(out, key=lambda e: e.order)


@dataclass(frozen=True, slots=True)
class Change:
    """What the change does to one endpoint: its targets, one line each, in order of use.

    Attributes:
        file: where the endpoint is written.
        endpoint: its name.
        before: None when there was no such endpoint.
        after: None when it is gone.
        cost_before: list prices of a standby, a steady and a failover month, as text; empty when not estimated.
        cost_after: likewise.
    """

    file: str
    endpoint: str
    before: tuple[str, ...] | None
    after: tuple[str, ...] | None
    cost_before: tuple[str, ...] = ()
    cost_after: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preview:
    """How a preview by the engine ended.

    Attributes:
        stack: name of the stack, or the file of events when no event names one.
        result: `succeeded`; `refused` when nothing but policies stopped it, so that findings say it all;
            `failed` for any other reason; `unfinished` when the events break off.
        changes: number of resources by what would be done with them.
        errors: what the engine said went wrong.
    """

    stack: str
    result: Literal["succeeded", "refused", "failed", "unfinished"]
    changes: tuple[tuple[str, int], ...] = ()
    errors: tuple[str, ...] = ()

    @property
    def broke(self) -> bool:
        """Whether something is wrong that no finding says."""
        return self.result in {"failed", "unfinished"}


@dataclass(frozen=True)
class Report:
    """Everything that was found.

    Attributes:
        entries: findings, through `numbered`.
        rules: all rules, for those formats that list what was looked for.
        version: of Anyport.
        files: files that were judged.
        endpoints: file and name of every endpoint judged.
        problems: what is wrong with the input.
        since: the commit compared with, or None when nothing was compared.
        changes: what the change does; empty when nothing was compared.
        remarks: what else a reader must know, such as that the base could not be read.
        previews: previews whose events were joined.
        docs_url: where `policies/` of this version is served, or an empty text.
    """

    entries: Sequence[Entry]
    rules: tuple[Rule, ...]
    version: str
    files: tuple[str, ...] = ()
    endpoints: tuple[tuple[str, str], ...] = ()
    problems: tuple[Problem, ...] = ()
    since: str | None = None
    changes: tuple[Change, ...] = ()
    remarks: tuple[str, ...] = ()
    previews: tuple[Preview, ...] = ()
    docs_url: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """How many fail, and how many there are of what fails nothing."""
        found: Counter[str] = Counter()
        for entry in self.entries:
            state = entry.state
            level = entry.finding.level
            found["failing" if entry.fails else state if state != "new" else level] += 1
        names = {
            "failing": "failing",
            "advisory": "advisory",
            "note": "notes",
            "waived": "waived",
            "old": "old",
        }
        return {shown: found[name] for name, shown in names.items()}

    @property
    def summary(self) -> str:
        """The one line that sums up."""
        counts = self.counts
        parts = [f"{counts['failing']} failing", f"{counts['advisory']} advisory", f"{counts['notes']} notes"]
        parts.append(f"{counts['waived']} waived")
        if self.since is not None or counts["old"]:
            parts.append(f"{counts['old']} old")
        if self.problems:
            parts.append(f"{len(self.problems)} problems with the input")
        return f"{len(self.files)} files, {len(self.endpoints)} endpoints: {', '.join(parts)}"

    @property
    def failed(self) -> bool:
        """Whether findings or a preview fail the check."""
        return any(entry.fails for entry in self.entries) or any(p.broke for p in self.previews)

    def docs(self, rule_id: str, slug: str) -> str:
        """Where a rule is explained: a URL when one is known, else a path of the checkout of Anyport."""
        path = self._docs.get(rule_id) or f"policies/RULES.md#{rule_id.lower()}-{slug}"
        return f"{self.docs_url.rstrip('/')}/{path.removeprefix('policies/')}" if self.docs_url else path

    @cached_property
    def _docs(self) -> dict[str, str]:
        return {rule.id: rule.docs for rule in self.rules}
