"""The vLLM pod, with the reason for each figure. Node labels and taints come from the cluster's profile."""

from __future__ import annotations

from typing import Any

from .command import MODELS, PORT, arguments, environment, group_arguments
from .server import Server
from .timing import PRE_STOP_SECONDS, grace_seconds, start_minutes

__all__ = ["ACCOUNT", "CLAIM", "pod_spec"]

ACCOUNT = "vllm-server"
CLAIM = "weights"
USER = 2000
"""The image's own unprivileged user; its group is 0 (vLLM PR 40275)."""
SHARED_MEMORY = "16Gi"
"""Of /dev/shm. The container's default of 64 MB breaks tensor parallelism; only what is used is taken."""


def pod_spec(server: Server, role: str = "server") -> dict[str, Any]:
    """The pod's `spec`. `role` is `server`, or `leader` and `worker` of a group on several nodes."""
    spec: dict[str, Any] = {
        "serviceAccountName": ACCOUNT,
        "automountServiceAccountToken": False,
        # A Service named vllm would otherwise set VLLM_PORT and crash the server.
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": grace_seconds(server),
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": 0,
            "fsGroup": 0,
            # A full change of ownership on a shared volume of terabytes takes hours.
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "affinity": _affinity(server),
        "tolerations": server.profile.tolerated(),
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "kubernetes.io/hostname",
                # A replica on a shared node is better than none.
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": server.labels},
            }
        ],
        "containers": [_container(server, role)],
        "volumes": _volumes(server),
    }
    if server.node_selector:
        spec["nodeSelector"] = dict(server.node_selector)
    return spec


def _affinity(server: Server) -> dict[str, Any]:
    profile = server.profile
    affinity: dict[str, Any] = {}
    wanted = {profile.instance_type_label: server.instance_type, profile.node_pool_label: server.node_pool}
    expressions = [
        {"key": key, "operator": "In", "values": [value]} for key, value in wanted.items() if key and value
    ]
    if expressions:
        terms = {"nodeSelectorTerms": [{"matchExpressions": expressions}]}
        affinity["nodeAffinity"] = {"requiredDuringSchedulingIgnoredDuringExecution": terms}
    if server.nodes > 1 and profile.fabric_label:
        near = {"topologyKey": profile.fabric_label, "labelSelector": {"matchLabels": server.labels}}
        affinity["podAffinity"] = {
            "preferredDuringSchedulingIgnoredDuringExecution": [{"weight": 100, "podAffinityTerm": near}]
        }
    return affinity


def _volumes(server: Server) -> list[dict[str, Any]]:
    cache: dict[str, Any] = {"name": "cache", "emptyDir": {}}
    if server.cache == "shared":
        cache = {"name": "cache", "persistentVolumeClaim": {"claimName": CLAIM}}
    return [
        {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": SHARED_MEMORY}},
        {"name": "home", "emptyDir": {}},
        *([{"name": "tmp", "emptyDir": {}}] if server.read_only_root else []),
        cache,
    ]


def _container(server: Server, role: str) -> dict[str, Any]:
    args = arguments(server) if role == "server" else group_arguments(server, leader=role == "leader")
    container: dict[str, Any] = {
        "name": "vllm",
        "image": server.image,
        "args": args,
        "env": environment(server),
        "resources": _resources(server),
        # A crash of the engine is told by its log only; so its last lines are in the pod's status too.
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "readOnlyRootFilesystem": server.read_only_root,
        },
        "lifecycle": {"preStop": {"sleep": {"seconds": PRE_STOP_SECONDS}}},
        "volumeMounts": [
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108  # shared memory, not a temporary file
            {"name": "home", "mountPath": "/home/vllm"},
            *([{"name": "tmp", "mountPath": "/tmp"}] if server.read_only_root else []),  # noqa: S108
            {"name": "cache", "mountPath": MODELS},
        ],
    }
    if role == "worker":
        # Without its HTTP server a worker has nothing to probe; when it ends, its whole group starts anew.
        return container
    return container | {
        "ports": [{"name": "http", "containerPort": PORT}],
        "startupProbe": _probe(period=10, failures=start_minutes(server) * 6),
        "readinessProbe": _probe(period=5, failures=3),
        # /health turns 503 only when the engine is dead and stays 200 on some GPU faults: be lenient here,
        # and watch from outside.
        "livenessProbe": _probe(period=10, failures=10),
    }


def _probe(period: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": "/health", "port": "http"},
        "periodSeconds": period,
        "failureThreshold": failures,
        "timeoutSeconds": 5,
    }


def _resources(server: Server) -> dict[str, Any]:
    """GPUs, and RDMA as a flag. No memory limit: reading weights fills the page cache, which a limit counts."""
    limits = {server.profile.gpu_resource: str(server.gpus_per_node)}
    if server.nodes > 1 and server.profile.rdma_resource:
        limits[server.profile.rdma_resource] = "1"
    requests = dict(limits)
    if server.cpus:
        requests["cpu"] = str(server.cpus)
    if server.memory_gib:
        requests["memory"] = f"{server.memory_gib}Gi"
    return {"limits": limits, "requests": requests}
