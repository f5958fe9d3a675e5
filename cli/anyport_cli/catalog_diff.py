"""`anyport catalog diff`: which facts two states of the catalog differ in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from anyport.errors import AnyportError, Problem

from .catalog_source import DATA, Named, catalog_of
from .inputs import print_json, show_problems
from .output import write

if TYPE_CHECKING:
    from anyport.catalog.difference import Change, FactChange

__all__ = ["diff"]


@click.command()
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="[NEW]", required=False)
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to print.",
)
@click.option("--output", "file", type=click.Path(path_type=Path), help="Write there, not to the terminal.")
@click.option("--exit-code", is_flag=True, help="Exit 1 when they differ.")
@click.option(
    "--data", default=DATA, show_default=True, metavar="PATH", help="Where a revision has its data files."
)
def diff(old: str, new: str | None, output: str, file: Path | None, exit_code: bool, data: str) -> None:
    """Show which facts the catalog OLD and the catalog NEW differ in.

    Each is a folder of data files or a git revision (git:REV where a folder has that name). NEW is the
    catalog that Anyport is installed with when left out.

    Exit 0, or 1 with --exit-code when they differ; 2 wrong input.
    """
    from anyport.catalog import load
    from anyport.catalog.difference import difference

    sides: list[Named] = []
    problems: list[Problem] = []
    for text in (old, *([new] if new else [])):
        try:
            sides.append(catalog_of(text, data))
        except AnyportError as error:
            problems += error.problems
    if problems:
        if output == "json":
            print_json({"problems": [problem.to_dict() for problem in problems]})
        else:
            show_problems(problems)
        raise click.exceptions.Exit(2)
    if len(sides) == 1:
        sides.append(Named("the installed catalog", load()))
    was, now = sides
    changes = difference(was.catalog, now.catalog)
    _print(output, file, was, now, changes)
    raise click.exceptions.Exit(1 if exit_code and changes else 0)


def _print(output: str, file: Path | None, was: Named, now: Named, changes: tuple[Change, ...]) -> None:
    if output == "json":
        import json

        document = {
            "old": _side(was),
            "new": _side(now),
            "changes": [change.to_dict() for change in changes],
            "problems": [],
        }
        text = json.dumps(document, indent=2, sort_keys=True) + "\n"
    else:
        lines = _markdown(was, now, changes) if output == "markdown" else _text(was, now, changes)
        text = "".join(f"{line}\n" for line in lines)
    if file is None:
        click.echo(text, nl=False)
    else:
        write(file, text)


def _side(side: Named) -> dict[str, str]:
    return {"name": side.name, "collected_on": side.catalog.collected_on.isoformat()}


def _summary(changes: tuple[Change, ...]) -> str:
    counts = {
        what: sum(c.what == what for c in changes) for what in ("added", "removed", "changed", "confirmed")
    }
    return ", ".join(f"{count} {what}" for what, count in counts.items())


def _text(was: Named, now: Named, changes: tuple[Change, ...]) -> Iterator[str]:
    from anyport_policies.report.escape import plain

    for change in changes:
        yield f"{change.what}  {plain(change.subject)}"
        for one in change.facts:
            yield f"  {plain(_fact(one, change.what))}"
        yield f"  source: {plain(_source(change))}"
        yield ""
    yield f"{plain(was.name)} -> {plain(now.name)}: {_summary(changes)}"


def _markdown(was: Named, now: Named, changes: tuple[Change, ...]) -> Iterator[str]:
    from anyport_policies.report.escape import code

    yield f"### Catalog: {_summary(changes)}"
    yield ""
    yield f"{code(was.name)} → {code(now.name)}"
    for what, title in (("changed", "Changed"), ("added", "Added"), ("removed", "Removed")):
        inside = [change for change in changes if change.what == what]
        if inside:
            yield from ("", f"#### {title}", "")
        for change in inside:
            yield f"- {code(change.subject)}"
            yield from (f"  - {code(_fact(one, what))}" for one in change.facts)
            yield f"  - source: {code(_source(change))}"
    confirmed = [change.subject for change in changes if change.what == "confirmed"]
    if confirmed:
        yield from ("", f"#### Looked up again, with nothing else changed ({len(confirmed)})", "")
        yield from (f"- {code(subject)}" for subject in confirmed)


def _fact(one: FactChange, what: str) -> str:
    if what != "changed":
        return f"{one.name}: {_value(one.before if what == 'removed' else one.after)}"
    if one.before is None:
        return f"{one.name}: not known -> {_value(one.after)}"
    if one.after is None:
        return f"{one.name}: {_value(one.before)} -> not known"
    if isinstance(one.before, list) and isinstance(one.after, list):
        gone = [f"-{_value(item)}" for item in one.before if item not in one.after]
        come = [f"+{_value(item)}" for item in one.after if item not in one.before]
        return f"{one.name}: {' '.join([*come, *gone]) or 'in another order'}"
    return f"{one.name}: {_value(one.before)} -> {_value(one.after)}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(map(_value, value))
    if isinstance(value, dict):
        return " ".join(f"{key}={_value(inner)}" for key, inner in value.items() if inner is not None)
    return str(value)


def _source(change: Change) -> str:
    sides = [f"{e.source} ({e.collected_on})" for e in (change.before, change.after) if e is not None]
    return " -> ".join(dict.fromkeys(sides))
