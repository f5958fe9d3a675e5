"""CoreWeave's node pools: `NodePool` objects become simulated machines.

After CoreWeave's documentation (collected 2026-11-22): a pool is wished by `instanceType` and `targetNodes`, its status
has the conditions `Valid` and `AtTarget`, and new machines take minutes. Guesses: the reasons and words of the conditions,
the names of machines, that the newest machines go first when a pool shrinks, and that an unknown instance type makes
the pool invalid. A pool names no zone, since a CoreWeave cluster is in one; where this control plane plays the clusters
of several zones, a pool's machines come to the zone that `zone_of` finds. Not simulated: the autoscaler, spot capacity, racks that come whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from anyport_sandbox.kubernetes import nodes
from anyport_sandbox.kubernetes.api import Api
from anyport_sandbox.kubernetes.clock import Clock
from anyport_sandbox.kubernetes.control_plane import VERSION
from anyport_sandbox.kubernetes.network import Network

__all__ = ["API_VERSION", "NodePools", "zone_of"]

API_VERSION = "compute.coreweave.com/v1alpha1"
START_SECONDS = 300.0
"""Simulated seconds a new machine takes; documented are 5 to 15 minutes."""
_EMPTY_CLUSTER_ZONE = "US-EAST-04A"
_POOL = "compute.coreweave.com/node-pool"
_ZONE = "topology.kubernetes.io/zone"
_TYPE = "node.kubernetes.io/instance-type"
_OF_COREWEAVE = "node.coreweave.cloud/state"


def zone_of(pool: str, spec: Mapping[str, Any], machines: Iterable[Mapping[str, str]]) -> str:
    """The zone of a pool's new machines.

    The one in the pool's own node labels, else of its machines, else of machines of its instance type, else of any;
    the first by name where several zones are left.

    Args:
        pool: its name.
        spec: of the NodePool.
        machines: labels of the cluster's CoreWeave machines.
    """
    if wished := (spec.get("nodeLabels") or {}).get(_ZONE):
        return str(wished)
    there = [labels for labels in machines if labels.get(_ZONE)]
    for label, value in ((_POOL, pool), (_TYPE, spec["instanceType"])):
        if found := sorted(labels[_ZONE] for labels in there if labels.get(label) == value):
            return found[0]
    return min((labels[_ZONE] for labels in there), default=_EMPTY_CLUSTER_ZONE)


class NodePools:
    """Brings the machines of pools to their number.

    Args:
        later: does something after so many simulated seconds, on the same thread.
    """

    def __init__(
        self, api: Api, network: Network, clock: Clock, later: Callable[[float, Callable[[], None]], None]
    ) -> None:
        self._api, self._network, self._clock, self._later = api, network, clock, later
        self._pools: dict[str, dict[str, Any]] = {}
        self._building: set[str] = set()

    def changed(self, change: str, body: dict[str, Any]) -> None:
        """One change of a pool."""
        name = body["metadata"]["name"]
        if change == "DELETED":
            self._pools.pop(name, None)
            for node in self._machines(name):
                self._api.delete("v1", "Node", node)
            return
        self._pools[name] = body
        self._settle(name)

    def _settle(self, name: str) -> None:
        body = self._pools.get(name)
        if body is None:
            return
        spec = body["spec"]
        try:
            machine = nodes.coreweave(spec["instanceType"], zone_of(name, spec, self._labels()), pool=name)
        except KeyError:
            text = f"instance type {spec['instanceType']} is not known"
            self._report(
                body,
                valid=(False, "InvalidInstanceType", text),
                at_target=(False, "Invalid", text),
                current=0,
            )
            return
        wanted, have = int(spec["targetNodes"]), self._machines(name)
        for node in have[wanted:]:
            self._api.delete("v1", "Node", node)
        for index in range(wanted):
            node = f"{name}-{index}"
            if node not in have and node not in self._building:
                self._building.add(node)
                self._later(START_SECONDS, lambda node=node: self._arrive(name, node, machine))  # type: ignore[misc]
        current = min(len(have), wanted)
        text = f"{current} of {wanted} nodes"
        self._report(
            body,
            valid=(True, "Valid", "the pool is valid"),
            at_target=(current == wanted, "TargetMet" if current == wanted else "Scaling", text),
            current=current,
        )

    def _arrive(self, name: str, node: str, machine: nodes.NodeSpec) -> None:
        """A new machine joins, if its pool still wants it."""
        self._building.discard(node)
        body = self._pools.get(name)
        if body is None or int(node.rpartition("-")[2]) >= int(body["spec"]["targetNodes"]):
            return
        spec = body["spec"]
        labelled = replace(
            machine,
            name=node,
            labels={**machine.labels, **(spec.get("nodeLabels") or {})},
            taints=(*machine.taints, *(spec.get("nodeTaints") or ())),
        )
        address = self._network.node_address(node)
        self._api.create(nodes.manifest(labelled, address, VERSION, self._clock.stamp()))
        self._settle(name)

    def _labels(self) -> list[dict[str, str]]:
        """Labels of CoreWeave's machines."""
        return [
            each["metadata"].get("labels") or {}
            for each in self._api.list("v1", "Node", labels=_OF_COREWEAVE)
        ]

    def _machines(self, pool: str) -> list[str]:
        """Names of a pool's machines, by number."""
        found = [each["metadata"]["name"] for each in self._api.list("v1", "Node", labels=f"{_POOL}={pool}")]
        return sorted(found, key=lambda name: (len(name), name))

    def _report(
        self,
        body: dict[str, Any],
        *,
        valid: tuple[bool, str, str],
        at_target: tuple[bool, str, str],
        current: int,
    ) -> None:
        before = {each["type"]: each for each in (body.get("status") or {}).get("conditions") or ()}
        conditions = []
        for kind, (good, reason, message) in (("Valid", valid), ("AtTarget", at_target)):
            status = "True" if good else "False"
            same = before.get(kind, {}).get("status") == status
            since = before[kind]["lastTransitionTime"] if same else self._clock.stamp()
            conditions.append(
                {
                    "type": kind,
                    "status": status,
                    "reason": reason,
                    "message": message,
                    "lastTransitionTime": since,
                }
            )
        report = {"currentNodes": current, "conditions": conditions}
        if report != (body.get("status") or {}):
            target = {"apiVersion": API_VERSION, "kind": "NodePool", "metadata": body["metadata"]}
            self._api.patch(target, {"status": report}, part="status")
