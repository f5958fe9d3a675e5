"""`anyport plan`: the spec resolved, as a table or as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import TypeVar

import click

from anyport.catalog import load
from anyport.freshness import stale_note
from anyport.plan import Plan, PlannedTarget

from .inputs import (
    day,
    format_option,
    load_plans,
    one_line,
    print_json,
    show_problems,
    stack_files,
    today_option,
)
from .policy_file import policy_config_option
from .text import columns

__all__ = ["plan"]

T = TypeVar("T")


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="[STACK FILES]")
@format_option
@today_option
@click.option(
    "--explain", is_flag=True, help="Say of each placement why its targets were chosen and no others."
)
@click.option(
    "--pin", is_flag=True, help="Print what the planner chose as targets to paste, and nothing else."
)
@policy_config_option
def plan(
    paths: tuple[Path, ...],
    output: str,
    today: str | None,
    explain: bool,
    pin: bool,
    policy_config: Path | None,
) -> None:
    """Show where each endpoint would be served, and what the catalog knows of it.

    STACK FILES are files or folders; stacks/ when left out.
    """
    if explain and pin:
        raise click.UsageError("--explain and --pin print two different things; say one of them")
    asked, files = day(today), stack_files(paths)
    if pin:
        _pin(files, asked, output, policy_config)
    plans, problems = load_plans(files, asked, policy_config)
    age = stale_note(load().collected_on, asked)
    if output == "json":
        print_json(
            {
                "plans": {str(path): found.model_dump(mode="json") for path, found in plans.items()},
                "problems": [problem.to_dict() for problem in problems],
                "notes": [age] if age else [],
                **({"placements": _explained(files, asked, policy_config)} if explain else {}),
            }
        )
    else:
        for path, found in plans.items():
            _show(path, found)
        if explain:
            from .placing import explained, show_explained

            click.echo("")
            show_explained(_by_line(explained(files, asked, policy_config)))
        if age:
            click.echo(f"note: {age}")
        show_problems(problems)
    raise click.exceptions.Exit(2 if problems else 0)


def _explained(files: list[Path], asked: date, config: Path | None) -> dict[str, list[dict[str, object]]]:
    from .placing import explained

    found = explained(files, asked, config)
    return {str(path): [one.model_dump(mode="json") for one in placed] for path, placed in found.items()}


def _pin(files: list[Path], asked: date, output: str, config: Path | None) -> None:
    """Print targets and leave; files with problems print theirs, on standard error."""
    from .placing import pinned, show_pinned

    _, problems = load_plans(files, asked, config)
    found = pinned(files, asked, config)
    if output == "json":
        print_json(
            {
                "targets": {str(path): endpoints for path, endpoints in found.items()},
                "problems": [problem.to_dict() for problem in problems],
            }
        )
    else:
        show_pinned(_by_line(found))
        show_problems(problems)
    raise click.exceptions.Exit(2 if problems else 0)


def _by_line(found: Mapping[Path, T]) -> dict[Path, T]:
    """The same by names of files that are one harmless line each."""
    return {Path(one_line(str(path))): each for path, each in found.items()}


def _show(path: Path, plan: Plan) -> None:
    headings = ("#", "target", "provider", "region", "failure domain", "kind", "model there", "retires")
    for endpoint in plan.endpoints:
        click.echo(f"{one_line(str(path))}: {endpoint.name} ({endpoint.model}, {plan.tier})\n")
        click.echo(columns(headings, (_row(target) for target in endpoint.targets)))
        click.echo("\n" + _contract_line(endpoint.features, endpoint.limits.model_dump(exclude_none=True)))
        notes: dict[str, list[str]] = {}
        for target in endpoint.targets:
            for note in target.notes:
                notes.setdefault(note, []).append(target.name)
        for note, names in notes.items():
            click.echo(f"note: {', '.join(names)}: {note}")
        click.echo("")
    click.echo(
        f"Facts of the catalog as of {plan.catalog_collected_on}; ask the provider before relying on one."
    )


def _row(target: PlannedTarget) -> tuple[str, ...]:
    return (
        str(target.priority),
        target.name,
        target.provider,
        target.zone or target.region,
        target.failure_domain,
        target.deployment_kind,
        target.model_id,
        str(target.retires_on or "no date known"),
    )


def _contract_line(features: tuple[str, ...], limits: dict[str, int]) -> str:
    text = ", ".join(f"{name.replace('_', ' ')} {value:,}" for name, value in limits.items())
    return f"every target gives: {', '.join(features) or 'no feature for certain'}; {text or 'no limit known for all'}"
