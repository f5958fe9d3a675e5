"""Manifests and questions of the cluster tests."""

from __future__ import annotations

import http.client
import json
import threading
from collections import defaultdict
from collections.abc import Callable
from typing import Any

from anyport_sandbox.kubernetes.api import Object
from anyport_sandbox.kubernetes.cluster import Cluster

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
GPU_TAINTS = [{"key": "is_gpu", "operator": "Exists"}, {"key": "nvidia.com/gpu", "operator": "Exists"}]
SAFE = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
SAFE_POD = {"runAsNonRoot": True, "runAsUser": 2000, "seccompProfile": {"type": "RuntimeDefault"}}


def instance(name: str) -> dict[str, str]:
    return {"node.kubernetes.io/instance-type": name}


def container(**more: Any) -> Object:
    return {"name": "app", "image": "registry.example/app:1", **more}


def pod_spec(*, gpus: int = 0, on: str = "", container_extra: Object | None = None, **more: Any) -> Object:
    resources = {"resources": {"limits": {"nvidia.com/gpu": str(gpus)}}} if gpus else {}
    return {
        "containers": [container(**resources, **(container_extra or {}))],
        "tolerations": GPU_TAINTS if gpus else [],
        **({"nodeSelector": instance(on)} if on else {}),
        **more,
    }


VLLM_ARGS = ["--model", "openai/gpt-oss-20b", "--served-model-name", "chat", "--port", "8000"]


def vllm_container(args: list[str] | None = None, **more: Any) -> Object:
    """The container Anyport's component makes, in short."""
    health = {"httpGet": {"path": "/health", "port": "http"}, "timeoutSeconds": 5}
    return {
        "name": "vllm",
        "image": "vllm/vllm-openai:v0.33.0",
        "args": [*VLLM_ARGS, "--shutdown-timeout", "60"] if args is None else args,
        "env": [{"name": "VLLM_API_KEY", "valueFrom": {"secretKeyRef": {"name": "key", "key": "api-key"}}}],
        "ports": [{"name": "http", "containerPort": 8000}],
        "resources": {"limits": {"nvidia.com/gpu": "1"}},
        "securityContext": SAFE,
        "lifecycle": {"preStop": {"sleep": {"seconds": 15}}},
        "startupProbe": {**health, "periodSeconds": 10, "failureThreshold": 180},
        "readinessProbe": {**health, "periodSeconds": 5},
        **more,
    }


def vllm_spec(args: list[str] | None = None, **more: Any) -> Object:
    return {
        "containers": [vllm_container(args, **more)],
        "enableServiceLinks": False,
        "automountServiceAccountToken": False,
        "securityContext": SAFE_POD,
        "terminationGracePeriodSeconds": 85,
        "tolerations": GPU_TAINTS,
        "nodeSelector": instance("gd-8xl40s-i128"),
    }


