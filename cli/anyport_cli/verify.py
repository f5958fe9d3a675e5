"""`anyport verify`: ask what is deployed whether it gives what its contract says."""

from __future__ import annotations

import ipaddress
import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from anyport.contract import EndpointContract
from anyport.errors import AnyportError
from anyport.naming import digest
from anyport.targets.registry import provider_names

from .contracts import endpoint_contracts
from .inputs import format_option, print_json, show_problems

if TYPE_CHECKING:
    from anyport.verify.model import Cell, Subject

__all__ = ["token_names", "verify"]

GATEWAY_KEY = "ANYPORT_GATEWAY_KEY"
_PREFIX = "ANYPORT_TOKEN_"
CHECK_NAMES = (
    "chat", "stream", "tools", "json_schema", "embeddings", "usage", "errors", "auth", "context", "served_by",
)  # fmt: skip
"""As in `anyport.verify.model.CHECKS`, which is not imported for `--help`."""


@click.command()
@click.option(
    "--contract", type=click.Path(path_type=Path), metavar="FILE", required=True,
    help="Contracts, as `pulumi stack output --json` writes them.",
)  # fmt: skip
@click.option("--through", metavar="URL", help="Base URL of the gateway, such as https://llm.example.com/v1.")
@click.option(
    "--endpoint", "endpoints", multiple=True, metavar="NAME", help="Only this endpoint; several times."
)
@click.option("--target", "targets", multiple=True, metavar="NAME", help="Only this target; several times.")
@click.option("--gateway-only", is_flag=True, help="Ask through the gateway and no target by itself.")
@click.option(
    "--skip", multiple=True, type=click.Choice(CHECK_NAMES), help="Make no such check; shown as skipped."
)
@click.option(
    "--proxy", metavar="URL", help="Proxy for every call.  [default: the usual environment variables]"
)
@click.option("--ca-file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE",
              help="Authorities to trust besides the system's.")  # fmt: skip
@click.option("--timeout", type=click.FloatRange(min=1, max=3600), default=120.0, show_default=True,
              metavar="SECONDS", help="Per call.")  # fmt: skip
@click.option("--answer-tokens", type=click.IntRange(min=1), default=512, show_default=True,
              help="Longest answer asked for; a reasoning model needs room to think.")  # fmt: skip
@format_option
def verify(
    contract: Path, through: str | None, endpoints: tuple[str, ...], targets: tuple[str, ...], gateway_only: bool,
    skip: tuple[str, ...], proxy: str | None, ca_file: Path | None, timeout: float, answer_tokens: int, output: str,
) -> None:  # fmt: skip
    """Ask every target of a contract, and the gateway, through the official openai client: chat, streams, tools,
    JSON schemas, embeddings, counts of tokens, shapes of errors, refusal without a key, the context window.

    Tokens come from the environment: ANYPORT_TOKEN_<ENDPOINT>_<TARGET>, else ANYPORT_TOKEN_<PROVIDER>; the
    gateway's from ANYPORT_GATEWAY_KEY. About 15 small calls per target, which are billed; the one over the window
    is refused where all is well. Exit 1 when something promised is missing.
    """
    if gateway_only and not through:
        raise click.UsageError("--gateway-only needs --through URL")
    try:
        from anyport.verify.asking import Settings
        from anyport.verify.report import as_text, as_values
        from anyport.verify.suite import http_client
        from anyport.verify.suite import verify as run
    except ModuleNotFoundError as error:
        if error.name not in ("openai", "httpx2"):
            raise
        raise click.UsageError("verify asks through the official client; run: pip install openai") from None
    try:
        subjects = _subjects(contract, through, endpoints, targets, gateway_only=gateway_only)
    except AnyportError as error:
        show_problems(list(error.problems))
        raise click.exceptions.Exit(2) from None
    with http_client(proxy, ca_file) as http:
        rows = run(subjects, http, Settings(timeout, answer_tokens, frozenset(skip)), _told)
    if output == "json":
        print_json(as_values(rows))
    else:
        click.echo(as_text(rows), nl=False)
    raise click.exceptions.Exit(0 if all(row.kept for row in rows) else 1)


def token_names(contracts: Iterable[EndpointContract]) -> dict[tuple[str, str], tuple[str, str]]:
    """Environment variables that each target's token is looked for in, the nearer one first, by endpoint and target.

    The nearer one is this target's alone: `a-b` with target `c` and `a` with target `b-c` must not share it, nor may
    it be a provider's, as it would be for `azure` with target `openai`. The token would go to another vendor.
    """
    providers = {
        (contract.endpoint, target.target): target.provider
        for contract in contracts
        for target in contract.targets
    }
    plain = {pair: f"{_PREFIX}{_shout('_'.join(pair))}" for pair in providers}
    wide = {f"{_PREFIX}{_shout(name)}" for name in (*providers.values(), *provider_names())}
    taken = Counter([*plain.values(), *wide])
    return {
        pair: (
            plain[pair] if taken[plain[pair]] == 1 else f"{plain[pair]}_{digest(*pair).upper()}",
            f"{_PREFIX}{_shout(provider)}",
        )
        for pair, provider in providers.items()
    }


def _shout(name: str) -> str:
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def _subjects(
    path: Path,
    through: str | None,
    endpoints: tuple[str, ...],
    targets: tuple[str, ...],
    *,
    gateway_only: bool,
) -> list[Subject]:
    from anyport.verify.model import gateway_subject, target_subject

    contracts = endpoint_contracts(path)
    _known("--endpoint", endpoints, {one.endpoint for one in contracts})
    _known("--target", targets, {target.target for one in contracts for target in one.targets})
    variables = token_names(contracts)
    found: list[Subject] = []
    missing: list[str] = []
    for contract in contracts:
        if endpoints and contract.endpoint not in endpoints:
            continue
        for target in contract.targets if not gateway_only else ():
            if targets and target.target not in targets:
                continue
            names = variables[contract.endpoint, target.target]
            token = next((os.environ[name] for name in names if os.environ.get(name)), None)
            if token is None:
                missing.append(f"{contract.endpoint}/{target.target}: set {' or '.join(names)}")
            else:
                found.append(target_subject(target, token))
        if through:
            url, loopback = _gateway(through)
            key = os.environ.get(GATEWAY_KEY, "")
            if not key and not loopback:
                missing.append(f"the gateway: set {GATEWAY_KEY}")
            found.append(gateway_subject(contract, url, key or "none", on_loopback=loopback and not key))
    if missing:
        raise click.UsageError("there is no token for\n  " + "\n  ".join(dict.fromkeys(missing)))
    if not found:
        raise click.UsageError("nothing is left to ask: --endpoint and --target leave no target")
    return found


def _known(option: str, given: tuple[str, ...], known: set[str]) -> None:
    for name in given:
        if name not in known:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(sorted(known))}", param_hint=option)


def _gateway(text: str) -> tuple[str, bool]:
    """The base URL, and whether it is on this machine."""
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname or url.query or url.username:
        raise click.BadParameter(f"{text!r} is no base URL; write https://HOST/v1", param_hint="--through")
    try:
        loopback = url.hostname == "localhost" or ipaddress.ip_address(url.hostname).is_loopback
    except ValueError:
        loopback = False
    if url.scheme == "http" and not loopback:
        raise click.BadParameter("a key is sent over https only, except on loopback", param_hint="--through")
    return text.rstrip("/"), loopback


def _told(subject: Subject, cell: Cell) -> None:
    if cell.status.value == "NO":
        click.echo(f"{subject.endpoint}/{subject.name}: {cell.check}: {cell.detail}", err=True)
