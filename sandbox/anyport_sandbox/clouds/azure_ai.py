"""Simulated Azure OpenAI: accounts that stay soft-deleted for 48 h, deployments one at a time.

Sources (collected 2026-11-22): name and subdomain are held 48 h after a delete (aspire #16102, azurerm #25222),
`FlagMustBeSetForRestore` (pulumi-azure-native #2529), `RequestConflict` (azurerm #22607), `DeploymentModelNotSupported` and `ServiceModelDeprecating`
(bicep-registry-modules #450, #7205).
A spillover target is a standard deployment of the same account (Microsoft's spillover page, 2026-03-04).
Guesses: nothing is refused for a version the catalog does not name; `CustomDomainInUse` wording; when and how a
wrong spillover target is refused; a restored account comes back without its deployments; restoring an account
that was never deleted makes it.
"""

from __future__ import annotations

import re
from typing import Any

from .azure_arm import (
    TENANT,
    ArmBehaviour,
    all_accounts,
    invalid,
    place,
    subscription,
)
from .azure_quota import admit_quota, held_by
from .azure_safety import admit_policy
from .behaviour import Env, Inputs, Resource, at, digest, guid, known
from .catalog import Offered, offered
from .errors import CloudError, Problem
from .state import Records
from .wire import plain, seal

__all__ = ["Account", "Deployment", "list_account_keys"]

_NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,63}$")
_HELD_SECONDS = 48 * 3600
_PROVISIONED = ("ProvisionedManaged", "DataZoneProvisionedManaged", "GlobalProvisionedManaged")
_BATCH = ("GlobalBatch", "DataZoneBatch")
_DEPLOYMENT = "azure-native:cognitiveservices:Deployment"
_STANDARD = ("Standard", "DataZoneStandard", "GlobalStandard")
_ACCOUNT_TYPE = "Microsoft.CognitiveServices/accounts"


class Account(ArmBehaviour):
    """A Cognitive Services account."""

    arm_type = _ACCOUNT_TYPE
    name_key = "accountName"
    immutable = ("accountName", "properties.customSubDomainName")

    def parent(self, env: Env, inputs: Inputs) -> str | None:
        """Itself: an account that is being changed takes no deployment meanwhile."""
        return _account_id(env, inputs) if inputs.get("accountName") else None

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """The name pattern of the specification."""
        name = inputs.get("accountName")
        bad = known(name) and not _NAME.match(str(name))
        return [Problem("accountName", "must be 2 to 64 letters, digits, `_`, `.` or `-`, not starting with one of the last three")] if bad else []  # fmt: skip

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """Group, soft-deleted namesakes, the subdomain."""
        super().admit(env, res, inputs, records)
        identity = self.identify(env, res, inputs, records)
        self._admit_restore(env, identity, inputs, records)
        subdomain = at(inputs, "properties.customSubDomainName")
        if at(inputs, "properties.networkAcls") and not subdomain:
            raise invalid("Network rules need a custom subdomain; set properties.customSubDomainName.")
        if subdomain:
            _admit_subdomain(str(subdomain), identity, records)

    def _admit_restore(self, env: Env, identity: str, inputs: Inputs, records: Records) -> None:
        _forget_purged(env, records)
        if identity.lower() not in records.deleted:
            return
        if at(inputs, "properties.restore") is not True:
            raise CloudError(
                f"An existing resource with ID '{identity}' has been soft-deleted. To restore the resource, you must "
                "specify 'restore' to be 'true' in the property. If you don't want to restore existing resource, "
                "please purge it first.",
                code="FlagMustBeSetForRestore", status=409,
            )  # fmt: skip
        del records.deleted[identity.lower()]

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:
        """Endpoints from subdomain and kind, the identity's ids."""
        subdomain = at(inputs, "properties.customSubDomainName")
        suffix = "openai.azure.com" if inputs.get("kind") == "OpenAI" else "cognitiveservices.azure.com"
        host = (
            f"{subdomain}.{suffix}"
            if subdomain
            else f"{place(inputs.get('location'))}.api.cognitive.microsoft.com"
        )
        openai = f"https://{subdomain}.openai.azure.com/" if subdomain else f"https://{host}/"
        computed = {
            **super().outputs(env, res, identity, inputs),
            "properties": {
                "endpoint": f"https://{host}/",
                "endpoints": {"OpenAI Language Model Instance API": openai},
                "provisioningState": "Succeeded",
                "internalId": digest("account", identity.lower())[:32],
                "isMigrated": False,
            },
        }
        if isinstance(inputs.get("identity"), dict):
            computed["identity"] = _identity(identity, inputs["identity"])
        return computed

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:
        """Deployments go; the account's name and subdomain, and its quota, stay taken for 48 h."""
        super().release(env, record, records)
        quota = held_by(record, records)
        prefix = record["id"].lower() + "/"
        for key in [k for k, r in records.resources.items() if r["id"].lower().startswith(prefix)]:
            records.resources.pop(key)
        subdomain = at(plain(record["inputs"]), "properties.customSubDomainName")
        records.deleted[record["id"].lower()] = {
            "at": env.clock.now().timestamp(), "subdomain": subdomain, "quota": quota,
        }  # fmt: skip


