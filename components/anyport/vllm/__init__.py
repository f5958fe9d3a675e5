"""A vLLM server on any conformant Kubernetes cluster: what it is made of, as plain data, and a component.

    profile.py   what one kind of cluster calls things (labels, taints, storage, RDMA)
    server.py    the server that is wanted
    command.py   arguments and environment of `vllm serve`, and which arguments are refused
    timing.py    how long a start, a drain and a roll-out may take
    pod.py, workload.py, exposure.py, policy.py, observe.py   the objects
    dashboard.py a Grafana dashboard
    component.py VllmServer, the Pulumi component; the only module here that imports Pulumi

Flags, defaults and metric names are those of vLLM 0.33.0 (sources read on 2026-11-22). Nothing here knows
Anyport's spec or targets, so the parts can be used by themselves on AKS, GKE, OKE or a cluster of your own.
"""

from __future__ import annotations

from .profile import COREWEAVE, GENERIC, ClusterProfile
from .server import (
    Autoscaling,
    Cache,
    Exposure,
    Monitoring,
    Network,
    ObjectStorage,
    Server,
    SharedVolume,
)

__all__ = [
    "COREWEAVE",
    "GENERIC",
    "Autoscaling",
    "Cache",
    "ClusterProfile",
    "Exposure",
    "Monitoring",
    "Network",
    "ObjectStorage",
    "Server",
    "SharedVolume",
]
