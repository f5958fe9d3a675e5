"""The cluster that the vLLM targets of a stack file need, for `make sandbox KUBERNETES=real`.

One control plane plays the clusters of all zones: each target gets the machines it asks for, labelled with its zone.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from anyport.catalog import load
from anyport_sandbox.kubernetes import cluster, nodes
from anyport_sandbox.kubernetes.cluster import Cluster
from anyport_sandbox.kubernetes.errors import ClusterError
from anyport_sandbox.kubernetes.ingress import Addresses, Front, rules
from anyport_sandbox.kubernetes.nodes import NodeSpec

__all__ = ["front", "machines", "pod_addresses", "running"]

NEEDED_BYTES = 400 * 2**20
_READY_SECONDS = 30.0
_STEP_SECONDS = 0.1


def machines(stack_file: Path) -> list[NodeSpec]:
    """GPU machines for the vLLM targets of a stack file, one per replica, and a machine without GPUs.

    A target that names no instance type gets a machine of every type; one that names no zone, its region.

    Raises:
        ClusterError: the file cannot be read, or an instance type is not in the catalog.
    """
    try:
        config = yaml.safe_load(stack_file.read_text("utf-8"))["config"]
        endpoints: Mapping[str, Any] = config.get("anyport:endpoints") or {}
        targets = [each for one in endpoints.values() for each in (one.get("targets") or {}).values()]
    except (OSError, yaml.YAMLError, LookupError, TypeError, AttributeError) as error:
        raise ClusterError(f"the endpoints in {stack_file} cannot be read ({error}).") from error
    counts: dict[tuple[str, str], int] = {}
    for target in targets:
        if target.get("provider") != "coreweave_vllm":
            continue
        place, wanted = str(target.get("zone") or target["region"]), target.get("instance_type")
        for name in [wanted] if wanted else list(load().instances):
            counts[name, place] = counts.get((name, place), 0) + int(target.get("replicas") or 1)
    unknown = sorted({name for name, _ in counts} - set(load().instances))
    if unknown:
        raise ClusterError(f"the catalog has no instance type {unknown[0]}; it is named in {stack_file}.")
    found = [
        nodes.coreweave(name, place, count=count, pool=f"{name}-{place.lower()}"[:50])
        for (name, place), count in sorted(counts.items())
    ]
    places = sorted({place for _, place in counts})
    return [*found, *(nodes.coreweave_cpu(place, pool=f"cpu-{place.lower()}") for place in places)]


@contextmanager
def running(folder: Path, stack_file: Path) -> Iterator[Cluster]:
    """A cluster that goes on from where the last one in `folder` ended, and ends with this process at the latest.

    Raises:
        ClusterError: it cannot be started.
    """
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise ClusterError(
            f"{folder} has {free // 2**20} MB free and a control plane needs {NEEDED_BYTES // 2**20}: free some space."
        )
    with cluster.start(folder, machines(stack_file), keep_state=True) as started:
        yield started


def pod_addresses(started: Cluster) -> Addresses:
    """`service_addresses` for threads that come and go: it keeps no connection open."""

    def found(namespace: str, service: str) -> list[str]:
        try:
            return started.service_addresses(namespace, service)
        finally:
            started.api.close()

    return found


@contextmanager
def front(started: Cluster, folder: Path) -> Iterator[Front | None]:
    """What answers at the host names of a cluster's Ingress objects; None when there are none.

    Waits a little for pods, which begin anew with their cluster.
    """
    found = rules(started.api)
    if not found:
        yield None
        return
    deadline = time.monotonic() + _READY_SECONDS
    for rule in found:
        while not started.service_addresses(rule.namespace, rule.service) and time.monotonic() < deadline:
            time.sleep(_STEP_SECONDS)
    made = Front(found, pod_addresses(started), folder)
    try:
        yield made
    finally:
        made.stop()
