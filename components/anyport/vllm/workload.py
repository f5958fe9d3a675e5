"""The Deployment, or the LeaderWorkerSet when one replica needs several nodes, and the volume for weights."""

from __future__ import annotations

from typing import Any

from .pod import pod_spec
from .server import Server
from .timing import progress_seconds

__all__ = ["ROLE", "claim_spec", "deployment_spec", "group_spec", "serving_labels"]

ROLE = "app.kubernetes.io/component"


def serving_labels(server: Server) -> dict[str, str]:
    """Labels of the pods that answer callers: all of them, or the leaders of groups."""
    return {**server.labels, ROLE: "leader"} if server.nodes > 1 else server.labels


def deployment_spec(server: Server, restart: str) -> dict[str, Any]:
    """Replicas on one node each. `restart` is any text: another one restarts the pods."""
    return {
        "replicas": server.replicas,
        "selector": {"matchLabels": server.labels},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": _rolling(server)},
        "progressDeadlineSeconds": progress_seconds(server),
        "template": _template(server, "server", restart),
    }


def group_spec(server: Server, restart: str) -> dict[str, Any]:
    """Groups of one leader and its workers (LeaderWorkerSet v1, as of its release 0.10.0)."""
    return {
        "replicas": server.replicas,
        "rolloutStrategy": {"type": "RollingUpdate", "rollingUpdateConfiguration": _rolling(server)},
        "networkConfig": {"subdomainPolicy": "Shared"},
        "leaderWorkerTemplate": {
            "size": server.nodes,
            # Weights are spread over all pods: one pod lost is the group lost.
            "restartPolicy": "RecreateGroupOnPodRestart",
            "leaderTemplate": _template(server, "leader", restart),
            "workerTemplate": _template(server, "worker", restart),
        },
    }


def claim_spec(server: Server) -> dict[str, Any]:
    """The volume for weights."""
    return {
        "accessModes": [server.shared.access_mode],
        "storageClassName": server.storage_class,
        "resources": {"requests": {"storage": f"{server.shared.gibibytes}Gi"}},
    }


def _rolling(server: Server) -> dict[str, int]:
    """GPUs are scarce: a surge pod would wait for one for ever and the roll-out would hang."""
    return {"maxSurge": server.surge_replicas, "maxUnavailable": 0 if server.surge_replicas else 1}


def _template(server: Server, role: str, restart: str) -> dict[str, Any]:
    labels = {**server.labels, **server.profile.pod_labels}
    if role != "server":
        labels[ROLE] = role
    metadata: dict[str, Any] = {"labels": labels}
    if restart:
        metadata["annotations"] = {"anyport/restart": restart}
    return {"metadata": metadata, "spec": pod_spec(server, role)}