def _identity(account: str, given: Inputs) -> Inputs:
    computed: Inputs = {}
    if "SystemAssigned" in str(given.get("type")):
        computed = {"principalId": guid("principal", account.lower()), "tenantId": TENANT}
    named = given.get("userAssignedIdentities")
    if isinstance(named, list):
        computed["userAssignedIdentities"] = {
            str(one): {
                "principalId": guid("principal", str(one).lower()),
                "clientId": guid("client", str(one).lower()),
            }
            for one in named
        }
    return computed


def _forget_purged(env: Env, records: Records) -> None:
    limit = env.clock.now().timestamp() - _HELD_SECONDS
    for identity in [i for i, gone in records.deleted.items() if gone["at"] < limit]:
        del records.deleted[identity]


def _admit_subdomain(subdomain: str, identity: str, records: Records) -> None:
    taken = {
        r["id"].lower(): at(plain(r["inputs"]), "properties.customSubDomainName")
        for r in all_accounts(records)
    }
    taken.update({gone: row.get("subdomain") for gone, row in records.deleted.items()})
    for owner, name in taken.items():
        if owner != identity.lower() and str(name or "").lower() == subdomain.lower():
            raise CloudError(
                f"The subdomain name '{subdomain}' is already used. Please pick a different name.",
                code="CustomDomainInUse", status=409,
            )  # fmt: skip


class Deployment(ArmBehaviour):
    """A model deployment in an account; the account does one such thing at a time."""

    arm_type = f"{_ACCOUNT_TYPE}/deployments"
    name_key = "deploymentName"
    immutable = ("accountName", "deploymentName")

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Below the account."""
        return f"{_account_id(env, inputs)}/deployments/{inputs['deploymentName']}"

    def parent(self, env: Env, inputs: Inputs) -> str | None:
        """The account."""
        return _account_id(env, inputs)

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """Group, account, SKU, model, region, retirement, quota, spillover, filter, in that order."""
        super().admit(env, res, inputs, records)
        self._admit_model(env, inputs, records, "")

    def admit_update(
        self,
        env: Env,
        res: Resource,  # noqa: ARG002
        inputs: Inputs,
        record: dict[str, Any],
        records: Records,
    ) -> None:
        """The same, not counting what this deployment holds already."""
        self._admit_model(env, inputs, records, record["id"])

    def _admit_model(self, env: Env, inputs: Inputs, records: Records, own: str) -> None:
        account = _account(env, inputs, records)
        sku, capacity = at(inputs, "sku.name"), at(inputs, "sku.capacity")
        if not sku or not capacity:
            raise invalid(
                "The sku of model deployment is not provided: sku.name and sku.capacity are needed."
            )
        location = place(at(plain(account["inputs"]), "location"))
        _admit_offer(env, inputs, str(sku), location)
        _forget_purged(env, records)
        admit_quota(inputs, records, location, own)
        _admit_spillover(env, inputs, records)
        admit_policy(_account_id(env, inputs), inputs, records)

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:
        """Rate limits in the specification's shape: a token limit of 1000 per unit."""
        capacity = at(inputs, "sku.capacity", 1)
        tokens = capacity * 1000 if isinstance(capacity, int) else None
        return {
            **super().outputs(env, res, identity, inputs),
            "properties": {
                "provisioningState": "Succeeded",
                "capabilities": {"chatCompletion": "true"},
                "rateLimits": [{"key": "token", "renewalPeriod": 60, "count": tokens}],
                "dynamicThrottlingEnabled": False,
            },
        }


