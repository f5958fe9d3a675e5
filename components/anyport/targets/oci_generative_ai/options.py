"""Options of an OCI Generative AI target: on-demand, or on a dedicated AI cluster."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ...secretref import SecretRef
from ..options import Capability, ProviderTraits, TargetOptions

__all__ = ["TRAITS", "OciGenerativeAiOptions"]

Ocid = Annotated[
    str, StringConstraints(pattern=r"^ocid1\.[a-z0-9]+\.[a-z0-9]*\.[a-z0-9-]*\.[A-Za-z0-9._-]+$")
]
RegionId = Annotated[str, StringConstraints(pattern=r"^[a-z]+(-[a-z]+)+-\d+$")]


class OciGenerativeAiOptions(TargetOptions):
    """Options of an OCI Generative AI target."""

    compartment_id: Ocid | None = None
    """Compartment that holds the resources and is billed. Needed to build."""
    home_region: RegionId | None = None
    """The tenancy's home region, the only one that takes IAM policies. Needed to build."""
    deployment_kind: Literal["on_demand", "dedicated"] | None = None
    """`on_demand` is paid per token; `dedicated` is a cluster of your own. Default: `on_demand`."""
    unit_shape: str | None = None
    """Shape of the dedicated cluster, such as `OAI_H100_X2`. Needed for `dedicated`."""
    unit_count: int = Field(default=1, ge=1)
    """Units of the dedicated cluster."""
    model_ocid: Ocid | None = None
    """OCID of the model that a dedicated endpoint serves. Needed for `dedicated`."""
    minimum_commitment_acknowledged: bool = False
    """A hosting cluster is billed for 744 unit-hours at least, however soon it is destroyed.
    Must be true for `dedicated`."""
    api_key: SecretRef = SecretRef(env="OCI_GENAI_API_KEY")
    """The Generative AI API key that callers use. OCI has no resource that makes one: create it in the
    same region, after the policy exists, or it stays refused."""


def _kind(options: TargetOptions, offered: tuple[str, ...]) -> tuple[str, str]:
    asked = options.deployment_kind if isinstance(options, OciGenerativeAiOptions) else None
    kind = asked or ("on_demand" if not offered or "on_demand" in offered else offered[0])
    if offered and kind not in offered:
        return "", f"deployment_kind {kind} is not offered; offered: {', '.join(offered)}"
    return kind, "" if offered else "the catalog does not know the deployment kinds here"


TRAITS = ProviderTraits(
    name="oci_generative_ai",
    options=OciGenerativeAiOptions,
    component="OciGenerativeAiTarget",
    kind=_kind,
    auth="oci_api_key",
    capabilities={
        "keyless": Capability(False, "OpenAI clients need an API key; signed calls need Oracle's own client"),
        "tags": Capability(True),
        "regional": Capability(True),
    },
)
