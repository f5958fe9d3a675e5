"""The options of an Azure OpenAI target: their forms, defaults and reasons."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from ..options import TargetOptions
from ..shared_options import Alerts, Budget
from .groups import (
    Caller,
    ContentSafety,
    CustomerManagedKey,
    Diagnostics,
    IdentityId,
    Ipv4,
    PrivateAccess,
    Spillover,
    Uuid,
    WorkloadIdentity,
)

__all__ = ["AzureOpenaiOptions"]

AccountName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,62}[a-z0-9]$")]
GroupName = Annotated[str, StringConstraints(pattern=r"^[\w.()-]{0,89}[\w()-]$")]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+\.[A-Za-z]{2,}$")]


class AzureOpenaiOptions(TargetOptions):
    """Options of an Azure OpenAI target."""

    subscription_id: Uuid | None = None
    """Subscription that holds the account. Default: the Azure provider's own (`azure-native:subscriptionId`)."""
    resource_group: GroupName | None = None
    """An existing resource group in that subscription. Default: one is made, so that a budget and a clean-up have
    a border."""
    account_name: AccountName | None = None
    """Name and custom subdomain of the account, unique in the world. Default: from endpoint, target and a stable
    hash. A new name is the way out while Azure holds a deleted one (48 h); it replaces the account."""
    restore: bool = False
    """Revive the soft-deleted account of this name, where Azure answers `FlagMustBeSetForRestore`. Default off:
    it fails when there is nothing to revive. Take it off again afterwards."""
    identity_ids: tuple[IdentityId, ...] = ()
    """User-assigned identities that the account acts with; their roles survive a re-created account. Default: an
    identity of the account's own, which has no role."""
    deployment_kind: Literal["standard", "datazone", "global", "ptu", "datazone_ptu", "global_ptu"] | None = (
        None
    )
    """Where inference may run: `standard` in the region, `datazone` in the US or EU zone, `global` anywhere; the
    same on provisioned throughput: `ptu`, `datazone_ptu`, `global_ptu`. Batch deployments answer no calls and are
    not targets. Default: the most confined pay-per-token kind on offer, because only a regional kind has a
    failure domain."""
    capacity: int | None = Field(default=None, ge=1)
    """Thousands of tokens per minute; PTUs for the provisioned kinds, which must say it. Default: the endpoint's
    traffic, or 10."""
    spillover: Spillover | None = None
    """What takes the calls a provisioned deployment cannot. Default: nothing, callers get the 429."""
    version_upgrade: Literal["never", "on_new_default", "on_expiry"] = "never"
    """Whether Azure may move the deployment to another model version by itself: soon after a new default, or when
    its own retires. Default `never`: the version is what was reviewed, and the retirement rules watch its end.
    With the other two the version is no longer watched for drift. Only for pay-per-token kinds."""
    content_safety: ContentSafety | None = None
    """A content filter of the target's own. Default: Microsoft's."""
    public_network_access: bool | None = None
    """Whether the account answers on the public network (callers still need an Entra token). Default: yes, but no
    with `private_access`; without either, nobody could call it."""
    allowed_ips: tuple[Ipv4, ...] = ()
    """Public addresses that may call; all others are refused. Default: any."""
    trusted_azure_services: bool = False
    """Whether Microsoft's own trusted services pass the network rules. Default off: nothing here needs it."""
    private_access: PrivateAccess | None = None
    """A private endpoint. Default: none."""
    restrict_outbound: bool = True
    """Whether the account may fetch from listed hosts only. Default on: a chat model fetches nothing by itself;
    calls that pass an image by URL need its host listed."""
    allowed_outbound_hosts: tuple[Host, ...] = ()
    """Hosts that the account may fetch from."""
    callers: tuple[Caller, ...] = ()
    """Who may call the endpoint, besides the identity made for it."""
    workload_identity: tuple[WorkloadIdentity, ...] = Field(default=(), max_length=20)
    """Workloads that may act as the identity made for callers; 20 at most, a limit from memory that the
    sources here do not state."""
    customer_managed_key: CustomerManagedKey | None = None
    """Encryption with a key of your own. Default: Microsoft's key."""
    diagnostics: Diagnostics | None = None
    """Where logs go. Default: nowhere."""
    alerts: Alerts | None = None
    """When to write to whom. Default: never."""
    budget: Budget | None = None
    """Budget of the resource group, or of the account alone in an existing group, in the currency of the billing
    account. Default: none."""
    lock: bool = False
    """A `CanNotDelete` lock on the account, against the portal and other tools. Default off: it also stops this
    program from removing a deployment until an update has taken the lock off."""
