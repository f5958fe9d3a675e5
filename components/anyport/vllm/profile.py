"""What one kind of cluster calls things: labels, taints, storage classes, RDMA, object storage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["COREWEAVE", "GENERIC", "ClusterProfile"]


@dataclass(frozen=True)
class ClusterProfile:
    """A kind of cluster.

    Attributes:
        name: for messages.
        instance_type_label: node label that names the machine type; empty where none can be relied on.
        node_pool_label: node label that names the pool; empty where none can be relied on.
        gpu_resource: resource name that a container asks GPUs by.
        tolerations: for the taints of GPU nodes.
        pod_labels: put on serving pods, for what the cluster reads off them.
        shared_storage_class: class of volumes that many nodes can mount; empty when you must name one.
        rdma_resource: resource name that puts a pod on a node with RDMA; empty where there is no such thing.
        rdma_environment: what the communication libraries need to use it.
        fabric_label: node label whose value is shared by nodes close to each other on the RDMA network.
        object_store_endpoint: URL of the cluster's object storage as pods reach it; empty when you must name one.
        object_store_environment: what clients of that object storage need.
    """

    name: str
    instance_type_label: str = "node.kubernetes.io/instance-type"
    node_pool_label: str = ""
    gpu_resource: str = "nvidia.com/gpu"
    tolerations: tuple[Mapping[str, str], ...] = ()
    pod_labels: Mapping[str, str] = field(default_factory=dict)
    shared_storage_class: str = ""
    rdma_resource: str = ""
    rdma_environment: Mapping[str, str] = field(default_factory=dict)
    fabric_label: str = ""
    object_store_endpoint: str = ""
    object_store_environment: Mapping[str, str] = field(default_factory=dict)

    def tolerated(self) -> list[dict[str, Any]]:
        """The tolerations, ready for a pod."""
        return [dict(toleration) for toleration in self.tolerations]


_GPU_TAINT = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}

COREWEAVE = ClusterProfile(
    name="CoreWeave Kubernetes",
    node_pool_label="compute.coreweave.com/node-pool",
    tolerations=({"key": "is_gpu", "operator": "Exists", "effect": "PreferNoSchedule"}, _GPU_TAINT),
    # Without it a pod blocks the maintenance of its node; the label spelt `interruptable`, of another
    # domain, would kill it at once and ignore the grace period.
    pod_labels={"qos.coreweave.com/graceful-interruptible": "true"},
    shared_storage_class="shared-vast",
    rdma_resource="rdma/ib",
    rdma_environment={
        "NCCL_SOCKET_IFNAME": "eth0",
        "NCCL_IB_HCA": "ibp",
        "UCX_TLS": "tcp",
        "UCX_NET_DEVICES": "eth0",
    },
    fabric_label="backend.coreweave.cloud/leafgroup",
    object_store_endpoint="http://cwlota.com",
    object_store_environment={"RUNAI_STREAMER_S3_USE_VIRTUAL_ADDRESSING": "1"},
)
"""CoreWeave Kubernetes, from docs.coreweave.com (labels and taints, storage, "Use GPUDirect RDMA", support article on
interruptible labels) and two public charts for it; collected 2026-11-22. `is_gpu` was seen in a chart, not in the
documentation. A node of the `gpu.nvidia.com/class` label is not selected by it: sources disagree about its values."""

GENERIC = ClusterProfile(name="any Kubernetes cluster", instance_type_label="", tolerations=(_GPU_TAINT,))
"""Any cluster with NVIDIA's device plugin: nodes are chosen by the node selector that you give."""
