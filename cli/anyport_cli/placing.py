"""What `anyport plan` says of endpoints whose targets the planner chose: why, and the same as `targets:` to paste."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click
import yaml

from anyport.catalog import load
from anyport.errors import AnyportError
from anyport.placement.explain import explain
from anyport.placement.planner import Placing
from anyport.placement.result import Placed, Refused
from anyport.plan import placing_of
from anyport.spec import TargetSpec
from anyport.stackfile import load_stack_file

from .policy_file import limits_for
from .text import columns

__all__ = ["explained", "pinned", "show_explained", "show_pinned"]

_SHOWN = 4


def _placings(files: list[Path], today: date, config: Path | None) -> Iterator[tuple[Path, str, Placing]]:
    """Every endpoint with a placement that can be met; what is wrong with the others, the plan has said."""
    for path in files:
        try:
            stack = load_stack_file(path)
            spec, limits = stack.spec, limits_for(path, stack, config)
        except AnyportError:
            continue
        for name, endpoint in spec.endpoints.items():
            if endpoint.placement is not None:
                placing = placing_of(name, spec, load(), today, limits)
                if placing.choice is not None:
                    yield path, name, placing


def explained(files: list[Path], today: date, config: Path | None = None) -> dict[Path, list[Placed]]:
    """Why, by stack file."""
    found: dict[Path, list[Placed]] = {}
    for path, name, placing in _placings(files, today, config):
        found.setdefault(path, []).append(explain(name, placing))
    return found


def pinned(
    files: list[Path], today: date, config: Path | None = None
) -> dict[Path, dict[str, dict[str, Any]]]:
    """Targets as a spec would write them, by stack file and endpoint."""
    found: dict[Path, dict[str, dict[str, Any]]] = {}
    for path, name, placing in _placings(files, today, config):
        targets = {key: _written(target) for key, target in placing.targets.items()}
        found.setdefault(path, {})[name] = targets
    return found


def _written(target: TargetSpec) -> dict[str, Any]:
    said = target.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return {key: value for key, value in said.items() if value != {}}


def show_pinned(found: dict[Path, dict[str, dict[str, Any]]]) -> None:
    """YAML to paste in the place of `placement`."""
    for path, endpoints in found.items():
        for name, targets in endpoints.items():
            click.echo(f"# {path}, endpoint {name}: in the place of placement")
            click.echo(yaml.safe_dump({"targets": targets}, sort_keys=False, width=110, allow_unicode=True))
    if not found:
        click.echo("no endpoint has a placement that can be met, so there is nothing to pin", err=True)


def show_explained(found: dict[Path, list[Placed]]) -> None:
    """Text for people."""
    for path, placed in found.items():
        for one in placed:
            _show(path, one)
    if not found:
        click.echo("no endpoint has a placement that can be met, so there is nothing to explain", err=True)


def _show(path: Path, placed: Placed) -> None:
    click.echo(f"{path}: {placed.endpoint}: why these targets\n")
    click.echo(f"asked: {'; '.join(placed.asked)}")
    click.echo(f"prices: list prices of {placed.volume}")
    total = "not known" if placed.usd_per_month is None else f"{placed.usd_per_month:,.2f} USD a month"
    click.echo(f"while the first target serves: {total}")
    if placed.unpriced:
        click.echo(f"without a known price: {', '.join(placed.unpriced)}")
    click.echo("")
    rows = [
        (str(t.priority), t.name, _usd(t.usd_per_month_serving), _usd(t.usd_per_month_idle), t.why)
        for t in placed.targets
    ]
    click.echo(columns(("#", "target", "usd serving", "usd waiting", "why"), rows))
    click.echo("\nnext best:")
    for other in placed.next_best:
        instead = ", ".join(other.targets) or "nothing"
        click.echo(f"  without {other.without}: {instead} ({other.difference})")
    click.echo("\nnot chosen:")
    click.echo(
        columns(("provider", "kind", "places", "reason"), (_row(refused) for refused in placed.refused))
    )
    click.echo("")
    for note in placed.notes:
        click.echo(f"note: {note}")
    click.echo("")


def _usd(amount: float | None) -> str:
    return "not known" if amount is None else f"{amount:,.2f}"


def _row(refused: Refused) -> tuple[str, str, str, str]:
    shown = ", ".join(refused.places[:_SHOWN]) or "all"
    more = len(refused.places) - _SHOWN
    places = f"{shown} and {more} more" if more > 0 else shown
    return refused.provider, refused.kind or "all", places, refused.reason
