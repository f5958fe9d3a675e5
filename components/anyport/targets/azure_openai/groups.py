"""Groups of Azure OpenAI options. Limits and tokens as in pulumi-azure-native 3.29 and Azure Verified Modules."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from ..options import OptionGroup

__all__ = [
    "DNS_ZONES",
    "ROLES",
    "ArmId",
    "Caller",
    "ContentSafety",
    "CustomerManagedKey",
    "Diagnostics",
    "Ipv4",
    "PrivateAccess",
    "RoleName",
    "Severities",
    "Spillover",
    "Uuid",
    "WorkloadIdentity",
]

ROLES = {
    "Cognitive Services OpenAI User": "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd",
    "Cognitive Services OpenAI Contributor": "a001fd3d-188f-4b5d-821b-7da978bf7442",
    "Cognitive Services User": "a97b65f3-24c7-4388-baec-2e87135dc908",
    "Cognitive Services Contributor": "25fbc0a9-bd7c-42a3-aa1a-3b75d497ee68",
    "Foundry User": "53ca6127-db72-4b80-b1b0-d745d6d5456d",
    "Reader": "acdd72a7-3385-48ef-bd42-f606fba81ae7",
}
"""Role name → GUID of its definition, the same in every tenant (Azure Verified Modules, 2026-08-07)."""

DNS_ZONES = (
    "privatelink.cognitiveservices.azure.com",
    "privatelink.openai.azure.com",
    "privatelink.services.ai.azure.com",
)
"""The three names of an AIServices account in the public cloud (Azure Verified Modules, 2026-08-07)."""

RoleName = Literal[
    "Cognitive Services OpenAI User",
    "Cognitive Services OpenAI Contributor",
    "Cognitive Services User",
    "Cognitive Services Contributor",
    "Foundry User",
    "Reader",
]
Uuid = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
_GROUP = r"^/subscriptions/[0-9a-fA-F-]{36}/resourceGroups/[^/]+/providers/"
ArmId = Annotated[str, StringConstraints(pattern=_GROUP + r"[^/]+(/[^/]+/[^/]+)+$")]
SubnetId = Annotated[
    str, StringConstraints(pattern=_GROUP + r"Microsoft\.Network/virtualNetworks/[^/]+/subnets/[^/]+$")
]
ZoneId = Annotated[
    str, StringConstraints(pattern=_GROUP + r"Microsoft\.Network/privateDnsZones/privatelink\.[a-z.]+$")
]
IdentityId = Annotated[
    str, StringConstraints(pattern=_GROUP + r"Microsoft\.ManagedIdentity/userAssignedIdentities/[^/]+$")
]


def _ipv4(text: str) -> str:
    try:
        IPv4Network(text)
    except ValueError as error:
        raise ValueError(f"must be an IPv4 address or range such as 203.0.113.0/24: {error}") from error
    return text


Ipv4 = Annotated[str, AfterValidator(_ipv4)]


class Spillover(OptionGroup):
    """A pay-per-token deployment in the same account that takes what the provisioned one cannot: it answers on
    429, 400 for a long context, 500 and 503 (Microsoft's spillover page, 2026-03-04).
    """

    deployment_kind: Literal["standard", "datazone", "global"]
    """Where spilled calls may be answered. No default: it decides about residency."""
    capacity: int | None = Field(default=None, ge=1)
    """Thousands of tokens per minute. Default: the endpoint's traffic, or 10."""


class Severities(OptionGroup):
    """From which severity a category is blocked. Default `medium` both ways, a guess at Microsoft's own;
    `off` lets everything pass and may need Microsoft's approval first.
    """

    prompt: Literal["low", "medium", "high", "off"] = "medium"
    """In what callers send. `low` blocks the most."""
    completion: Literal["low", "medium", "high", "off"] = "medium"
    """In what the model answers."""


class ContentSafety(OptionGroup):
    """A content filter (RAI policy) of the target's own. Without this group Microsoft's default policy holds."""

    base_policy: Literal["Microsoft.Default", "Microsoft.DefaultV2"] = "Microsoft.DefaultV2"
    """Policy that fills in what is not said here."""
    mode: Literal["default", "blocking", "asynchronous", "deferred"] = "default"
    """`asynchronous` streams first and filters after: less delay, but callers may see what is then withdrawn."""
    hate: Severities = Severities()
    """Hate and fairness."""
    sexual: Severities = Severities()
    """Sexual content."""
    violence: Severities = Severities()
    """Violence."""
    self_harm: Severities = Severities()
    """Self-harm."""
    jailbreak: Literal["block", "annotate", "off"] = "block"
    """Prompt shield against attacks by the user. `annotate` reports and lets pass."""
    indirect_attack: Literal["block", "annotate", "off"] = "off"
    """Prompt shield against instructions hidden in documents. Off by default: it needs prompts
    that mark their documents (a guess)."""
    protected_text: Literal["block", "annotate", "off"] = "block"
    """Known texts, such as lyrics, in answers."""
    protected_code: Literal["block", "annotate", "off"] = "annotate"
    """Known code in answers. Only annotated by default: blocking breaks code assistants."""
    blocklists: tuple[Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")], ...] = ()
    """Names of blocklists that exist in the account, applied to prompts and answers."""


class PrivateAccess(OptionGroup):
    """A private endpoint, made after the last deployment: earlier the account is still busy and Azure answers
    `AccountProvisioningStateInvalid`.
    """

    subnet_id: SubnetId
    """Subnet that holds the endpoint. An AIServices account takes three addresses of it."""
    location: str | None = None
    """Region of the subnet's network. Default: the target's region."""
    dns: Literal["create", "existing", "none"] = "create"
    """`create` makes the three zones and links the subnet's network; a network takes each zone name once, so
    several targets in one network need `existing`. `none`: somebody else (an Azure Policy) writes the records."""
    zone_ids: tuple[ZoneId, ...] = ()
    """The three existing zones, for `dns: existing`."""


class Caller(OptionGroup):
    """Somebody who may call the endpoint, besides the identity made for it."""

    principal_id: Uuid
    """Object id in Entra (not the client id)."""
    principal_type: Literal["ServicePrincipal", "User", "Group"] = "ServicePrincipal"
    """Said so that Azure does not look the principal up, which fails for a new one. Managed identities are
    service principals."""
    role: RoleName | None = None
    """Default: the least role that can call the model, by its format."""


class WorkloadIdentity(OptionGroup):
    """Lets a workload elsewhere act as the target's caller identity, without a secret (federation)."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{2,119}$")]
    """Name of the credential, 3 to 120 characters."""
    issuer: Annotated[str, StringConstraints(pattern=r"^https://[^\s]+$")]
    """Issuer of the workload's token, exactly as in its `iss` claim."""
    subject: Annotated[str, StringConstraints(min_length=1, max_length=600)]
    """Subject of the token, such as `system:serviceaccount:NAMESPACE:NAME`."""
    audience: str = "api://AzureADTokenExchange"
    """Audience of the token. Default: the one that Entra recommends."""


class CustomerManagedKey(OptionGroup):
    """Encryption of what the account stores with a key of your own. The identity must be able to use the key
    before the account is made, so both exist already.
    """

    key_vault_uri: Annotated[
        str, StringConstraints(pattern=r"^https://[A-Za-z0-9-]+\.(vault|managedhsm)\.azure\.net/?$")
    ]
    """Key Vault or managed HSM."""
    key_name: str = Field(min_length=1, max_length=127)
    """Name of the key."""
    key_version: str = Field(min_length=1)
    """Version of the key: said, so that a rotation is a reviewed change."""
    identity_id: IdentityId
    """User-assigned identity that may use the key; the account gets it too."""
    identity_client_id: Uuid
    """Client id of that identity."""


class Diagnostics(OptionGroup):
    """Request and audit logs, and metrics, to sinks of yours. That prompts and answers are not in them is a guess."""

    workspace_id: ArmId | None = None
    """Log Analytics workspace."""
    storage_account_id: ArmId | None = None
    """Storage account."""
    event_hub_rule_id: ArmId | None = None
    """Authorization rule of an event hub namespace."""
    event_hub_name: str | None = Field(default=None, min_length=1)
    """Event hub in that namespace. Default: one per category, made by Azure."""
    metrics: bool = True
    """Whether metrics go there too. Default on: they then outlive Azure's own retention."""
