"""One comment on a pull request, found again by its first line and so renewed in place.

Whatever a checked file can say is inside code spans, where nothing is a link, a mention, an image or a command.
"""

from __future__ import annotations

from collections.abc import Iterator

from .escape import code
from .model import Change, Entry, Report

__all__ = ["LONGEST", "MARKER", "markdown"]

MARKER = "<!-- anyport-check -->"
LONGEST = 60_000
"""Characters; GitHub refuses a comment of more than 65,536."""
_MONTHS = ("standby", "steady", "failover")
_CUT = "\nThe rest does not fit into a comment; the report of the job has all of it.\n"


def markdown(report: Report) -> str:
    """The verdict, what is wrong with the input, what is new, what the change does, then the rest folded away."""
    text = ""
    for block in _blocks(report):
        if len(text) + len(block) > LONGEST:
            folded = text.count("\n<details>") > text.count("\n</details>")
            return text + ("\n</details>\n" if folded else "") + _CUT
        text += block
    return text


def _blocks(report: Report) -> Iterator[str]:
    yield f"{MARKER}\n### Anyport {_verdict(report)}\n\n{report.summary}"
    yield f"; compared with {code(report.since)}.\n" if report.since else ".\n"
    yield "\n" if report.remarks else ""
    for remark in report.remarks:
        yield f"- {code(remark)}\n"
    yield from _problems(report)
    yield from _previews(report)
    by_part: dict[str, list[Entry]] = {"failing": [], "advisory": [], "waived": [], "old": [], "note": []}
    for entry in report.entries:
        state = entry.finding.level if entry.state == "new" else entry.state
        by_part["failing" if entry.fails else state].append(entry)
    yield from _list("Must be mended", by_part["failing"], report)
    yield from _changes(report.changes)
    yield from _list("Advice", by_part["advisory"], report)
    yield from _list("Waived", by_part["waived"], report, folded=True)
    yield from _list("Known before this change", by_part["old"], report, folded=True)
    yield from _list("Notes", by_part["note"], report, folded=True)


def _verdict(report: Report) -> str:
    if report.problems:
        return "cannot judge this"
    return "found what must be mended" if report.failed else "found nothing in the way"


def _problems(report: Report) -> Iterator[str]:
    if report.problems:
        yield "\n#### Wrong input\n\n"
    for problem in report.problems:
        path = f" {code(problem.path)}" if problem.path else ""
        fix = f"  \n  Fix: {code(problem.fix)}" if problem.fix else ""
        yield f"- {code(problem.place)}{path} {problem.code}: {code(problem.message)}{fix}\n"


def _previews(report: Report) -> Iterator[str]:
    if report.previews:
        yield "\n#### Preview\n\n"
    for preview in report.previews:
        changes = ", ".join(f"{count} to {what}" for what, count in preview.changes)
        tail = f": {code(changes)}" if changes else ""
        yield f"- {code(preview.stack)} {preview.result}{tail}\n"
        for error in preview.errors:
            yield f"  - {code(error)}\n"


def _list(title: str, entries: list[Entry], report: Report, *, folded: bool = False) -> Iterator[str]:
    if not entries:
        return
    if folded:
        yield f"\n<details><summary>{title} ({len(entries)})</summary>\n\n"
    else:
        yield f"\n#### {title}\n\n"
    for entry in entries:
        yield _entry(entry, report)
    if folded:
        yield "\n</details>\n"


def _entry(entry: Entry, report: Report) -> str:
    found = entry.finding
    title = f"{found.rule_id} {found.slug}"
    docs = report.docs(found.rule_id, found.slug)
    linked = f"[{title}]({docs})" if report.docs_url else f"**{title}**"
    seen = {"offline": "", "preview": " (in preview only)"}.get("+".join(entry.nets), " (in preview too)")
    lines = [f"- {entry.word} {linked} {code(entry.at)} {code(found.resource or found.path)}{seen}"]
    lines.append(f"  {code(found.message)}")
    if found.fix:
        lines.append(f"  Fix: {code(found.fix)}")
    if found.waived:
        lines.append(f"  {code(found.waived)}")
    return "  \n".join(lines) + "\n"


def _changes(changes: tuple[Change, ...]) -> Iterator[str]:
    if changes:
        yield "\n#### What this change does\n"
    for change in changes:
        what = "is new" if change.before is None else "is removed" if change.after is None else "changes"
        yield f"\n{code(change.endpoint)} of {code(change.file)} {what}:\n\n"
        before, after = change.before or (), change.after or ()
        for line in before:
            if line not in after:
                yield f"- before: {code(line)}\n"
        for line in after:
            yield f"- {'after' if line not in before else 'as before'}: {code(line)}\n"
        yield from _costs(change)


def _costs(change: Change) -> Iterator[str]:
    """Months that cost something else now, by list prices; see `anyport cost` for what is assumed."""
    nothing = ("none",) * len(_MONTHS)
    for month, before, after in zip(
        _MONTHS, change.cost_before or nothing, change.cost_after or nothing, strict=True
    ):
        if before != after:
            yield f"- {month} month by list prices: {code(before)} → {code(after)}\n"
