"""`anyport preflight`: whether the clouds have today what the stacks are going to ask for."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .inputs import day, print_json, show_problems, stack_files, today_option
from .live_options import access_of, asking, live_options, scopes_of
from .text import columns

if TYPE_CHECKING:
    from anyport.errors import Problem
    from anyport.plan import Plan
    from anyport.preflight.model import Report

__all__ = ["preflight"]


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[STACK FILES]")
@live_options
@click.option(
    "--deployed",
    multiple=True,
    metavar="ENDPOINT/TARGET",
    help="A target that is up, so that its share of a quota is in use already; `all` for every one.",
)
@click.option(
    "--fresh-days",
    type=click.IntRange(0, 365),
    default=7,
    show_default=True,
    help="How old a saved answer may be and still let something pass.",
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "markdown"]),
    default="text",
    show_default=True,
    help="How to print.",
)
@today_option
def preflight(
    paths: tuple[Path, ...],
    subscription: str | None,
    project: str | None,
    compartment: str | None,
    endpoints: tuple[str, ...],
    tokens: tuple[str, ...],
    answers: Path | None,
    save: Path | None,
    deployed: tuple[str, ...],
    fresh_days: int,
    output: str,
    today: str | None,
) -> None:
    """Ask the clouds whether the models, SKUs and quota of the targets are there, and what to request where not.

    STACK FILES are files or folders; stacks/ when left out. Only reads; what is not told is a warning.

    Exit 0 ok, 1 something is missing, 2 wrong input, 3 a cloud that was asked gave no usable answer.
    """
    from anyport.errors import AnyportError
    from anyport.live.failure import NOT_ASKED

    asked_on = day(today)
    scopes = scopes_of(subscription, project, compartment)
    access = access_of(endpoints, tokens, None)
    named, problems = _specs(stack_files(paths), asked_on)
    _known(deployed, named, bool(problems))
    report = None
    try:
        from anyport.preflight.run import preflight as judged

        with asking(answers, save, access, asked_on) as asker:
            report = judged(named, asker, scopes, asked_on, deployed, fresh_days)
    except AnyportError as error:
        problems += error.problems
    _deliver(report, problems, output)
    broken = report is not None and report.broken(NOT_ASKED)
    failed = report is not None and report.count("FAIL") > 0
    raise click.exceptions.Exit(2 if problems else 1 if failed else 3 if broken else 0)


def _specs(files: list[Path], asked_on: date) -> tuple[list[tuple[str, Plan]], list[Problem]]:
    """Plans by the file that holds the endpoints: stacks that share one spec need its quota once."""
    from anyport.errors import AnyportError
    from anyport.plan import resolve
    from anyport.stackfile import load_stack_file

    from .policy_file import limits_for

    plans: dict[Path, tuple[str, Plan]] = {}
    problems: list[Problem] = []
    for path in files:
        try:
            stack = load_stack_file(path)
            holder = Path(stack.source.file)
            if holder.resolve() not in plans:
                plans[holder.resolve()] = (
                    str(holder),
                    resolve(stack.spec, None, asked_on, stack.source, limits_for(path, stack)),
                )
        except AnyportError as error:
            problems += [problem for problem in error.problems if problem not in problems]
    return list(plans.values()), problems


def _known(deployed: tuple[str, ...], plans: list[tuple[str, Plan]], partial: bool) -> None:
    names = {f"{e.name}/{t.name}" for _, plan in plans for e in plan.endpoints for t in e.targets}
    for name in deployed:
        if name != "all" and name not in names and not partial:
            known = ", ".join(sorted(names))
            raise click.BadParameter(
                f"{name!r} is no target; there are: all, {known}", param_hint="--deployed"
            )


def _deliver(report: Report | None, problems: list[Problem], output: str) -> None:
    if output == "json":
        body = report.to_dict() if report else {}
        print_json({**body, "problems": [problem.to_dict() for problem in problems]})
        return
    if report and report.rows:
        click.echo(_markdown(report) if output == "markdown" else _text(report), nl=False)
    show_problems(problems)


def _counts(report: Report) -> str:
    return ", ".join(f"{report.count(verdict)} {verdict}" for verdict in ("PASS", "WARN", "FAIL"))


def _amounts(current: float, used: float | None, needed: float, unit: str) -> str:
    from anyport.preflight.model import whole

    taken = "use not told" if used is None else f"{whole(used)} in use"
    return f"from {whole(current)} ({taken}) to at least {whole(needed)} {unit}"


def _text(report: Report) -> str:
    from anyport_policies.report.escape import plain

    parts: list[str] = []
    places = dict.fromkeys((row.file, row.endpoint) for row in report.rows)
    for file, endpoint in places:
        rows = [row for row in report.rows if (row.file, row.endpoint) == (file, endpoint)]
        table = ((r.verdict, r.target or "(endpoint)", r.check, plain(r.text)) for r in rows)
        parts.append(f"{file}: {endpoint}\n\n{columns(('', 'target', 'check', 'what'), table)}\n")
    if report.requests:
        lines = ["To request:"]
        for one in report.requests:
            lines.append(
                f"  {one.quota} in {one.place}: {_amounts(one.current, one.used, one.needed, one.unit)}"
            )
            lines.append(f"    {plain(one.how)}")
        parts.append("\n".join(lines) + "\n")
    parts.append(
        f"{_counts(report)}. Quota is no promise of machines: nobody lists what is free at this moment.\n"
    )
    return "\n".join(parts)


def _markdown(report: Report) -> str:
    from anyport_policies.report.escape import code

    def cell(text: str) -> str:
        return code(text).replace("|", "\\|")

    lines = [
        f"## Preflight: {_counts(report)}",
        "",
        "| | endpoint | target | check | what |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.verdict} | {cell(r.endpoint)} | {cell(r.target) if r.target else ''} | {r.check} | {cell(r.text)} |"
        for r in report.rows
    ]
    if report.requests:
        lines += ["", "### To request", "", "| quota | place | change | how |", "|---|---|---|---|"]
    for one in report.requests:
        amounts = _amounts(one.current, one.used, one.needed, one.unit)
        lines.append(f"| {cell(one.quota)} | {cell(one.place)} | {amounts} | {cell(one.how)} |")
    return "\n".join(lines) + "\n"
