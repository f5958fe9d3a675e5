"""`anyport check`: stack files against the policies, offline, reported as people and pipelines want it."""

from __future__ import annotations

import gc
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .inputs import day, show_problems, stack_files, today_option
from .output import Outlet, outlets, write

if TYPE_CHECKING:
    from anyport_policies.report.model import Change, Report

    from .judging import Judged, Question
    from .revision import Revision
    from .tree import Disk, Tree

__all__ = ["check"]

FORMAT_HELP = (
    "How to report: text, json, junit, sarif, markdown, github or gitlab; NAME=FILE writes to a file, and may "
    "be given several times. Text is printed when everything else goes to files."
)


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[STACK FILES]")
@click.option("--format", "formats", multiple=True, metavar="NAME[=FILE]", help=FORMAT_HELP)
@click.option("--output", type=click.Path(path_type=Path), help="Where the one format without a file goes.")
@click.option("--base", metavar="REV", help="Fail only for what changed since the merge base with REV.")
@click.option("--baseline", type=click.Path(path_type=Path), help="Findings known when Anyport was adopted.")
@click.option("--write-baseline", is_flag=True, help="Write what is found now to --baseline FILE.")
@click.option(
    "--preview",
    "previews",
    multiple=True,
    type=click.Path(path_type=Path),
    help="Events of a pulumi preview to join: its --event-log, or its JSON stream.",
)
@click.option(
    "--waivers",
    envvar="ANYPORT_WAIVERS",
    type=click.Path(path_type=Path),
    help="Instead of waivers.yaml beside the stack files.",
)
@click.option(
    "--policy-config",
    envvar="ANYPORT_POLICY_CONFIG",
    type=click.Path(path_type=Path),
    help="Instead of policy-config.json beside the stack files.",
)
@click.option(
    "--docs-url", default="", metavar="URL", help="Where policies/ of this version is served, for links."
)
@today_option
def check(
    paths: tuple[Path, ...],
    formats: tuple[str, ...],
    output: Path | None,
    base: str | None,
    baseline: Path | None,
    write_baseline: bool,
    previews: tuple[Path, ...],
    waivers: Path | None,
    policy_config: Path | None,
    docs_url: str,
    today: str | None,
) -> None:
    """Judge stack files against the policies, with no engine and no network.

    STACK FILES are files or folders; stacks/ when left out. Nothing of the checked tree is run.

    Exit 0 ok, 1 a mandatory finding that is neither waived nor old, 2 wrong input, 3 something broke.
    """
    wanted = outlets(formats, output)
    if write_baseline and (baseline is None or base is not None):
        raise click.UsageError("--write-baseline wants --baseline FILE, and no --base")
    from .judging import Question

    named = paths or (Path("stacks"),)
    question = Question(named, day(today), waivers, policy_config)
    gc.disable()  # one short run, almost all of whose objects live to its end
    try:
        report = _report(question, base, previews, docs_url)
        if baseline is not None:
            report = _with_baseline(report, baseline, write_baseline)
        _deliver(report, wanted)
    finally:
        gc.enable()
    raise click.exceptions.Exit(2 if report.problems else 1 if report.failed else 0)


def _report(question: Question, base: str | None, previews: tuple[Path, ...], docs_url: str) -> Report:
    from anyport.catalog import load
    from anyport.freshness import stale_note
    from anyport_policies.report.model import Report
    from anyport_policies.rules import RULES

    from .judging import judge
    from .tree import shown

    before = _revision(question, base) if base is not None else None
    files = _files(question, before)
    found = judge(_disk(question), question, files)
    report = Report(
        entries=found.entries,
        rules=RULES,
        version=metadata.version("anyport"),
        files=tuple(found.files),
        endpoints=tuple(found.targets),
        problems=tuple(found.problems),
        docs_url=docs_url,
    )
    if previews:
        report = _with_previews(report, found, previews)
    if before is not None:
        report = _compared(report, found, before, question)
    age = stale_note(load().collected_on, question.today)
    unused = {shown(path) for path in question.paths if path.is_dir()} if not files else set()
    return replace(
        report,
        remarks=(
            *([age] if age else []),
            *report.remarks,
            *(f"{path} holds no stack files any more" for path in unused),
        ),
    )


