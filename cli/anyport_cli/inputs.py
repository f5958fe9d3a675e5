"""What several commands share: stack files from arguments, the day, problems as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import click
from click.core import ParameterSource

from anyport.errors import AnyportError, Problem
from anyport.plan import Plan, resolve
from anyport.stackfile import load_stack_file

from .policy_file import limits_for

__all__ = [
    "day",
    "format_option",
    "load_plans",
    "one_line",
    "print_json",
    "refuse_others",
    "show_problems",
    "stack_files",
    "today_option",
]

format_option = click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print.",
)
today_option = click.option(
    "--today",
    metavar="YYYY-MM-DD",
    default=None,
    help="Judge retirement dates as of this day.  [default: today, UTC]",
)


def day(text: str | None) -> date:
    """The day to judge by: the one asked for, else today in UTC (the command line's one clock reading)."""
    if text is None:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(f"{text!r} is no date; write YYYY-MM-DD", param_hint="--today") from None


def stack_files(paths: tuple[Path, ...]) -> list[Path]:
    """Files as named; a folder stands for the stack files in it; nothing stands for `stacks/`.

    What else in a folder looks like a stack file is said on standard error.
    """
    from .tree import Disk, misspelt, own_files

    named = paths or (Path("stacks"),)
    disk = Disk(named)
    try:
        for path in named:
            own, others = own_files(disk, [path])
            for each in others:
                click.echo(f"note: {one_line(str(each))} has no anyport: keys and is passed over", err=True)
            for each in misspelt(path):
                click.echo(f"note: {one_line(str(each))} is not read; stack files end in .yaml", err=True)
            if not own:
                what = "stack files with anyport: keys" if others else "stack files (Pulumi.<stack>.yaml)"
                raise click.UsageError(f"{path} holds no {what}")
        return own_files(disk, named)[0]
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {error.strerror}") from None


def load_plans(
    files: Iterable[Path], today: date, policy_config: Path | None = None
) -> tuple[dict[Path, Plan], list[Problem]]:
    """Plans of all files that are right, and the problems of those that are not, each once.

    `policy_config` bounds placements in place of the file beside the stack files.
    """
    plans: dict[Path, Plan] = {}
    problems: list[Problem] = []
    for path in files:
        try:
            stack = load_stack_file(path)
            limits = limits_for(path, stack, policy_config)
            plans[path] = resolve(stack.spec, None, today, stack.source, limits)
        except AnyportError as error:
            problems += (problem for problem in error.problems if problem not in problems)
    return plans, problems


def show_problems(problems: list[Problem]) -> None:
    """Print problems for a person, on standard error."""
    for problem in problems:
        click.echo(_harmless(problem), err=True)
    if problems:
        click.echo(f"\n{len(problems)} problem(s)", err=True)


def one_line(text: str) -> str:
    """Text of others for a terminal or a log: on one line, and without characters that act on either."""
    if text.isprintable():
        return text
    from anyport_policies.report.escape import plain

    return plain(text)


def _harmless(problem: Problem) -> str:
    parts = {name: one_line(value) for name, value in problem.to_dict().items() if isinstance(value, str)}
    text = str(replace(problem, **parts))  # type: ignore[arg-type]  # line and column are not among them
    return f"./{text}" if text.startswith(("::", "##[")) else text


def print_json(value: object) -> None:
    """Print one JSON document."""
    click.echo(json.dumps(value, indent=2, sort_keys=True, default=str))


def refuse_others(mode: str, own: Collection[str]) -> None:
    """Options that mean nothing in a mode of the command are not passed over in silence.

    Args:
        mode: the option that chose the mode.
        own: names of the parameters that mean something in it.

    Raises:
        UsageError: others were given on the command line.
    """
    context = click.get_current_context()
    given = [
        option.opts[0]
        for option in context.command.params
        if option.name not in own
        and context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE
    ]
    if given:
        raise click.UsageError(f"{mode} and {' and '.join(given)} cannot go together")
