"""`anyport gateway-credentials`: keeps the credential files of a gateway fresh, or writes them once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from anyport.errors import AnyportError, Problem

from .inputs import format_option, print_json, show_problems

if TYPE_CHECKING:
    from anyport.gateway.renew import Renewer

__all__ = ["gateway_credentials"]


@click.command("gateway-credentials")
@click.option(
    "--sources",
    "file",
    required=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="YAML file that says where each target's credential comes from. It names files and holds no secret.",
)
@click.option(
    "--folder",
    required=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Where Envoy reads them: `secrets_dir` of the gateway's settings.",
)
@click.option(
    "--contract",
    "contracts",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Contracts of the gateway: refuse to start when a target of theirs has no source. May be repeated.",
)
@click.option("--once", is_flag=True, help="Ask for every credential once, say how it went, and end.")
@click.option("--address", default="127.0.0.1", show_default=True, help="Where to say how things stand.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=9903, show_default=True, help="0 takes a free one."
)
@click.option(
    "--ca-file", type=click.Path(path_type=Path), metavar="FILE", help="Authorities instead of the system's."
)
@format_option
def gateway_credentials(
    file: Path, folder: Path, contracts: tuple[Path, ...], once: bool, address: str, port: int, ca_file: Path | None,
    output: str,
) -> None:  # fmt: skip
    """Keep the credential of every target fresh in the folder that Envoy reads.

    Tokens of Entra and Google are had again before they end; keys are taken over when their file changes. Targets
    without a credential get a placeholder, so that the gateway starts and moves their requests on. Ends with
    SIGTERM. Exit 1 with --once when a target got no credential.
    """
    try:
        renewer = _renewer(file, folder, contracts, ca_file)
    except AnyportError as error:
        if output == "json":
            print_json({"targets": None, "problems": [problem.to_dict() for problem in error.problems]})
        else:
            show_problems(list(error.problems))
        raise click.exceptions.Exit(2) from None
    if once:
        raise click.exceptions.Exit(_once(renewer, output))
    _for_long(renewer, address, port)


def _renewer(file: Path, folder: Path, contracts: tuple[Path, ...], ca_file: Path | None) -> Renewer:
    import time

    from anyport.gateway.credential_sources import SourceError, read_sources, sourceless
    from anyport.gateway.renew import Renewer
    from anyport.gateway.renew_service import https_fetch
    from anyport.gateway.routes import route_table

    from .contracts import read_contracts

    sources = read_sources(file)
    if contracts:
        tables = [route_table(read_contracts(each)) for each in contracts]
        names = {f"{e.name}/{t.name}": None for table in tables for e in table.endpoints for t in e.targets}
        problems = sourceless(names, sources, str(file))
        if problems:
            raise SourceError(problems)
    try:
        fetch = https_fetch(None if ca_file is None else str(ca_file))
    except OSError as error:
        why = (error.strerror or "it is no file of certificates").lower()
        raise SourceError(
            [Problem("AP001", "", f"the authorities cannot be read: {why}", file=str(ca_file))]
        ) from None
    renewer = Renewer(sources, folder, fetch, clock=time.monotonic, wall=time.time)
    try:
        renewer.prepare()
    except OSError as error:
        why = f"cannot be used: {(error.strerror or str(error)).lower()}"
        raise SourceError([Problem("AP409", "", why, file=str(folder))]) from None
    return renewer


def _once(renewer: Renewer, output: str) -> int:
    for name in renewer.names:
        renewer.renew(name)
    found = renewer.status()
    if output == "json":
        print_json({"targets": found, "problems": []})
    else:
        for name, row in found.items():
            left = "" if row["seconds_left"] is None else f", {row['seconds_left']} s left"
            click.echo(f"{name}: {row['state']}{left}{': ' + row['problem'] if row['problem'] else ''}")
    return 0 if all(row["state"] == "good" for row in found.values()) else 1


def _for_long(renewer: Renewer, address: str, port: int) -> None:
    import logging
    import signal
    import threading

    from anyport.gateway.renew_service import serve_until

    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", level=logging.INFO)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())

    def ready(at: int) -> None:
        click.echo(
            f"renewing {len(renewer.names)} credentials; how they stand: http://{address}:{at}/status",
            err=True,
        )

    try:
        serve_until(stop, renewer, address, port, ready)
    except OSError as error:
        raise click.UsageError(
            f"{address}:{port} cannot be listened on: {(error.strerror or str(error)).lower()}"
        ) from None
