"""The options themselves of an OCI Generative AI target."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ...secretref import SecretRef
from ..options import TargetOptions
from ..shared_options import Alerts, Budget
from .option_groups import (
    ApiKeyOcid,
    CallerGroup,
    CompartmentOcid,
    ContentSafety,
    ImportedModel,
    ManagedApiKey,
    ModelOcid,
    PrivateAccess,
    Quota,
    RegionId,
    TenancyOcid,
    UnitShape,
    WorkloadIdentity,
    no_duplicates,
)

__all__ = ["OciGenerativeAiOptions"]


class OciGenerativeAiOptions(TargetOptions):
    """Options of an OCI Generative AI target."""

    compartment_id: CompartmentOcid | None = None
    """Compartment that holds the resources and is billed. Needed to build."""
    home_region: RegionId | None = None
    """The tenancy's home region, the only one that takes policies, quotas and budgets. Needed to build."""
    tenancy_id: TenancyOcid | None = None
    """OCID of the tenancy. Needed for `workload_identity`, `quota` and `budget`, which live there."""
    deployment_kind: Literal["on_demand", "dedicated"] | None = None
    """`on_demand` is paid per token; `dedicated` is a cluster of your own. Default: `on_demand`."""
    region_fallback: Annotated[tuple[RegionId, ...], AfterValidator(no_duplicates)] = Field(
        default=(), max_length=10
    )
    """More regions that may serve the calls, in order, through a routing profile of this region; only for
    `on_demand`. Default: none, since it lets prompts leave the region. It is Oracle still, behind one region's
    address, so it never counts as a fallback region or provider of the endpoint."""
    unit_shape: UnitShape | None = None
    """Shape of the dedicated cluster, such as `OAI_H100_X2`. Needed for `dedicated`."""
    unit_count: int = Field(default=1, ge=1, le=1000)
    """Units of the dedicated cluster."""
    model_ocid: ModelOcid | None = None
    """OCID of the model that a dedicated endpoint serves. `dedicated` needs this or `imported_model`."""
    imported_model: ImportedModel | None = None
    """Weights of your own, imported for the dedicated endpoint."""
    minimum_commitment_acknowledged: bool = False
    """A hosting cluster is billed for 744 unit-hours at least, however soon it is destroyed.
    Must be true for `dedicated`."""
    private_access: PrivateAccess | None = None
    """A private address for the dedicated endpoint. Default: the region's public one."""
    content_safety: ContentSafety | None = None
    """Content moderation of the dedicated endpoint. Default: none, which is Oracle's own default."""
    api_key: SecretRef = SecretRef(env="OCI_GENAI_API_KEY")
    """A Generative AI API key made outside, in the same region and after the policy exists, or it stays
    refused for good. Default: expected in that variable where callers run."""
    managed_api_key: ManagedApiKey | None = None
    """Make the API key here, in place of `api_key`. Default: not made, since its value then passes the engine."""
    api_key_ids: Annotated[tuple[ApiKeyOcid, ...], AfterValidator(no_duplicates)] = Field(
        default=(), max_length=10
    )
    """API keys that the policy names, so that no other key of the compartment may call. Default: any key of the
    compartment, since a key must find its policy there when it is made; narrow once it exists."""
    callers: Annotated[tuple[CallerGroup, ...], AfterValidator(no_duplicates)] = Field(
        default=(), max_length=20
    )
    """IAM groups (name, `Domain/name` or OCID) whose people may make signed calls. Default: none."""
    workload_identity: WorkloadIdentity | None = None
    """Machines that may make signed calls. Default: none."""
    alerts: Alerts | None = None
    """Alarms for the dedicated endpoint; `throttled_requests` counts all client errors, since OCI has no count
    of 429 alone. Each address must confirm first. Default: none."""
    budget: Budget | None = None
    """A budget for the whole compartment, in the currency of the rate card whatever `currency` says.
    Default: none."""
    quota: Quota | None = None
    """A cap on what the compartment can take of Generative AI. Default: none."""
