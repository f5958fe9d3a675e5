"""CoreWeave: machines of one cluster, through its Kubernetes API. CoreWeave has no API for quota or free capacity.

Sources: Kubernetes API v1 (nodes, pods), NodePool of compute.coreweave.com/v1alpha1 as CoreWeave documents it, read
2026-11-25. A cluster lies in one zone. What the zone could add, CoreWeave's people know; no listing tells it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .failure import failed
from .http import Page
from .paging import Call, Shape, items_at
from .questions import Answer, Item, Question, number, objects, words

__all__ = ["GPU", "SHAPES", "Machine", "base", "first", "machines", "pool_targets", "read", "source", "tidy"]

GPU = "nvidia.com/gpu"
_TYPE = "node.kubernetes.io/instance-type"
_PATHS = {
    "nodes": "/api/v1/nodes",
    "pods": "/api/v1/pods",
    "node_pools": "/apis/compute.coreweave.com/v1alpha1/nodepools",
}
SHAPES: Mapping[str, Shape] = {
    "nodes": {
        "metadata": {"name": None, "labels": {_TYPE: None, "topology.kubernetes.io/zone": None}},
        "spec": {"unschedulable": None},
        "status": {"allocatable": {GPU: None}, "conditions": {"type": None, "status": None}},
    },
    "pods": {
        "spec": {
            "nodeName": None,
            "containers": {"resources": {"requests": {GPU: None}, "limits": {GPU: None}}},
        },
        "status": {"phase": None},
    },
    "node_pools": {"spec": {"instanceType": None, "targetNodes": None}, "status": {"currentNodes": None}},
}


@dataclass(frozen=True, slots=True)
class Machine:
    """A node that takes pods.

    Attributes:
        instance_type: as CoreWeave calls it; None where the label is missing.
        gpus: allocatable.
        free: not asked for by a pod that is not done.
    """

    instance_type: str | None
    gpus: int
    free: int


def base(question: Question) -> str:
    """There is none: every cluster has an address of its own.

    Raises:
        LiveError: AP521.
    """
    fix = (
        f"--endpoint coreweave:{question.place}=https://… and --token-env coreweave:{question.place}=VARIABLE"
    )
    raise failed("AP521", str(question), "the address of the cluster is not known", fix=fix)


def first(question: Question, at: str) -> Call:
    """The first page."""
    return Call(at + _PATHS[question.what], {"limit": "500"})


def read(asked: str, page: Page, call: Call) -> tuple[list[Item], Call | None]:
    """Items of a page and the next one, by the `continue` mark."""
    mark = words(page.body, "metadata", "continue")
    items = items_at(asked, page, "items")
    return items, Call(call.url, {**call.query, "continue": mark}) if mark else None


def source(question: Question) -> str:
    """For reports."""
    return f"Kubernetes API of the cluster ({question.what.replace('_', ' ')})"


def tidy(item: Item) -> Item:
    """The item with names of nodes replaced by short hashes, which still tell pods of one node together."""
    for part, key in (("metadata", "name"), ("spec", "nodeName")):
        held: Any = item.get(part)
        if isinstance(held, dict) and isinstance(held.get(key), str):
            held[key] = hashlib.sha256(held[key].encode()).hexdigest()[:12]
    return item


def machines(nodes: Answer, pods: Answer) -> tuple[Machine, ...]:
    """Nodes that are ready and take pods, with the GPUs that nobody asked for."""
    taken: dict[str, int] = {}
    for pod in pods.items:
        host = words(pod, "spec", "nodeName")
        if host and words(pod, "status", "phase") not in ("Succeeded", "Failed"):
            taken[host] = taken.get(host, 0) + _asked(pod)
    found = []
    for node in nodes.items:
        gpus = int(number(node, "status", "allocatable", GPU) or 0)
        if gpus and _takes_pods(node):
            free = max(0, gpus - taken.get(words(node, "metadata", "name") or "", 0))
            found.append(Machine(words(node, "metadata", "labels", _TYPE), gpus, free))
    return tuple(found)


def _takes_pods(node: Item) -> bool:
    conditions = objects(node, "status", "conditions")
    ready = any(words(one, "type") == "Ready" and words(one, "status") == "True" for one in conditions)
    spec = node.get("spec")
    return ready and not (isinstance(spec, dict) and spec.get("unschedulable") is True)


def _asked(pod: Item) -> int:
    return sum(
        int(number(one, "resources", "requests", GPU) or number(one, "resources", "limits", GPU) or 0)
        for one in objects(pod, "spec", "containers")
    )


def pool_targets(pools: Answer) -> dict[str, tuple[int, int]]:
    """Instance type to nodes wanted and nodes there, over all node pools."""
    found: dict[str, tuple[int, int]] = {}
    for pool in pools.items:
        kind = words(pool, "spec", "instanceType")
        if kind:
            wanted, there = found.get(kind, (0, 0))
            more = (
                int(number(pool, "spec", "targetNodes") or 0),
                int(number(pool, "status", "currentNodes") or 0),
            )
            found[kind] = wanted + more[0], there + more[1]
    return found
