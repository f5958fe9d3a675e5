"""An exit plan as a page for an evidence folder, in Markdown and in HTML. The same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from typing import Any

from ..cost.document import document, table
from .words import HEADS, cells, details, drill_lines, head_lines

__all__ = ["as_page", "markdown"]

_LOOKS = {"dies": "bad", "survives": "good", "restorable": "", "untouched": "soft"}


def markdown(value: dict[str, Any]) -> str:
    """The page; `value` is what `--format json` prints."""
    lines = ["# Exit plan", "", *map(_plain, head_lines(value)), "", _line(HEADS), "|---" * len(HEADS) + "|"]
    lines += [_line(cells(row)) for row in value["rows"]]
    for row in value["rows"]:
        if row["dead"]:
            lines += ["", _plain(f"## {row['endpoint']} without {row['loss']} ({row['stack']})"), ""]
            lines += [_plain(f"- {kind}: {said}") for kind, said in details(row)]
    lines += ["", "## Drills", "", *(_plain(f"- {line}") for line in drill_lines(value)), "", "## Inputs", ""]
    lines += [_plain(f"- `{digest}` {name}") for name, digest in sorted(value["inputs"].items())]
    return "\n".join(lines) + "\n"


def _line(found: Iterable[str]) -> str:
    return "| " + " | ".join(_plain(cell).replace("|", "\\|") for cell in found) + " |"


def _plain(line: str) -> str:
    """One line without tags: names of files and of drills' steps may be anybody's."""
    return " ".join(line.split()).replace("<", "&lt;")


def as_page(value: dict[str, Any]) -> str:
    """The same as HTML, with a table of verdicts on top. Names from stack files and drills are escaped."""
    body = [f'<p class="soft">{escape(line)}</p>' for line in head_lines(value)]
    body += ["<h2>Verdicts</h2>", _verdicts(value["rows"]), "<h2>What is left</h2>"]
    body.append(table(HEADS, (cells(row) for row in value["rows"]), (7, 8, 9)))
    for row in value["rows"]:
        if row["dead"]:
            body += _section(row)
    body += ["<h2>Drills</h2>", _list(drill_lines(value)), "<h2>Inputs</h2>"]
    body.append(
        table(("SHA-256", "file"), ((digest, name) for name, digest in sorted(value["inputs"].items())))
    )
    return document("Exit plan", body)


def _verdicts(rows: list[dict[str, Any]]) -> str:
    """Losses down, endpoints across."""
    columns = list(dict.fromkeys((row["stack"], row["endpoint"]) for row in rows))
    found = {(row["loss"], row["stack"], row["endpoint"]): row["verdict"] for row in rows}
    heads = "".join(
        f'<th>{escape(name)}<br><span class="soft">{escape(stack)}</span></th>' for stack, name in columns
    )
    lines = []
    for loss in dict.fromkeys(row["loss"] for row in rows):
        verdicts = [found[loss, stack, name] for stack, name in columns]
        told = "".join(f'<td class="{_LOOKS[one]}">{escape(one)}</td>' for one in verdicts)
        lines.append(f"<tr><td>{escape(loss)}</td>{told}</tr>")
    return (
        f'<div class="wide"><table><thead><tr><th>without</th>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _section(row: dict[str, Any]) -> Iterator[str]:
    look = _LOOKS[row["verdict"]]
    yield (
        f"<h2>{escape(row['endpoint'])} without {escape(row['loss'])}: "
        f'<span class="{look}">{escape(row["verdict"])}</span> <span class="soft">{escape(row["stack"])}</span></h2>'
    )
    for kind, found in groupby(details(row), key=lambda one: one[0]):
        yield f"<h3>{escape(kind)}</h3>{_list(said for _, said in found)}"


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"
