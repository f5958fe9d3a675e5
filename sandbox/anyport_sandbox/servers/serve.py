"""The process of the simulated model servers: `python -m anyport_sandbox.servers.serve`.

Opens the proxy on `--port` and one TLS address per host on the ports after it, in sorted order of the
hosts, all on 127.0.0.1 (`--port 0`: all of them wherever the system likes). When every one listens it
writes `servers.json` into the state directory, which is how readiness is told, and removes it at the end.

Exit: 0 ended by a signal or because the parent went, 2 bad routes, 3 a port or the directory is not usable.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from anyport_sandbox.servers.addresses import host_names
from anyport_sandbox.servers.app import host_app
from anyport_sandbox.servers.clock import StateClock
from anyport_sandbox.servers.errors import RouteError, ServersError
from anyport_sandbox.servers.faults import FaultBook
from anyport_sandbox.servers.files import private_dir, write_private
from anyport_sandbox.servers.proxy import ConnectProxy
from anyport_sandbox.servers.real_model import RealModel
from anyport_sandbox.servers.routes import Route, load_routes
from anyport_sandbox.servers.tls import make_certificates

__all__ = ["DEFAULT_PORT", "PORT_VARIABLE", "READY_FILE", "main"]

DEFAULT_PORT = 18443
PORT_VARIABLE = "ANYPORT_SANDBOX_PORT"
READY_FILE = "servers.json"
_LOOPBACK = "127.0.0.1"
_END_SECONDS = 0.6
_PARENT_SECONDS = 0.2


class _Server(uvicorn.Server):
    """A server that leaves signals to the process and says when it listens."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: one process has many servers and one way to end."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen, then say so."""
        await super().startup(sockets=sockets)
        self.listening.set()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until told to end; sentences about what went wrong go to stderr."""
    options = _parser().parse_args(arguments)
    try:
        port = _port(options.port)
        routes = load_routes(options.routes)
        state = private_dir(options.state.absolute())
        hosts = sorted({route.host for route in routes})
        sockets = _bind(port, hosts)
        model = RealModel(options.model) if options.model else None
        asyncio.run(_run(routes, state, sockets, options.parent_pid, model))
    except RouteError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    except ServersError as error:
        sys.stderr.write(f"{error}\n")
        return 3
    except OSError as error:
        sys.stderr.write(f"The state directory {options.state} cannot be used: {error.strerror}.\n")
        return 3
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="anyport_sandbox.servers.serve", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "--routes", type=Path, required=True, help="file of routes, as control.start writes it"
    )
    parser.add_argument(
        "--state", type=Path, required=True, help="directory for certificates and servers.json"
    )
    parser.add_argument(
        "--port", help=f"first port; default ${PORT_VARIABLE}, else {DEFAULT_PORT}; 0: any free"
    )
    parser.add_argument("--model", metavar="URL", help="base URL of a real model that speaks for every route")
    parser.add_argument("--parent-pid", type=int, help="end when this process is gone")
    return parser


def _port(given: str | None) -> int:
    text = given if given is not None else os.environ.get(PORT_VARIABLE) or str(DEFAULT_PORT)
    if not text.isdecimal() or int(text) > 65535:
        raise ServersError(f"{text!r} is not a port: give a number up to 65535 by --port or {PORT_VARIABLE}.")
    return int(text)


def _bind(port: int, hosts: Sequence[str]) -> dict[str, socket.socket]:
    """One listening socket for the proxy (key "") and for every host, or none at all."""
    sockets: dict[str, socket.socket] = {}
    try:
        for offset, host in enumerate(["", *hosts]):
            wanted = port + offset if port else 0
            sockets[host] = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            sockets[host].setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sockets[host].bind((_LOOPBACK, wanted))
                sockets[host].listen(128)
            except (OSError, OverflowError) as error:
                why = (
                    error.strerror.lower()
                    if isinstance(error, OSError) and error.strerror
                    else "no such port"
                )
                raise ServersError(
                    f"Port {wanted} on {_LOOPBACK} cannot be opened ({why}): set {PORT_VARIABLE} or --port to "
                    f"the first of {len(hosts) + 1} free ports."
                ) from None
    except ServersError:
        for each in sockets.values():
            each.close()
        raise
    return sockets


async def _run(
    routes: list[Route],
    state: Path,
    sockets: dict[str, socket.socket],
    parent: int | None,
    model: RealModel | None,
) -> None:
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    ports = {host: int(each.getsockname()[1]) for host, each in sockets.items()}
    proxy_port = ports.pop("")
    names = _names(routes)
    certificates = make_certificates(state, names)
    faults, clock = FaultBook(state), StateClock(state)
    servers = {
        host: _server(
            certificates.by_host[host],
            host_app([route for route in routes if route.host == host], faults, clock, model),
        )
        for host in ports
    }
    by_name = {name: ports[host] for host, known in names.items() for name in known}
    tasks = [asyncio.create_task(server.serve([sockets[host]])) for host, server in servers.items()]
    proxy = await asyncio.start_server(ConnectProxy(by_name).accept, sock=sockets[""])
    for server, task in zip(servers.values(), tasks, strict=True):
        await _listening(server, task)
    ready = {
        "pid": os.getpid(),
        "proxy": f"http://{_LOOPBACK}:{proxy_port}",
        "ca": str(certificates.ca),
        "addresses": {host: f"{_LOOPBACK}:{port}" for host, port in sorted(ports.items())},
    }
    write_private(state / READY_FILE, json.dumps(ready, indent=1))
    try:
        await _until_end(ending, parent)
    finally:
        (state / READY_FILE).unlink(missing_ok=True)
        await _end(proxy, list(servers.values()), tasks)


def _server(certificate: Path, app: ASGIApp) -> _Server:
    return _Server(
        uvicorn.Config(
            app,
            http="h11",
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            server_header=False,
            ssl_certfile=certificate,
            ssl_keyfile=certificate,
        )
    )


def _names(routes: list[Route]) -> dict[str, list[str]]:
    """Per host all names it answers at; a name that is a host of its own stays with that host."""
    hosts = {route.host for route in routes}
    return {
        route.host: [name for name in host_names(route) if name == route.host or name not in hosts]
        for route in routes
    }


async def _listening(server: _Server, task: asyncio.Task[None]) -> None:
    """Wait until a server listens, or raise what ended it first."""
    waiting = asyncio.create_task(server.listening.wait())
    await asyncio.wait({waiting, task}, return_when=asyncio.FIRST_COMPLETED)
    if not waiting.done():
        waiting.cancel()
        await task
        raise ServersError("A model server ended before it listened: start again.")


async def _until_end(ending: asyncio.Event, parent: int | None) -> None:
    while not ending.is_set():
        if parent is not None and not _exists(parent):
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), _PARENT_SECONDS if parent is not None else None)


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def _end(proxy: asyncio.Server, servers: list[_Server], tasks: list[asyncio.Task[None]]) -> None:
    """Stop listening, then give calls under way a moment; what is left is cancelled by `asyncio.run`."""
    proxy.close()
    for server in servers:
        server.should_exit = True
        server.force_exit = True
    await asyncio.wait(tasks, timeout=_END_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
