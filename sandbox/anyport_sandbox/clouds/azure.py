"""The simulated Azure Resource Manager, for the resource types an Azure OpenAI endpoint needs.

Sources (collected 2026-11-22): REST shapes and states from the CognitiveServices specifications
(2025-06-01); errors as met in azurerm #22607, pulumi-azure-native #2529, azure-search-openai-demo #2091 and
bicep-registry-modules #450. An existing id fails the create, as pulumi-azure-native does after its GET.
Guesses: outputs of types other than those written out here; a replacement that keeps its name deletes first.
"""

from __future__ import annotations

from typing import Any

from .azure_access import (
    FederatedIdentityCredential,
    ManagementLock,
    RoleAssignment,
    UserAssignedIdentity,
)
from .azure_ai import Account, Deployment, list_account_keys
from .azure_arm import TENANT, ArmBehaviour, all_accounts, subscription
from .azure_network import DnsZone, DnsZoneGroup, DnsZoneLink, PrivateEndpoint
from .azure_safety import RaiPolicy
from .azure_watching import ActionGroup, Budget, DiagnosticSetting, MetricAlert
from .behaviour import Env, Inputs, Resource, guid
from .errors import CloudError
from .operations import Package
from .state import Records

__all__ = ["PACKAGE"]


class ResourceGroup(ArmBehaviour):
    """A group takes everything in it along when it goes; its accounts are soft-deleted."""

    arm_type = "Microsoft.Resources/resourceGroups"

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Groups have a path of their own."""
        return f"/subscriptions/{subscription(env)}/resourceGroups/{inputs['resourceGroupName']}"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """A group needs no group; only the location is not optional in fact."""
        if not inputs.get("location"):
            raise CloudError("The 'location' property is required.", code="LocationRequired", status=400)

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:
        """As ARM answers."""
        return {
            **super().outputs(env, res, identity, inputs),
            "properties": {"provisioningState": "Succeeded"},
        }

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:
        """Delete the contents."""
        super().release(env, record, records)
        prefix = record["id"].lower() + "/"
        for account in all_accounts(records):
            if account["id"].lower().startswith(prefix):
                Account().release(env, account, records)
        for key in [k for k, r in records.resources.items() if r["id"].lower().startswith(prefix)]:
            records.resources.pop(key, None)


class AnyArm(ArmBehaviour):
    """Every other type: an ARM id guessed from its name, the group must exist, inputs come back."""

    def __init__(self, token: str) -> None:
        _, module, kind = token.split(":")
        self.arm_type = f"Microsoft.{module.capitalize()}/{kind[:1].lower()}{kind[1:]}s"


def _client_config(env: Env, records: Records, arguments: Inputs) -> Inputs:  # noqa: ARG001
    return {
        "subscriptionId": subscription(env),
        "tenantId": TENANT,
        "clientId": guid("sandbox", "client"),
        "objectId": guid("sandbox", "object"),
    }


def _busy(parent: str) -> CloudError:
    if "/userAssignedIdentities/" in parent:
        return CloudError(
            f"Too many Federated Identity Credentials are written concurrently for the managed identity '{parent}'.",
            code="ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity",
            status=409,
        )
    return CloudError(
        f"Another operation is being performed on the parent resource '{parent}'. Please try again later.",
        code="RequestConflict",
        status=409,
    )


PACKAGE = Package(
    name="azure-native",
    behaviours={
        "azure-native:resources:ResourceGroup": ResourceGroup(),
        "azure-native:managedidentity:UserAssignedIdentity": UserAssignedIdentity(),
        "azure-native:cognitiveservices:Account": Account(),
        "azure-native:cognitiveservices:Deployment": Deployment(),
        "azure-native:cognitiveservices:RaiPolicy": RaiPolicy(),
        "azure-native:authorization:RoleAssignment": RoleAssignment(),
        "azure-native:authorization:ManagementLockByScope": ManagementLock(),
        "azure-native:managedidentity:FederatedIdentityCredential": FederatedIdentityCredential(),
        "azure-native:network:PrivateEndpoint": PrivateEndpoint(),
        "azure-native:network:PrivateDnsZoneGroup": DnsZoneGroup(),
        "azure-native:privatedns:PrivateZone": DnsZone(),
        "azure-native:privatedns:VirtualNetworkLink": DnsZoneLink(),
        "azure-native:monitor:DiagnosticSetting": DiagnosticSetting(),
        "azure-native:monitor:ActionGroup": ActionGroup(),
        "azure-native:monitor:MetricAlert": MetricAlert(),
        "azure-native:consumption:Budget": Budget(),
    },
    fallback=AnyArm,
    invokes={
        "azure-native:authorization:getClientConfig": _client_config,
        "azure-native:cognitiveservices:listAccountKeys": list_account_keys,
    },
    busy=_busy,
)
