"""When an object counts as live, as pulumi-kubernetes waits for it before it calls a create or update done.

Source: pulumi-kubernetes 4.34 (collected 2026-11-22). A Deployment wants its new replicas ready and available and all
volume claims bound, a Service endpoints and for a load balancer an address, an Ingress an address, a claim to be
bound; any other kind is taken as live at once unless `pulumi.com/waitFor` says by what. `pulumi.com/skipAwait` and
`pulumi.com/timeoutSeconds` are heeded. Simplified: the API server is asked again and again, nothing is watched; the ten
seconds in which a Service's endpoints must settle are left out; StatefulSets, DaemonSets, Jobs and bare pods are not
waited for.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from anyport_sandbox.kubernetes.api import Api, Object

from .behaviour import at
from .kubernetes_reasons import Reader, deployment_reasons

__all__ = ["NotLiveError", "Patience", "Waiter"]

SKIP, WAIT_FOR, TIMEOUT = (f"pulumi.com/{name}" for name in ("skipAwait", "waitFor", "timeoutSeconds"))
_STEP_SECONDS = 0.2
_DEFAULT_SECONDS = 600.0
_CLAIM_SECONDS = 300.0
_PATH = re.compile(r"""\['([^']+)'\]|\["([^"]+)"\]|\[(\d+)\]|([^.\[\]]+)""")


class NotLiveError(Exception):
    """An object is there and did not become live in time.

    Attributes:
        live: as the API server has it now.
        reasons: what keeps it, one sentence each, what was waited for first.
    """

    def __init__(self, live: Object, reasons: list[str]) -> None:
        super().__init__("; ".join(reasons))
        self.live, self.reasons = live, reasons


@dataclass(frozen=True)
class Patience:
    """How long is waited. Timeouts are in the machines' simulated seconds, of which `speed` pass in a real one.

    `floor_seconds` are the real seconds given at least, since real controllers and processes take real time.
    """

    speed: float = 60.0
    floor_seconds: float = 20.0

    def real_seconds(self, simulated: float) -> float:
        """How long to wait."""
        return max(self.floor_seconds, simulated / self.speed)


