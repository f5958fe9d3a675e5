"""Simulated OCI services round an endpoint: policies, groups, quotas, budgets, alarms, notifications, the vault.

Sources: docstrings of pulumi-oci 5.5 (allowed values, unique names, what is updatable), Oracle's pages on policy and
quota syntax (collected 2026-11-22).
Guesses: a vault secret's name stays taken until its scheduled deletion (30 days here); e-mail subscriptions start as
PENDING and nobody confirms them.
"""

from __future__ import annotations

import re
from typing import Any

from .behaviour import Env, Inputs, Resource, known
from .errors import CloudError, Problem
from .oci_base import AnyOci, Budget, HomeRegionOnly
from .state import Records

__all__ = ["POLICY", "behaviours"]

POLICY = "oci:Identity/policy:Policy"
_STATEMENT = re.compile(r"^\s*(allow|define|endorse|admit|deny)\s+\S", re.IGNORECASE)
_QUOTA = re.compile(r"^\s*(set|unset|zero)\s+\S+\s+quotas?\s", re.IGNORECASE)
_SEVERITIES = ("CRITICAL", "ERROR", "WARNING", "INFO")
_HELD_SECONDS = 30 * 24 * 3600.0


class Statements(HomeRegionOnly):
    """A policy or a quota: each statement must at least begin like one."""

    def __init__(self, token: str, begins: re.Pattern[str], words: str) -> None:
        super().__init__(token)
        self._begins, self._words = begins, words

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:
        """The verb of every statement."""
        statements = inputs.get("statements")
        return super().check(env, res, inputs) + [
            Problem(f"statements[{n}]", f"must start with {self._words}")
            for n, text in enumerate(statements if isinstance(statements, list) else [])
            if known(text) and not self._begins.match(str(text))
        ]


class BudgetRule(Budget):
    """When a budget tells whom."""

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:
        """The docstring's values."""
        problems = super().check(env, res, inputs)
        allowed = {"thresholdType": ("PERCENTAGE", "ABSOLUTE"), "type": ("ACTUAL", "FORECAST")}
        for key, values in allowed.items():
            if known(inputs.get(key)) and inputs[key] not in values:
                problems.append(Problem(key, f"must be {' or '.join(values)}"))
        return problems


class Alarm(AnyOci):
    """A query that tells a topic."""

    name_key = ""

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:
        """Severity, and a query with an interval and a statistic."""
        problems = super().check(env, res, inputs)
        severity, query = inputs.get("severity"), inputs.get("query")
        if known(severity) and severity not in _SEVERITIES:
            problems.append(Problem("severity", f"must be one of {', '.join(_SEVERITIES)}"))
        if known(query) and not re.match(r"^\w+\[\d+[mhd]\](\{.*\})?\.\w+\(.*\)", str(query)):
            problems.append(Problem("query", "must look like Metric[1m].mean() > 1"))
        return problems


class Topic(AnyOci):
    """A notification topic; its name is unique in the tenancy."""

    kind = "onstopic"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:  # noqa: ARG002
        """Unique name."""
        if any(other["inputs"].get("name") == inputs.get("name") for other in records.of_type(res.type)):
            raise CloudError(f"Topic '{inputs.get('name')}' already exists.", code="Conflict", status=409)

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """The id under its second name."""
        return {"state": "ACTIVE", "topicId": identity}


class Subscription(AnyOci):
    """Who is told; an address must confirm before it hears anything."""

    kind = "onssubscription"
    name_key = ""

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """Waiting for the click."""
        return {"state": "PENDING" if inputs.get("protocol") == "EMAIL" else "ACTIVE"}


class Secret(AnyOci):
    """A secret of a vault. Deleting only schedules it."""

    kind = "vaultsecret"
    name_key = ""

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """A name that is neither in use nor waiting for its deletion."""
        place = self._place(inputs)
        waiting = records.deleted.get(place)
        held = waiting is not None and env.clock.now().timestamp() < waiting["until"]
        if held or any(self._place(other["inputs"]) == place for other in records.of_type(res.type)):
            raise CloudError(
                f"A secret named '{inputs.get('secretName')}' is in the vault already"
                + (", waiting for its deletion." if held else "."),
                code="Conflict", status=409,
            )  # fmt: skip

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:
        """Keep the name."""
        until = env.clock.now().timestamp() + _HELD_SECONDS
        records.deleted[self._place(record["inputs"])] = {"until": until}

    def _place(self, inputs: Inputs) -> str:
        return f"vault-secret:{inputs.get('vaultId')}/{inputs.get('secretName')}"


def behaviours() -> dict[str, AnyOci]:
    """By resource type."""
    group, quota = "oci:Identity/dynamicGroup:DynamicGroup", "oci:Limits/quota:Quota"
    budget, rule = "oci:Budget/budget:Budget", "oci:Budget/rule:Rule"
    alarm, secret = "oci:Monitoring/alarm:Alarm", "oci:Vault/secret:Secret"  # a type
    topic, subscription = "oci:Ons/notificationTopic:NotificationTopic", "oci:Ons/subscription:Subscription"
    return {
        POLICY: Statements(POLICY, _STATEMENT, "`allow`, `deny`, `define`, `endorse` or `admit`"),
        quota: Statements(quota, _QUOTA, "`set`, `unset` or `zero`, a service and `quota`"),
        group: HomeRegionOnly(group),
        budget: Budget(budget),
        rule: BudgetRule(rule, "budgetalertrule"),
        alarm: Alarm(alarm),
        topic: Topic(topic),
        subscription: Subscription(subscription),
        secret: Secret(secret),
    }
