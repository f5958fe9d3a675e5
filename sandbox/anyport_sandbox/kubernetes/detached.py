"""Starting and stopping a local cluster that outlives the caller."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from anyport_sandbox.kubernetes.api import Api
from anyport_sandbox.kubernetes.errors import ClusterError
from anyport_sandbox.kubernetes.nodes import NodeSpec
from anyport_sandbox.kubernetes.serve import READY_FILE
from anyport_sandbox.servers.files import private_dir, write_private

__all__ = ["Running", "running", "start", "stop"]

_MODULE = "anyport_sandbox.kubernetes.serve"
_START_SECONDS = 120.0
_STOP_SECONDS = 20.0
_STEP_SECONDS = 0.05
_CHILDREN: dict[int, subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Running:
    """A cluster that runs in a process of its own."""

    pid: int
    kubeconfig_path: Path
    api_url: str
    token: str
    ca_path: Path

    def client(self) -> Api:
        """A new client with all rights; close it when done."""
        return Api(self.api_url, self.token, self.ca_path)


def start(work_dir: Path, nodes: Iterable[NodeSpec] = (), *, keep_state: bool = False) -> Running:
    """Start a cluster in a session of its own and wait until it is ready.

    Raises:
        ClusterError: one runs there already, or it ended at once; the text is what it said.
    """
    work = private_dir(work_dir.absolute())
    if (already := running(work)) is not None:
        raise ClusterError(f"a local cluster runs already as process {already.pid}: stop it first.")
    (work / READY_FILE).unlink(missing_ok=True)
    write_private(work / "nodes.json", json.dumps([asdict(each) for each in nodes]))
    command = [sys.executable, "-m", _MODULE, "--work", str(work), "--nodes", str(work / "nodes.json")]
    log = work / "serve.log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603  # our own module
            [*command, *(["--keep-state"] if keep_state else [])],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    deadline = time.monotonic() + _START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if (found := _read(work)) is not None:
            _CHILDREN[found.pid] = process
            return found
        time.sleep(_STEP_SECONDS)
    process.kill()
    process.wait()
    lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    raise ClusterError(lines[-1] if lines else f"the local cluster was not ready; see {work / 'logs'}.")


def stop(work_dir: Path) -> bool:
    """End the cluster of a work directory; returns whether one was running. May be called at any time.

    Raises:
        ClusterError: it does not end even when killed.
    """
    work = work_dir.absolute()
    found = running(work)
    if found is not None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.kill(found.pid, number)
            if _gone_within(found.pid, work):
                break
        else:
            raise ClusterError(f"the local cluster (process {found.pid}) does not end: end it by hand.")
    (work / READY_FILE).unlink(missing_ok=True)
    return found is not None


def running(work_dir: Path) -> Running | None:
    """The cluster of a work directory, if its process still is one."""
    work = work_dir.absolute()
    found = _read(work)
    return found if found is not None and _is_ours(found.pid, work) else None


def _read(work: Path) -> Running | None:
    try:
        facts = json.loads((work / READY_FILE).read_text(encoding="utf-8"))
        return Running(
            facts["pid"], Path(facts["kubeconfig"]), facts["api_url"], facts["token"], Path(facts["ca"])
        )
    except (OSError, ValueError, KeyError):
        return None


def _is_ours(pid: int, work: Path) -> bool:
    """Whether a process id, which may be another's by now, belongs to the cluster of this directory."""
    child = _CHILDREN.get(pid)
    if child is not None and child.poll() is not None:
        return False
    found = subprocess.run(  # noqa: S603
        ["ps", "-ww", "-o", "args=", "-p", str(pid)],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    return _MODULE in found.stdout and str(work) in found.stdout


def _gone_within(pid: int, work: Path) -> bool:
    deadline = time.monotonic() + _STOP_SECONDS
    while _is_ours(pid, work):
        if time.monotonic() > deadline:
            return False
        time.sleep(_STEP_SECONDS)
    return True
