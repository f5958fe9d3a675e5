"""What Azure OpenAI says about itself to the spec and the planner."""

from __future__ import annotations

from ..options import Capability, ProviderTraits
from .fields import AzureOpenaiOptions
from .kinds import SKU_OF_KIND, choose_kind
from .refusals import refuse
from .together import claims

__all__ = ["SKU_OF_KIND", "TRAITS", "AzureOpenaiOptions"]

TRAITS = ProviderTraits(
    name="azure_openai",
    options=AzureOpenaiOptions,
    component="AzureOpenaiTarget",
    kind=choose_kind,
    auth="entra",
    refuse=refuse,
    claims=claims,
    capabilities={
        "regional": Capability(True, "`standard` and `ptu`; the other kinds have no failure domain"),
        "region_fallback": Capability(
            False, "a global or data-zone deployment fails with the region its calls are sent to"
        ),
        "identity": Capability(
            True, "a user-assigned identity with the inference role; `callers` for others, by role name"
        ),
        "keyless": Capability(True, "keys are off, Entra tokens only"),
        "workload_identity": Capability(True, "federated credentials on the caller identity"),
        "network": Capability(True, "`public_network_access`, `allowed_ips`, outbound hosts"),
        "private_access": Capability(
            True, "private endpoint, made after the last deployment, and its DNS zones"
        ),
        "customer_managed_key": Capability(True, "Key Vault or managed HSM, through an identity of yours"),
        "content_safety": Capability(True, "an RAI policy of the target's own"),
        "alerts": Capability(True, "metric alerts and an action group"),
        "diagnostics": Capability(True, "workspace, storage account or event hub"),
        "budget": Capability(True, "of the resource group"),
        "quota": Capability(
            False,
            "`capacity` takes from the subscription's quota; more is only to be had by asking Microsoft",
        ),
        "tags": Capability(True),
        "version_pinning": Capability(True, "`version_upgrade: never` is the default"),
        "deletion_protection": Capability(True, "protect, and `lock` against other tools"),
        "drift": Capability(True, "all but `restore`, which Azure never returns"),
    },
)
