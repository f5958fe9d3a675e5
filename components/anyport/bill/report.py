"""The whole run: files to report, or every problem. Nothing is written but a working folder, which is removed."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import AnyportError, Problem
from ..plan import Plan
from .copying import copy_all
from .estimate import Estimate
from .files import ENDINGS, Export, find_files, read_headers
from .judge import judge
from .manifest import settle, short_runs
from .model import Line, Report
from .overlap import overlaps
from .places import model_names, places
from .prices import list_prices
from .scan import MEMORY, Group, connect, scan
from .tally import Tally, group_provider, month_of, seen_files
from .usage import Usage, counts

__all__ = ["read_bills"]

_NOBODY = ("shared", "none", "other")


def read_bills(
    paths: Sequence[Path | str],
    plans: Sequence[tuple[str, Plan]] = (),
    *,
    month: str | None = None,
    usage: Usage | None = None,
    estimate: Estimate | None = None,
    drift_percent: int = 20,
    memory: str = MEMORY,
    told: Callable[[str], None] = lambda _: None,
) -> Report:
    """Read exports, attribute what is in them, and judge it.

    Args:
        paths: files, folders, and addresses in object stores, which are copied into the working folder first.
        plans: stack file and plan of each; without any, tags alone attribute.
        month: `YYYY-MM`, the billing month to report; every month when left out.
        usage: tokens per target.
        estimate: what each target was expected to cost in a month.
        drift_percent: how far bill and estimate may be apart.
        memory: DuckDB's limit, in its own spelling.
        told: is told what is about to be fetched.

    Raises:
        AnyportError: AP561 to AP573. Any bad file fails the run, after all files were looked at: totals over some of
            the files would look like totals.
    """
    with tempfile.TemporaryDirectory(prefix="anyport-bill-") as place:
        copies = copy_all(paths, Path(place), ENDINGS, told)
        found, runs = settle(find_files(paths, copies))
        problems = list(found.problems)
        connection = connect(Path(place), memory=memory)
        try:
            exports, wrong = read_headers(found.files, Path(place), connection)
            groups, more = scan(connection, exports)
            problems += [*wrong, *more]
            by_number = {export.number: export for export in exports}
            pairs = [(group, group_provider(group, by_number[group.file])) for group in groups]
            if not problems:
                problems += short_runs(runs, _rows_by_path(groups, by_number))
                problems += overlaps(connection, exports, groups, {g.file: provider for g, provider in pairs})
        finally:
            connection.close()
    if problems:
        raise AnyportError(problems)
    months = sorted({month_of(group) for group in groups})
    wanted = [pair for pair in pairs if month in (None, month_of(pair[0]))]
    if month is not None and not wanted:
        raise AnyportError([_no_month(month, months)])
    tally = Tally(places(plans), model_names(), list_prices())
    tally.add_all(wanted)
    lines = _with_usage(sorted(tally.lines.values(), key=_order), usage)
    shown = tuple(sorted({line.month for line in lines}))
    findings = judge(lines, tally, usage, estimate, drift_percent, has_plans=bool(plans))
    return Report(
        months=shown,
        files=seen_files(exports, pairs),
        totals=tuple(total for _, total in sorted(tally.totals.items())),
        lines=tuple(lines),
        findings=tuple(findings),
        notes=(*found.notes, *sorted(tally.notes), *_said(exports, pairs, lines, bool(plans))),
        stacks=tuple(stack for stack, _ in plans),
    )


def _rows_by_path(groups: Sequence[Group], exports: dict[int, Export]) -> dict[str, int]:
    rows: Counter[str] = Counter({export.path: 0 for export in exports.values()})
    for group in groups:
        rows[exports[group.file].path] += group.rows
    return dict(rows)


def _order(line: Line) -> tuple[object, ...]:
    return (
        line.month,
        line.currency,
        next((rank for rank, rule in enumerate(_NOBODY, 1) if rule in line.rules), 0),
        line.endpoint,
        line.tier,
        line.target,
        line.provider,
        line.service,
        sorted(line.models),
        line.candidates,
    )


def _with_usage(lines: list[Line], usage: Usage | None) -> list[Line]:
    """Tokens go to the one line that they can be of; those that fit several go to none, and `judge` says so."""
    for count in counts(lines, usage) if usage else ():
        if len(count.lines) == 1:
            line = count.lines[0]
            before = line.tokens or (0, 0)
            line.tokens = (before[0] + count.tokens[0], before[1] + count.tokens[1])
    return lines


def _said(
    exports: Sequence[Export], pairs: Sequence[tuple[Group, str]], lines: Sequence[Line], planned: bool
) -> list[str]:
    notes = []
    versions = sorted({export.version for export in exports})
    if len(versions) > 1:
        notes.append(
            f"files of FOCUS {', '.join(versions)} in one run: a column that a file lacks is empty for its rows"
        )
    currencies = sorted({line.currency for line in lines})
    if len(currencies) > 1:
        notes.append(f"charges in {', '.join(currencies)}: never added up and never converted")
    if any(provider == "vertex_ai" for _, provider in pairs):
        notes.append(
            "Google's billing month begins at midnight in US Pacific time, 07:00 or 08:00 UTC: hours at its ends "
            "belong to another month than the usage file counts"
        )
    if not planned:
        notes.append("no stack files: tags alone attribute, and nothing is known of standby and models")
    return notes


def _no_month(month: str, months: Sequence[str]) -> Problem:
    return Problem(
        "AP571", "", f"the exports hold no charges of {month}", allowed=", ".join(months) or "nothing: they have no rows",
        fix="ask for one of those, or give the exports of that month", file="bill",
    )  # fmt: skip
