"""Simulated Cloud Monitoring, Cloud Billing budgets and Cloud Quotas, as far as an endpoint uses them.

Sources: the reference texts in pulumi-gcp 10.2 and magic-modules `cloudquotas/QuotaPreference.yaml` (its delete does
nothing; `parent` forces a new one), read 2026-11-25.
Guesses: that every billing account is in US dollars, and the wording of another currency's refusal; that a wish for
quota stays under review; that a channel in use is refused with 400; what `name` of a channel looks like.
"""

from __future__ import annotations

import re
from typing import Any

from .behaviour import Behaviour, Env, Inputs, Resource, at, guid, known
from .errors import CloudError, Problem
from .gcp_admission import admit_api, project_of
from .state import Records
from .wire import plain

__all__ = ["AlertPolicy", "Budget", "NotificationChannel", "QuotaPreference"]

_CURRENCY = "USD"
_POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"


class _Numbered(Behaviour):
    """A monitoring thing whose name the service makes up."""

    name_key = ""
    immutable = ("project",)
    collection = ""

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:
        """Below the project."""
        number = int(guid(res.urn, str(records.serial(res.urn)))[:8], 16)
        return f"projects/{project_of(env, inputs)}/{self.collection}/{number}"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """Monitoring switched on."""
        admit_api(env, inputs, records, "monitoring")

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """The name is the id."""
        return {"name": identity, "project": inputs.get("project") or at(env.config, "project", "")}


class NotificationChannel(_Numbered):
    """Where to write to. Cannot go while a policy uses it."""

    collection = "notificationChannels"

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """An address for email."""
        bad = inputs.get("type") == "email" and not at(inputs, "labels", {}).get("email_address")
        return [Problem("labels", "a channel of type email needs the label email_address")] if bad else []

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:  # noqa: ARG002
        """Refused while an alert policy names it, unless forced."""
        users = [
            policy["id"]
            for policy in records.of_type(_POLICY)
            if record["id"] in plain(policy["inputs"]).get("notificationChannels", [])
        ]
        if users and not record["inputs"].get("forceDelete"):
            raise CloudError(
                f"Cannot delete notification channel {record['id']}: it is referenced by {', '.join(users)}.",
                code="FAILED_PRECONDITION", status=400,
            )  # fmt: skip


class AlertPolicy(_Numbered):
    """Conditions and whom to tell."""

    collection = "alertPolicies"

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """Between one and six conditions, as the API takes."""
        conditions = inputs.get("conditions")
        bad = isinstance(conditions, list) and not 1 <= len(conditions) <= 6
        return [Problem("conditions", "between 1 and 6 conditions")] if bad else []

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """Every condition must say whose metric it reads, and every channel exist."""
        super().admit(env, res, inputs, records)
        for condition in inputs["conditions"]:
            chosen = str(at(condition, "conditionThreshold.filter", ""))
            if "metric.type" not in chosen or "resource.type" not in chosen:
                raise CloudError(
                    f"Field alert_policy.conditions[].filter had an invalid value of '{chosen}': must restrict "
                    "metric.type and resource.type.",
                    code="INVALID_ARGUMENT", status=400,
                )  # fmt: skip
        channels = {record["id"] for record in records.resources.values()}
        for name in inputs.get("notificationChannels", []):
            if name not in channels:
                raise CloudError(f"Cannot find notification channel {name}.", code="NOT_FOUND", status=404)


class Budget(Behaviour):
    """A sum on a billing account."""

    name_key = ""
    immutable = ("billingAccount",)

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """Lengths and counts from the reference."""
        problems = []
        account = inputs.get("billingAccount")
        if known(account) and not re.match(r"^[0-9A-F]{6}(-[0-9A-F]{6}){2}$", str(account)):
            problems.append(Problem("billingAccount", "must look like 012345-6789AB-CDEF01"))
        if len(str(at(inputs, "displayName", ""))) > 60:
            problems.append(Problem("displayName", "must be at most 60 characters"))
        if len(at(inputs, "allUpdatesRule.monitoringNotificationChannels", [])) > 5:
            problems.append(Problem("allUpdatesRule.monitoringNotificationChannels", "at most 5 channels"))
        if not re.match(r"^[0-9]+$", str(at(inputs, "amount.specifiedAmount.units", "0"))):
            problems.append(Problem("amount.specifiedAmount.units", "whole units only"))
        return problems

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Below the billing account."""
        return f"billingAccounts/{inputs['billingAccount']}/budgets/{guid(res.urn, str(records.serial(res.urn)))}"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """The API on, and the account's own currency."""
        admit_api(env, inputs, records, "billingbudgets")
        self._admit_currency(inputs)

    def admit_update(
        self,
        env: Env,  # noqa: ARG002
        res: Resource,  # noqa: ARG002
        inputs: Inputs,
        record: dict[str, Any],  # noqa: ARG002
        records: Records,  # noqa: ARG002
    ) -> None:
        """Likewise."""
        self._admit_currency(inputs)

    def _admit_currency(self, inputs: Inputs) -> None:
        currency = at(inputs, "amount.specifiedAmount.currencyCode", _CURRENCY)
        if currency != _CURRENCY:
            raise CloudError(
                f"Currency code {currency} does not match the billing account's currency {_CURRENCY}.",
                code="INVALID_ARGUMENT", status=400,
            )  # fmt: skip

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """The name is the id."""
        return {"name": identity}


class QuotaPreference(Behaviour):
    """A wish for quota. One per quota, place and project, and it outlives its delete."""

    name_key = ""
    immutable = ("parent", "name", "service", "quotaId", "dimensions")

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:
        """Below its parent."""
        name = inputs.get("name") or guid(res.urn, str(records.serial(res.urn)))
        parent = inputs.get("parent") or f"projects/{project_of(env, inputs)}"
        return f"{parent}/locations/global/quotaPreferences/{name}"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """The API on."""
        admit_api(env, inputs, records, "cloudquotas")

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:  # noqa: ARG002
        """It stays, so that making it again is refused: import it then."""
        records.resources[f"{record['type']}||{record['id']}"] = record

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """Under review: nothing is granted."""
        return {"reconciling": True, "quotaConfig": {**inputs.get("quotaConfig", {}), "grantedValue": "0"}}