class Waiter:
    """Waits for objects of one cluster until `cancel`."""

    def __init__(
        self, api: Api, patience: Patience, read_log: Reader, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._api, self.patience, self._read_log, self._now = api, patience, read_log, now
        self.cancelled = threading.Event()

    def until_live(self, live: Object, identity: str, seconds: float, done: str) -> Object:
        """Wait; returns the object as it is then.

        Args:
            live: as the API server answered.
            identity: `namespace/name`, for the message.
            seconds: simulated ones, of `customTimeouts`; 0 leaves it to the annotation or the default.
            done: `created` or `updated`.

        Raises:
            NotLiveError: it did not happen, or the wait was cancelled.
        """
        notes = live["metadata"].get("annotations") or {}
        missing = self._condition(live, notes)
        if missing is None or notes.get(SKIP) == "true":
            return live
        end = self._now() + self.patience.real_seconds(seconds or _seconds(notes, live["kind"]))
        while True:
            late = self._now() > end  # asked first, so that the reasons told are those after the time ended
            live = self._again(live)
            reasons = missing(live)
            if not reasons:
                return live
            if self.cancelled.is_set():
                raise NotLiveError(
                    live, [f"Resource operation was cancelled for '{live['metadata']['name']}'"]
                )
            if late:
                raise NotLiveError(live, [_timed_out(identity, done), *reasons])
            self.cancelled.wait(_STEP_SECONDS)

    def until_gone(self, live: Object, seconds: float) -> bool:
        """Wait for the end of an object that is being deleted; False when it is still there."""
        end = self._now() + max(60.0, self.patience.real_seconds(seconds or _DEFAULT_SECONDS))
        meta = live["metadata"]
        while self._now() < end and not self.cancelled.is_set():
            found = self._api.find(live["apiVersion"], live["kind"], meta["name"], meta.get("namespace", ""))
            if found is None or found["metadata"]["uid"] != meta["uid"]:
                return True
            self.cancelled.wait(_STEP_SECONDS)
        return False

    def _again(self, live: Object) -> Object:
        meta = live["metadata"]
        return self._api.get(live["apiVersion"], live["kind"], meta["name"], meta.get("namespace", ""))

    def _condition(self, live: Object, notes: Object) -> Callable[[Object], list[str]] | None:
        """What is missing of an object, as a question; None when nothing is waited for."""
        if wanted := notes.get(WAIT_FOR):
            return lambda now: list(_unmet(now, wanted))
        own: dict[str, Callable[[Object], list[str]]] = {
            "apps/v1 Deployment": self._deployment,
            "v1 Service": self._service,
            "networking.k8s.io/v1 Ingress": _ingress,
            "v1 PersistentVolumeClaim": self._claim,
        }
        return own.get(f"{live['apiVersion']} {live['kind']}")

    def _deployment(self, live: Object) -> list[str]:
        unbound = self._unbound(live)
        if not unbound and _rolled_out(live):
            return []
        return deployment_reasons(self._api, live, unbound, self._read_log)

    def _unbound(self, live: Object) -> list[str]:
        volumes = at(live, "spec.template.spec.volumes", [])
        names = [
            each["persistentVolumeClaim"]["claimName"]
            for each in volumes
            if each.get("persistentVolumeClaim")
        ]
        space = live["metadata"]["namespace"]
        found = {name: self._api.find("v1", "PersistentVolumeClaim", name, space) for name in names}
        return [name for name, claim in found.items() if claim is None or self._claim(claim)]

    def _service(self, live: Object) -> list[str]:
        spec, missing = live["spec"], []
        if spec.get("type") == "ExternalName" or not spec.get("selector"):
            return []
        if spec.get("clusterIP") != "None" and not self._has_endpoints(live):
            missing.append(
                "Service does not target any Pods. Selected Pods may not be ready, or field '.spec.selector' may not "
                "match labels on any Pods"
            )
        if spec.get("type") == "LoadBalancer" and not at(live, "status.loadBalancer.ingress"):
            missing.append("Service was not allocated an IP address; does your cloud provider support this?")
        return missing

    def _has_endpoints(self, live: Object) -> bool:
        meta = live["metadata"]
        slices = self._api.list(
            "discovery.k8s.io/v1",
            "EndpointSlice",
            meta["namespace"],
            labels=f"kubernetes.io/service-name={meta['name']}",
        )
        ends = [end for each in slices for end in each.get("endpoints") or ()]
        return any(end.get("conditions", {}).get("ready") for end in ends)

    def _claim(self, live: Object) -> list[str]:
        """Bound; or one whose class waits for the first pod."""
        if at(live, "status.phase") == "Bound":
            return []
        name = at(live, "spec.storageClassName", "")
        known = self._api.find("storage.k8s.io/v1", "StorageClass", name) if name else None
        if known and known.get("volumeBindingMode") == "WaitForFirstConsumer":
            return []
        why = "" if known or not name else f": there is no storage class {name}"
        return [f"PersistentVolumeClaim is not bound{why}"]


def _rolled_out(live: Object) -> bool:
    wanted, status = live["spec"].get("replicas", 1), live.get("status") or {}
    if status.get("observedGeneration", 0) < live["metadata"]["generation"]:
        return False
    if wanted == 0:
        return True
    conditions = {each["type"]: each for each in status.get("conditions") or ()}
    return bool(
        conditions.get("Available", {}).get("status") == "True"
        and conditions.get("Progressing", {}).get("reason") == "NewReplicaSetAvailable"
        and min(status.get(key, 0) for key in ("updatedReplicas", "readyReplicas")) >= wanted
    )


def _ingress(live: Object) -> list[str]:
    if at(live, "status.loadBalancer.ingress"):
        return []
    return ["Ingress .status.loadBalancer field was not updated with a hostname/IP address."]


def _timed_out(identity: str, done: str) -> str:
    name = identity.rpartition("/")[2]
    return (
        f"resource {identity} was successfully {done}, but the Kubernetes API server reported that it failed to fully "
        f"initialize or become live: '{name}' timed out waiting to be Ready"
    )


def _seconds(notes: Object, kind: str) -> float:
    """Of the annotation, if it is a number; else the kind's default."""
    text = str(notes.get(TIMEOUT, ""))
    if text.isdigit() and int(text):
        return float(text)
    return _CLAIM_SECONDS if kind == "PersistentVolumeClaim" else _DEFAULT_SECONDS


def _unmet(live: Object, text: str) -> Iterator[str]:
    """What of a `waitFor` does not hold yet: `condition=Type[=Status]`, `jsonpath={.path}[=value]`, a JSON list."""
    for each in json.loads(text) if text.lstrip().startswith("[") else [text]:
        kind, _, rest = str(each).partition("=")
        if kind == "condition":
            name, _, status = rest.partition("=")
            conditions: list[Object] = at(live, "status.conditions", [])
            found: Object = next((each for each in conditions if each["type"] == name), {})
            if found.get("status") != (status or "True"):
                told = " ".join(str(found[key]) for key in ("reason", "message") if found.get(key))
                yield f"Waiting for condition {name}={status or 'True'}{f': {told}' if told else ''}"
        elif kind == "jsonpath":
            path, _, value = rest.partition("=")
            there = _at_path(live, path)
            if there is None or (value and str(there) != value.strip("'\"")):
                yield f"Waiting for {path}{f' to be {value}' if value else ''}"
        else:
            yield f"pulumi.com/waitFor does not understand {each!r}"


def _at_path(value: Any, path: str) -> Any:
    """The value at `{.a.b[0]}`; no filters, no wildcards."""
    for match in _PATH.finditer(path.strip("{}")):
        step = next(group for group in match.groups() if group is not None)
        if isinstance(value, list):
            value = value[int(step)] if step.isdigit() and int(step) < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value
