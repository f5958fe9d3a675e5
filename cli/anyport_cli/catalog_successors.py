"""`anyport catalog successors`: what could take the place of a model that retires."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anyport.catalog import load
from anyport.errors import Problem
from anyport.freshness import stale_note

from .inputs import day, format_option, print_json, show_problems, stack_files, today_option

if TYPE_CHECKING:
    from anyport.upgrade import Candidate, UpgradePath
    from anyport.upgrade_target import Answer

__all__ = ["successors"]


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[STACK FILES]")
@click.option("--model", metavar="NAME", help="Only this model, whether or not an end of it is known.")
@click.option(
    "--within",
    type=click.IntRange(0, 36500),
    metavar="DAYS",
    help="Only models that retire so soon.  [default: any known end]",
)
@format_option
@today_option
def successors(
    paths: tuple[Path, ...], model: str | None, within: int | None, output: str, today: str | None
) -> None:
    """Show which models keep the contract of each endpoint whose model retires.

    STACK FILES are files or folders; stacks/ when left out. A fact that is not known is never a pass. How good
    the answers of another model are is not judged here.

    Exit 0, 1 when nothing is left for an endpoint but refused candidates, 2 wrong input.
    """
    from anyport.upgrade import upgrade_paths

    from .catalog_plans import plans_of
    from .tree import shown

    asked, catalog = day(today), load()
    problems: list[Problem] = []
    if model is not None and model not in catalog.models:
        from .catalog_show import unknown_name

        problems.append(unknown_name("AP203", "unknown model", model, list(catalog.names)))
    plans, wrong = plans_of(stack_files(paths), asked)
    problems += wrong
    found = {
        shown(planned.file): upgrade_paths(planned.plan, catalog, asked, model, within) for planned in plans
    }
    note = stale_note(catalog.collected_on, asked)
    if output == "json":
        print_json(
            {
                "paths": [_plain(file, path) for file, paths_of in found.items() for path in paths_of],
                "notes": [note] if note else [],
                "problems": [problem.to_dict() for problem in problems],
            }
        )
    else:
        for line in _text(found, model):
            click.echo(line)
        if note:
            click.echo(f"note: {note}")
        show_problems(problems)
    stuck = any(not path.open for paths_of in found.values() for path in paths_of)
    raise click.exceptions.Exit(2 if problems else 1 if stuck else 0)


def _plain(file: str, path: UpgradePath) -> dict[str, Any]:
    return {
        "file": file,
        "endpoint": path.endpoint,
        "model": path.model,
        "retires": [{"target": name, "on": day, "conflict": doubt} for name, day, doubt in path.retires],
        "targets": list(path.targets),
        "candidates": [candidate.to_dict() for candidate in path.candidates],
    }


def _text(found: dict[str, tuple[UpgradePath, ...]], model: str | None) -> Iterator[str]:
    from anyport_policies.report.escape import plain

    if found and not any(found.values()):
        what = f"serves {model}" if model else "has a model whose end is known"
        yield f"No endpoint {what}. Models with no known end: anyport catalog calendar STACK FILES"
    for file, paths in found.items():
        for path in paths:
            yield from map(plain, _path(file, path))


def _path(file: str, path: UpgradePath) -> Iterator[str]:
    yield f"{file}: {path.endpoint}: {path.model} at {', '.join(path.targets)}"
    for name, when, doubt in path.retires:
        yield f"  retires at {name} on {when}{f' (the earliest date governs; {doubt})' if doubt else ''}"
    if not path.retires:
        yield "  no end of it is known"
    yield ""
    open_ones = [one for one in path.candidates if one.verdict != "refused"]
    for number, candidate in enumerate(open_ones, 1):
        yield from _candidate(number, candidate)
        yield ""
    refused: dict[str, list[str]] = {}
    for candidate in path.candidates:
        if candidate.verdict == "refused":
            refused.setdefault("; ".join(_reasons(candidate)), []).append(candidate.name)
    if refused:
        yield "  refused:"
    for reason, names in refused.items():
        yield f"    {', '.join(names)}: {reason}"
    if not path.candidates:
        yield "  the catalog has no other model that serves these APIs"
    yield ""


_SAID = {
    "fits": "keeps the contract on every target",
    "unknown": "keeps it as far as is known",
    "partly": "only where the model retires",
}


def _candidate(number: int, candidate: Candidate) -> Iterator[str]:
    yield f"  {number}. {candidate.name}: {_SAID[candidate.verdict]}"
    for change in candidate.changes:
        yield f"     {change}"
    for same, names in _alike(candidate.answers).items():
        yield f"     {', '.join(names)}:"
        for label, lines in zip(("refused", "not known", "changes", "to do"), same, strict=True):
            if lines:
                yield f"       {label}: {'; '.join(lines)}"
    if candidate.equivalence:
        yield f"     needs an equivalence: entry at {', '.join(candidate.equivalence)}, after an evaluation"


Lines = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _alike(answers: tuple[Answer, ...]) -> dict[Lines, list[str]]:
    """Targets of which the same is to be said."""
    found: dict[Lines, list[str]] = {}
    for answer in answers:
        said = (answer.refused, answer.unknown, answer.changes, answer.todo)
        found.setdefault(said, []).append(answer.target)
    return found


def _reasons(candidate: Candidate) -> Iterator[str]:
    by_reason: dict[tuple[str, ...], list[str]] = {}
    for answer in candidate.answers:
        if answer.refused:
            by_reason.setdefault(answer.refused, []).append(answer.target)
    for reasons, names in by_reason.items():
        yield f"{', '.join(names)}: {', '.join(reasons)}"
