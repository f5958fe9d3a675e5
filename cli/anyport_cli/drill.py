"""`anyport drill`: break the targets of an endpoint on purpose and count what callers saw."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from anyport.errors import AnyportError

from .drill_control_plane import control_plane_options
from .drill_live import live_drill_options
from .inputs import day, show_problems
from .output import write

if TYPE_CHECKING:
    from anyport_sandbox.drill.model import Drilled, Fault, Measured, Recipe

__all__ = ["drill", "short_drill"]


@click.command()
@click.option(
    "--contract", type=click.Path(path_type=Path), metavar="FILE",
    help="Contracts whose targets, order and features are drilled, as `pulumi stack output --json` writes them. "
    "[default: an example of three targets]",
)  # fmt: skip
@click.option(
    "--endpoint",
    metavar="NAME",
    help="Which endpoint of the contracts, for chat or embeddings.  [default: the first for chat]",
)
@click.option("--short", "is_short", is_flag=True, help="A fault of every family, below 40 s.")
@click.option(
    "--faults",
    metavar="NAME,NAME",
    help="These faults on the first target only, such as refuse,503,cut-mid-stream.",
)
@click.option(
    "--soak", type=click.FloatRange(min=0, min_open=True, max=1440), metavar="MINUTES",
    help="Random faults for so long; memory must stay flat.",
)  # fmt: skip
@click.option("--seed", type=int, default=1, show_default=True, help="Which faults a soak draws.")
@click.option(
    "--slack", type=click.FloatRange(min=0, min_open=True, max=10), default=0.2, show_default=True, metavar="SECONDS",
    help="What a request may wait beside the timeouts. Raise it only on a machine too busy to keep time.",
)  # fmt: skip
@live_drill_options
@control_plane_options
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--page", type=click.Path(path_type=Path), metavar="FILE", help="Also write an HTML page with timelines."
)
def drill(
    contract: Path | None, endpoint: str | None, is_short: bool, faults: str | None, soak: float | None, seed: int,
    slack: float, form: str, page: Path | None,
) -> None:  # fmt: skip
    """Start the real Envoy with Anyport's configuration before model servers on loopback, break the servers one by
    one and together, and hold what callers saw against the guarantee.

    Nothing real is asked: no target of a cloud, no credential. Exit 1 when the guarantee was not kept. With
    --gateway a live one is drilled instead: targets are skipped as if broken, for the drill's own requests only.
    """
    from anyport_sandbox.drill.gateway import DrillError
    from anyport_sandbox.drill.model import Rules

    from .contracts import read_contracts
    from .drill_recipe import EXAMPLE, recipe_of

    given = {"--short": is_short, "--faults": faults is not None, "--soak": soak is not None}
    if sum(given.values()) > 1:
        two = " and ".join(name for name, is_given in given.items() if is_given)
        raise click.UsageError(f"{two} cannot go together")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # nothing is left running also then
    try:
        recipe = recipe_of(
            EXAMPLE if contract is None else read_contracts(contract), endpoint, Rules(slack=slack)
        )
        only = None if faults is None else _faults(faults, recipe.faults)
        done = _run(recipe, is_short=is_short, only=only, soak=soak, seed=seed)
    except AnyportError as error:
        show_problems(list(error.problems))
        raise click.exceptions.Exit(2) from None
    except DrillError as error:
        click.echo(f"anyport drill: {error}", err=True)
        raise click.exceptions.Exit(3) from None
    _show(done, form, page)
    raise click.exceptions.Exit(0 if done.kept else 1)


def short_drill(contracts: object = None) -> tuple[str, bool]:
    """The short form for other programs: its text, and whether the guarantee was kept.

    Raises:
        AnyportError: the contracts cannot be made into routes.
        DrillError: there is no usable Envoy, or one target only.
    """
    from anyport_sandbox.drill.model import Rules
    from anyport_sandbox.drill.report import as_text

    from .drill_recipe import EXAMPLE, recipe_of

    done = _run(recipe_of(EXAMPLE if contracts is None else contracts, None, Rules()), is_short=True)
    return as_text(done), done.kept


def _faults(text: str, possible: tuple[Fault, ...]) -> tuple[Fault, ...]:
    """The faults that a list names, in its order, each once.

    Raises:
        UsageError: a name is none, or none of the endpoint's.
    """
    from anyport_sandbox.drill.plans import fault_names

    known = {name: fault for name, fault in fault_names().items() if fault in possible}
    names = [name.strip() for name in text.split(",")]
    unknown = [repr(name) for name in names if name not in known]
    if unknown:
        raise click.UsageError(f"--faults: no fault {', '.join(unknown)}; there are {', '.join(known)}")
    return tuple(known[name] for name in dict.fromkeys(names))


def _run(
    recipe: Recipe,
    *,
    is_short: bool,
    only: tuple[Fault, ...] | None = None,
    soak: float | None = None,
    seed: int = 1,
) -> Drilled:
    from anyport_sandbox.drill import plans
    from anyport_sandbox.drill.drill import drill as drill_all
    from anyport_sandbox.drill.drill import soak_drill

    if soak is not None:
        return soak_drill(recipe, soak * 60, seed, _told)
    if only is not None:
        steps = plans.chosen(recipe.places, only)
    else:
        steps = (plans.short if is_short else plans.full)(recipe.places, recipe.faults)
    click.echo(f"anyport drill: {len(steps)} faults, about {plans.seconds_of(steps):.0f} s", err=True)
    return drill_all(recipe, steps, _told)


def _told(found: Measured) -> None:
    from anyport_sandbox.drill.report import step_line

    click.echo(step_line(found), err=True)


def _show(done: Drilled, form: str, page: Path | None) -> None:
    from anyport_sandbox.drill.page import as_page
    from anyport_sandbox.drill.report import as_json, as_text

    on = day(None)
    if page is not None:
        write(page, as_page(done, on))
    click.echo(as_json(done, on) if form == "json" else as_text(done), nl=False)
