"""For a person: a block per finding, then one line that sums up."""

from __future__ import annotations

from collections.abc import Iterator

from .escape import plain
from .model import Entry, Preview, Report

__all__ = ["text"]


def text(report: Report) -> str:
    """Place, severity, rule and endpoint on one line; below it what is wrong, what to do and where to read on."""
    lines = [line for entry in report.entries for line in _entry(entry, report)]
    lines += [line for preview in report.previews for line in _preview(preview)]
    lines += [f"note: {plain(remark)}" for remark in report.remarks]
    return "".join(f"{line}\n" for line in (*map(_no_command, lines), report.summary))


def _no_command(line: str) -> str:
    """A log of a pipeline takes lines that begin so for commands."""
    return f"./{line}" if line.lstrip().startswith(("::", "##[")) else line


def _entry(entry: Entry, report: Report) -> Iterator[str]:
    found = entry.finding
    where = found.resource or found.path
    marks = [entry.state] if entry.state != "new" else []
    marks += [found.level] if found.level == "advisory" else []
    marks += ["preview only"] if entry.nets == ("preview",) else []
    mark = f"  ({', '.join(marks)})" if marks else ""
    yield f"{plain(entry.at)}  {entry.word}  {found.rule_id} {found.slug}  {plain(where)}{mark}"
    yield f"  {plain(found.message)}"
    yield f"  fix: {plain(found.fix)}"
    if found.waived:
        yield f"  {plain(found.waived)}"
    yield f"  docs: {report.docs(found.rule_id, found.slug)}"
    yield ""


def _preview(preview: Preview) -> Iterator[str]:
    changes = ", ".join(f"{count} to {plain(what)}" for what, count in preview.changes)
    yield f"preview of {plain(preview.stack)} {preview.result}" + (f": {changes}" if changes else "")
    for error in preview.errors:
        yield f"  error: {plain(error)}"
