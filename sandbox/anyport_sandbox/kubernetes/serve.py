"""A local cluster as a process of its own: `python -m anyport_sandbox.kubernetes.serve --work DIR [--nodes FILE]`.

For what outlives one command, such as the sandbox; tests use `cluster.start`. When the cluster is ready, `cluster.json`
in DIR says where it is; it is removed at the end. `detached.start` and `detached.stop` do all that from Python.
Exit: 0 ended by a signal or because its parent went, 2 bad nodes, 3 it cannot be started or broke down.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from anyport_sandbox.kubernetes import cluster
from anyport_sandbox.kubernetes.errors import ApiError, ClusterError
from anyport_sandbox.kubernetes.nodes import NodeSpec
from anyport_sandbox.servers.files import private_dir, write_private

__all__ = ["READY_FILE", "main"]

READY_FILE = "cluster.json"
_LOOK_SECONDS = 0.5


def main(words: Sequence[str] | None = None) -> int:
    """Run until told to end; sentences about what went wrong go to stderr."""
    options = _parser().parse_args(words)
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    try:
        machines = [NodeSpec(**row) for row in json.loads(options.nodes.read_text())] if options.nodes else []
    except (OSError, ValueError, TypeError) as error:
        sys.stderr.write(f"The nodes in {options.nodes} cannot be read ({error}).\n")
        return 2
    try:
        work = private_dir(options.work.absolute())
        with cluster.start(work, machines, speed=options.speed, keep_state=options.keep_state) as running:
            try:
                _tell(work, running)
                return _until(ending, running, options.parent_pid)
            finally:
                (work / READY_FILE).unlink(missing_ok=True)
    except (ClusterError, ApiError) as error:
        sys.stderr.write(f"{error}\n")
    except OSError as error:
        sys.stderr.write(f"The work directory {options.work} cannot be used: {error.strerror}.\n")
    return 3


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="anyport_sandbox.kubernetes.serve")
    parser.add_argument("--work", type=Path, required=True, help="directory for state, logs and cluster.json")
    parser.add_argument(
        "--nodes", type=Path, help="file with a JSON list of machines, as detached.start writes it"
    )
    parser.add_argument("--speed", type=float, default=cluster.SPEED, help="simulated seconds in a real one")
    parser.add_argument(
        "--keep-state", action="store_true", help="take up and leave the objects in the work directory"
    )
    parser.add_argument("--parent-pid", type=int, help="end when this process is gone")
    return parser


def _tell(work: Path, running: cluster.Cluster) -> None:
    facts = {
        "pid": os.getpid(),
        "kubeconfig": str(running.kubeconfig_path),
        "api_url": running.api_url,
        "token": running.token,
        "ca": str(running.ca_path),
    }
    write_private(work / READY_FILE, json.dumps(facts, indent=1))


def _until(ending: threading.Event, running: cluster.Cluster, parent: int | None) -> int:
    """Wait for the end; a control plane that lost a process is no use any more."""
    while not ending.wait(_LOOK_SECONDS):
        if parent is not None and not Path(f"/proc/{parent}").exists() and not _exists(parent):
            return 0
        if ended := running.ended():
            sys.stderr.write(f"{ended}\n")
            return 3
    return 0


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    sys.exit(main())
