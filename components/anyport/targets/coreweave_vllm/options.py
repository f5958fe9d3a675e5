"""Options of a vLLM target on CoreWeave Kubernetes."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from ...secretref import SecretRef
from ..options import Capability, ProviderTraits, TargetOptions

__all__ = ["TRAITS", "CoreweaveVllmOptions"]

Hostname = Annotated[
    str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$")
]
ImageRef = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][\w./-]*(:[\w.-]+)?(@sha256:[0-9a-f]{64})?$")]


class CoreweaveVllmOptions(TargetOptions):
    """Options of a vLLM target on CoreWeave Kubernetes."""

    kubeconfig: SecretRef | None = None
    """Kubeconfig of the cluster in this zone. Default: the ambient one of the Kubernetes provider."""
    api_key: SecretRef = SecretRef(config="secrets:vllm_api_key")
    """The key that callers must send; it becomes a Kubernetes Secret and nothing else."""
    hugging_face_token: SecretRef | None = None
    """Token for gated models."""
    domain: Hostname | None = None
    """Public DNS domain; the target is served at `<endpoint>-<target>.<domain>`. Without it there is no
    Ingress and the target answers inside the cluster only."""
    gpus_per_replica: int | None = Field(default=None, ge=1, le=16)
    """GPUs of one vLLM server. Default: what the model needs at least, by the catalog's sizing."""
    image: ImageRef = "vllm/vllm-openai:v0.33.0"
    """Container image; pin it by digest in prod."""
    ingress_class: str = "traefik"
    """IngressClass of the cluster's controller."""
    cluster_issuer: str = "letsencrypt-prod"
    """cert-manager ClusterIssuer that signs the TLS certificate."""
    storage_class: str | None = None
    """Class of a shared (RWX) volume for weights, such as `shared-vast`. Default: node-local NVMe."""


def _kind(options: TargetOptions, offered: tuple[str, ...]) -> tuple[str, str]:
    del options, offered
    return "vllm", ""


TRAITS = ProviderTraits(
    name="coreweave_vllm",
    options=CoreweaveVllmOptions,
    component="CoreweaveVllmTarget",
    kind=_kind,
    auth="bearer_api_key",
    target_keys=frozenset({"zone", "instance_type", "replicas"}),
    capabilities={
        "keyless": Capability(False, "vLLM knows API keys only"),
        "tags": Capability(True, "as Kubernetes labels"),
        "regional": Capability(True),
    },
)