def _files(question: Question, before: Revision | None) -> list[Path]:
    """Those named. With a base, files that the change removed are no mistake."""
    if before is None:
        return stack_files(question.paths)
    from .tree import own_files

    disk, known = _disk(question), set(before.stack_files(question.paths))
    kept = [path for path in question.paths if path not in known or path.exists()]
    folders = [path for path in kept if path.is_dir() and not own_files(disk, [path])[0]]
    left = tuple(path for path in kept if path not in folders or not own_files(before, [path])[0])
    return stack_files(left) if left else []


def _revision(question: Question, base: str) -> Revision:
    from .revision import Revision

    return Revision(question.paths, base)


def _compared(report: Report, found: Judged, before: Revision, question: Question) -> Report:
    from anyport_policies.report.baseline import unchanged_since
    from anyport_policies.report.model import numbered

    from .judging import judge
    from .tree import own_files, shown

    was, disk = judge(before, question, own_files(before, question.paths)[0]), _disk(question)
    remarks = [
        f"{file} could not be judged at the base, so all that is found in it counts as new"
        for file in dict.fromkeys(problem.file for problem in was.problems)
    ]
    remarks += [
        f"this change alters {shown(path)}, which decides what counts"
        for path in dict.fromkeys((*found.steering, *was.steering))
        if _content(disk, path) != _content(before, path)
    ]
    return replace(
        report,
        entries=numbered(unchanged_since(report.entries, was.entries)),
        since=before.commit[:12],
        changes=_changes(was, found),
        remarks=(*report.remarks, *remarks),
    )


def _disk(question: Question) -> Disk:
    from .tree import Disk

    return Disk(question.paths, (question.waivers, question.config))


def _content(tree: Tree, path: Path) -> bytes | None:
    try:
        return tree.read(path)
    except OSError:
        return None


def _changes(was: Judged, found: Judged) -> tuple[Change, ...]:
    """Endpoints whose targets or costs differ. A file that cannot be judged on one side shows nothing."""
    from anyport_policies.report.model import Change

    unclear = {problem.file for problem in (*was.problems, *found.problems)}
    return tuple(
        Change(
            file,
            name,
            was.targets.get((file, name)),
            found.targets.get((file, name)),
            was.costs.get((file, name), ()),
            found.costs.get((file, name), ()),
        )
        for file, name in sorted({*was.targets, *found.targets})
        if file not in unclear
        and (
            was.targets.get((file, name)) != found.targets.get((file, name))
            or was.costs.get((file, name)) != found.costs.get((file, name))
        )
    )


def _with_previews(report: Report, found: Judged, files: tuple[Path, ...]) -> Report:
    from anyport_policies.report.model import numbered
    from anyport_policies.report.preview import joined, read_events
    from anyport_policies.rules import RULES

    entries, seen = list(report.entries), []
    for file in files:
        try:
            with file.open(encoding="utf-8", errors="replace") as lines:
                events = read_events(lines, file.name, RULES)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "not a path"
            raise click.UsageError(f"--preview {file}: cannot be read: {why}") from None
        entries = joined(entries, events, found.homes.get(events.preview.stack, {}))
        seen.append(events.preview)
    return replace(report, entries=numbered(entries), previews=tuple(seen))


def _with_baseline(report: Report, path: Path, write_it: bool) -> Report:
    from anyport_policies.report.baseline import BaselineError, baseline_text, known_before, read_baseline

    from .tree import Disk

    if write_it:
        if not report.problems:
            write(path, baseline_text(report.entries))
        levels = read_baseline(baseline_text(report.entries))
    else:
        try:
            levels = read_baseline(Disk((), (path,)).read(path).decode("utf-8"))
        except (OSError, ValueError) as error:
            why = (
                error
                if isinstance(error, BaselineError)
                else getattr(error, "strerror", None) or "not UTF-8 text"
            )
            raise click.UsageError(f"--baseline {path}: {why}") from None
    entries, gone = known_before(report.entries, levels)
    remarks = report.remarks
    if gone:
        remarks = (*remarks, f"{gone} findings of the baseline are found no more; write it anew")
    return replace(report, entries=sorted(entries, key=lambda entry: entry.order), remarks=remarks)


def _deliver(report: Report, wanted: list[Outlet]) -> None:
    from anyport_policies.report import FORMATS

    for outlet in wanted:
        text = FORMATS[outlet.format](report)
        if outlet.file is None:
            click.echo(text, nl=False)
        else:
            write(outlet.file, text)
        if outlet.format == "text":
            show_problems(list(report.problems))
