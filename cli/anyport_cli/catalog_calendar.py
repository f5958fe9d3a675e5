"""`anyport catalog calendar`: what ends when, for stack files or for the whole catalog."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from pathlib import Path

import click

from anyport.catalog import load
from anyport.catalog.calendar import (
    Calendar,
    Event,
    Undated,
    catalog_calendar,
    merged,
    plan_calendar,
    undated_lines,
)
from anyport.errors import AnyportError, Problem
from anyport.freshness import stale_note

from .inputs import day, show_problems, stack_files, today_option
from .output import write

__all__ = ["calendar"]

ALARM_DAYS = (90, 30)
"""Days ahead. 90 is what rule AB001 asks for; 30 is a month to do what was put off."""


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[STACK FILES]")
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "ics"]),
    default="text",
    show_default=True,
    help="How to print.",
)
@click.option("--output", "file", type=click.Path(path_type=Path), help="Write there, not to the terminal.")
@click.option(
    "--alarm",
    "alarms",
    type=click.IntRange(0, 3650),
    multiple=True,
    default=ALARM_DAYS,
    show_default=True,
    metavar="DAYS",
    help="Days ahead on which an ics entry reminds; may be given several times.",
)
@click.option(
    "--waivers",
    envvar="ANYPORT_WAIVERS",
    type=click.Path(path_type=Path),
    help="Instead of waivers.yaml beside the stack files.",
)
@today_option
def calendar(
    paths: tuple[Path, ...],
    output: str,
    file: Path | None,
    alarms: tuple[int, ...],
    waivers: Path | None,
    today: str | None,
) -> None:
    """List every retirement that touches STACK FILES, and every expiry of a waiver.

    Models and API versions, the earliest day where sources disagree; then what has no day that anybody
    published. Without STACK FILES: all of the catalog.

    Exit 0, or 2 for wrong input, when the rest is still shown.
    """
    asked = day(today)
    found, problems = _stacks(paths, asked, waivers) if paths else (catalog_calendar(load()), [])
    if output == "ics":
        from .catalog_ics import ics

        text = ics(found, asked, alarms)
    elif output == "json":
        text = _json(found, problems, asked)
    else:
        text = "".join(f"{line}\n" for line in _text(found, asked))
    if file is None:
        click.echo(text, nl=False)
    elif not problems:
        write(file, text)
    if output != "json" or file is not None:
        show_problems(problems)
    raise click.exceptions.Exit(2 if problems else 0)


def _stacks(paths: tuple[Path, ...], today: date, waivers: Path | None) -> tuple[Calendar, list[Problem]]:
    from .catalog_plans import plans_of
    from .tree import shown

    plans, problems = plans_of(stack_files(paths), today)
    events: list[Event] = []
    undated: list[Undated] = []
    names: dict[Path, set[str]] = {}
    for planned in plans:
        part = plan_calendar(planned.plan, load(), shown(planned.file))
        events += part.events
        undated += part.undated
        names.setdefault(planned.file.parent, set()).update(e.name for e in planned.plan.endpoints)
    for path, endpoints in _waiver_files(names, waivers):
        try:
            events += _waivers(path, endpoints, today)
        except AnyportError as error:
            problems += error.problems
    return merged(events, undated), list(dict.fromkeys(problems))


def _waiver_files(names: dict[Path, set[str]], named: Path | None) -> list[tuple[Path, set[str]]]:
    if named is not None:
        return [(named, set().union(*names.values()))]
    beside = [(folder / "waivers.yaml", endpoints) for folder, endpoints in names.items()]
    return [(path, endpoints) for path, endpoints in beside if path.exists()]


def _waivers(path: Path, endpoints: set[str], today: date) -> Iterator[Event]:
    """Waivers of endpoints that the stack files have; the last day still counts."""
    from anyport.source import read_yaml
    from anyport_policies.rules import RULES
    from anyport_policies.waivers import parse_waivers

    from .tree import shown

    document, source = read_yaml(path)
    for waiver in parse_waivers(document, source, RULES, today):
        if waiver.endpoint not in endpoints:
            continue
        where, _, line = waiver.place.rpartition(":")
        name = shown(where)
        yield Event(
            key=f"waiver-expiry {name} {waiver.rule} {waiver.endpoint}",
            day=waiver.expires,
            kind="waiver_expiry",
            title=f"The waiver of {waiver.rule} at {waiver.endpoint} ends",
            conflict="",
            certain=True,
            source=f"{name}:{line} ({waiver.owner}, {waiver.ticket})",
            touches=(f"{name} {waiver.endpoint}",),
        )


def _json(found: Calendar, problems: list[Problem], today: date) -> str:
    import json

    note = stale_note(load().collected_on, today)
    document = {
        "today": today.isoformat(),
        "collected_on": load().collected_on.isoformat(),
        "events": [event.to_dict(today) for event in found.events],
        "undated": [asdict(one) for one in found.undated],
        "notes": [note] if note else [],
        "problems": [problem.to_dict() for problem in problems],
    }
    return json.dumps(document, indent=2, sort_keys=True) + "\n"


def _text(found: Calendar, today: date) -> Iterator[str]:
    from anyport_policies.report.escape import plain

    for event in found.events:
        left = (event.day - today).days
        when = f"in {left} days" if left > 0 else "today" if left == 0 else f"{-left} days ago"
        yield f"{event.day}  {when}  {plain(event.title)}{'' if event.certain else '  (uncertain)'}"
        if event.touches:
            yield f"  touches: {', '.join(map(plain, event.touches))}"
        if event.conflict:
            yield f"  the earliest date governs: {plain(event.conflict)}"
        yield f"  source: {plain(event.source)}"
        yield ""
    if found.undated:
        yield "No day is known for:"
        for line in undated_lines(found):
            yield f"  {plain(line)}"
        yield ""
    past = sum(event.day <= today for event in found.events)
    yield f"{len(found.events)} with a day ({past} past), {len(found.undated)} without"
    note = stale_note(load().collected_on, today)
    if note:
        yield f"note: {note}"
