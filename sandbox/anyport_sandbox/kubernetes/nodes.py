"""Simulated machines: what the API server shows of a node, per instance type.

CoreWeave figures: kubernetes/autoscaler, cluster-autoscaler/cloudprovider/coreweave/coreweave_instance_types.go (read
2026-11-25), for types not in it, a guess from their nearest kin, named in `_GUESSED`. GPU counts come from Anyport's
catalog. Labels and taint: CoreWeave's documentation and production-stack's CoreWeave tutorial (collected 2026-11-22).
Guesses: the zone label is the whole zone (`US-EAST-04A`), spaces in a GPU's class are underscores, every GPU machine has
the taint, and allocatable is all of the capacity. Pure: no cluster, no network.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from anyport.catalog import load

__all__ = ["SIMULATED", "NodeSpec", "aks_gpu", "coreweave", "coreweave_cpu", "gke_gpu", "manifest"]

SIMULATED = "sandbox.anyport.dev/simulated"
"""The annotation of nodes whose pods the simulated kubelet runs."""

_RDMA = {"rdma/ib": "64"}


@dataclass(frozen=True)
class _Machine:
    cpus: int
    memory_ki: int
    ephemeral_ki: int
    rdma: bool = False


_LARGE, _MIDDLE, _SMALL = 30_003_181_568, 7_499_362_648, 7_499_230_528
_MACHINES = {
    "b200-8x": _Machine(128, 2_112_277_172, _LARGE, rdma=True),
    "b300-8x": _Machine(192, 4_225_760_944, _LARGE, rdma=True),
    "gd-8xh100ib-i128": _Machine(128, 2_112_109_804, _LARGE, rdma=True),
    "gd-8xh200ib-i128": _Machine(128, 2_112_109_800, _LARGE, rdma=True),
    "gd-8xl40-i128": _Machine(128, 1_055_335_508, _MIDDLE),
    "gd-8xl40s-i128": _Machine(128, 1_055_337_468, _MIDDLE),
    "gd-8xa100-i128": _Machine(128, 2_112_249_840, _MIDDLE),
    "rtxp6000-8x": _Machine(128, 1_055_335_468, _LARGE),
    "gd-1xgh200": _Machine(72, 600_218_240, _MIDDLE),
    "cd-gp-i64-erapids": _Machine(64, 526_674_536, _SMALL),
    "cd-gp-a192-genoa": _Machine(192, 1_583_811_548, _SMALL),
    "turin-gp": _Machine(192, 1_583_297_960, _SMALL),
}
_GUESSED = {
    "gb200-4x": _Machine(144, 1_000_000_000, _LARGE, rdma=True),
    "gb300-4x": _Machine(144, 1_000_000_000, _LARGE, rdma=True),
    "rtxp6000-8x-v2": _MACHINES["rtxp6000-8x"],
    "verarubin-4x-e": _Machine(144, 1_000_000_000, _LARGE, rdma=True),
}
_ZONE = re.compile(r"^([A-Z]+-[A-Z]+-\d+)[A-Z]$")


@dataclass(frozen=True)
class NodeSpec:
    """Machines of one kind. `capacity` is in the API's own quantities; `count` of them are called `name-0`, ….

    Attributes:
        name: of the pool, at most 50 characters, as a host name.
        taints: in the API's own spelling.
    """

    name: str
    capacity: Mapping[str, str]
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Mapping[str, str], ...] = ()
    arch: str = "amd64"
    count: int = 1


def coreweave(instance_type: str, zone: str, *, count: int = 1, pool: str = "") -> NodeSpec:
    """GPU machines of an instance type in the catalog.

    Args:
        instance_type: such as `gd-8xh100ib-i128`.
        zone: such as `US-EAST-04A`.
        count: how many.
        pool: value of `compute.coreweave.com/node-pool` and prefix of the names; the instance type when empty.

    Raises:
        KeyError: no such type.
    """
    known = load().instances[instance_type]
    machine = (_MACHINES | _GUESSED)[instance_type]
    capacity = {**_capacity(machine), "nvidia.com/gpu": str(known.gpus), **(_RDMA if machine.rdma else {})}
    labels = {
        **_coreweave_labels(instance_type, zone, pool),
        "gpu.nvidia.com/class": known.gpu.replace(" ", "_"),
    }
    taint = {"key": "is_gpu", "value": "true", "effect": "PreferNoSchedule"}
    return NodeSpec(pool or instance_type, capacity, labels, (taint,), known.arch or "amd64", count)


def coreweave_cpu(
    zone: str, *, count: int = 1, instance_type: str = "cd-gp-i64-erapids", pool: str = ""
) -> NodeSpec:
    """Machines without GPUs, which carry no taint."""
    capacity = _capacity(_MACHINES[instance_type])
    return NodeSpec(
        pool or instance_type, capacity, _coreweave_labels(instance_type, zone, pool), count=count
    )


def aks_gpu(*, count: int = 1, pool: str = "gpu", gpus: int = 1) -> NodeSpec:
    """An AKS-like pool: the usual taint `sku=gpu`, no CoreWeave label. Labels from general knowledge: a guess."""
    labels = {
        "node.kubernetes.io/instance-type": "Standard_NC24ads_A100_v4",
        "kubernetes.azure.com/agentpool": pool,
        "kubernetes.azure.com/accelerator": "nvidia",
        "topology.kubernetes.io/region": "swedencentral",
        "topology.kubernetes.io/zone": "swedencentral-1",
    }
    capacity = {**_capacity(_Machine(24, 230_686_720, 1_048_576_000)), "nvidia.com/gpu": str(gpus)}
    taint = {"key": "sku", "value": "gpu", "effect": "NoSchedule"}
    return NodeSpec(f"aks-{pool}", capacity, labels, (taint,), count=count)


def gke_gpu(*, count: int = 1, pool: str = "gpu", gpus: int = 1) -> NodeSpec:
    """A GKE-like pool: GKE taints GPU nodes `nvidia.com/gpu=present`. Labels from general knowledge: a guess."""
    labels = {
        "node.kubernetes.io/instance-type": "g2-standard-24",
        "cloud.google.com/gke-nodepool": pool,
        "cloud.google.com/gke-accelerator": "nvidia-l4",
        "topology.kubernetes.io/region": "europe-west4",
        "topology.kubernetes.io/zone": "europe-west4-a",
    }
    capacity = {**_capacity(_Machine(24, 100_663_296, 1_048_576_000)), "nvidia.com/gpu": str(gpus)}
    taint = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}
    return NodeSpec(f"gke-{pool}", capacity, labels, (taint,), count=count)


def expand(spec: NodeSpec) -> list[NodeSpec]:
    """One spec per machine."""
    return [replace(spec, name=f"{spec.name}-{index}", count=1) for index in range(spec.count)]


def manifest(spec: NodeSpec, address: str, version: str, now: str) -> dict[str, Any]:
    """The Node object a kubelet would register: ready, with its resources.

    Args:
        spec: of one machine.
        address: its IP.
        version: of Kubernetes, with the v.
        now: RFC 3339; the node controller wants a heartbeat in the Ready condition.
    """
    labels = {
        "kubernetes.io/hostname": spec.name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": spec.arch,
        **spec.labels,
    }
    runtime = {
        "kubeletVersion": version,
        "containerRuntimeVersion": "simulated://1",
        "operatingSystem": "linux",
        "architecture": spec.arch,
        "osImage": "simulated",
        **dict.fromkeys(("kernelVersion", "machineID", "systemUUID", "bootID", "kubeProxyVersion"), ""),
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": spec.name, "labels": labels, "annotations": {SIMULATED: "true"}},
        "spec": {"taints": [dict(taint) for taint in spec.taints]},
        "status": {
            "capacity": dict(spec.capacity),
            "allocatable": dict(spec.capacity),
            "addresses": [
                {"type": "InternalIP", "address": address},
                {"type": "Hostname", "address": spec.name},
            ],
            "conditions": [ready_condition(now), *_pressures(now)],
            "nodeInfo": runtime,
        },
    }


def ready_condition(now: str) -> dict[str, str]:
    """The condition of a node that is well."""
    return {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "kubelet is posting ready status",
        "lastHeartbeatTime": now,
        "lastTransitionTime": now,
    }


def _pressures(now: str) -> list[dict[str, str]]:
    times = {"lastHeartbeatTime": now, "lastTransitionTime": now}
    kinds = {
        "MemoryPressure": "KubeletHasSufficientMemory",
        "DiskPressure": "KubeletHasNoDiskPressure",
        "PIDPressure": "KubeletHasSufficientPID",
    }
    return [{"type": kind, "status": "False", "reason": reason, **times} for kind, reason in kinds.items()]


def _capacity(machine: _Machine) -> dict[str, str]:
    return {
        "cpu": str(machine.cpus),
        "memory": f"{machine.memory_ki}Ki",
        "ephemeral-storage": f"{machine.ephemeral_ki}Ki",
        "pods": "110",
    }


def _coreweave_labels(instance_type: str, zone: str, pool: str) -> dict[str, str]:
    found = _ZONE.match(zone)
    return {
        "node.kubernetes.io/instance-type": instance_type,
        "topology.kubernetes.io/region": found[1] if found else zone,
        "topology.kubernetes.io/zone": zone,
        "compute.coreweave.com/node-pool": pool or instance_type,
        "node.coreweave.cloud/state": "production",
    }
