"""Groups of options of a vLLM target: storage, network, scaling, watching, machines."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from ...secretref import SecretRef
from ..options import OptionGroup

__all__ = [
    "Autoscaling",
    "Cluster",
    "Domain",
    "Gateway",
    "Hostname",
    "ImageRef",
    "KubernetesName",
    "Monitoring",
    "MultiNode",
    "Network",
    "NodePool",
    "ObjectName",
    "ObjectStorage",
    "PoolAutoscaling",
    "Quota",
    "SharedCache",
    "Url",
]

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOSTNAME = rf"^{_LABEL}(\.{_LABEL})+$"
Hostname = Annotated[str, StringConstraints(pattern=_HOSTNAME, max_length=253)]
Domain = Annotated[str, StringConstraints(pattern=_HOSTNAME, max_length=189)]
"""The 253 characters of a DNS name without the target's own label of at most 63 and its dot."""
ImageRef = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][\w./-]*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$")]
KubernetesName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
ObjectName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$", max_length=253)]
Url = Annotated[str, StringConstraints(pattern=r"^https?://[A-Za-z0-9.-]+(:\d{1,5})?(/[\w./-]*)?$")]
Port = Annotated[int, Field(ge=1, le=65535)]


class Cluster(OptionGroup):
    """A cluster by its address, instead of a whole kubeconfig."""

    endpoint: Hostname
    """API server's host without scheme: CoreWeave's `<org>-<hash>.k8s.<zone>.coreweave.com`, which is also the
    `api_server_endpoint` of a CksCluster. Its certificate is publicly trusted, so no CA is given."""
    token: SecretRef
    """CoreWeave API token of an identity that may make namespaces in the cluster."""


class Gateway(OptionGroup):
    """A Gateway API gateway that exists; its listener must admit routes of other namespaces and hold the
    certificate.
    """

    name: ObjectName
    """Name of the Gateway."""
    namespace: KubernetesName
    """Its namespace; the server's network policy lets that namespace in."""
    listener: ObjectName = "https"
    """Its listener. Default: `https`, so that a key never travels over the plain one beside it."""


class SharedCache(OptionGroup):
    """The volume that all replicas load weights from."""

    storage_class: ObjectName | None = None
    """StorageClass. Default: `shared-vast`, CoreWeave's file storage that many nodes can mount."""
    access_mode: Literal["ReadWriteMany", "ReadWriteOnce"] = "ReadWriteMany"
    """Default: ReadWriteMany. ReadWriteOnce blocks a second replica and is refused for more than one."""
    gibibytes: int = Field(default=2048, ge=10, le=1048576)
    """Size. Default: 2 TiB, which holds the largest open models twice, for a change of model."""


class ObjectStorage(OptionGroup):
    """A bucket that holds the model's files, streamed to the GPUs at every start."""

    bucket: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$")]
    """Bucket, without dots: CoreWeave addresses buckets as host names only."""
    prefix: Annotated[str, StringConstraints(pattern=r"^[\w./-]*[\w-]$", max_length=900)]
    """Folder of the model's files, as they lie in its repository."""
    endpoint: Url | None = None
    """Default: `http://cwlota.com`, CoreWeave's cache on the nodes' own disks in front of its object storage."""
    access_key_id: SecretRef
    """Access key that may read the bucket."""
    secret_access_key: SecretRef
    """Its secret."""


class Network(OptionGroup):
    """Who may reach the servers and what they may reach. The NetworkPolicy itself is always made."""

    ingress_namespace: KubernetesName = "traefik"
    """Namespace of the Ingress controller. The default is a guess: CoreWeave documents its chart, not a
    namespace. With `route: gateway` the Gateway's namespace is let in instead."""
    caller_namespaces: tuple[KubernetesName, ...] = ()
    """Namespaces whose pods may call the servers directly. Default: none; without a `domain` one must be named."""
    egress_ports: tuple[Port, ...] = ()
    """Further ports that servers may reach, such as 4317 for traces. Default: DNS and 443, and the object
    storage's port."""


class Monitoring(OptionGroup):
    """Metrics for the Prometheus operator, which the cluster must have."""

    namespace: KubernetesName = "monitoring"
    """Namespace of Prometheus, let in to scrape. The default is a guess."""
    interval_seconds: int = Field(default=15, ge=5, le=300)
    """How often. Default: 15, so that scaling sees a queue within a minute."""
    dashboard: bool = False
    """A ConfigMap with a Grafana dashboard, labelled for Grafana's sidecar. Default: none."""


class Autoscaling(OptionGroup):
    """More servers while requests wait, by KEDA, which the cluster must have. From `replicas` up; never to
    zero, since a model that is not there answers 404 and no gateway fails over on that.
    """

    max_replicas: int = Field(ge=2, le=512)
    """Servers at the most."""
    prometheus: Url
    """Prometheus that holds the servers' metrics, such as `http://prometheus-operated.monitoring:9090`."""
    waiting_requests: int = Field(default=5, ge=1)
    """Waiting requests per server that call for one more. Default: 5, a queue and not a burst."""
    cooldown_seconds: int = Field(default=600, ge=60, le=3600)
    """Quiet time before a server is taken away. Default: 600; loading the next one takes longer than that."""


class MultiNode(OptionGroup):
    """How one server lies on several machines (LeaderWorkerSet, which the cluster must have)."""

    split: Literal["pipeline", "tensor"] = "pipeline"
    """`pipeline`: layers are shared out over machines, which the network bears best. `tensor`: every layer over
    all GPUs, for less latency on a fast network; must divide the attention heads. Default: pipeline."""


class PoolAutoscaling(OptionGroup):
    """CoreWeave's Cluster Autoscaler: it writes the number of nodes, and Pulumi then leaves it alone."""

    min_nodes: int = Field(default=1, ge=0, le=1000)
    """Nodes at least. Default: 1."""
    max_nodes: int = Field(ge=1, le=1000)
    """Nodes at the most."""

    @model_validator(mode="after")
    def _ordered(self) -> PoolAutoscaling:
        if self.min_nodes > self.max_nodes:
            raise ValueError("min_nodes is more than max_nodes")
        return self


class Quota(OptionGroup):
    """A ceiling that Kubernetes keeps: CoreWeave has no budgets, and what costs money there is GPUs."""

    max_gpus: int = Field(ge=1, le=100_000)
    """GPUs that pods in the target's namespace may ask for at the most, whoever makes them."""


class NodePool(OptionGroup):
    """A pool of machines for this target alone, billed from its first node on. Without it servers run on
    whatever nodes of the instance type the cluster has.
    """

    nodes: int = Field(ge=1, le=1000)
    """Whole machines, at the start when it scales."""
    compute_class: Literal["default", "spot"] = "default"
    """`spot` costs less and may be taken away at any time. Default: `default`."""
    autoscaling: PoolAutoscaling | None = None
    """Let the Cluster Autoscaler set the number. Not for rack types. Default: the number stays."""
