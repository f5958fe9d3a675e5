"""Options of a Vertex AI target: managed by Google, or self-deployed from Model Garden."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ..options import Capability, ProviderTraits, TargetOptions

__all__ = ["TRAITS", "VertexAiOptions"]

ProjectId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]


class VertexAiOptions(TargetOptions):
    """Options of a Vertex AI target."""

    project: ProjectId | None = None
    """Google Cloud project id. Default: `gcp:project`; one of the two is needed to build."""
    deployment_kind: Literal["maas", "gemini", "model_garden"] | None = None
    """`maas` and `gemini` are served by Google per token; `model_garden` runs the model on machines that
    you pay for. Default: the managed kind if the catalog lists one that is not retired."""
    machine_type: str | None = None
    """Machine for `model_garden`, such as `a3-highgpu-2g`. Needed for that kind."""
    accelerator_type: str | None = None
    """Accelerator of the machine, such as `NVIDIA_H100_80GB`. Needed for `model_garden`."""
    accelerator_count: int = Field(default=1, ge=1)
    """Accelerators per machine."""
    min_replicas: int = Field(default=1, ge=1)
    """Fewest machines; the quota is charged on the most."""
    max_replicas: int = Field(default=1, ge=1)
    """Most machines."""
    accept_eula: bool = False
    """Whether the model's licence is accepted; Model Garden refuses gated models without it."""
    callers: tuple[str, ...] = ()
    """IAM members that may mint tokens as the service account made for callers."""


def _kind(options: TargetOptions, offered: tuple[str, ...]) -> tuple[str, str]:
    asked = options.deployment_kind if isinstance(options, VertexAiOptions) else None
    if asked:
        if offered and asked not in offered:
            return "", f"deployment_kind {asked} is not offered; offered: {', '.join(offered)}"
        return asked, ""
    for kind in ("maas", "gemini", "model_garden"):
        if kind in offered:
            return kind, ""
    return "", "no way of serving it is on record; say deployment_kind"


TRAITS = ProviderTraits(
    name="vertex_ai",
    options=VertexAiOptions,
    component="VertexAiTarget",
    kind=_kind,
    auth="google_oauth",
    capabilities={
        "keyless": Capability(True),
        "tags": Capability(
            False, "a Model Garden endpoint takes no labels, and a managed model is no resource"
        ),
        "regional": Capability(True, "not at the global and multi-region hosts"),
    },
)
