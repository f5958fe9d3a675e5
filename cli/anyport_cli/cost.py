"""`anyport cost`: what endpoints would cost a month by list prices, before anything is built."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING

import click

from .evidence import not_over
from .inputs import day, load_plans, show_problems, stack_files, today_option
from .output import write
from .text import columns

if TYPE_CHECKING:
    from anyport.cost import Assumptions, EndpointCost
    from anyport.errors import Problem

__all__ = ["cost"]


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[STACK FILES]")
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json", "html"]),
    default="text",
    show_default=True,
    help="How to show it; html is a page of its own with bars.",
)
@click.option(
    "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write there instead of printing."
)
@today_option
@click.option(
    "--hours", type=click.IntRange(1, 8784), default=730, show_default=True, help="Hours of a month."
)
@click.option(
    "--input-share", default="0.8", show_default=True, help="Share of tokens that are prompt, 0 to 1."
)
@click.option(
    "--load-factor", default="1", show_default=True, help="Mean traffic over the declared peak, 0 to 1."
)
def cost(
    paths: tuple[Path, ...],
    form: str,
    output: Path | None,
    today: str | None,
    hours: int,
    input_share: str,
    load_factor: str,
) -> None:
    """Show what endpoints would cost a month: idle, at the declared traffic, with the primary out.

    STACK FILES are files or folders; stacks/ when left out.

    Exit 0 ok, 2 wrong input, 3 something broke.
    """
    from anyport.catalog import load
    from anyport.cost import Assumptions, estimate

    asked = Assumptions(hours, _share(input_share, "--input-share"), _share(load_factor, "--load-factor"))
    files = stack_files(paths)
    not_over(output, files)
    plans, problems = load_plans(files, day(today))
    found = {
        str(path): [estimate(endpoint, load(), asked) for endpoint in plan.endpoints]
        for path, plan in plans.items()
    }
    text = _shown(form, found, asked, problems)
    if not problems and output is not None:
        write(output, text)
    elif output is None and not (problems and form == "html"):
        click.echo(text, nl=False)
    if form != "json" or output is not None:
        show_problems(problems)
    raise click.exceptions.Exit(2 if problems else 0)


def _shown(
    form: str, found: dict[str, list[EndpointCost]], asked: Assumptions, problems: list[Problem]
) -> str:
    assumed = (
        f"A month of {asked.hours} h; {asked.input_share:.0%} of tokens are prompt; mean traffic is "
        f"{asked.load_factor:.0%} of the declared. List prices of the catalog, each as of its own day."
    )
    if form == "html":
        from anyport.cost.page import as_page

        return as_page(found, assumed)
    if form == "json":
        value = {
            "assumptions": {"hours": asked.hours, "input_share": str(asked.input_share),
                            "load_factor": str(asked.load_factor)},
            "costs": {path: [one.to_dict() for one in costs] for path, costs in found.items()},
            "problems": [problem.to_dict() for problem in problems],
        }  # fmt: skip
        return json.dumps(value, indent=2, sort_keys=True, default=str) + "\n"
    lines = [line for path, costs in found.items() for one in costs for line in _lines(path, one)]
    return "\n".join([*lines, assumed]) + "\n"


def _share(text: str, option: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal(-1)
    if not value.is_finite() or not 0 <= value <= 1:
        raise click.BadParameter(f"{text!r} is no share; write a number from 0 to 1", param_hint=option)
    return value


def _lines(path: str, found: EndpointCost) -> Iterator[str]:
    from anyport.cost import money

    yield f"{path}: {found.name}\n"
    rows = (
        (
            target.name,
            target.standby,
            "unknown" if target.rent is None else money(target.rent),
            "unknown" if target.tokens is None else money(target.tokens),
            target.basis,
        )
        for target in found.targets
    )
    yield columns(("target", "standby", "rent", "tokens if all", "basis"), rows) + "\n"
    for name, total in (("standby", found.standby), ("steady", found.steady), ("failover", found.failover)):
        yield f"{name + ' month:':16} {'not known' if total is None else total}"
    for target in found.targets:
        if target.commitment:
            yield f"commitment: {target.name}: {target.commitment}"
    if found.note:
        yield f"note: {found.note}"
    for source in dict.fromkeys(target.source for target in found.targets):
        yield f"prices: {source}"
    yield ""
