"""Who is told of what: channels, one alert policy, one budget. Made only when asked for.

Metric names and labels: Google's metric list as mirrored publicly (read 2026-11-25); all of them are in beta.
"""

from __future__ import annotations

import warnings
from typing import Any

import pulumi
import pulumi_gcp as gcp

from ..base import Target
from ..shared_options import Alerts
from .options import ProjectBudget, VertexAiOptions
from .services import Project

__all__ = ["watch"]

_METRIC = "aiplatform.googleapis.com"


def watch(
    target: Target, options: VertexAiOptions, project: Project, endpoint_id: pulumi.Output[str] | None
) -> None:
    """Make what was asked for. `endpoint_id` is None for a managed model."""
    alerts, budget = options.alerts, options.budget
    if alerts or budget:
        _load_monitoring()
    emails = [*(alerts.emails if alerts else ()), *(budget.emails if budget else ())]
    channels = {email: _channel(target, project, email) for email in dict.fromkeys(emails)}
    if alerts:
        _policy(target, alerts, project, channels, endpoint_id)
    if budget:
        _budget(target, budget, project, channels)


def _load_monitoring() -> None:
    """The SDK's module warns of a function of its own whenever it is loaded; that is nobody's business here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        _ = gcp.monitoring.AlertPolicy


def _channel(target: Target, project: Project, email: str) -> gcp.monitoring.NotificationChannel:
    return gcp.monitoring.NotificationChannel(
        f"{target.resource_name}-channel-{email}",
        project=project.id,
        type="email",
        display_name=f"{target.args.endpoint} {target.args.planned.name}: {email}",
        labels={"email_address": email},
        user_labels=target.args.all_tags,
        opts=target.child(provider=project.cloud, depends_on=[project.api("monitoring")]),
    )


def _policy(
    target: Target,
    alerts: Alerts,
    project: Project,
    channels: dict[str, gcp.monitoring.NotificationChannel],
    endpoint_id: pulumi.Output[str] | None,
) -> None:
    name = f"{target.args.endpoint} {target.args.planned.name}"
    found = _managed(target, alerts) if endpoint_id is None else _self_deployed(alerts, endpoint_id)
    gcp.monitoring.AlertPolicy(
        f"{target.resource_name}-alerts",
        project=project.id,
        display_name=f"Anyport: {name}",
        combiner="OR",
        conditions=found,
        notification_channels=[channels[email].name for email in dict.fromkeys(alerts.emails)],
        documentation={
            "content": f"Endpoint {target.args.endpoint}, target {target.args.planned.name}.",
            "mime_type": "text/markdown",
        },
        user_labels=target.args.all_tags,
        opts=target.child(provider=project.cloud, depends_on=[project.api("monitoring")]),
    )


def _managed(target: Target, alerts: Alerts) -> list[Any]:
    """By publisher, model and location: the calls of the whole project, since Google tells no callers apart.

    That `location` is the location called, `global` included, is a guess.
    """
    publisher, _, model = target.args.planned.model_id.partition("/")
    scope = (
        f'resource.type = "{_METRIC}/PublisherModel" AND resource.labels.publisher = "{publisher}" '
        f'AND resource.labels.model_user_id = "{model}" '
        f'AND resource.labels.location = "{target.args.planned.region}"'
    )
    calls = f'metric.type = "{_METRIC}/publisher/online_serving/model_invocation_count" AND {scope}'
    takes = f'metric.type = "{_METRIC}/publisher/online_serving/model_invocation_latencies" AND {scope}'
    return [
        _counted(
            "refused for lack of quota",
            f'{calls} AND metric.labels.response_code = "429"',
            alerts.throttled_requests,
            alerts,
        ),
        _counted(
            "server errors",
            f'{calls} AND metric.labels.response_code = monitoring.regex.full_match("5..")',
            alerts.server_errors,
            alerts,
        ),
        _slow(f'{takes} AND metric.labels.latency_type = "model"', alerts),
    ]


def _self_deployed(alerts: Alerts, endpoint_id: pulumi.Output[str]) -> list[Any]:
    """By endpoint. The metric has classes of answers (`4xx`), so a 429 cannot be told from a caller's mistake."""
    scope = pulumi.Output.concat(
        f'resource.type = "{_METRIC}/Endpoint" AND resource.labels.endpoint_id = "', endpoint_id, '"'
    )
    answers = pulumi.Output.concat(f'metric.type = "{_METRIC}/prediction/online/response_count" AND ', scope)
    takes = pulumi.Output.concat(
        f'metric.type = "{_METRIC}/prediction/online/prediction_latencies" AND ', scope
    )
    errors = pulumi.Output.concat(answers, ' AND metric.labels.response_code = "5xx"')
    total = pulumi.Output.concat(takes, ' AND metric.labels.latency_type = "total"')
    return [_counted("server errors", errors, alerts.server_errors, alerts), _slow(total, alerts)]


def _counted(what: str, chosen: pulumi.Input[str], limit: int, alerts: Alerts) -> Any:
    """As many in a window, or more: the cloud compares with `greater than` only."""
    title = f"{limit} or more in {alerts.window_minutes} min: {what}"
    return _condition(title, chosen, limit - 1, alerts, "ALIGN_DELTA", "REDUCE_SUM")


def _slow(chosen: pulumi.Input[str], alerts: Alerts) -> Any:
    title = f"mean answer over {alerts.latency_seconds:g} s"
    return _condition(title, chosen, alerts.latency_seconds * 1000, alerts, "ALIGN_DELTA", "REDUCE_MEAN")


def _condition(
    title: str, chosen: pulumi.Input[str], limit: float, alerts: Alerts, align: str, reduce: str
) -> Any:
    return {
        "display_name": title,
        "condition_threshold": {
            "filter": chosen,
            "comparison": "COMPARISON_GT",
            "threshold_value": limit,
            "duration": "0s",
            "aggregations": [
                {
                    "alignment_period": f"{alerts.window_minutes * 60}s",
                    "per_series_aligner": align,
                    "cross_series_reducer": reduce,
                }
            ],
        },
    }


def _budget(
    target: Target,
    budget: ProjectBudget,
    project: Project,
    channels: dict[str, gcp.monitoring.NotificationChannel],
) -> None:
    """For the project as a whole, by its number as the API wants it; whole units only.

    The billing account's own administrators are told as well, which is Google's default.
    """
    gcp.billing.Budget(
        f"{target.resource_name}-budget",
        billing_account=budget.billing_account,
        display_name=target.physical(60),
        amount={"specified_amount": {"currency_code": budget.currency, "units": str(budget.amount)}},
        budget_filter={
            "projects": [pulumi.Output.concat("projects/", project.number)],
            "calendar_period": "MONTH",
        },
        threshold_rules=[{"threshold_percent": percent / 100} for percent in budget.percents],
        all_updates_rule={
            "monitoring_notification_channels": [
                channels[email].name for email in dict.fromkeys(budget.emails)
            ],
        },
        opts=target.child(provider=project.cloud, depends_on=[project.api("billingbudgets")]),
    )
