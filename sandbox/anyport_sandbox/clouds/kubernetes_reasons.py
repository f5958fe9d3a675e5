"""Why a Deployment is not there yet, in the words that users of pulumi-kubernetes and kubectl know.

The reasons in brackets and what follows them are the API server's, scheduler's and kubelet's own. One thing is added:
the exit code and the last line of the log of a container that crashes, which the real provider leaves to kubectl.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from anyport_sandbox.kubernetes.api import Api, Object

from .behaviour import at

__all__ = ["Reader", "deployment_reasons"]

Reader = Callable[[str, str, str], str]
"""The log of a container: namespace, pod and container to text."""
_LONGEST = 300


def deployment_reasons(api: Api, live: Object, unbound: list[str], read_log: Reader) -> list[str]:
    """Conditions that do not hold, claims, then what each pod waits for."""
    return [*_conditions(live), *_claims(unbound), _count(live), *_pods(api, live, read_log)]


def _conditions(live: Object) -> Iterator[str]:
    """`Available` and `Progressing` should be true, `ReplicaFailure` should not."""
    for each in at(live, "status.conditions", []):
        good = "False" if each["type"] == "ReplicaFailure" else "True"
        if each["status"] != good:
            yield f"[{each.get('reason')}] {each.get('message')}"


def _claims(unbound: list[str]) -> Iterator[str]:
    if unbound:
        yield f'Failed to bind PersistentVolumeClaim(s): "{",".join(unbound)}"'


def _count(live: Object) -> str:
    available = {c["type"]: c["status"] for c in at(live, "status.conditions", [])}.get("Available") == "True"
    if not available:
        return "Minimum number of live Pods was not attained"
    if live["metadata"]["generation"] > 1:
        return "Attempted to roll forward to new ReplicaSet, but minimum number of Pods did not become live"
    return "Minimum number of Pods to consider the application live was not attained"


def _pods(api: Api, live: Object, read_log: Reader) -> Iterator[str]:
    wanted = live["spec"]["selector"].get("matchLabels") or {}
    labels = ",".join(f"{key}={value}" for key, value in sorted(wanted.items()))
    for pod in api.list("v1", "Pod", live["metadata"]["namespace"], labels=labels):
        if not pod["metadata"].get("deletionTimestamp") and (why := _pod(pod, read_log)):
            yield f"[Pod {pod['metadata']['namespace']}/{pod['metadata']['name']}]: {why}"


def _pod(pod: Object, read_log: Reader) -> str:
    """What one pod waits for; empty when it is ready."""
    conditions = {each["type"]: each for each in at(pod, "status.conditions", [])}
    if conditions.get("Ready", {}).get("status") == "True":
        return ""
    placed = conditions.get("PodScheduled", {})
    if placed.get("status") == "False":
        return f"[{placed.get('reason')}] {placed.get('message')}"
    told = [conditions.get("Ready", {}).get("message") or "not ready yet"]
    statuses = [*at(pod, "status.initContainerStatuses", []), *at(pod, "status.containerStatuses", [])]
    told += [text for each in statuses if (text := _container(pod, each, read_log))]
    return " -- ".join(told)


def _container(pod: Object, status: Object, read_log: Reader) -> str:
    waiting = at(status, "state.waiting", {})
    ended = at(status, "state.terminated") or at(status, "lastState.terminated")
    text = ""
    if waiting.get("reason") not in (None, "ContainerCreating", "PodInitializing"):
        text = f"[{waiting['reason']}] {waiting.get('message', '')}".strip()
    if status.get("ready") or not ended or not ended.get("exitCode"):
        return text
    meta = pod["metadata"]
    said = ended.get("message") or read_log(meta["namespace"], meta["name"], status["name"])
    lines = [line for line in said.splitlines() if line.strip()]
    last = f", its last words: {lines[-1].strip()[:_LONGEST]}" if lines else ""
    return f"{text or '[Error]'} (container {status['name']} ended with exit {ended['exitCode']}{last})"
