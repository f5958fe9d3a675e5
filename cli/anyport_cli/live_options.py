"""Options of what asks the clouds themselves, and the asker that they make."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from .output import write

if TYPE_CHECKING:
    from anyport.live.asker import Access, Asker

__all__ = ["access_of", "asking", "live_options", "scopes_of"]

_CLOUDS = ("azure", "gcp", "oci", "coreweave")
_SCOPES = {"azure_openai": "subscription", "vertex_ai": "project", "oci_generative_ai": "compartment"}
_SCOPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,254}")
Command = TypeVar("Command", bound=Callable[..., Any])


def live_options(command: Command) -> Command:
    """Accounts, addresses, tokens and saved answers."""
    options = (
        click.option("--subscription", metavar="ID", help="Azure subscription to ask for."),
        click.option("--project", metavar="ID", help="Google Cloud project to ask for."),
        click.option("--compartment", metavar="OCID", help="OCI compartment to ask for."),
        click.option(
            "--endpoint",
            "endpoints",
            multiple=True,
            metavar="[CLOUD[:PLACE]=]URL",
            help="Another address than the cloud's own, such as a private cloud's or a cluster's.",
        ),
        click.option(
            "--token-env",
            "tokens",
            multiple=True,
            metavar="[CLOUD[:PLACE]=]NAME",
            help="Variable that holds a bearer token.  [default: the cloud's own credentials]",
        ),
        click.option(
            "--answers",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Read saved answers instead of asking.",
        ),
        click.option(
            "--save-answers",
            "save",
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Save what the clouds answer, without accounts' names.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def scopes_of(subscription: str | None, project: str | None, compartment: str | None) -> dict[str, str]:
    """Provider to account.

    Raises:
        BadParameter: a name that no cloud would give.
    """
    given = {"azure_openai": subscription, "vertex_ai": project, "oci_generative_ai": compartment}
    for provider, text in given.items():
        if text is not None and not _SCOPE.fullmatch(text):
            name = _SCOPES[provider]
            raise click.BadParameter(f"{text!r} is no {name}", param_hint=f"--{name}")
    return {provider: text for provider, text in given.items() if text}


def access_of(endpoints: tuple[str, ...], tokens: tuple[str, ...], cloud: str | None) -> Access:
    """Addresses and names of variables by cloud and place.

    Args:
        endpoints: `[CLOUD[:PLACE]=]URL`.
        tokens: `[CLOUD[:PLACE]=]NAME`.
        cloud: the one cloud that is asked, which may then be left out.

    Raises:
        BadParameter: a form that is not known; AP531 an address that cannot be asked.
    """
    from anyport.live.asker import Access, address_fault

    addresses: dict[tuple[str, str], str] = {}
    for text in endpoints:
        key, url = _pair(text, cloud, "--endpoint")
        fault = address_fault(url)
        if fault:
            raise click.BadParameter(f"AP531 {url!r} {fault}", param_hint="--endpoint")
        addresses[key] = url
    variables: dict[tuple[str, str], str] = {}
    for text in tokens:
        key, name = _pair(text, cloud, "--token-env")
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
            message = "is no name of a variable; name one, never the token itself"
            raise click.BadParameter(message, param_hint="--token-env")
        variables[key] = name
    return Access(addresses, variables)


def _pair(text: str, cloud: str | None, hint: str) -> tuple[tuple[str, str], str]:
    from anyport.live.clouds import CLOUDS

    head, equals, value = text.partition("=")
    name, _, place = head.partition(":")
    if equals and name in _CLOUDS:
        return (CLOUDS[name], place), value
    if cloud is None:
        raise click.BadParameter(
            f"write CLOUD=…, with one of {', '.join(_CLOUDS)} before it", param_hint=hint
        )
    return (CLOUDS[cloud], ""), text


@contextmanager
def asking(answers: Path | None, save: Path | None, access: Access, today: date) -> Iterator[Asker]:
    """An asker; what it was answered is saved at the end, also where some questions failed.

    Raises:
        UsageError: options that exclude each other, a library that is missing.
        SpecError: AP522 saved answers that cannot be used.
    """
    if answers is not None:
        if save is not None:
            raise click.UsageError("--answers reads and --save-answers asks: use one of them")
        from anyport.live.saved import SavedAnswers

        yield SavedAnswers(answers)
        return
    if save is not None and not save.is_dir():
        raise click.UsageError(f"{save} is no folder: make it first")
    from time import sleep

    from anyport.live.asker import LiveAsker
    from anyport.live.saved import file_name, file_text

    try:
        import httpx2  # noqa: F401
    except ImportError:
        raise click.UsageError("asking a cloud needs a library: pip install 'anyport[live]'") from None
    with LiveAsker(access, today, sleep) as asker:
        yield asker
        if save is None:
            return
        for answer in asker.answers:
            write(save / file_name(answer.question), file_text(answer))
