"""Simulated identities, federations, role assignments and locks of Azure.

Sources: Azure Verified Modules for GUID names and locks (collected 2026-11-22); the 409 on parallel federated
credentials of one identity as bicep projects meet it (collected 2026-11-25). Guesses stand at their class.
"""

from __future__ import annotations

import re
from typing import Any

from .azure_arm import TENANT, ArmBehaviour, refuse_locked, subscription
from .behaviour import Behaviour, Env, Inputs, Resource, at, guid, known
from .errors import CloudError, Problem
from .state import Records

__all__ = ["FederatedIdentityCredential", "ManagementLock", "RoleAssignment", "UserAssignedIdentity"]

_GUID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")
_IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"


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

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:  # noqa: ARG002
        """A lock at its scope holds it too."""
        refuse_locked(record["id"], records)

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """As ARM answers."""
        return {"name": inputs.get("roleAssignmentName"), "type": "Microsoft.Authorization/roleAssignments"}


class FederatedIdentityCredential(ArmBehaviour):
    """A federation below an identity, one write at a time.

    Guesses: twenty at most; issuer and subject together may be named once per identity (`issuer and subject already used`).
    """

    arm_type = "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials"
    name_key = "federatedIdentityCredentialResourceName"
    limit = 20

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Below its identity."""
        return f"{self._identity(env, inputs)}/federatedIdentityCredentials/{inputs[self.name_key]}"

    def _identity(self, env: Env, inputs: Inputs) -> str:
        group = f"/subscriptions/{subscription(env)}/resourceGroups/{inputs.get('resourceGroupName')}"
        return (
            f"{group}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{inputs.get('resourceName')}"
        )

    def parent(self, env: Env, inputs: Inputs) -> str | None:
        """The identity."""
        return self._identity(env, inputs) if inputs.get("resourceName") else None

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """The identity must exist and have room."""
        super().admit(env, res, inputs, records)
        owner = self._identity(env, inputs).lower()
        if all(record["id"].lower() != owner for record in records.of_type(_IDENTITY)):
            raise CloudError(f"The identity '{owner}' was not found.", code="ResourceNotFound", status=404)
        others = [r for r in records.of_type(res.type) if r["id"].lower().startswith(f"{owner}/")]
        if len(others) >= self.limit:
            raise CloudError(
                f"An identity takes at most {self.limit} federated identity credentials.",
                code="BadRequest", status=400,
            )  # fmt: skip
        for other in others:
            if all(other["outputs"].get(key) == inputs.get(key) for key in ("issuer", "subject")):
                raise CloudError(
                    "Issuer and subject combination already exists for this Managed Identity.",
                    code="BadRequest", status=400,
                )  # fmt: skip


class ManagementLock(Behaviour):
    """A lock at a scope. What it does to others is in `azure_arm.refuse_locked`. Its level is changed in place."""

    name_key = "lockName"
    immutable = ("scope", "lockName")

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """The levels of the specification."""
        level = inputs.get("level")
        bad = known(level) and level not in ("CanNotDelete", "ReadOnly", "NotSpecified")
        return [Problem("level", "must be CanNotDelete or ReadOnly")] if bad else []

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Below its scope."""
        return (
            f"{str(inputs['scope']).rstrip('/')}/providers/Microsoft.Authorization/locks/{inputs['lockName']}"
        )

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """As ARM answers."""
        return {"name": inputs.get("lockName"), "type": "Microsoft.Authorization/locks"}
