"""Workflow commands of GitHub Actions, which show beside the lines of a pull request."""

from __future__ import annotations

from .escape import github_data, github_property
from .model import Entry, Report

__all__ = ["github"]


def github(report: Report) -> str:
    """An error per failing finding and problem, a warning per other finding, a notice per note, waiver or remark.

    GitHub shows ten of each kind per step, so the order of the report matters.
    """
    lines = []
    for problem in report.problems:
        place = _place(problem.file, problem.line, problem.line)
        message = f"{problem.path + ': ' if problem.path else ''}{problem.message}"
        fix = f"; fix: {problem.fix}" if problem.fix else ""
        lines.append(f"::error {place}title={github_property(problem.code)}::{github_data(message + fix)}\n")
    lines += [_entry(entry) for entry in report.entries]
    lines += [f"::notice title=note::{github_data(remark)}\n" for remark in report.remarks]
    for preview in report.previews:
        if preview.broke:
            said = "; ".join(preview.errors) or "the events break off"
            lines.append(
                f"::error title=preview {preview.result}::{github_data(preview.stack)}: {github_data(said)}\n"
            )
    return "".join(lines)


def _entry(entry: Entry) -> str:
    found = entry.finding
    kind = "error" if entry.fails else "notice" if found.level == "note" or found.waived else "warning"
    state = f" ({entry.state})" if entry.state != "new" else ""
    said = f"{found.message}; fix: {found.fix}" + (f"; {found.waived}" if found.waived else "")
    title = github_property(f"{found.rule_id} {found.slug}{state}")
    return f"::{kind} {_place(entry.file, entry.line, entry.end_line)}title={title}::{github_data(said)}\n"


def _place(file: str, line: int, end_line: int) -> str:
    if not file:
        return ""
    lines = f"line={line},endLine={max(line, end_line)}," if line else ""
    return f"file={github_property(file)},{lines}"
