"""Logs, alerts, budget and lock of an account; each only when asked for."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import authorization, consumption, monitor

from ...errors import BuildError, Problem
from ..shared_options import Alerts, Budget
from .groups import Diagnostics
from .kinds import PROVISIONED
from .site import Site

__all__ = ["watching"]

NAMESPACE = "Microsoft.CognitiveServices/accounts"
UTILIZATION_PERCENT = 80
WINDOWS = {1: "PT1M", 5: "PT5M", 15: "PT15M", 30: "PT30M", 60: "PT1H"}


def watching(site: Site, made: list[pulumi.Resource]) -> None:
    """What watches the account. The lock comes last and so goes first: it stops every delete below the account.

    Raises:
        BuildError: AP303, a budget without the day of the plan.
    """
    options = site.options
    if options.diagnostics is not None:
        made = [*made, _diagnostics(site, options.diagnostics)]
    if options.alerts is not None:
        _alerts(site, options.alerts)
    if options.budget is not None:
        _budget(site, options.budget)
    if options.lock:
        authorization.ManagementLockByScope(
            f"{site.name}-lock",
            lock_name="anyport",
            scope=site.account.id,
            level="CanNotDelete",
            notes="An inference endpoint answers here. Set options.lock to false and update before deleting.",
            opts=site.child(depends_on=made),
        )


def _diagnostics(site: Site, asked: Diagnostics) -> pulumi.Resource:
    """All log categories, and metrics unless told not to."""
    made: pulumi.Resource = monitor.DiagnosticSetting(
        f"{site.name}-diagnostics",
        name="anyport",
        resource_uri=site.account.id,
        workspace_id=asked.workspace_id,
        log_analytics_destination_type="Dedicated" if asked.workspace_id else None,
        storage_account_id=asked.storage_account_id,
        event_hub_authorization_rule_id=asked.event_hub_rule_id,
        event_hub_name=asked.event_hub_name,
        logs=[monitor.DiagnosticsLogSettingsArgs(category_group="allLogs", enabled=True)],
        metrics=[monitor.DiagnosticsMetricSettingsArgs(category="AllMetrics", enabled=True)]
        if asked.metrics
        else None,
        opts=site.child(),
    )
    return made


def _alerts(site: Site, asked: Alerts) -> None:
    """An action group and one alert per thing to tell. Metrics of models that are not OpenAI's own are not proven
    to be counted under these names.
    """
    group = monitor.ActionGroup(
        f"{site.name}-alert-group",
        action_group_name=site.physical(60, "ag"),
        resource_group_name=site.group_name,
        location="global",
        enabled=True,
        group_short_name="anyport",
        email_receivers=[
            monitor.MicrosoftCommonEmailReceiverArgs(
                name=f"email-{number}", email_address=address, use_common_alert_schema=True
            )
            for number, address in enumerate(asked.emails, start=1)
        ],
        tags=site.tags,
        opts=site.child(),
    )
    throttled = monitor.MetricDimensionArgs(name="StatusCode", operator="Include", values=["429"])
    rules: list[tuple[str, str, float, str, list[monitor.MetricDimensionArgs]]] = [
        ("throttled", "AzureOpenAIRequests", asked.throttled_requests - 1, "Total", [throttled]),
        ("errors", "ServerErrors", asked.server_errors - 1, "Total", []),
        ("latency", "AzureOpenAITTLTInMS", asked.latency_seconds * 1000, "Average", []),
    ]
    if site.args.planned.deployment_kind in PROVISIONED:
        metric = "AzureOpenAIProvisionedManagedUtilizationV2"
        rules.append(("utilization", metric, UTILIZATION_PERCENT, "Average", []))
    for what, metric, above, aggregation, dimensions in rules:
        _alert(site, what, metric, above, aggregation, dimensions, asked.window_minutes, group)


def _alert(
    site: Site,
    what: str,
    metric: str,
    above: float,
    aggregation: str,
    dimensions: list[monitor.MetricDimensionArgs],
    minutes: int,
    group: monitor.ActionGroup,
) -> None:
    monitor.MetricAlert(
        f"{site.name}-alert-{what}",
        rule_name=site.physical(100, f"alert-{what}"),
        resource_group_name=site.group_name,
        location="global",
        enabled=True,
        severity=2,
        scopes=[site.account.id],
        evaluation_frequency="PT1M" if minutes < 60 else "PT5M",
        window_size=WINDOWS[minutes],
        criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
            odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria",
            all_of=[
                monitor.MetricCriteriaArgs(
                    criterion_type="StaticThresholdCriterion",
                    name=what,
                    metric_name=metric,
                    metric_namespace=NAMESPACE,
                    operator="GreaterThan",
                    threshold=above,
                    time_aggregation=aggregation,
                    dimensions=dimensions or None,
                )
            ],
        ),
        actions=[monitor.MetricAlertActionArgs(action_group_id=group.id)],
        tags=site.tags,
        opts=site.child(),
    )


def _budget(site: Site, asked: Budget) -> None:
    """A monthly budget. Its start stays as it was first written, so that later months change nothing."""
    today = site.args.today
    if today is None:
        path = f"endpoints.{site.args.endpoint}.targets.{site.args.planned.name}.options.budget"
        fix = "give TargetArgs(today=…), the day of the plan"
        raise BuildError(
            [Problem("AP303", path, "a budget must start in a month that is not known", fix=fix)]
        )
    shared = site.options.resource_group is not None
    consumption.Budget(
        f"{site.name}-budget",
        budget_name=site.physical(63, "budget"),
        scope=site.group_id,
        amount=asked.amount,
        category="Cost",
        time_grain="Monthly",
        time_period=consumption.BudgetTimePeriodArgs(start_date=f"{today:%Y-%m}-01T00:00:00Z"),
        filter=consumption.BudgetFilterArgs(
            dimensions=consumption.BudgetComparisonExpressionArgs(
                name="ResourceId", operator="In", values=[site.account.id]
            )
        )
        if shared
        else None,
        notifications={
            f"actual-{percent}": consumption.NotificationArgs(
                enabled=True,
                operator="GreaterThanOrEqualTo",
                threshold=percent,
                threshold_type="Actual",
                contact_emails=list(asked.emails),
            )
            for percent in asked.percents
        },
        opts=site.child(ignore_changes=["timePeriod"]),
    )
