"""Options of a vLLM target on CoreWeave Kubernetes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ...secretref import SecretRef
from ..options import Capability, OptionsContext, ProviderTraits, Refusal, TargetOptions
from .groups import (
    Autoscaling,
    Cluster,
    Domain,
    Gateway,
    ImageRef,
    Monitoring,
    MultiNode,
    Network,
    NodePool,
    ObjectName,
    ObjectStorage,
    Quota,
    SharedCache,
)
from .refusals import refuse
from .together import claims, refuse_zone

__all__ = ["TRAITS", "CoreweaveVllmOptions"]


class CoreweaveVllmOptions(TargetOptions):
    """Options of a vLLM target on CoreWeave Kubernetes."""

    kubeconfig: SecretRef | None = None
    """Kubeconfig of the cluster in this zone. Default: the ambient one of the Kubernetes provider."""
    cluster: Cluster | None = None
    """The cluster by address and token, from which a kubeconfig is made. Instead of `kubeconfig`."""
    api_key: SecretRef = SecretRef(config="secrets:vllm_api_key")
    """The key that callers must send; it becomes a Kubernetes Secret and nothing else."""
    api_key_version: int = Field(default=1, ge=1)
    """Count up with every new key: pods read a key when they start, and this restarts them. Default: 1."""
    hugging_face_token: SecretRef | None = None
    """Token for gated models."""
    revision: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")] | None = None
    """Commit of the model's repository. Default: its newest, which may change from one start to the next;
    pin it in prod."""
    image: ImageRef = "vllm/vllm-openai:v0.33.0"
    """Container image; pin it by digest in prod, since a tag can be moved. Default: a tag, since only you can
    vouch for a digest."""
    gpus_per_replica: int | None = Field(default=None, ge=1, le=144)
    """GPUs of one vLLM server, over all its machines. Default: what the model needs at least, by the catalog's
    sizing; more than one machine has makes it a group of machines."""
    gpu_memory_utilization: float = Field(default=0.92, ge=0.5, le=0.98)
    """Share of GPU memory that vLLM takes. Default: 0.92, vLLM's own; the memory check uses it too."""
    multi_node: MultiNode | None = None
    """How a server of several machines is cut. Only where it needs several."""
    max_queued_requests: int | None = Field(default=None, ge=1)
    """Requests that wait at most; beyond it vLLM refuses at once, so that a gateway can fail over. Default: no
    limit, since the right one depends on your traffic."""
    extra_args: tuple[str, ...] = Field(default=(), max_length=64)
    """Further arguments of `vllm serve`, checked against the options of 0.32."""
    cache: Literal["nvme", "shared", "object_storage"] = "nvme"
    """Where weights lie. `nvme`: on the node, downloaded at every start of a pod. `shared`: on one volume for
    all replicas, downloaded once. `object_storage`: streamed from a bucket. Default: nvme, which needs nothing."""
    shared_cache: SharedCache | None = None
    """The volume of `cache: shared`. Default: 2 TiB of `shared-vast`."""
    object_storage: ObjectStorage | None = None
    """The bucket of `cache: object_storage`."""
    domain: Domain | None = None
    """Public DNS domain; the target is served at `<endpoint>-<target>.<domain>`. Without it nothing is exposed
    and the target answers inside the cluster only, to `network.caller_namespaces`, which must then name one."""
    route: Literal["ingress", "gateway"] = "ingress"
    """How `/v1`, and nothing else, is exposed. Default: an Ingress, as CoreWeave's own charts do."""
    gateway: Gateway | None = None
    """The Gateway of `route: gateway`."""
    ingress_class: ObjectName = "traefik"
    """IngressClass of the cluster's controller."""
    cluster_issuer: ObjectName = "letsencrypt-prod"
    """cert-manager ClusterIssuer that signs the TLS certificate of an Ingress."""
    network: Network = Network()
    """Who may reach the servers and what they may reach."""
    monitoring: Monitoring | None = None
    """Metrics and a dashboard. Default: none, since the cluster may lack the Prometheus operator."""
    autoscaling: Autoscaling | None = None
    """More servers while requests wait. Default: `replicas` stays."""
    node_pool: NodePool | None = None
    """Machines for this target alone. Default: none; machines are a commitment of their own."""
    quota: Quota | None = None
    """A ResourceQuota for the namespace, above which no pod is admitted. Machines themselves are limited by
    `node_pool`: its nodes, or `autoscaling.max_nodes`. Default: none."""
    drain_seconds: int = Field(default=60, ge=1, le=3600)
    """How long answers in flight may take when a server ends. Default: 60; the grace period follows."""
    start_minutes: int | None = Field(default=None, ge=5, le=360)
    """How long a start may take before it is given up. Default: 15 minutes and one per 10 GB of weights (per
    30 GB from object storage)."""
    surge_replicas: int = Field(default=0, ge=0, le=8)
    """Servers that a roll-out may add before it takes one away; needs that many spare GPUs. Default: 0, since
    without spare GPUs a roll-out would hang. With one replica that means an interruption."""
    read_only_root_filesystem: bool = False
    """Default: false, because NVIDIA's container hook is reported to need a writable root; try it first."""


def _kind(options: TargetOptions, offered: tuple[str, ...]) -> tuple[str, str]:
    del options, offered
    return "vllm", ""


def _refuse(context: OptionsContext) -> Iterable[Refusal]:
    yield from refuse(context)
    yield from refuse_zone(context)


_CAPABILITIES = {
    "regional": Capability(True, "a cluster lies in one zone"),
    "region_fallback": Capability(False, "a cluster lies in one zone; a second region is a second target"),
    "identity": Capability(False, "vLLM knows one shared API key and no callers"),
    "keyless": Capability(False, "vLLM knows API keys only"),
    "workload_identity": Capability(
        False, "vLLM checks an API key and takes no tokens of an identity provider"
    ),
    "network": Capability(True, "only /v1 is routed; a NetworkPolicy shuts everything that is not named"),
    "private_access": Capability(
        True, "without a domain: an address inside the cluster, for named namespaces"
    ),
    "customer_managed_key": Capability(
        False, "CoreWeave's provider has no setting for a key of your own on volumes or buckets"
    ),
    "content_safety": Capability(False, "vLLM answers what the model says and filters nothing"),
    "alerts": Capability(
        False, "who is told is set in the cluster's Alertmanager; monitoring gives it the metrics"
    ),
    "diagnostics": Capability(
        False, "vLLM writes to its standard output, which the cluster's own log collector takes"
    ),
    "budget": Capability(
        False,
        "CoreWeave's provider has no budgets; machines are billed by the hour, and quota and node_pool limit them",
    ),
    "quota": Capability(
        True, "capped by a ResourceQuota of GPUs; node_pool limits machines, and CoreWeave's own has no API"
    ),
    "tags": Capability(True, "as labels of every object but the pods"),
    "version_pinning": Capability(True, "a commit by revision, the server by an image digest"),
    "deletion_protection": Capability(True, "of namespace, weights and node pool"),
    "drift": Capability(True, "every field that Anyport set"),
}

TRAITS = ProviderTraits(
    name="coreweave_vllm",
    options=CoreweaveVllmOptions,
    component="CoreweaveVllmTarget",
    kind=_kind,
    auth="bearer_api_key",
    target_keys=frozenset({"zone", "instance_type", "replicas"}),
    capabilities=_CAPABILITIES,
    refuse=_refuse,
    claims=claims,
)
