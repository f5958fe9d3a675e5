"""`anyport drill --gateway`: a gateway that is live, drilled by a header for one request at a time."""

from __future__ import annotations

import ipaddress
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import click

from anyport.errors import AnyportError, Problem, nearest

from .inputs import day, refuse_others, show_problems
from .output import write

if TYPE_CHECKING:
    from datetime import date

    from anyport.gateway.routes import EndpointRoute

    from .drill_live_run import LiveDrill, LiveResult

__all__ = ["live_drill_options"]

_OWN = {"gateway", "drill_key_env", "caller_key_env", "requests", "contract", "endpoint", "form", "page"}
SECONDS = 120.0
"""Until the gateway begins an answer, and between two pieces of one."""


def live_drill_options(drill: Callable[..., None]) -> Callable[..., None]:
    """Give `anyport drill` the options of this drill, which runs in place of the others when a gateway is named."""

    @click.option(
        "--gateway",
        metavar="URL",
        help="Drill this live gateway instead, such as https://llm.example.com/v1, without breaking anything. "
        "Needs --contract and --drill-key-env.",
    )
    @click.option(
        "--drill-key-env", metavar="NAME", help="Environment variable with the gateway's drill key."
    )
    @click.option(
        "--caller-key-env", metavar="NAME", help="Environment variable with a caller's key or token."
    )
    @click.option(
        "--requests", type=click.IntRange(1, 50), metavar="N",
        help="Requests per step of the live drill, and of chats as many with a stream; they are billed.  [default: 5]",
    )  # fmt: skip
    @wraps(drill)
    def either(
        *, gateway: str | None, drill_key_env: str | None, caller_key_env: str | None, requests: int | None,
        **others: Any,
    ) -> None:  # fmt: skip
        if gateway is not None:
            refuse_others("--gateway", _OWN)
            _run(gateway, drill_key_env, caller_key_env, 5 if requests is None else requests, others)
        names = {"--drill-key-env": drill_key_env, "--caller-key-env": caller_key_env, "--requests": requests}
        for name, value in names.items():
            if value is not None:
                raise click.UsageError(f"{name} is about a live gateway; name it with --gateway URL")
        drill(**others)

    return either


def _run(
    url: str, drill_env: str | None, caller_env: str | None, number: int, others: dict[str, Any]
) -> None:
    """Drill, show the table or JSON, write the page, and exit."""
    if others["contract"] is None or drill_env is None:
        raise click.UsageError("--gateway needs --contract FILE and --drill-key-env NAME")
    from .drill_live_run import UnreachableError

    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        asked = _asked(url, others["contract"], others["endpoint"], drill_env, caller_env)
        done = _drilled(asked, number)
    except AnyportError as error:
        show_problems(list(error.problems))
        raise click.exceptions.Exit(2) from None
    except UnreachableError as error:
        click.echo(f"anyport drill: the gateway at {url} did not answer: {error}", err=True)
        raise click.exceptions.Exit(3) from None
    _show(done, day(None), others["form"], others["page"])
    raise click.exceptions.Exit(0 if done.kept else 1)


@dataclass(frozen=True)
class _Asked:
    """A drill that can be made. `repr` of the keys is off, so that no report of an error shows them."""

    url: str
    loopback: bool
    route: EndpointRoute
    drill_key: str = field(repr=False)
    caller_key: str = field(repr=False)


def _asked(url: str, contract: Path, endpoint: str | None, drill_env: str, caller_env: str | None) -> _Asked:
    """What was asked for.

    Raises:
        AnyportError: every problem of it (AP411 to AP413, and those of contracts).
    """
    route, problems = _route(contract, endpoint)
    drill_key = _key(drill_env, "--drill-key-env", problems, shortest=32)
    caller_key = "" if caller_env is None else _key(caller_env, "--caller-key-env", problems)
    loopback = _is_loopback(url, problems)
    if problems or route is None:
        raise AnyportError(problems)
    return _Asked(url.rstrip("/"), loopback, route, drill_key, caller_key)


