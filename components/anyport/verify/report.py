"""The matrix of subjects and checks, as text and as plain values for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .model import CHECKS, Row, Status

__all__ = ["as_text", "as_values"]


def as_text(rows: Sequence[Row]) -> str:
    """The matrix, the differences from the contract, and a line that sums up."""
    head = ("TARGET", *(check.replace("_", " ").upper() for check in CHECKS))
    grid = [
        head,
        *((f"{r.subject.endpoint}/{r.subject.name}", *(c.status.value for c in r.cells)) for r in rows),
    ]
    widths = [max(len(line[place]) for line in grid) for place in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in grid
    ]
    different = [sentence for row in rows for sentence in row.differences()]
    broken = sum(cell.status is Status.BROKEN for row in rows for cell in row.cells)
    proved = sum(cell.status is Status.KEPT for row in rows for cell in row.cells)
    skipped = sorted({c.check for r in rows for c in r.cells if c.status is Status.SKIPPED})
    summary = f"{proved} promises kept, {broken} broken, by {len(rows)} asked."
    if skipped:
        summary += f" Not checked, as asked: {', '.join(skipped)}."
    return "\n".join([*lines, "", *different, *([""] if different else []), summary]) + "\n"


def as_values(rows: Sequence[Row]) -> dict[str, Any]:
    """For `--format json`; the keys are part of the interface. No key of anyone is in it."""
    return {
        "kept": all(row.kept for row in rows),
        "rows": [
            {
                "endpoint": row.subject.endpoint,
                "target": row.subject.name,
                "base_url": row.subject.base_url,
                "model": row.subject.model,
                "promised": sorted(row.subject.features),
                "checks": [
                    {"check": c.check, "status": c.status.value, "detail": c.detail} for c in row.cells
                ],
            }
            for row in rows
        ],
        "differences": [sentence for row in rows for sentence in row.differences()],
    }
