"""What a kubelet tells of a pod, as `kubectl describe` shows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["event"]

_LONGEST = 1000


def event(pod: Mapping[str, Any], kind: str, reason: str, message: str, now: str) -> dict[str, Any]:
    """An Event object; `kind` is Normal or Warning, `now` RFC 3339. Repeats are not counted up, each is one of its own."""
    meta = pod["metadata"]
    reference = {key: meta[key] for key in ("name", "namespace", "uid")}
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{meta['name']}.", "namespace": meta["namespace"]},
        "involvedObject": {"kind": "Pod", "apiVersion": "v1", **reference},
        "type": kind,
        "reason": reason,
        "message": message[:_LONGEST],
        "source": {"component": "kubelet", "host": pod["spec"]["nodeName"]},
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
