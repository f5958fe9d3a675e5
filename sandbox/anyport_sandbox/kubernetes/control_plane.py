"""The four real processes: etcd, API server, controllers, scheduler."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from anyport_sandbox.kubernetes.api import Api
from anyport_sandbox.kubernetes.clock import Clock
from anyport_sandbox.kubernetes.errors import ApiError, ClusterError
from anyport_sandbox.kubernetes.files import Files, prepare
from anyport_sandbox.kubernetes.processes import Child, stop_all
from anyport_sandbox.ports import reserve_ports

__all__ = ["PROGRAM", "VERSION", "ControlPlane", "start"]

PROGRAM = Path(__file__).resolve().parents[3] / ".engine" / "kubernetes" / "bin" / "controlplane"
VERSION = "v1.36.3"
SERVICE_RANGE = "172.20.0.0/16"
START_SECONDS = 60.0
STOP_SECONDS = 15.0
_STEP_SECONDS = 0.05
_TOLERATION_SECONDS = 300
_MONITOR_SECONDS = 1


@dataclass
class ControlPlane:
    """Processes that run, and what a client needs to talk to them."""

    files: Files
    api: Api
    children: list[Child]

    def stop(self, *, keep: bool) -> None:
        """End the processes; with `keep` in good order, so that their state can be started again."""
        stop_all(list(reversed(self.children)), STOP_SECONDS if keep else 0)
        self.api.close()

    def ended(self) -> str:
        """A sentence about a process that ended by itself, or nothing."""
        for child in self.children:
            if (code := child.exit_code()) is not None:
                return f"{child.name} ended with exit {code}: {child.last_words()} (log: {child.log})"
        return ""


def start(folder: Path, clock: Clock, *, node_grace_seconds: float, program: Path = PROGRAM) -> ControlPlane:
    """Start the processes on free loopback ports and wait until the API is usable.

    Args:
        folder: work directory; state of an earlier run in it is taken up.
        clock: its speed shortens the time a pod tolerates a lost node (300 s).
        node_grace_seconds: real seconds without a sign of life after which a node counts as lost.
        program: what `tools/kubernetes/obtain.py` built.

    Raises:
        ClusterError: there is no program, or a process ended; nothing is left running.
    """
    if not program.is_file():
        raise ClusterError(f"there is no Kubernetes control plane at {program}; run: make kubernetes")
    client, peer, secure = reserve_ports(3)
    url = f"https://127.0.0.1:{secure}"
    files = prepare(folder, url)
    plane = ControlPlane(files, Api(url, files.token, files.ca), [])
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)

    def run(name: str, arguments: Sequence[str]) -> None:
        plane.children.append(Child(name, [str(program), name, *arguments], logs / f"{name}.log"))

    try:
        run("etcd", _etcd(folder, client, peer))
        _until(plane, lambda: _listens(client))
        run("kube-apiserver", _apiserver(files, client, secure, clock))
        _until(plane, lambda: _ready(plane.api))
        run("kube-controller-manager", _controllers(files, node_grace_seconds))
        run("kube-scheduler", [f"--config={files.scheduler_config}", "--secure-port=0"])
        _until(plane, lambda: plane.api.find("v1", "ServiceAccount", "default", "default") is not None)
    except BaseException:
        plane.stop(keep=False)
        raise
    return plane


def _until(plane: ControlPlane, there: Callable[[], bool]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not there():
        if ended := plane.ended():
            raise ClusterError(f"the local Kubernetes cannot start: {ended}")
        if time.monotonic() > deadline:
            raise ClusterError(
                f"the local Kubernetes was not ready within {START_SECONDS:.0f} s; see {plane.files.folder / 'logs'}"
            )
        time.sleep(_STEP_SECONDS)


def _ready(api: Api) -> bool:
    try:
        return api.request("GET", "/readyz") == {"text": "ok"}
    except (ApiError, ClusterError):
        return False


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _etcd(folder: Path, client: int, peer: int) -> list[str]:
    return [
        f"--data-dir={folder / 'etcd'}",
        f"--client-url=http://127.0.0.1:{client}",
        f"--peer-url=http://127.0.0.1:{peer}",
    ]


def _apiserver(files: Files, etcd: int, port: int, clock: Clock) -> list[str]:
    tolerated = max(1, round(clock.real_seconds(_TOLERATION_SECONDS)))
    return [
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        f"--secure-port={port}",
        "--endpoint-reconciler-type=none",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        "--allow-privileged",
        "--authorization-mode=Node,RBAC",
        # A namespace may say on which machines its pods run: so one control plane plays the clusters of several zones.
        "--enable-admission-plugins=PodNodeSelector",
        f"--token-auth-file={files.tokens}",
        f"--tls-cert-file={files.certificate}",
        f"--tls-private-key-file={files.certificate}",
        f"--client-ca-file={files.ca}",
        f"--service-account-key-file={files.signing_key}",
        f"--service-account-signing-key-file={files.signing_key}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--default-not-ready-toleration-seconds={tolerated}",
        f"--default-unreachable-toleration-seconds={tolerated}",
    ]


def _controllers(files: Files, node_grace_seconds: float) -> list[str]:
    # The eviction rates of a big cluster, one node in ten seconds, would make every test of a lost node wait.
    return [
        f"--kubeconfig={files.kubeconfig}",
        "--leader-elect=false",
        "--secure-port=0",
        f"--root-ca-file={files.ca}",
        f"--service-account-private-key-file={files.signing_key}",
        f"--flex-volume-plugin-dir={files.folder / 'flex'}",
        f"--node-monitor-period={_MONITOR_SECONDS}s",
        f"--node-monitor-grace-period={node_grace_seconds:g}s",
        f"--node-startup-grace-period={max(node_grace_seconds, 10):g}s",
        "--node-eviction-rate=100",
        "--secondary-node-eviction-rate=100",
        "--large-cluster-size-threshold=0",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]
