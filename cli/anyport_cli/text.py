"""Plain aligned columns: the same on a terminal, in a pipe and in a log."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

__all__ = ["columns"]


def columns(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of text, columns two spaces apart, headings in capitals; wraps nothing, cuts nothing.

    Cells may be words of others: none moves the cursor or begins a line of its own.
    """
    from anyport_policies.report.escape import plain

    table = [[heading.upper() for heading in headings], *([plain(str(cell)) for cell in row] for row in rows)]
    widths = [max(len(row[index]) for row in table) for index in range(len(headings))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
    return "\n".join(lines)
