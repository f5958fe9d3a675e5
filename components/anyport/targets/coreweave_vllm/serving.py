"""From a planned target to the server that is wanted, and the two things that only CoreWeave has. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...catalog import InstanceType, load
from ...plan import PlannedTarget
from ...sizing import nodes_needed
from ...vllm import (
    COREWEAVE,
    Autoscaling,
    Exposure,
    Monitoring,
    Network,
    ObjectStorage,
    Server,
    SharedVolume,
)
from .groups import NodePool
from .options import CoreweaveVllmOptions

__all__ = ["kubeconfig_text", "node_pool_spec", "server_of"]

NODE_SHARE = 0.75
"""Share of a node's processors and memory that its GPUs' pods ask for; the rest is for the node's own pods. A guess."""


def server_of(
    planned: PlannedTarget,
    options: CoreweaveVllmOptions,
    name: str,
    tags: Mapping[str, str],
) -> Server:
    """The server. `name` is its namespace, its label and the first part of its host name."""
    catalog = load()
    instance = catalog.instances.get(planned.instance_type or "")
    offer = catalog.offer(planned.model, planned.provider)
    gpus = planned.gpus_per_replica or 1
    nodes = nodes_needed(gpus, instance)
    weights = (offer.weights_gb or offer.min_gpu_memory_gb) if offer else None
    return Server(
        namespace=name,
        name=name,
        model_id=planned.model_id,
        served_name=planned.model,
        image=options.image,
        gpus=gpus,
        nodes=nodes,
        split=options.multi_node.split if options.multi_node else "pipeline",
        replicas=planned.replicas or 1,
        profile=COREWEAVE,
        instance_type=planned.instance_type,
        node_pool=name if options.node_pool else None,
        tags=tags,
        revision=options.revision,
        context_window=planned.limits.context_window,
        tool_call_parser=planned.tool_call_parser,
        reasoning_parser=planned.reasoning_parser,
        gpu_memory_utilization=options.gpu_memory_utilization,
        max_queued_requests=options.max_queued_requests,
        extra_args=options.extra_args,
        hugging_face_token=options.hugging_face_token is not None,
        weights_gb=weights,
        start_minutes=options.start_minutes,
        drain_seconds=options.drain_seconds,
        surge_replicas=options.surge_replicas,
        max_gpus=options.quota.max_gpus if options.quota else None,
        read_only_root=options.read_only_root_filesystem,
        **_cache(options),
        **_around(options, name),
        **_requests(instance, gpus // nodes),
    )


def _cache(options: CoreweaveVllmOptions) -> dict[str, Any]:
    shared, bucket = options.shared_cache, options.object_storage
    return {
        "cache": options.cache,
        "shared": SharedVolume(shared.storage_class, shared.access_mode, shared.gibibytes)
        if shared
        else SharedVolume(),
        "object_storage": ObjectStorage(f"s3://{bucket.bucket}/{bucket.prefix.strip('/')}", bucket.endpoint)
        if bucket
        else None,
    }


def _around(options: CoreweaveVllmOptions, name: str) -> dict[str, Any]:
    network, gateway, scaling = options.network, options.gateway, options.autoscaling
    exposure = None
    if options.domain:
        exposure = Exposure(
            host=f"{name}.{options.domain}",
            route=options.route,
            ingress_class=options.ingress_class,
            cluster_issuer=options.cluster_issuer,
            gateway=(gateway.name, gateway.namespace, gateway.listener) if gateway else ("", "", ""),
        )
    return {
        "exposure": exposure,
        "network": Network(
            ingress_namespace=gateway.namespace if gateway else network.ingress_namespace,
            caller_namespaces=network.caller_namespaces,
            egress_ports=network.egress_ports,
        ),
        "monitoring": Monitoring(**options.monitoring.model_dump()) if options.monitoring else None,
        "autoscaling": Autoscaling(**scaling.model_dump()) if scaling else None,
    }


def _requests(instance: InstanceType | None, gpus: int) -> dict[str, Any]:
    """A pod's fair part of its node, by its GPUs, where the catalog knows the node."""

    def part(whole: int | None) -> int | None:
        return int(whole * NODE_SHARE * gpus / instance.gpus) if whole and instance else None

    if instance is None:
        return {}
    return {"cpus": part(instance.vcpus), "memory_gib": part(instance.memory_gib)}


def node_pool_spec(pool: NodePool, instance_type: str) -> dict[str, Any]:
    """A NodePool of `compute.coreweave.com/v1alpha1`; its instance type cannot be changed."""
    spec: dict[str, Any] = {
        "instanceType": instance_type,
        "computeClass": pool.compute_class,
        "targetNodes": pool.nodes,
        "autoscaling": pool.autoscaling is not None,
        # Fewer nodes never end a pod that serves: only nodes without work are taken.
        "lifecycle": {"scaleDownStrategy": "IdleOnly"},
    }
    if pool.autoscaling:
        spec |= {"minNodes": pool.autoscaling.min_nodes, "maxNodes": pool.autoscaling.max_nodes}
    return spec


def kubeconfig_text(endpoint: str, token: str) -> str:
    """A kubeconfig of CoreWeave's form: server and token, no CA, since the certificate is publicly trusted.

    JSON is YAML, and its quoting cannot be broken by a token.
    """
    name = "coreweave"
    return json.dumps(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": name, "cluster": {"server": f"https://{endpoint}"}}],
            "users": [{"name": name, "user": {"token": token}}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "current-context": name,
        },
        sort_keys=True,
    )
