"""Quota of simulated Azure OpenAI: units per region, SKU and model, shared by all accounts of a subscription.

Source: `InsufficientQuota` wording from azure-search-openai-demo #2091; a soft-deleted account keeps what its
deployments had (chat-with-your-data #1910), both collected 2026-11-22. Guesses: 1000 units for each; a
deployment that is deleted by itself frees its quota at once.
"""

from __future__ import annotations

import os
from typing import Any

from .azure_arm import all_accounts, place
from .behaviour import Inputs, at
from .errors import CloudError
from .state import Records
from .wire import plain

__all__ = ["admit_quota", "held_by"]

QUOTA_UNITS = 1000
_DEPLOYMENT = "azure-native:cognitiveservices:Deployment"


def quota_units() -> int:
    """Units per region, SKU and model; `ANYPORT_SANDBOX_AZURE_QUOTA` makes it tighter for a drill."""
    return int(os.environ.get("ANYPORT_SANDBOX_AZURE_QUOTA") or QUOTA_UNITS)


def admit_quota(inputs: Inputs, records: Records, location: str, own: str) -> None:
    """Refuse a deployment that needs more than is left; `own` is the id of the one that is being changed.

    Raises:
        CloudError: 400 `InsufficientQuota`.
    """
    key = _key(location, inputs)
    places = {
        account["id"].lower(): place(at(plain(account["inputs"]), "location"))
        for account in all_accounts(records)
    }
    used = 0
    for record in records.of_type(_DEPLOYMENT):
        other, account = plain(record["inputs"]), record["id"].lower().rpartition("/deployments/")[0]
        same = _key(places.get(account, ""), other) == key
        used += int(at(other, "sku.capacity", 0)) if same and record["id"] != own else 0
    for gone in records.deleted.values():
        used += sum(units for *held, units in gone.get("quota", ()) if tuple(held) == key)
    wanted, limit = int(at(inputs, "sku.capacity", 0)), quota_units()
    if used + wanted > limit:
        quota = f"Tokens Per Minute (thousands) - {key[2]} - {key[1]}"
        raise CloudError(
            f"This operation require {wanted} new capacity in quota {quota}, which is bigger than the current available "
            f"capacity {limit - used}. The current quota usage is {used} and the quota limit is {limit} for quota {quota}.",
            code="InsufficientQuota", status=400,
        )  # fmt: skip


def held_by(account: dict[str, Any], records: Records) -> list[list[Any]]:
    """What an account's deployments hold, as rows of region, SKU, model and units."""
    location = place(at(plain(account["inputs"]), "location"))
    head = account["id"].lower() + "/"
    found = [plain(r["inputs"]) for r in records.of_type(_DEPLOYMENT) if r["id"].lower().startswith(head)]
    return [[*_key(location, inputs), int(at(inputs, "sku.capacity", 0))] for inputs in found]


def _key(location: str, inputs: Inputs) -> tuple[str, str, str]:
    return location, str(at(inputs, "sku.name")), str(at(inputs, "properties.model.name"))
