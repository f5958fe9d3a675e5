"""One simulated pod: its containers in order, its status, its end.

Init containers run one after the other; one with `restartPolicy: Always` (a sidecar) has only to be started. Simplified:
sidecars end together with the others. `terminationGracePeriodSeconds` counts `preStop`, as in Kubernetes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from anyport_sandbox.kubernetes.apps import App
from anyport_sandbox.kubernetes.clock import Clock
from anyport_sandbox.kubernetes.container import Container
from anyport_sandbox.kubernetes.faults import Conduct, conduct

__all__ = ["Pod"]

Object = dict[str, Any]
Launch = Callable[["Pod", Mapping[str, Any], float], App]
Event = Callable[["Pod", str, str, str], None]


class Pod:
    """A pod bound to a simulated machine.

    Attributes:
        body: the object as the API server last showed it.
        injected: conduct laid upon it from outside.
        gone: everything in it has ended and its record may go.
    """

    def __init__(
        self, body: Object, addresses: tuple[str, str], clock: Clock, launch: Launch, event: Event
    ) -> None:
        self.body, self.clock = body, clock
        self.host_ip, self.ip = addresses
        self.injected: Mapping[str, str] = {}
        self.gone = False
        self._launch, self._event = launch, event
        self._started = clock.stamp()
        self._ends_at: float | None = None
        self._initialized = 0
        spec = body["spec"]
        policy = spec.get("restartPolicy", "Always")
        once = "Never" if policy == "Never" else "OnFailure"
        self._init = [
            Container(each, self, each.get("restartPolicy") or once)
            for each in spec.get("initContainers") or ()
        ]
        self._main = [Container(each, self, policy) for each in spec["containers"]]

    # -- what containers ask of their host ---------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.body["metadata"]["name"])

    @property
    def namespace(self) -> str:
        """Its namespace."""
        return str(self.body["metadata"]["namespace"])

    @property
    def uid(self) -> str:
        """Its uid."""
        return str(self.body["metadata"]["uid"])

    @property
    def title(self) -> str:
        """As the kubelet names it in messages."""
        return f"{self.name}_{self.namespace}({self.uid})"

    def conduct(self) -> Conduct:
        """How its containers behave at present."""
        return conduct(self.body["metadata"].get("annotations") or {}, self.injected)

    def launch(self, spec: Mapping[str, Any], now: float) -> App:
        """Start what is in a container."""
        return self._launch(self, spec, now)

    def event(self, kind: str, reason: str, message: str) -> None:
        """Tell the cluster."""
        self._event(self, kind, reason, message)

    def always(self, spec: Mapping[str, Any]) -> bool:
        """Whether a container is meant to run for ever."""
        if any(spec is each.spec for each in self._init):
            return bool(spec.get("restartPolicy") == "Always")
        return bool(self.body["spec"].get("restartPolicy", "Always") == "Always")

    # -- its life ------------------------------------------------------------------------------------------------

    @property
    def containers(self) -> list[Container]:
        """All of them."""
        return [*self._init, *self._main]

    def step(self, now: float) -> float:
        """Do what is due; returns when to look again, in simulated seconds."""
        if self.body["metadata"].get("deletionTimestamp"):
            return self._end(now)
        wakes = []
        for container in self._init:
            wakes.append(container.step(now))
            if container.done and container.exit_code:
                return math.inf
            if container is self._next_init() and self._has_had_its_turn(container):
                self._initialized += 1
            if container is self._next_init():
                return min(wakes)
        return min(wakes + [each.step(now) for each in self._main])

    def _has_had_its_turn(self, container: Container) -> bool:
        """A sidecar when it is started, any other init container when it has ended."""
        return container.started if self.always(container.spec) else container.done

    def _next_init(self) -> Container | None:
        """The init container whose turn it is; None when all had theirs."""
        return self._init[self._initialized] if self._initialized < len(self._init) else None

    def _end(self, now: float) -> float:
        grace = float(self.body["metadata"].get("deletionGracePeriodSeconds") or 0)
        if self._ends_at is None:
            self._ends_at = now + grace
            for container in self.containers:
                container.stop(now)
        self._ends_at = min(self._ends_at, now + grace)
        wake = min(each.stopping(now, self._ends_at) for each in self.containers)
        self.gone = not any(each.running for each in self.containers)
        return wake

    def kill(self) -> None:
        """End everything at once."""
        for container in self.containers:
            container.kill()

    # -- its status -----------------------------------------------------------------------------------------------

    @property
    def phase(self) -> str:
        """Pending, Running, Succeeded or Failed."""
        if any(each.done and each.exit_code for each in self._init):
            return "Failed"
        if all(each.done for each in self._main):
            return "Failed" if any(each.exit_code for each in self._main) else "Succeeded"
        return "Running" if all(each.ever_ran for each in self._main) else "Pending"

    def status(self) -> Object:
        """What the kubelet reports; `conditions` only those that are its own."""
        initialized = self._next_init() is None
        waiting = [each.name for each in self._main if not each.ready]
        over = self.phase in ("Succeeded", "Failed")
        reason = {"Succeeded": "PodCompleted", "Failed": "PodFailed"}.get(self.phase, "ContainersNotReady")
        text = "" if over else f"containers with unready status: [{' '.join(waiting)}]"
        gates = self._open_gates()
        conditions = [
            self._condition("PodReadyToStartContainers", not over),
            self._condition("Initialized", initialized or over, "ContainersNotInitialized"),
            self._condition("ContainersReady", not waiting, reason, text),
            self._condition(
                "Ready", not waiting and not gates, reason if waiting else "ReadinessGatesNotReady", text
            ),
        ]
        return {
            "phase": self.phase,
            "conditions": conditions,
            "hostIP": self.host_ip,
            "hostIPs": [{"ip": self.host_ip}],
            "podIP": self.ip,
            "podIPs": [{"ip": self.ip}],
            "startTime": self._started,
            "containerStatuses": [each.status() for each in self._main],
            **({"initContainerStatuses": [each.status() for each in self._init]} if self._init else {}),
        }

    def _open_gates(self) -> list[str]:
        wanted = [gate["conditionType"] for gate in self.body["spec"].get("readinessGates") or ()]
        return [kind for kind in wanted if self._present(kind).get("status") != "True"]

    def _present(self, kind: str) -> Mapping[str, Any]:
        found: list[Mapping[str, Any]] = (self.body.get("status") or {}).get("conditions") or []
        return next((each for each in found if each["type"] == kind), {})

    def _condition(self, kind: str, good: bool, reason: str = "", message: str = "") -> Object:
        status = "True" if good else "False"
        before = self._present(kind)
        since = before.get("lastTransitionTime") if before.get("status") == status else None
        why = (
            {} if good else {key: value for key, value in (("reason", reason), ("message", message)) if value}
        )
        # Null takes away what an earlier report left: the status goes out as a merge.
        clean = {key: None for key in ("reason", "message") if key in before and key not in why}
        return {
            "type": kind,
            "status": status,
            "lastTransitionTime": since or self.clock.stamp(),
            **why,
            **clean,
        }
