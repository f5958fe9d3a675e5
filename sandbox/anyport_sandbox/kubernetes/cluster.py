"""A local Kubernetes cluster: real control plane, simulated machines.

with cluster.start(folder, nodes=[nodes.coreweave("gd-8xh100ib-i128", "US-EAST-04A")]) as running:
    running.api.apply(deployment)
"""

from __future__ import annotations

import functools
import shutil
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from anyport_sandbox.kubernetes import control_plane, definitions, nodes
from anyport_sandbox.kubernetes.api import Api, Object
from anyport_sandbox.kubernetes.clock import Clock
from anyport_sandbox.kubernetes.control_plane import ControlPlane
from anyport_sandbox.kubernetes.errors import ClusterError
from anyport_sandbox.kubernetes.kubelet import Kubelet
from anyport_sandbox.kubernetes.network import Network, loopback
from anyport_sandbox.kubernetes.nodes import NodeSpec
from anyport_sandbox.kubernetes.runtime import Runtime
from anyport_sandbox.kubernetes.surroundings import STORAGE_CLASSES

__all__ = ["NODE_GRACE_SECONDS", "SPEED", "Cluster", "start"]

SPEED = 60.0
"""Simulated seconds in a real one: a minute passes in a second."""
NODE_GRACE_SECONDS = 8.0
"""Real seconds until a silent node counts as lost (the usual 40 would make tests wait; fewer would lose busy ones)."""


def start(
    work_dir: Path,
    nodes: Iterable[NodeSpec] = (),
    *,
    speed: float = SPEED,
    node_grace_seconds: float = NODE_GRACE_SECONDS,
    servers: bool = True,
    keep_state: bool = False,
    program: Path = control_plane.PROGRAM,
) -> Cluster:
    """Start a cluster with its machines and definitions, ready to use.

    Args:
        work_dir: gets everything: state, logs, certificates, kubeconfig. Made if absent, 0700.
        nodes: machines to begin with; those of a kept state are there as well.
        speed: simulated seconds in a real one, for the machines.
        node_grace_seconds: real seconds until a silent node counts as lost.
        servers: whether pods that run `vllm serve` get a real process.
        keep_state: take up what an earlier start left, and leave it at the end. Otherwise objects, keys and
            logs of earlier starts in `work_dir` are removed first.
        program: the control plane that `make kubernetes` builds.

    Raises:
        ClusterError: it cannot be started; nothing is left running.
    """
    work_dir = work_dir.absolute()
    clock, network = Clock(speed), Network()
    try:
        if not keep_state:
            for name in ("etcd", "pods", "logs", "service-accounts.pem"):
                _remove(work_dir / name)
        plane = control_plane.start(work_dir, clock, node_grace_seconds=node_grace_seconds, program=program)
    except OSError as error:
        network.close()
        raise ClusterError(
            f"the work directory {work_dir} cannot be used ({(error.strerror or 'failed').lower()}); "
            "make room or give access there, or name another."
        ) from error
    except BaseException:
        network.close()
        raise
    runtime = Runtime(plane.api, clock, work_dir / "pods", servers=servers)
    kubelet = Kubelet(plane.api, clock, network, runtime, node_grace_seconds)
    made = Cluster(work_dir, plane, kubelet, network, clock, keep_state=keep_state)
    try:
        made.install(STORAGE_CLASSES)
        definitions.install(plane.api, definitions.read(program.parent.parent / "crds"))
        kubelet.start()
        made.add_nodes(nodes)
    except BaseException:
        made.stop()
        raise
    return made


class Cluster:
    """A running cluster.

    Attributes:
        api: a client with all rights.
        kubelet: faults and lost nodes are told to it.
        clock: the machines' simulated time.
        kubeconfig_path, api_url, token, ca_path: for other clients.
    """

    def __init__(
        self,
        work_dir: Path,
        plane: ControlPlane,
        kubelet: Kubelet,
        network: Network,
        clock: Clock,
        *,
        keep_state: bool,
    ) -> None:
        self.work_dir, self.kubelet, self.clock = work_dir, kubelet, clock
        self.api: Api = plane.api
        self.api_url, self.token = plane.api.url, plane.files.token
        self.kubeconfig_path, self.ca_path = plane.files.kubeconfig, plane.files.ca
        self._plane, self._network, self._keep_state = plane, network, keep_state
        self._stopped = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End every process, those in pods too. May be called twice."""
        if self._stopped:
            return
        self._stopped = True
        self.kubelet.stop()
        self._plane.stop(keep=self._keep_state)
        self._network.close()

    @property
    def pids(self) -> dict[str, int]:
        """Process ids of the control plane by name."""
        return {child.name: child.pid for child in self._plane.children}

    def ended(self) -> str:
        """A sentence about a process of the control plane that ended by itself, or nothing."""
        return self._plane.ended()

    # -- what is in it -------------------------------------------------------------------------------------------

    def add_nodes(self, specs: Iterable[NodeSpec], seconds: float = 60.0) -> list[str]:
        """Add machines and wait until pods may land on them; returns their names. Those that are there stay."""
        names = []
        for spec in [each for pool in specs for each in nodes.expand(pool)]:
            names.append(spec.name)
            if self.api.find("v1", "Node", spec.name) is None:
                address = self._network.node_address(spec.name)
                self.api.create(nodes.manifest(spec, address, control_plane.VERSION, self.clock.stamp()))
        for name in names:
            self.api.wait(
                functools.partial(self.api.get, "v1", "Node", name),
                usable,
                seconds=seconds,
                means=f"node {name} is not ready",
            )
        return names

    def install(self, objects: Iterable[Object]) -> None:
        """Apply objects."""
        for each in objects:
            self.api.apply(each)

    # -- looking in ----------------------------------------------------------------------------------------------

    def address(self, namespace: str, pod: str, port: int = 8000) -> str:
        """`127.x.y.z:port`, where the process of a pod really answers.

        Raises:
            ClusterError: the pod has no address yet.
        """
        found = (self.api.get("v1", "Pod", pod, namespace).get("status") or {}).get("podIP")
        if not found:
            raise ClusterError(f"pod {namespace}/{pod} has no address yet.")
        return f"{loopback(found)}:{port}"

    def service_addresses(self, namespace: str, service: str) -> list[str]:
        """Where the ready pods behind a Service really answer, `127.x.y.z:port` of its first port, sorted."""
        slices = self.api.list(
            "discovery.k8s.io/v1", "EndpointSlice", namespace, labels=f"kubernetes.io/service-name={service}"
        )
        return sorted(
            f"{loopback(address)}:{each['ports'][0]['port']}"
            for each in slices
            for endpoint in each.get("endpoints") or ()
            if endpoint.get("conditions", {}).get("ready")
            for address in endpoint["addresses"]
        )

    def logs(self, namespace: str, pod: str, container: str) -> str:
        """What a model-server process of a pod has written, in all its runs; empty when there was none."""
        files = sorted((self.work_dir / "pods").glob(f"{namespace}_{pod}_*/{container}.log"))
        return "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)


def usable(node: dict[str, Any]) -> bool:
    """Whether pods may land on a node: ready, and no taint of the node controller."""
    ready = any(each["type"] == "Ready" and each["status"] == "True" for each in node["status"]["conditions"])
    tainted = [
        each["key"]
        for each in node["spec"].get("taints") or ()
        if each["key"].startswith("node.kubernetes.io/")
    ]
    return ready and not tainted


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
