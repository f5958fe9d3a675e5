"""Simulated logs, alerts and budgets of Azure.

Sources (collected 2026-11-22): argument names of pulumi-azure-native 3.29; at most five notifications, a start on
the first of a month and the scope of a group or subscription from the consumption API's page. Guesses: the codes.
"""

from __future__ import annotations

import re
from typing import Any

from .azure_arm import ArmBehaviour, invalid, refuse_locked
from .behaviour import Behaviour, Env, Inputs, Resource, at, known
from .errors import CloudError, Problem
from .state import Records

__all__ = ["ActionGroup", "Budget", "DiagnosticSetting", "MetricAlert"]

_SINKS = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")
_SCOPE = re.compile(r"^/subscriptions/[^/]+(/resourceGroups/[^/]+)?$", re.IGNORECASE)
_CONTACTS = ("contactEmails", "contactGroups", "contactRoles")
_NOTIFICATIONS = 5
_SHORT_NAME = 12


class DiagnosticSetting(Behaviour):
    """A setting at a resource. A lock there holds it."""

    name_key = "name"
    immutable = ("name", "resourceUri")

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """Logs need somewhere to go."""
        return [] if any(inputs.get(key) for key in _SINKS) else [Problem("workspaceId", "no sink is given")]

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Below the resource."""
        uri = str(inputs["resourceUri"]).rstrip("/")
        return f"{uri}/providers/Microsoft.Insights/diagnosticSettings/{inputs['name']}"

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """As ARM answers."""
        return {"type": "Microsoft.Insights/diagnosticSettings"}

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:  # noqa: ARG002
        """Nothing goes while a lock holds it."""
        refuse_locked(record["id"], records)


class ActionGroup(ArmBehaviour):
    """Who is told; the short name has twelve characters at most."""

    arm_type = "Microsoft.Insights/actionGroups"
    name_key = "actionGroupName"

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """The short name's length."""
        short = inputs.get("groupShortName")
        bad = known(short) and len(str(short)) > _SHORT_NAME
        return [Problem("groupShortName", f"must have at most {_SHORT_NAME} characters")] if bad else []


class MetricAlert(ArmBehaviour):
    """A rule over a metric; its location is `global`, and what it looks at must be named."""

    arm_type = "Microsoft.Insights/metricAlerts"
    name_key = "ruleName"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """Windows are not shorter than the evaluation (a guess of the wording)."""
        super().admit(env, res, inputs, records)
        if str(inputs.get("location")).lower() != "global":
            raise invalid("The location of a metric alert must be 'global'.")
        if _minutes(inputs.get("windowSize")) < _minutes(inputs.get("evaluationFrequency")):
            raise invalid("windowSize must not be shorter than evaluationFrequency.")


def _minutes(text: Any) -> int:
    found = re.match(r"^PT(\d+)([MH])$", str(text))
    if not found:
        raise invalid(f"'{text}' is not a duration such as PT5M.")
    return int(found[1]) * (60 if found[2] == "H" else 1)


class Budget(Behaviour):
    """A monthly budget. It stops nothing."""

    name_key = "budgetName"
    immutable = ("scope", "budgetName")

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Below its scope."""
        scope = str(inputs["scope"]).rstrip("/")
        return f"{scope}/providers/Microsoft.Consumption/budgets/{inputs['budgetName']}"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """Scope, start, notifications."""
        _admit_budget(inputs)

    def admit_update(
        self,
        env: Env,  # noqa: ARG002
        res: Resource,  # noqa: ARG002
        inputs: Inputs,
        record: dict[str, Any],  # noqa: ARG002
        records: Records,  # noqa: ARG002
    ) -> None:
        """The same."""
        _admit_budget(inputs)

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """As ARM answers."""
        return {"name": inputs.get("budgetName"), "type": "Microsoft.Consumption/budgets"}


def _admit_budget(inputs: Inputs) -> None:
    start = str(at(inputs, "timePeriod.startDate"))
    notifications = inputs.get("notifications") or {}
    problem = ""
    if not _SCOPE.match(str(inputs.get("scope"))):
        problem = "The scope of a budget must be a subscription or a resource group."
    elif not re.match(r"^\d{4}-\d{2}-01(T00:00:00Z)?$", start):
        problem = "The start date must be the first of a month."
    elif len(notifications) > _NOTIFICATIONS:
        problem = f"A budget takes at most {_NOTIFICATIONS} notifications."
    elif any(not any(row.get(key) for key in _CONTACTS) for row in notifications.values()):
        problem = "Every notification needs a contact."
    if problem:
        raise CloudError(problem, code="InvalidBudget", status=400)
