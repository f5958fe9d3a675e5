"""How long things may take. Each figure is a sum that can be read here; the rates are guesses on the safe side.

A start that is cut off costs another start, so budgets are generous: a server that fails for good is reported
later, nothing else. All times are of the slow case, the first start on a node that has neither image nor weights.
"""

from __future__ import annotations

import math

from .server import Cache, Server

__all__ = [
    "GRACE_MARGIN_SECONDS",
    "PRE_STOP_SECONDS",
    "delete_minutes",
    "grace_seconds",
    "progress_seconds",
    "rollout_minutes",
    "start_minutes",
]

PRE_STOP_SECONDS = 15
"""Wait before the drain, until Services and Ingress controllers have taken the pod off their lists."""
GRACE_MARGIN_SECONDS = 10
"""What the process may take to end once it has drained."""
ENGINE_MINUTES = 15
"""From weights in memory to the first answer: compilation, CUDA graphs, profiling. A guess."""
IMAGE_MINUTES = 15
"""Finding a node and pulling an image of some 10 GB, before the start counts. A guess."""
GB_PER_MINUTE: dict[Cache, float] = {"nvme": 10.0, "shared": 10.0, "object_storage": 30.0}
"""GB of weights per minute: a download of 1.3 Gbit/s, or a stream from the cluster's own storage. Guesses."""
UNKNOWN_MINUTES = 75
"""For a model whose size is not known: 600 GB at 10 GB a minute, and the engine."""


def start_minutes(server: Server) -> int:
    """What the startup probe allows: engine + weights ÷ rate, in minutes; longer when told so."""
    if server.start_minutes is not None:
        return server.start_minutes
    if server.weights_gb is None:
        return UNKNOWN_MINUTES
    return ENGINE_MINUTES + math.ceil(server.weights_gb / GB_PER_MINUTE[server.cache])


def grace_seconds(server: Server) -> int:
    """terminationGracePeriodSeconds: preStop + drain + margin, so that the drain is never cut off."""
    return PRE_STOP_SECONDS + server.drain_seconds + GRACE_MARGIN_SECONDS


def progress_seconds(server: Server) -> int:
    """progressDeadlineSeconds: one replica's start, image and the end of the pod that it replaces.

    Every replica that gets ready is progress and starts the deadline anew, so one replica's time is enough.
    """
    return (start_minutes(server) + IMAGE_MINUTES) * 60 + grace_seconds(server)


def rollout_minutes(server: Server) -> int:
    """How long Pulumi waits: all replicas one after the other, as a roll-out without spare GPUs goes."""
    return math.ceil(progress_seconds(server) / 60) * server.most_replicas + 10


def delete_minutes(server: Server) -> int:
    """How long Pulumi waits for pods to end: the grace period, and ten minutes for the cluster."""
    return math.ceil(grace_seconds(server) / 60) + 10
