"""The simulated kubelet of all simulated machines: one thread that runs what is bound to them.

It watches nodes, pods, services, ingresses and volume claims on the real API server and reports what real machines
would. A second thread renews the nodes' leases. Nodes without the annotation `sandbox.anyport.dev/simulated` are left
alone. `sandbox.anyport.dev/lost: "true"` on a node, or `lose`, takes its machine off the network.

Not simulated: logs, exec and port-forward over the API, image contents, volumes' files, resource use, eviction under
pressure, preemption of static pods, ephemeral containers, in-place resizing.
"""

from __future__ import annotations

import functools
import itertools
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from anyport_sandbox.kubernetes.api import Api, Watch
from anyport_sandbox.kubernetes.clock import Clock
from anyport_sandbox.kubernetes.errors import ApiError, ClusterError
from anyport_sandbox.kubernetes.events import event
from anyport_sandbox.kubernetes.faults import PREFIX, Injections, conduct
from anyport_sandbox.kubernetes.leases import Leases
from anyport_sandbox.kubernetes.network import Network
from anyport_sandbox.kubernetes.node_pools import NodePools
from anyport_sandbox.kubernetes.nodes import SIMULATED, ready_condition
from anyport_sandbox.kubernetes.pod import Pod
from anyport_sandbox.kubernetes.runtime import Runtime
from anyport_sandbox.kubernetes.surroundings import Surroundings
from anyport_sandbox.kubernetes.timers import Timers

__all__ = ["Kubelet"]

_WATCHED = (
    ("v1", "Node"),
    ("v1", "Pod"),
    ("v1", "Service"),
    ("v1", "PersistentVolumeClaim"),
    ("v1", "PersistentVolume"),
    ("networking.k8s.io/v1", "Ingress"),
    ("compute.coreweave.com/v1alpha1", "NodePool"),
)
_RETRY_SECONDS = 0.5
_PASSING = (404, 409)
_NO_EVENTS = (403, 404)
_END_SECONDS = 5.0


@dataclass
class _Machines:
    """Nodes by name, and which of them are lost."""

    known: dict[str, dict[str, Any]] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)


