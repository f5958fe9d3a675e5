"""Budget, quota and alarms: made only when asked for.

Metrics from Oracle's metric page (collected 2026-11-22); only dedicated clusters and endpoints emit them.
Guesses: the dimension `resourceId` holds the endpoint's OCID, and InvocationLatency is in milliseconds.
"""

from __future__ import annotations

import pulumi
import pulumi_oci as oci

from ..shared_options import Alerts
from .site import Site

__all__ = ["make_alarms", "make_budget", "make_quota"]

NAMESPACE = "oci_generativeai"
SERVICE_FAMILY = "generative-ai"
"""Name of the service in the quota language: a guess, by the way other services are called there."""


def make_budget(site: Site) -> None:
    """A monthly budget of the compartment, with one rule per share of it."""
    asked = site.options.budget
    if asked is None:
        return
    budget = oci.budget.Budget(
        site.name("budget"),
        compartment_id=site.tenancy,
        amount=asked.amount,
        reset_period="MONTHLY",
        target_type="COMPARTMENT",
        targets=[site.compartment],
        display_name=site.target.physical(100, unique=True),
        description=f"{asked.amount} {asked.currency} a month, meant for endpoint {site.target.args.endpoint}",
        freeform_tags=site.tags,
        opts=site.tagged(site.home),
    )
    for percent in asked.percents:
        oci.budget.Rule(
            site.name(f"budget-{percent}"),
            budget_id=budget.id,
            threshold=percent,
            threshold_type="PERCENTAGE",
            type="ACTUAL",
            display_name=f"at-{percent}-percent",
            recipients=",".join(asked.emails),
            freeform_tags=site.tags,
            opts=site.tagged(site.home),
        )


def make_quota(site: Site) -> None:
    """A cap for the target's region, however many limits it names."""
    asked = site.options.quota
    if asked is None:
        return
    where = f"in compartment {asked.compartment} where request.region = '{site.region}'"
    oci.limits.Quota(
        site.name("quota"),
        compartment_id=site.tenancy,
        name=site.target.physical(100, unique=True),
        description=f"Caps what endpoint {site.target.args.endpoint} can take",
        statements=[
            f"set {SERVICE_FAMILY} quota {limit} to {most} {where}"
            for limit, most in sorted(asked.limits.items())
        ],
        freeform_tags=site.tags,
        opts=site.tagged(site.home),
    )


def make_alarms(site: Site, endpoint: oci.generativeai.Endpoint) -> None:
    """A topic, who is told, and three alarms for a dedicated endpoint."""
    asked = site.options.alerts
    if asked is None:
        return
    topic = oci.ons.NotificationTopic(
        site.name("topic"),
        compartment_id=site.compartment,
        name=site.target.physical(100, unique=True),
        description=f"Alarms of endpoint {site.target.args.endpoint}",
        freeform_tags=site.tags,
        opts=site.tagged(),
    )
    for number, email in enumerate(asked.emails, start=1):
        oci.ons.Subscription(
            site.name(f"email-{number}"),
            compartment_id=site.compartment,
            topic_id=topic.topic_id,
            protocol="EMAIL",
            endpoint=email,
            freeform_tags=site.tags,
            opts=site.tagged(),
        )
    for what, (condition, severity, text) in _conditions(asked).items():
        oci.monitoring.Alarm(
            site.name(f"alarm-{what}"),
            compartment_id=site.compartment,
            metric_compartment_id=site.compartment,
            namespace=NAMESPACE,
            query=_query(asked, endpoint, condition),
            severity=severity,
            destinations=[topic.topic_id],
            is_enabled=True,
            message_format="ONS_OPTIMIZED",
            display_name=f"{site.target.physical(100)}-{what}",
            body=text,
            freeform_tags=site.tags,
            opts=site.tagged(),
        )


def _conditions(asked: Alerts) -> dict[str, tuple[str, str, str]]:
    """Alarm → metric with its condition, severity, what the message says."""
    window = f"in {asked.window_minutes} minutes"
    return {
        "client-errors": (
            f"ClientErrorCount|sum() > {asked.throttled_requests}",
            "WARNING",
            f"More than {asked.throttled_requests} refused calls {window}, throttled ones among them",
        ),
        "server-errors": (
            f"ServerErrorCount|sum() > {asked.server_errors}",
            "CRITICAL",
            f"More than {asked.server_errors} failed calls {window}",
        ),
        "latency": (
            f"InvocationLatency|mean() > {round(asked.latency_seconds * 1000)}",
            "WARNING",
            f"Calls take more than {asked.latency_seconds:g} seconds {window}",
        ),
    }


def _query(asked: Alerts, endpoint: oci.generativeai.Endpoint, condition: str) -> pulumi.Output[str]:
    metric, _, rest = condition.partition("|")
    query: pulumi.Output[str] = endpoint.id.apply(
        lambda known: f'{metric}[{asked.window_minutes}m]{{resourceId = "{known}"}}.{rest}'
    )
    return query