def answer(address: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
    """Status and body of one plain HTTP call."""
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        connection.request(
            "POST" if body is not None else "GET",
            path,
            json.dumps(body) if body is not None else None,
            headers,
        )
        found = connection.getresponse()
        raw = found.read()
        return found.status, (
            json.loads(raw) if "json" in found.headers.get("content-type", "") else raw.decode()
        )
    finally:
        connection.close()


class History:
    """Every state of the pods of a namespace, so that a short one is seen by a test that is late."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._states: dict[str, list[Object]] = defaultdict(list)
        self._api = cluster.api
        self._watch = self._api.watch("v1", "Pod")
        self._thread = threading.Thread(target=self._record, args=(namespace,), daemon=True)
        self._thread.start()

    def _record(self, namespace: str) -> None:
        try:
            for _, pod in self._watch:
                if pod["metadata"]["namespace"] == namespace:
                    self._states[pod["metadata"]["name"]].append(pod)
        finally:
            self._api.close()  # this thread's connection

    def next(self, name: str, there: Callable[[Object], Any]) -> Object | None:
        """The first wanted state that is not older than the one returned before, and forgets those before it."""
        states = self._states[name]
        place = next((place for place, pod in enumerate(list(states)) if there(pod)), None)
        if place is None:
            return None
        del states[:place]
        return states[0]

    def close(self) -> None:
        self._watch.close()
        self._thread.join(5)


class Space:
    """A namespace, and what tests do in it."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster, self.api, self.name = cluster, cluster.api, name
        self.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.api.wait(lambda: self.api.find("v1", "ServiceAccount", "default", name))
        self.history = History(cluster, name)

    def end(self) -> None:
        self.history.close()
        self.cluster.kubelet.clear()
        self.api.delete("v1", "Namespace", self.name)

    def label(self, labels: dict[str, str]) -> None:
        self.api.patch(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.name}},
            {"metadata": {"labels": labels}},
        )

    def put(self, api_version: str, kind: str, name: str, spec: Any = None, **more: Any) -> Object:
        metadata = {"name": name, "namespace": self.name, **more.pop("metadata", {})}
        body = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **more}
        return self.api.apply(body if spec is None else {**body, "spec": spec})

    def pod(self, name: str, spec: Object, **annotations: str) -> Object:
        marks = {f"sandbox.anyport.dev/{key.replace('_', '-')}": value for key, value in annotations.items()}
        return self.put("v1", "Pod", name, spec, metadata={"labels": {"app": name}, "annotations": marks})

    def deploy(
        self, name: str, replicas: int, spec: Object, annotations: dict[str, str] | None = None, **more: Any
    ) -> Object:
        marks = {f"sandbox.anyport.dev/{key}": value for key, value in (annotations or {}).items()}
        template = {"metadata": {"labels": {"app": name}, "annotations": marks}, "spec": spec}
        selector = {"matchLabels": {"app": name}}
        return self.put(
            "apps/v1",
            "Deployment",
            name,
            {"replicas": replicas, "selector": selector, "template": template, **more},
        )

    def key(self) -> None:
        self.put("v1", "Secret", "key", stringData={"api-key": "hush"})

    def pods(self, app: str) -> list[Object]:
        return self.api.list("v1", "Pod", self.name, labels=f"app={app}")

    def get(self, name: str) -> Object:
        return self.api.get("v1", "Pod", name, self.name)

    def until(self, name: str, there: Callable[[Object], Any], seconds: float = 20.0) -> Object:
        """The pod of that name once it was as wanted, if only for a moment."""
        found: Object = self.api.wait(
            lambda: self.history.next(name, there), seconds=seconds, means=f"pod {name}"
        )
        return found

    def deployed(self, name: str, seconds: float = 30.0) -> Object:
        """A deployment once all its replicas are there, new and ready, and no old one is left."""

        def done(found: Object) -> bool:
            status, wanted = found.get("status") or {}, found["spec"]["replicas"]
            counts = [
                status.get(key, 0)
                for key in ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
            ]
            return (
                status.get("observedGeneration") == found["metadata"]["generation"] and counts == [wanted] * 4
            )

        found: Object = self.api.wait(
            lambda: self.api.get("apps/v1", "Deployment", name, self.name),
            done,
            seconds=seconds,
            means=f"deployment {name}",
        )
        return found

    def events(self, reason: str) -> list[str]:
        return [
            each["message"] for each in self.api.list("v1", "Event", self.name) if each["reason"] == reason
        ]


def ready(pod: Object) -> bool:
    conditions = (pod.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def first_status(pod: Object) -> Object:
    statuses: list[Object] = (pod.get("status") or {}).get("containerStatuses") or [{}]
    return statuses[0]


def waiting(reason: str) -> Callable[[Object], bool]:
    """Whether the first container waits for that reason."""
    return lambda pod: first_status(pod).get("state", {}).get("waiting", {}).get("reason") == reason
