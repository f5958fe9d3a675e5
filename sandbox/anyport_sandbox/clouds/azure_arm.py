"""What all simulated ARM resources share: ids, groups, names, locations."""

from __future__ import annotations

from typing import Any

from .behaviour import Behaviour, Env, Inputs, Resource, at
from .errors import CloudError
from .schema import arguments, shape_of
from .state import Records
from .wire import plain

__all__ = [
    "EXISTING_GROUP",
    "SUBSCRIPTION",
    "TENANT",
    "ArmBehaviour",
    "all_accounts",
    "invalid",
    "place",
    "refuse_locked",
    "subscription",
]

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
TENANT = "00000000-0000-0000-0000-00000000000a"
EXISTING_GROUP = "rg-platform"
"""A group that no program made: every simulated subscription comes with it, for programs that bring their own."""
_LOCK = "azure-native:authorization:ManagementLockByScope"
_GROUP = "azure-native:resources:ResourceGroup"
_ACCOUNT = "azure-native:cognitiveservices:Account"


def subscription(env: Env) -> str:
    """The provider's subscription, or the sandbox's own."""
    return str(env.config.get("subscriptionId") or SUBSCRIPTION)


def place(location: object) -> str:
    """`East US 2` and `eastus2` are one place to Azure."""
    return str(location or "").replace(" ", "").lower()


def all_accounts(records: Records) -> list[dict[str, Any]]:
    """Every live Cognitive Services account."""
    return records.of_type(_ACCOUNT)


def invalid(message: str) -> CloudError:
    """The answer to properties that do not go together."""
    return CloudError(message, code="InvalidResourceProperties", status=400)


def refuse_locked(identity: str, records: Records) -> None:
    """A lock stops the delete of its scope, of all below it, and of the group round it.

    Source: the code `ScopeLocked` (409) as Azure clients in public repositories handle it, for role assignments
    too (2026-11-25). That the group round it is held, and the wording, are guesses.

    Raises:
        CloudError: 409 `ScopeLocked`.
    """
    wanted = identity.lower()
    for lock in records.of_type(_LOCK):
        scope = str(at(plain(lock["inputs"]), "scope")).lower().rstrip("/")
        if lock["id"].lower() != wanted and (f"{wanted}/").startswith(f"{scope}/"):
            break
        if scope.startswith(f"{wanted}/"):
            break
    else:
        return
    raise CloudError(
        f"The scope '{identity}' cannot perform delete operation because following scope(s) are locked: '{scope}'. "
        "Please remove the lock and try again.",
        code="ScopeLocked", status=409,
    )  # fmt: skip


class ArmBehaviour(Behaviour):
    """A resource in a resource group. Group, location and name cannot be changed in place."""

    arm_type = ""
    immutable: tuple[str, ...] = ()

    def defaults(self, env: Env, res: Resource, news: Inputs, olds: Inputs) -> Inputs:
        """Autoname, and the provider's location where none is given."""
        filled = super().defaults(env, res, news, olds)
        arguments_class = arguments(res.type)
        has_location = arguments_class is not None and "location" in shape_of(arguments_class).fields
        if has_location and "location" not in news and env.config.get("location"):
            filled["location"] = env.config["location"]
        return filled

    def replaces(self, path: str) -> bool:
        """What is part of the id or the place, and what the type adds."""
        named = path in ("resourceGroupName", "location", "resourceName", self.name_key)
        return named or path == self._own_key() or super().replaces(path)

    def _own_key(self) -> str:
        kind = self.arm_type.rpartition("/")[2]
        return f"{kind.removesuffix('s')}Name"

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:
        """`/subscriptions/…/resourceGroups/…/providers/…/name`."""
        name = inputs.get(self._name_key(res) or "")
        group = inputs.get("resourceGroupName")
        if not name:
            return super().identify(env, res, inputs, records)
        head = f"/subscriptions/{subscription(env)}" + (f"/resourceGroups/{group}" if group else "")
        return f"{head}/providers/{self.arm_type}/{name}"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """The group must exist."""
        group = inputs.get("resourceGroupName")
        if not group or str(group).lower() == EXISTING_GROUP:
            return
        wanted = f"/subscriptions/{subscription(env)}/resourceGroups/{group}".lower()
        if all(record["id"].lower() != wanted for record in records.of_type(_GROUP)):
            raise CloudError(
                f"Resource group '{group}' could not be found.", code="ResourceGroupNotFound", status=404
            )

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:  # noqa: ARG002
        """Nothing goes while a lock holds it."""
        refuse_locked(record["id"], records)

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """Name and ARM type, as every ARM answer has them."""
        return {"name": inputs.get(self._name_key(res) or "") or identity, "type": self.arm_type}
