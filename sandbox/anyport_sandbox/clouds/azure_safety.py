"""Simulated content filters (RAI policies) of an Azure OpenAI account.

Source: tokens of the CognitiveServices specification (2025-06-01, collected 2026-11-22). Guesses: the base policies
are the two that were seen; a deployment that names a missing policy is refused with the code for wrong
properties; the names `Microsoft.*` always exist.
"""

from __future__ import annotations

from typing import Any

from .azure_arm import ArmBehaviour, all_accounts, invalid, subscription
from .behaviour import Env, Inputs, Resource, at, known
from .errors import CloudError, Problem
from .state import Records

__all__ = ["RaiPolicy", "admit_policy"]

_POLICY = "azure-native:cognitiveservices:RaiPolicy"
_TOKENS = {
    "severityThreshold": ("Low", "Medium", "High"),
    "source": ("Prompt", "Completion", "PreToolCall", "PostToolCall", "PreRun", "PostRun"),
}
_MODES = ("Default", "Blocking", "Asynchronous_filter", "Deferred")
_BASES = ("Microsoft.Default", "Microsoft.DefaultV2")


class RaiPolicy(ArmBehaviour):
    """A policy below an account, which it keeps busy like a deployment does."""

    arm_type = "Microsoft.CognitiveServices/accounts/raiPolicies"
    name_key = "raiPolicyName"
    immutable = ("accountName", "raiPolicyName")

    def _account(self, env: Env, inputs: Inputs) -> str:
        group = f"/subscriptions/{subscription(env)}/resourceGroups/{inputs.get('resourceGroupName')}"
        return f"{group}/providers/Microsoft.CognitiveServices/accounts/{inputs.get('accountName')}"

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Below its account."""
        return f"{self._account(env, inputs)}/raiPolicies/{inputs['raiPolicyName']}"

    def parent(self, env: Env, inputs: Inputs) -> str | None:
        """The account."""
        return self._account(env, inputs) if inputs.get("accountName") else None

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """The tokens, which the SDK leaves open."""
        problems = []
        for key, allowed in (("mode", _MODES), ("basePolicyName", _BASES)):
            value = at(inputs, f"properties.{key}")
            if known(value) and value not in allowed:
                problems.append(Problem(f"properties.{key}", f"must be one of {', '.join(allowed)}"))
        for index, row in enumerate(at(inputs, "properties.contentFilters", [])):
            problems += [
                Problem(f"properties.contentFilters[{index}].{key}", f"must be one of {', '.join(allowed)}")
                for key, allowed in _TOKENS.items()
                if known(row.get(key)) and row[key] not in allowed
            ]
        return problems

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """The account must exist."""
        super().admit(env, res, inputs, records)
        wanted = self._account(env, inputs).lower()
        if all(account["id"].lower() != wanted for account in all_accounts(records)):
            raise CloudError(f"The account '{wanted}' was not found.", code="ResourceNotFound", status=404)

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:
        """Guess: a policy that a deployment names cannot go."""
        super().release(env, record, records)
        account, _, name = record["id"].lower().rpartition("/raipolicies/")
        for other in records.of_type("azure-native:cognitiveservices:Deployment"):
            used = str(at(other["inputs"], "properties.raiPolicyName")).lower() == name
            if used and other["id"].lower().startswith(f"{account}/"):
                raise CloudError(
                    f"The policy is in use by '{other['id']}'.", code="RaiPolicyInUse", status=409
                )


def admit_policy(account: str, inputs: Inputs, records: Records) -> None:
    """Refuse a deployment whose filter does not exist.

    Raises:
        CloudError: 400 `InvalidResourceProperties`.
    """
    name = at(inputs, "properties.raiPolicyName")
    if not name or str(name).startswith("Microsoft."):
        return
    wanted = f"{account}/raiPolicies/{name}".lower()
    if all(record["id"].lower() != wanted for record in records.of_type(_POLICY)):
        raise invalid(f"The RAI policy '{name}' does not exist in this account; create it first.")