class Kubelet:
    """Runs pods until `stop`. The other methods may be called from any thread.

    Attributes:
        troubles: what went wrong inside, which is a defect of the simulation.
    """

    def __init__(
        self, api: Api, clock: Clock, network: Network, runtime: Runtime, node_grace_seconds: float
    ) -> None:
        self.troubles: list[Exception] = []
        self._api, self._clock, self._network, self._runtime = api, clock, network, runtime
        self._pods: dict[str, Pod] = {}
        self._machines = _Machines()
        self._sent: dict[str, Any] = {}
        self._injections = Injections()
        self._timers = Timers()
        self._works: dict[str, Callable[[], None]] = {}
        self._serial = itertools.count()
        self._news: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._surroundings = Surroundings(api, network, NodePools(api, network, clock, self._later))
        self._leases = Leases(api, node_grace_seconds)
        self._watches: list[Watch] = []
        self._threads: list[threading.Thread] = []

    # -- for callers -------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin."""
        self._spawn("kubelet", self._run)
        self._leases.start()
        for version, kind in _WATCHED:
            watch = self._api.watch(version, kind)
            self._watches.append(watch)
            self._spawn(f"watch {kind}", functools.partial(self._follow, watch, kind))

    def stop(self) -> None:
        """End the threads and every process of a pod; the API server need not be there any more."""
        for watch in self._watches:
            watch.close()
        self._leases.stop()
        self._news.put(None)
        for thread in self._threads:
            thread.join(_END_SECONDS)
        for pod in self._pods.values():
            pod.kill()

    def inject(self, namespace: str, pods: str = "*", **settings: str | float) -> None:
        """Lay a conduct (faults.Conduct) on pods, those to come too; `namespace` and `pods` are shell patterns."""
        texts = {key: str(value) for key, value in settings.items()}
        conduct({}, texts)
        self._news.put(functools.partial(self._inject, namespace, pods, texts))

    def clear(self) -> None:
        """Forget everything injected."""
        self._news.put(self._clear)

    def lose(self, node: str) -> None:
        """Take a machine off the network: no signs of life, its processes unreachable."""
        self._news.put(functools.partial(self._lose, node))

    def recover(self, node: str) -> None:
        """Bring a lost machine back; what ran on it is started again."""
        self._news.put(functools.partial(self._recover, node))

    # -- threads -------------------------------------------------------------------------------------------------

    def _spawn(self, name: str, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, name=f"anyport {name}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _follow(self, watch: Watch, kind: str) -> None:
        for change, body in watch:
            self._news.put(functools.partial(self._changed, kind, change, body))
        self._api.close()

    def _run(self) -> None:
        while True:
            self._guarded(self._step_due)
            try:
                news = self._news.get(timeout=self._real_wait())
            except queue.Empty:
                continue
            if news is None:
                self._api.close()
                return
            self._guarded(news)

    def _later(self, seconds: float, work: Callable[[], None]) -> None:
        """Do something on this thread after so many simulated seconds."""
        key = f"work {next(self._serial)}"
        self._works[key] = work
        self._timers.set(key, self._clock.now() + seconds)

    def _real_wait(self) -> float | None:
        due = self._timers.next()
        return None if due is None else max(self._clock.real_seconds(due - self._clock.now()), 0.0)

    def _guarded(self, work: Callable[[], None]) -> None:
        """Neither an object that has gone meanwhile nor a defect here ends the thread."""
        try:
            work()
        except Exception as error:  # noqa: BLE001  # kept for whoever asks; one bad object must not stop all
            self._note(error)

    def _note(self, error: Exception) -> None:
        if not (isinstance(error, ApiError) and error.status in _PASSING):
            self.troubles.append(error)

    # -- nodes ---------------------------------------------------------------------------------------------------

    def _changed(self, kind: str, change: str, body: dict[str, Any]) -> None:
        if kind == "Pod":
            self._pod_changed(change, body)
        elif kind == "Node":
            self._node_changed(change, body)
        else:
            self._surroundings.changed(kind, change, body)

    def _node_changed(self, change: str, body: dict[str, Any]) -> None:
        name, annotations = body["metadata"]["name"], body["metadata"].get("annotations") or {}
        if annotations.get(SIMULATED) != "true":
            return
        if change == "DELETED":
            self._machines.known.pop(name, None)
            self._leases.remove(name)
            return
        before = self._machines.known.get(name)
        self._machines.known[name] = body
        if before is None and name not in self._machines.lost:
            self._leases.add(name)
            self._take_up(body)
            self._step_all(name)
        lost = name in self._machines.lost
        if _marked_lost(body) and not lost:
            self._lose(name)
        elif before is not None and _marked_lost(before) and not _marked_lost(body) and lost:
            self._recover(name)

    def _take_up(self, body: dict[str, Any]) -> None:
        """Give a machine that an earlier start left the address it has now."""
        address = {"type": "InternalIP", "address": self._network.node_address(body["metadata"]["name"])}
        if address not in (body.get("status") or {}).get("addresses", [address]):
            change = {"status": {"addresses": [address]}}
            node = {"apiVersion": "v1", "kind": "Node", "metadata": body["metadata"]}
            self._api.patch(node, change, content="strategic", part="status")

    def _lose(self, name: str) -> None:
        self._machines.lost.add(name)
        self._leases.remove(name)
        for pod in self._on(name):
            pod.kill()

    def _recover(self, name: str) -> None:
        self._machines.lost.discard(name)
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}}
        if _marked_lost(self._machines.known[name]):
            self._api.patch(node, {"metadata": {"annotations": {f"{PREFIX}lost": None}}})
        self._leases.add(name)
        ready = ready_condition(self._clock.stamp())
        self._api.patch(node, {"status": {"conditions": [ready]}}, content="strategic", part="status")
        self._step_all(name)

    def _on(self, node: str) -> list[Pod]:
        return [pod for pod in self._pods.values() if pod.body["spec"].get("nodeName") == node]

    # -- pods ----------------------------------------------------------------------------------------------------

    def _pod_changed(self, change: str, body: dict[str, Any]) -> None:
        uid, node = body["metadata"]["uid"], body["spec"].get("nodeName")
        pod = self._pods.get(uid)
        if change == "DELETED":
            if pod is not None:
                pod.kill()
                self._forget(uid)
            return
        if node is None or (
            (body.get("status") or {}).get("phase") in ("Succeeded", "Failed") and pod is None
        ):
            if node in self._machines.known and body["metadata"].get("deletionTimestamp"):
                self._api.delete(
                    "v1",
                    "Pod",
                    body["metadata"]["name"],
                    body["metadata"]["namespace"],
                    grace_seconds=0,
                    uid=uid,
                )
            return
        if pod is None:
            host = self._network.node_address(node)
            own = host if body["spec"].get("hostNetwork") else self._network.pod_address(uid)
            pod = self._pods[uid] = Pod(body, (host, own), self._clock, self._runtime.launch, self._event)
            pod.injected = self._injections.of(pod.namespace, pod.name)
        pod.body = body
        self._step(uid)

    def _forget(self, uid: str) -> None:
        self._pods.pop(uid, None)
        self._sent.pop(uid, None)
        self._timers.forget(uid)
        self._network.free(uid)

    def _step_due(self) -> None:
        for key in self._timers.due(self._clock.now()):
            if (work := self._works.pop(key, None)) is not None:
                self._guarded(work)
            else:
                self._step(key)

    def _step_all(self, node: str) -> None:
        for pod in self._on(node):
            self._step(pod.uid)

    def _step(self, uid: str) -> None:
        """Let one pod go on, report it, and note when to look again."""
        pod = self._pods.get(uid)
        if pod is None or not self._alive(pod):
            return
        now = self._clock.now()
        try:
            wake = pod.step(now)
            self._report(pod)
        except (ApiError, ClusterError) as error:
            self._note(error)
            wake = now + _RETRY_SECONDS * self._clock.speed
        self._timers.set(uid, wake)

    def _alive(self, pod: Pod) -> bool:
        node = pod.body["spec"]["nodeName"]
        return node in self._machines.known and node not in self._machines.lost

    def _report(self, pod: Pod) -> None:
        status = pod.status()
        if status != self._sent.get(pod.uid):
            body = {"apiVersion": "v1", **pod.body, "kind": "Pod"}
            # Else the addresses of a pod that an earlier start left would stay beside the new ones.
            alone = {key: [*status[key], {"$patch": "replace"}] for key in ("hostIPs", "podIPs")}
            change = {"metadata": {"uid": pod.uid}, "status": {**status, **alone}}
            self._api.patch(body, change, content="strategic", part="status")
            self._sent[pod.uid] = status
        if pod.gone:
            self._api.delete("v1", "Pod", pod.name, pod.namespace, grace_seconds=0, uid=pod.uid)

    def _event(self, pod: Pod, kind: str, reason: str, message: str) -> None:
        try:
            self._api.create(event(pod.body, kind, reason, message, self._clock.stamp()))
        except ApiError as error:
            # A namespace that is ending takes no events.
            if error.status not in _NO_EVENTS:
                raise

    # -- injected conduct ----------------------------------------------------------------------------------------

    def _inject(self, namespace: str, pods: str, settings: dict[str, str]) -> None:
        self._injections.add(namespace, pods, settings)
        self._again()

    def _clear(self) -> None:
        self._injections.clear()
        self._again()

    def _again(self) -> None:
        for uid, pod in list(self._pods.items()):
            pod.injected = self._injections.of(pod.namespace, pod.name)
            self._step(uid)


def _marked_lost(node: dict[str, Any]) -> bool:
    return (node["metadata"].get("annotations") or {}).get(f"{PREFIX}lost") == "true"
