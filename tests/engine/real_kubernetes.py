"""Stacks of vLLM targets on the real control plane, and questions about what became of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import yaml
from engine_project import Project

from anyport_sandbox.clouds.kubernetes_plugin import KUBECONFIG, SPEED
from anyport_sandbox.kubernetes.api import Object
from anyport_sandbox.kubernetes.cluster import Cluster

H100, L40S = "gd-8xh100ib-i128", "gd-8xl40s-i128"
ZONE, OTHER_ZONE = "US-EAST-04A", "US-EAST-01A"
KEY = "a-key-for-tests"
DOMAIN = "vllm.example.com"
IMAGE = f"vllm/vllm-openai@sha256:{'5eed' * 16}"
SECRETS = {"secrets:vllm_api_key": KEY, "secrets:far_kubeconfig": "{}"}


def target(
    priority: int, zone: str = ZONE, instance_type: str = H100, replicas: int = 1, **options: Any
) -> dict[str, Any]:
    """A vLLM target that gives up soon. A zone has a cluster of its own, though here one control plane stands for all."""
    access = {} if zone == ZONE else {"kubeconfig": {"config": "secrets:far_kubeconfig"}}
    return {
        "priority": priority,
        "provider": "coreweave_vllm",
        "region": zone[:-1],
        "zone": zone,
        "instance_type": instance_type,
        "replicas": replicas,
        "options": {
            "domain": DOMAIN,
            "image": IMAGE,
            "start_minutes": 5,
            "drain_seconds": 1,
            **access,
            **options,
        },
    }


def stack_file(targets: Mapping[str, Any], model: str = "gpt-oss-20b") -> str:
    config = {
        "anyport:tier": "dev",
        "anyport:endpoints": {"chat": {"model": model, "targets": dict(targets)}},
    }
    return yaml.safe_dump({"config": {**config, **SECRETS}}, sort_keys=False)


class Stack:
    """A project whose Kubernetes provider talks to the cluster."""

    def __init__(self, project: Project, cluster: Cluster) -> None:
        self.project, self.cluster, self.api = project, cluster, cluster.api
        # Faster than the machines, so that a test of a timeout ends; what succeeds does not wait for it.
        project.environment |= {KUBECONFIG: str(cluster.kubeconfig_path), SPEED: "600"}

    def write(self, targets: Mapping[str, Any], **more: Any) -> None:
        (self.project.stacks / "Pulumi.x.yaml").write_text(stack_file(targets, **more), "utf-8")

    def namespace(self, name: str) -> str:
        """Of a target."""
        host = self.contract(name)["base_url"].split("//")[1].split("/")[0]
        return str(host.removesuffix(f".{DOMAIN}"))

    def contract(self, name: str) -> dict[str, Any]:
        found = self.project.outputs()["endpoints"]["chat"]
        found = json.loads(found) if isinstance(found, str) else found
        return next(each for each in found["targets"] if each["target"] == name)

    def pods(self, namespace: str) -> list[Object]:
        return [
            each
            for each in self.api.list("v1", "Pod", namespace)
            if not each["metadata"].get("deletionTimestamp")
        ]

    def until(self, what: Callable[[], Any], means: str, seconds: float = 30.0) -> Any:
        return self.api.wait(what, seconds=seconds, means=means)


def is_ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)