def _account_id(env: Env, inputs: Inputs) -> str:
    group = f"/subscriptions/{subscription(env)}/resourceGroups/{inputs.get('resourceGroupName')}"
    return f"{group}/providers/{_ACCOUNT_TYPE}/{inputs.get('accountName')}"


def _account(env: Env, inputs: Inputs, records: Records) -> dict[str, Any]:
    wanted = _account_id(env, inputs)
    for account in all_accounts(records):
        if account["id"].lower() == wanted.lower():
            return account
    raise CloudError(
        f"The Resource '{_ACCOUNT_TYPE}/{inputs.get('accountName')}' under resource group "
        f"'{inputs.get('resourceGroupName')}' was not found.",
        code="ResourceNotFound", status=404,
    )  # fmt: skip


def _admit_offer(env: Env, inputs: Inputs, sku: str, location: str) -> None:
    name, form, version = (at(inputs, f"properties.model.{key}", "") for key in ("name", "format", "version"))
    title = f"Format:{form},Name:{name},Version:{version}"
    found = offered("azure_openai", str(name))
    regions = found.regions_for_sku(sku) if found else ()
    wrong_format = found is not None and bool(found.format) and found.format != form
    unoffered = found is not None and not _sku_offered(found, sku)
    if found is None or wrong_format or unoffered or (regions and location not in regions):
        where = f" in '{location}'" if regions and location not in regions else ""
        raise CloudError(
            f"The model '{title}' is not supported for SKU '{sku}'{where}.",
            code="DeploymentModelNotSupported", status=400,
        )  # fmt: skip
    end = found.retires_for_sku(sku) if _same_version(found, str(version)) else None
    if end is not None and end < env.clock.now().date():
        raise CloudError(
            f"The model '{title}' has been retired since {end.isoformat()}; deploy a newer version.",
            code="ServiceModelDeprecating", status=400,
        )  # fmt: skip


def _sku_offered(found: Offered, sku: str) -> bool:
    """The catalog says `ptu` for any provisioned SKU, so one of them being offered is no ground to refuse another."""
    kinds = set(found.offer.kinds)
    if not kinds:
        return True
    if sku in _PROVISIONED:
        return bool(kinds & {found.kinds_by_sku.get(one) for one in _PROVISIONED})
    return found.kinds_by_sku.get(sku) in kinds or sku in _BATCH


def _same_version(found: Offered, version: str) -> bool:
    return not version or not found.version or version == found.version


def _admit_spillover(env: Env, inputs: Inputs, records: Records) -> None:
    target = at(inputs, "properties.spilloverDeploymentName")
    if not target:
        return
    if at(inputs, "sku.name") not in _PROVISIONED:
        raise invalid("Only a provisioned deployment can have a spillover deployment.")
    wanted = f"{_account_id(env, inputs)}/deployments/{target}".lower()
    found = next((r for r in records.of_type(_DEPLOYMENT) if r["id"].lower() == wanted), None)
    if found is None:
        raise invalid(f"The spillover deployment '{target}' does not exist in this account; create it first.")
    if at(plain(found["inputs"]), "sku.name") not in _STANDARD:
        raise invalid(f"The spillover deployment '{target}' must be of a standard SKU.")


def list_account_keys(env: Env, records: Records, arguments: Inputs) -> Inputs:
    """The account's two keys, made from its id and sealed as secrets."""
    account = _account(env, arguments, records)
    if at(plain(account["inputs"]), "properties.disableLocalAuth") is True:
        raise CloudError("Key access is disabled for this account (disableLocalAuth).", status=400)
    return {f"key{n}": seal(digest("key", str(n), account["id"].lower())[:32]) for n in (1, 2)}
