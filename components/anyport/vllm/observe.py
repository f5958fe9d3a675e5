"""Metrics: who scrapes them and what scales by them. Names are those of vLLM 0.33.0."""

from __future__ import annotations

from typing import Any

from .server import Autoscaling, Monitoring, Server
from .workload import serving_labels

__all__ = ["WAITING", "pod_monitor_spec", "scaled_object_spec", "selector_text"]

WAITING = "vllm:num_requests_waiting"


def selector_text(server: Server) -> str:
    """The labels that pick this server's series in PromQL."""
    return f'namespace="{server.namespace}",model_name="{server.served_name}"'


def pod_monitor_spec(server: Server, monitoring: Monitoring) -> dict[str, Any]:
    """For the Prometheus operator. Its custom resource may be missing, so this is made on request only."""
    return {
        "selector": {"matchLabels": serving_labels(server)},
        "podMetricsEndpoints": [
            {"port": "http", "path": "/metrics", "interval": f"{monitoring.interval_seconds}s"}
        ],
    }


def scaled_object_spec(server: Server, autoscaling: Autoscaling, workload: str) -> dict[str, Any]:
    """For KEDA. Never to zero: without a replica callers get no 503 that a gateway could fail over by.

    When Prometheus cannot be asked, the number at the start is kept. One pod less per ten minutes and none
    for the first ten, since a start takes longer than a lull.
    """
    group = server.nodes > 1
    target = {
        "apiVersion": "leaderworkerset.x-k8s.io/v1" if group else "apps/v1",
        "kind": "LeaderWorkerSet" if group else "Deployment",
        "name": workload,
    }
    slowly = {
        "stabilizationWindowSeconds": autoscaling.cooldown_seconds,
        "policies": [{"type": "Pods", "value": 1, "periodSeconds": 600}],
    }
    return {
        "scaleTargetRef": target,
        "minReplicaCount": server.replicas,
        "maxReplicaCount": autoscaling.max_replicas,
        "fallback": {"failureThreshold": 3, "replicas": server.replicas},
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": {"scaleDown": slowly}}},
        "triggers": [
            {
                "type": "prometheus",
                "metricType": "AverageValue",
                "metadata": {
                    "serverAddress": autoscaling.prometheus,
                    "query": f"sum({WAITING}{{{selector_text(server)}}})",
                    "threshold": str(autoscaling.waiting_requests),
                },
            }
        ],
    }
