"""The vLLM server that is wanted: plain, frozen values, in the words of Kubernetes and vLLM."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from .profile import GENERIC, ClusterProfile

__all__ = [
    "Autoscaling",
    "Cache",
    "Exposure",
    "Monitoring",
    "Network",
    "ObjectStorage",
    "Server",
    "SharedVolume",
]

Cache = Literal["nvme", "shared", "object_storage"]


@dataclass(frozen=True)
class SharedVolume:
    """A volume for weights. `storage_class` None is the profile's; size in GiB."""

    storage_class: str | None = None
    access_mode: Literal["ReadWriteMany", "ReadWriteOnce"] = "ReadWriteMany"
    gibibytes: int = 2048


@dataclass(frozen=True)
class ObjectStorage:
    """Weights in a bucket, streamed to the GPUs. `endpoint` None is the profile's. Keys lie in the secret."""

    uri: str
    endpoint: str | None = None


@dataclass(frozen=True)
class Exposure:
    """How `/v1` is reached from outside the cluster.

    Attributes:
        host: DNS name of the server.
        route: an Ingress, or an HTTPRoute under a Gateway that exists.
        ingress_class: class of the Ingress controller.
        cluster_issuer: cert-manager's issuer for the Ingress; a Gateway's listener holds its own certificate.
        gateway: name, namespace and listener of the Gateway.
    """

    host: str
    route: Literal["ingress", "gateway"] = "ingress"
    ingress_class: str = "traefik"
    cluster_issuer: str = "letsencrypt-prod"
    gateway: tuple[str, str, str] = ("", "", "")


@dataclass(frozen=True)
class Network:
    """Who may reach the server and what it may reach; all namespaces by name."""

    ingress_namespace: str = "traefik"
    caller_namespaces: tuple[str, ...] = ()
    egress_ports: tuple[int, ...] = ()


@dataclass(frozen=True)
class Monitoring:
    """A PodMonitor, and a dashboard when asked for."""

    namespace: str = "monitoring"
    interval_seconds: int = 15
    dashboard: bool = False


@dataclass(frozen=True)
class Autoscaling:
    """KEDA, on the number of requests that wait. `prometheus` is the URL of the server that scrapes vLLM."""

    max_replicas: int
    prometheus: str
    waiting_requests: int = 5
    cooldown_seconds: int = 600


@dataclass(frozen=True)
class Server:
    """One model served by one or more replicas.

    Attributes:
        namespace: namespace that is made for it.
        name: value of the `app.kubernetes.io/instance` label.
        model_id: repository on Hugging Face.
        served_name: what callers write in the `model` field.
        image: container image, best by digest.
        gpus: GPUs of one replica, over all its nodes.
        nodes: machines of one replica.
        split: how a replica of several nodes is cut: layers over nodes (`pipeline`), or every layer over all GPUs.
        replicas: replicas at the start, and at least when scaled.
        profile: the kind of cluster.
        instance_type: machine type, where the profile has a label for it.
        node_selector: further node labels.
        node_pool: pool to run in, where the profile has a label for it.
        tags: labels of every object but the pods, so that a changed tag restarts no server.
        revision: commit of the model repository.
        context_window: tokens; None leaves it to the model.
        tool_call_parser, reasoning_parser: vLLM's names.
        gpu_memory_utilization: share of GPU memory that vLLM takes.
        max_queued_requests: beyond it vLLM refuses at once; None for no limit.
        extra_args: further arguments, see `command.refused_arguments`.
        cache: where weights come from and stay.
        shared, object_storage: what the cache of that kind needs.
        hugging_face_token: whether the secret holds a `hugging-face-token`.
        weights_gb: size of the weights, for the time a start may take; None for not known.
        start_minutes: that time, when it was said.
        drain_seconds: how long answers in flight may take when a pod ends.
        surge_replicas: replicas that a roll-out may add before it takes one away.
        max_gpus: GPUs that the namespace admits; None for no limit.
        cpus, memory_gib: requests of one pod; None for none.
        read_only_root: whether the root file system is read-only.
        exposure, network, monitoring, autoscaling: see their classes.
    """

    namespace: str
    name: str
    model_id: str
    served_name: str
    image: str
    gpus: int = 1
    nodes: int = 1
    split: Literal["pipeline", "tensor"] = "pipeline"
    replicas: int = 1
    profile: ClusterProfile = GENERIC
    instance_type: str | None = None
    node_selector: Mapping[str, str] = field(default_factory=dict)
    node_pool: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    revision: str | None = None
    context_window: int | None = None
    tool_call_parser: str | None = None
    reasoning_parser: str | None = None
    gpu_memory_utilization: float = 0.92
    max_queued_requests: int | None = None
    extra_args: tuple[str, ...] = ()
    cache: Cache = "nvme"
    shared: SharedVolume = SharedVolume()
    object_storage: ObjectStorage | None = None
    hugging_face_token: bool = False
    weights_gb: float | None = None
    start_minutes: int | None = None
    drain_seconds: int = 60
    surge_replicas: int = 0
    max_gpus: int | None = None
    cpus: int | None = None
    memory_gib: int | None = None
    read_only_root: bool = False
    exposure: Exposure | None = None
    network: Network = Network()
    monitoring: Monitoring | None = None
    autoscaling: Autoscaling | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be rendered.

        Raises:
            ValueError: says what is wrong.
        """
        if self.gpus % self.nodes:
            raise ValueError(f"{self.gpus} GPUs cannot be shared evenly by {self.nodes} nodes")
        if self.cache == "object_storage" and self.object_storage is None:
            raise ValueError("a cache in object storage needs object_storage")
        several = self.replicas * self.nodes > 1 or self.surge_replicas or self.autoscaling
        if self.cache == "shared" and self.shared.access_mode == "ReadWriteOnce" and several:
            raise ValueError("a ReadWriteOnce volume can be mounted by one pod's node only")
        if self.cache == "shared" and not self.storage_class:
            raise ValueError(f"{self.profile.name} has no usual storage class for shared volumes: name one")

    @property
    def labels(self) -> dict[str, str]:
        """Labels that select the pods; they never change."""
        return {
            "app.kubernetes.io/name": "vllm",
            "app.kubernetes.io/instance": self.name,
            "app.kubernetes.io/managed-by": "anyport",
        }

    @property
    def object_labels(self) -> dict[str, str]:
        """Labels of the objects around the pods."""
        return {**label_pairs(self.tags), **self.labels}

    @property
    def gpus_per_node(self) -> int:
        """GPUs of one pod."""
        return self.gpus // self.nodes

    @property
    def storage_class(self) -> str:
        """Class of the shared volume."""
        return self.shared.storage_class or self.profile.shared_storage_class

    @property
    def object_store_endpoint(self) -> str:
        """URL of the object storage; empty when there is none."""
        if self.cache != "object_storage" or self.object_storage is None:
            return ""
        return self.object_storage.endpoint or self.profile.object_store_endpoint

    @property
    def most_replicas(self) -> int:
        """Replicas at the most."""
        return max(self.replicas, self.autoscaling.max_replicas if self.autoscaling else 0)


def label_pairs(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags as Kubernetes labels: other characters become `-`, 63 at the most, letters or digits at both ends."""

    def plain(text: str) -> str:
        kept = "".join(c if c.isascii() and (c.isalnum() or c in "-_.") else "-" for c in text)
        return kept[:63].strip("-_.")

    return {key: plain(value) for name, value in tags.items() if (key := plain(name))}
