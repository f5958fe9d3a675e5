"""`anyport drill --control-plane`: a vendor's control plane is down, and the other stacks must go on."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .inputs import refuse_others
from .output import write

if TYPE_CHECKING:
    from anyport_sandbox.drill.control_plane_model import StackStep

__all__ = ["control_plane_options"]

CHECKOUT = Path(__file__).resolve().parents[2]
_OWN = {"control_plane", "without", "form", "page"}


def control_plane_options(drill: Callable[..., None]) -> Callable[..., None]:
    """Give `anyport drill` the options of this drill, which runs in place of the others when asked for."""

    @click.option(
        "--control-plane",
        is_flag=True,
        help="Take a vendor's control plane down instead: real engine, simulated clouds, a stack per vendor.",
    )
    @click.option(
        "--without", metavar="PROVIDER",
        help="Whose control plane is down.  [default: azure_openai]",
    )  # fmt: skip
    @wraps(drill)
    def either(*, control_plane: bool, without: str | None, **others: Any) -> None:
        if control_plane:
            _run(without, others["form"], others["page"])
        if without is not None:
            raise click.UsageError("--without says whose --control-plane is down, and that was not asked for")
        drill(**others)

    return either


def _run(without: str | None, form: str, page: Path | None) -> None:
    """Run it, show the table or JSON, write the page, and exit.

    Raises:
        UsageError: an option that is about another drill, or a provider that this one cannot take down.
    """
    from anyport_sandbox.drill import control_plane, control_plane_report
    from anyport_sandbox.workspace import SandboxError

    refuse_others("--control-plane", _OWN)
    provider = control_plane.PROVIDERS[0] if without is None else without
    if provider not in control_plane.PROVIDERS:
        raise click.UsageError(
            f"--without: {_no_such(provider)}; there are {', '.join(control_plane.PROVIDERS)}"
        )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    click.echo("anyport drill: 11 steps in 4 stacks on the Pulumi engine, a minute or two", err=True)
    try:
        done = control_plane.control_plane_drill(CHECKOUT, provider, _told)
    except SandboxError as error:
        click.echo(f"anyport drill: {error}", err=True)
        raise click.exceptions.Exit(3) from None
    show = (
        control_plane_report.control_plane_json if form == "json" else control_plane_report.control_plane_text
    )
    click.echo(show(done), nl=False)
    if page is not None:
        write(page, control_plane_report.control_plane_page(done))
    raise click.exceptions.Exit(0 if done.kept else 1)


def _no_such(provider: str) -> str:
    if provider == "coreweave_vllm":
        return "CoreWeave's control plane is a Kubernetes API, which here holds the gateway as well"
    return f"no provider {provider!r} is simulated here"


def _told(step: StackStep) -> None:
    from anyport_sandbox.drill.control_plane_report import control_plane_line

    click.echo(control_plane_line(step), err=True)
