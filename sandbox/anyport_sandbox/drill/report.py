"""A drill as a text table and as JSON. The keys of the JSON are part of the interface."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date

from .guarantee import GUARANTEE
from .model import Drilled, Measured

__all__ = ["aligned", "as_json", "as_text", "step_line"]

HEADINGS = (
    "fault", "load", "calls", "lost", "told", "told after", "silent", "hits on dead", "once known", "trials",
    "added p50", "added p99", "fail over", "fail back",
)  # fmt: skip


def as_json(done: Drilled, on: date | None = None) -> str:
    """Everything measured and judged; not the single calls, which the page has. `on` is the day of the drill, which
    `anyport exit-plan` shows beside what the drill proves.
    """
    value = {
        "date": None if on is None else on.isoformat(),
        "kept": done.kept,
        "endpoint": done.endpoint,
        "gateway": done.gateway,
        "rules": asdict(done.rules),
        "guarantee": {str(number): text for number, text in GUARANTEE.items()},
        "steps": [asdict(row) for row in done.measured],
        "verdicts": [asdict(verdict) for verdict in done.verdicts],
        "memory": [asdict(sample) for sample in done.memory],
        "notes": list(done.notes),
    }
    return json.dumps(value, indent=2) + "\n"


def as_text(done: Drilled) -> str:
    """The table of steps, what was broken of the guarantee, and one line that sums it up."""
    rows = [HEADINGS, *(step_cells(row) for row in done.measured)]
    bad = [verdict for verdict in done.verdicts if not verdict.kept]
    lines = [aligned(rows), ""]
    for verdict in bad:
        lines.append(f"NOT KEPT  {verdict.step}: {verdict.says}")
        lines.append(f"          clause {verdict.clause}: {GUARANTEE[verdict.clause]}")
    lines += [f"note: {note}" for note in done.notes]
    good = len(done.verdicts) - len(bad)
    total = sum(row.calls for row in done.measured)
    lines.append(
        f"{done.endpoint}: {good} of {len(done.verdicts)} proofs of the guarantee kept, in {len(done.measured)} steps "
        f"with {total} requests, on {done.gateway}."
    )
    return "\n".join(lines) + "\n"


def step_line(row: Measured) -> str:
    """One step in a line, told while the drill runs."""
    return f"{row.step}: {row.calls} calls, {row.lost} lost, {row.silent} silent, fail over {seconds(row.fail_over_seconds)}"


def step_cells(row: Measured) -> tuple[str, ...]:
    """A step as cells below `HEADINGS`."""
    return (
        row.step, row.load, str(row.calls), str(row.lost), str(row.told), seconds(row.told_seconds), str(row.silent),
        str(row.dead_hits), str(row.dead_hits_known), str(row.trials),
        seconds(row.added_p50_seconds), seconds(row.added_p99_seconds),
        seconds(row.fail_over_seconds), seconds(row.fail_back_seconds),
    )  # fmt: skip


def seconds(value: float | None) -> str:
    """Milliseconds below a second, a dash for nothing."""
    if value is None:
        return "-"
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of as many cells each, in columns."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )
