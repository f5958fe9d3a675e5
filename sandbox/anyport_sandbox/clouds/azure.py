"""The simulated Azure Resource Manager, for the resource types an Azure OpenAI endpoint needs.

Sources (collected 2026-11-22): REST shapes and states from the CognitiveServices specifications
(2025-06-01); errors as met in azurerm #22607, pulumi-azure-native #2529, azure-search-openai-demo #2091 and
bicep-registry-modules #450. An existing id fails the create, as pulumi-azure-native does after its GET.
Guesses: outputs of types other than those written out here; a replacement that keeps its name deletes first.
"""

from __future__ import annotations

import re
from typing import Any

from .azure_ai import Account, Deployment, list_account_keys
from .azure_arm import TENANT, ArmBehaviour, all_accounts, subscription
from .behaviour import Behaviour, Env, Inputs, Resource, at, guid, known
from .errors import CloudError, Problem
from .operations import Package
from .state import Records

__all__ = ["PACKAGE"]

_GUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


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
        prefix = record["id"].lower() + "/"
        for account in all_accounts(records):
            if account["id"].lower().startswith(prefix):
                Account().release(env, account, records)
        for key in [k for k, r in records.resources.items() if r["id"].lower().startswith(prefix)]:
            records.resources.pop(key, None)


class UserAssignedIdentity(ArmBehaviour):
    """An identity with ids of its own."""

    arm_type = "Microsoft.ManagedIdentity/userAssignedIdentities"
    name_key = "resourceName"

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:
        """Principal, client and tenant, made from the id."""
        return {
            **super().outputs(env, res, identity, inputs),
            "principalId": guid("principal", identity.lower()),
            "clientId": guid("client", identity.lower()),
            "tenantId": TENANT,
        }


class RoleAssignment(Behaviour):
    """A role for a principal at a scope. Azure wants a GUID for a name, whatever the program prefers.

    Guess: the second assignment of one role to one principal at one scope is `RoleAssignmentExists`. Not
    simulated: the minutes until a new principal is known everywhere.
    """

    name_key = "roleAssignmentName"
    immutable = (
        "scope",
        "principalId",
        "roleDefinitionId",
        "roleAssignmentName",
        "principalType",
        "condition",
    )

    def autoname(self, res: Resource) -> str:
        """The provider makes up a GUID."""
        return guid(res.urn, res.seed)

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """GUIDs where GUIDs belong."""
        return [
            Problem(key, "must be a GUID")
            for key in ("roleAssignmentName", "principalId")
            if known(inputs.get(key)) and not _GUID.match(inputs[key])
        ]

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Below its scope."""
        scope = str(inputs["scope"]).rstrip("/")
        return f"{scope}/providers/Microsoft.Authorization/roleAssignments/{inputs['roleAssignmentName']}"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """One assignment per scope, principal and role."""
        key = [str(inputs.get(part)).lower() for part in ("scope", "principalId", "roleDefinitionId")]
        for other in records.of_type(res.type):
            have = [
                str(at(other["outputs"], part)).lower()
                for part in ("scope", "principalId", "roleDefinitionId")
            ]
            if have == key:
                raise CloudError(
                    "The role assignment already exists.", code="RoleAssignmentExists", status=409
                )

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """As ARM answers."""
        return {"name": inputs.get("roleAssignmentName"), "type": "Microsoft.Authorization/roleAssignments"}


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
        "azure-native:authorization:RoleAssignment": RoleAssignment(),
    },
    fallback=AnyArm,
    invokes={
        "azure-native:authorization:getClientConfig": _client_config,
        "azure-native:cognitiveservices:listAccountKeys": list_account_keys,
    },
    busy=_busy,
)
