"""Options of an Azure OpenAI target, and what its deployment kinds mean."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ..options import Capability, ProviderTraits, TargetOptions

__all__ = ["SKU_OF_KIND", "TRAITS", "AzureOpenaiOptions"]

SKU_OF_KIND = {
    "standard": "Standard",
    "datazone": "DataZoneStandard",
    "global": "GlobalStandard",
    "ptu": "ProvisionedManaged",
}
"""Catalog kind → SKU name of the deployment."""

Uuid = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]


class AzureOpenaiOptions(TargetOptions):
    """Options of an Azure OpenAI target."""

    subscription_id: Uuid | None = None
    """Subscription that holds the account. Default: the Azure provider's own (`azure-native:subscriptionId`)."""
    deployment_kind: Literal["standard", "datazone", "global", "ptu"] | None = None
    """Where inference may run: `standard` in the region, `datazone` in the US or EU zone, `global` anywhere,
    `ptu` on provisioned throughput (the catalog does not know its reach, so it has no failure domain).
    Default: the most confined pay-per-token kind on offer,
    because only a regional kind has a failure domain."""
    capacity: int | None = Field(default=None, ge=1)
    """Thousands of tokens per minute, or PTUs for `ptu`. Default: the endpoint's traffic, or 10."""
    principal_ids: tuple[Uuid, ...] = ()
    """Object ids that may call the endpoint, besides the identity made for it."""
    public_network_access_enabled: bool = True
    """Whether the account answers on the public network (callers still need an Entra token)."""


def _kind(options: TargetOptions, offered: tuple[str, ...]) -> tuple[str, str]:
    asked = options.deployment_kind if isinstance(options, AzureOpenaiOptions) else None
    if asked:
        if offered and asked not in offered:
            return "", f"deployment_kind {asked} is not offered; offered: {', '.join(offered)}"
        note = "" if offered else f"the catalog does not know the deployment kinds here; {asked} is as asked"
        return asked, note
    if not offered:
        return (
            "standard",
            "the catalog does not know the deployment kinds here; standard (regional) is assumed, confirm it with the live API",
        )
    for kind in ("standard", "datazone", "global"):
        if kind in offered:
            note = (
                ""
                if kind == "standard"
                else f"no regional pay-per-token kind is listed, so {kind} is used: it has no failure domain"
            )
            return kind, note
    return "", "only provisioned throughput is offered; say deployment_kind: ptu and a capacity"


TRAITS = ProviderTraits(
    name="azure_openai",
    options=AzureOpenaiOptions,
    component="AzureOpenaiTarget",
    kind=_kind,
    auth="entra",
    capabilities={
        "keyless": Capability(True),
        "tags": Capability(True),
        "regional": Capability(True, "standard deployments only"),
    },
)
