"""Starting and stopping the simulated model servers from another process."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from anyport_sandbox.servers.errors import ServersError
from anyport_sandbox.servers.files import private_dir
from anyport_sandbox.servers.routes import Route, check_distinct, save_routes
from anyport_sandbox.servers.serve import DEFAULT_PORT, READY_FILE

__all__ = ["Running", "StartError", "running", "start", "stop"]

StartError = ServersError

START_SECONDS = 30.0
STOP_SECONDS = 3.0
STEP_SECONDS = 0.02
_MODULE = "anyport_sandbox.servers.serve"
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Running:
    """Servers that listen. `addresses` maps each real host name to its loopback `address:port`."""

    pid: int
    proxy_url: str
    ca_path: Path
    addresses: dict[str, str]


def start(
    routes: Sequence[Route], state_dir: Path, port: int = DEFAULT_PORT, model: str | None = None
) -> Running:
    """Start the servers in a session of their own, so that they outlive the caller; wait till they listen.

    Args:
        routes: what to serve; written to `routes.json` with the tokens, mode 0600.
        state_dir: made if absent, 0700; its faults from an earlier run are forgotten.
        port: of the proxy; the hosts get the ports after it. 0 is any free ports.
        model: base URL of a real model that speaks for every route; None has them say who they are.

    Raises:
        RouteError: two routes cannot be told apart.
        ServersError: they run already, or ended at once; the text is what they said.
    """
    state = private_dir(state_dir.absolute())
    if (already := running(state)) is not None:
        raise ServersError(f"The model servers run already as process {already.pid}: stop them first.")
    check_distinct(routes)
    for stale in (READY_FILE, "faults.json", "clock"):
        (state / stale).unlink(missing_ok=True)
    save_routes(state / "routes.json", routes)
    log = state / "serve.log"
    process = _spawn(state, port, log, model)
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if (found := _read(state)) is not None:
            _CHILDREN[found.pid] = process
            return found
        time.sleep(STEP_SECONDS)
    if process.poll() is None:
        process.kill()
        process.wait()
        raise ServersError(f"The model servers did not listen within {START_SECONDS:.0f} s: see {log}.")
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise ServersError(
        lines[-1] if lines else f"The model servers ended at once with exit {process.returncode}."
    )


def stop(state_dir: Path) -> bool:
    """End the servers of `state_dir`; returns whether any were running. May be called at any time.

    Only a process whose command line is that of these servers is signalled: a process id in an old
    file may by now belong to something else.

    Raises:
        ServersError: the process does not end even when killed.
    """
    state = state_dir.absolute()
    found = running(state)
    if found is not None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(found.pid, number)
            if _gone_within(found.pid, state, STOP_SECONDS):
                break
        else:
            raise ServersError(f"The model servers (process {found.pid}) do not end: end them by hand.")
    (state / READY_FILE).unlink(missing_ok=True)
    return found is not None


def running(state_dir: Path) -> Running | None:
    """The servers of `state_dir`, if they are there and are ours."""
    found = _read(state_dir.absolute())
    return found if found is not None and _is_ours(found.pid, state_dir.absolute()) else None


def _spawn(state: Path, port: int, log: Path, model: str | None) -> subprocess.Popen[bytes]:
    room = str(Path(__file__).parents[2])
    path = os.pathsep.join(filter(None, (room, os.environ.get("PYTHONPATH"))))
    command = [sys.executable, "-m", _MODULE, "--routes", str(state / "routes.json")]
    with log.open("wb") as output:
        return subprocess.Popen(  # noqa: S603  # our own interpreter and module
            [*command, "--state", str(state), "--port", str(port), *(["--model", model] if model else [])],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": path},
        )


def _read(state: Path) -> Running | None:
    try:
        found = json.loads((state / READY_FILE).read_bytes())
        return Running(int(found["pid"]), found["proxy"], Path(found["ca"]), dict(found["addresses"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_ours(pid: int, state: Path) -> bool:
    command = _command_line(pid)
    return _MODULE in command and str(state) in command


def _command_line(pid: int) -> list[str]:
    """The arguments of a process; empty when it is gone or only waits to be reaped."""
    entry = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self/cmdline").exists():
        try:
            return entry.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            return []
    shown = subprocess.run(  # noqa: S603
        ["ps", "-o", "command=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return shown.stdout.split()


def _gone_within(pid: int, state: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        child = _CHILDREN.get(pid)
        if child is not None and child.poll() is not None:
            _CHILDREN.pop(pid, None)
            return True
        if child is None and not _is_ours(pid, state):
            return True
        time.sleep(STEP_SECONDS)
    return False