def _drilled(asked: _Asked, number: int) -> LiveDrill:
    import httpx2 as httpx

    from .drill_live_plan import live_steps
    from .drill_live_run import drill_live, kinds, sent
    from .drill_recipe import api_of

    api = api_of(asked.route) or "chat_completions"
    steps = live_steps(asked.route, api == "chat_completions")
    most = sum(len(kinds(step, number)) for step in steps)
    click.echo(f"anyport drill: {len(steps)} steps, {most} requests at most, one after the other", err=True)
    headers = [(b"authorization", sent(f"Bearer {asked.caller_key}"))] if asked.caller_key else []
    with httpx.Client(
        base_url=f"{asked.url}/", headers=headers, timeout=httpx.Timeout(SECONDS, connect=10.0),
        trust_env=not asked.loopback,
    ) as client:  # fmt: skip
        return drill_live(client, asked.route.name, api, steps, asked.drill_key, number, _told)


def _route(contract: Path, name: str | None) -> tuple[EndpointRoute | None, list[Problem]]:
    """The endpoint to drill, or why there is none.

    Raises:
        RouteError: the contracts cannot be made into routes.
    """
    from anyport.gateway.routes import route_table

    from .contracts import read_contracts
    from .drill_recipe import can_be_drilled

    served = can_be_drilled(route_table(read_contracts(contract)))
    file = str(contract)
    if not served or (name is not None and name not in served):
        near = nearest(name or "", list(served))
        wrong = (
            "there is no such endpoint for chat completions or embeddings"
            if served
            else "no endpoint serves chat completions or embeddings"
        )
        return None, [
            Problem("AP413", "endpoints", wrong, got=name or "", allowed=", ".join(served),
                    fix=f"did you mean {near}?" if near else "", file=file)
        ]  # fmt: skip
    route = served[name] if name is not None else next(iter(served.values()))
    if len(route.targets) < 2:
        wrong = "has one target, so there is nothing to fail over to"
        return None, [Problem("AP413", f"endpoints.{route.name}", wrong, file=file)]
    return route, []


def _key(variable: str, option: str, problems: list[Problem], shortest: int = 1) -> str:
    """A key from the environment. What it is goes into no message."""
    key = os.environ.get(variable, "").strip()
    wrong = ""
    if not key:
        wrong = f"the environment variable {variable} is not set or empty"
    elif len(key) < shortest:
        wrong = f"what {variable} holds is shorter than {shortest} characters, so no gateway takes it as a drill key"
    elif any(ord(char) < 33 or ord(char) == 127 for char in key):
        wrong = f"what {variable} holds cannot be sent in a header: it has spaces or control characters"
    if wrong:
        problems.append(Problem("AP411", option, wrong, fix="set it to the key alone", file="environment"))
    return key


def _is_loopback(text: str, problems: list[Problem]) -> bool:
    """Whether the base URL is on this machine; what is no base URL, or would send keys in the clear, is a problem."""
    try:
        url = urlsplit(text)
        host, _ = url.hostname or "", url.port
    except ValueError:
        url, host = urlsplit(""), ""
    odd = not text.isascii() or any(ord(char) < 33 for char in text)
    if (
        odd
        or url.scheme not in ("http", "https")
        or not host
        or url.query
        or url.fragment
        or "@" in url.netloc
    ):
        shown = text.rpartition("@")[2][:80]
        problems.append(
            Problem("AP412", "--gateway", "is not the base URL of a gateway", got=shown,
                    allowed="https://HOST/v1", file="command line")
        )  # fmt: skip
        return False
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if url.scheme == "http" and not loopback:
        problems.append(
            Problem("AP412", "--gateway", "would send keys in the clear", got=text[:80],
                    allowed="https://HOST/v1, and http on loopback only", file="command line")
        )  # fmt: skip
    return loopback


def _told(result: LiveResult) -> None:
    from .drill_live_report import live_line

    click.echo(live_line(result), err=True)


def _show(done: LiveDrill, on: date, form: str, page: Path | None) -> None:
    from .drill_live_report import live_json, live_page, live_text

    click.echo(live_json(done, on) if form == "json" else live_text(done), nl=False)
    if page is not None:
        write(page, live_page(done, on))
