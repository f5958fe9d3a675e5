"""The vLLM pod as plain data: arguments, probes, drain and security, with the reason for each figure.

Flags and defaults are those of vLLM 0.33.0 (sources read 2026-11-22); node labels and taints as
CoreWeave documents them. Pure: no Pulumi, no cluster.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...plan import PlannedTarget
from .options import CoreweaveVllmOptions

__all__ = ["PORT", "labels", "pod_spec", "start_minutes"]

PORT = 8000
PRE_STOP_SECONDS = 15
DRAIN_SECONDS = 60
USER = 2000
"""The image's own unprivileged user."""


def labels(endpoint: str, target: str) -> dict[str, str]:
    """Labels that select the pods of one target."""
    return {
        "app.kubernetes.io/name": "vllm",
        "app.kubernetes.io/instance": f"{endpoint}-{target}",
        "app.kubernetes.io/managed-by": "anyport",
    }


def start_minutes(planned: PlannedTarget) -> int:
    """How long a start may take: 10 minutes and one more per 20 GPUs' gigabytes are usual; big models load long."""
    return 30 if (planned.gpus_per_replica or 1) <= 2 else 60


def arguments(planned: PlannedTarget, served_name: str, gpus: int) -> list[str]:
    """Arguments of `vllm serve`; the key is not among them, since arguments show in the pod spec."""
    args = ["--model", planned.model_id, "--served-model-name", served_name, "--port", str(PORT)]
    if planned.limits.context_window:
        args += ["--max-model-len", str(planned.limits.context_window)]
    if gpus > 1:
        args += ["--tensor-parallel-size", str(gpus)]
    if planned.tool_call_parser:
        args += ["--enable-auto-tool-choice", "--tool-call-parser", planned.tool_call_parser]
    if planned.reasoning_parser:
        args += ["--reasoning-parser", planned.reasoning_parser]
    return [
        *args,
        "--shutdown-timeout",
        str(DRAIN_SECONDS),
        "--disable-access-log-for-endpoints",
        "/health,/metrics",
    ]


def pod_spec(
    planned: PlannedTarget, options: CoreweaveVllmOptions, secret_name: str, service_account: str
) -> dict[str, Any]:
    """The pod's `spec`, in the Kubernetes API's own spelling."""
    gpus = planned.gpus_per_replica or 1
    return {
        "serviceAccountName": service_account,
        "automountServiceAccountToken": False,
        # A Service named vllm would otherwise set VLLM_PORT and crash the server.
        "enableServiceLinks": False,
        "terminationGracePeriodSeconds": PRE_STOP_SECONDS + DRAIN_SECONDS + 10,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": USER,
            "runAsGroup": 0,
            "fsGroup": 0,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "affinity": _affinity(planned),
        "tolerations": [
            {"key": "is_gpu", "operator": "Exists", "effect": "PreferNoSchedule"},
            {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
        ],
        "containers": [_container(planned, options, secret_name, gpus)],
        "volumes": [
            {"name": "shm", "emptyDir": {"medium": "Memory", "sizeLimit": "16Gi"}},
            {"name": "home", "emptyDir": {}},
            _cache(options),
        ],
    }


def _affinity(planned: PlannedTarget) -> dict[str, Any]:
    if planned.instance_type is None:
        return {}
    wanted = {"key": "node.kubernetes.io/instance-type", "operator": "In", "values": [planned.instance_type]}
    terms = {"nodeSelectorTerms": [{"matchExpressions": [wanted]}]}
    return {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}


def _cache(options: CoreweaveVllmOptions) -> dict[str, Any]:
    if options.storage_class:
        return {"name": "cache", "persistentVolumeClaim": {"claimName": "weights"}}
    return {"name": "cache", "emptyDir": {}}


def _container(
    planned: PlannedTarget, options: CoreweaveVllmOptions, secret_name: str, gpus: int
) -> dict[str, Any]:
    return {
        "name": "vllm",
        "image": options.image,
        "args": arguments(planned, planned.model, gpus),
        "env": _environment(options, secret_name),
        "ports": [{"name": "http", "containerPort": PORT}],
        "resources": {"limits": {"nvidia.com/gpu": str(gpus)}, "requests": {"nvidia.com/gpu": str(gpus)}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            # The NVIDIA hook needs a writable root file system.
            "readOnlyRootFilesystem": False,
        },
        "lifecycle": {"preStop": {"sleep": {"seconds": PRE_STOP_SECONDS}}},
        "startupProbe": _probe(period=10, failures=start_minutes(planned) * 6),
        "readinessProbe": _probe(period=5, failures=3),
        # /health stays 200 on some GPU faults and turns 503 only when the engine is dead: be lenient.
        "livenessProbe": _probe(period=10, failures=10),
        "volumeMounts": [
            {"name": "shm", "mountPath": "/dev/shm"},  # noqa: S108  # not a temporary file: vLLM's shared memory
            {"name": "home", "mountPath": "/home/vllm"},
            {"name": "cache", "mountPath": "/models"},
        ],
    }


def _probe(period: int, failures: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": "/health", "port": "http"},
        "periodSeconds": period,
        "failureThreshold": failures,
        "timeoutSeconds": 5,
    }


def _environment(options: CoreweaveVllmOptions, secret_name: str) -> list[Mapping[str, Any]]:
    def secret(name: str, key: str) -> Mapping[str, Any]:
        return {"name": name, "valueFrom": {"secretKeyRef": {"name": secret_name, "key": key}}}

    env: list[Mapping[str, Any]] = [
        secret("VLLM_API_KEY", "api-key"),
        {"name": "HOME", "value": "/home/vllm"},
        {"name": "HF_HOME", "value": "/models/huggingface"},
        {"name": "VLLM_CACHE_ROOT", "value": "/models/vllm"},
        {"name": "VLLM_NO_USAGE_STATS", "value": "1"},
        {"name": "VLLM_HTTP_TIMEOUT_KEEP_ALIVE", "value": "75"},
    ]
    if options.hugging_face_token:
        env.append(secret("HF_TOKEN", "hugging-face-token"))
    return env
