"""What stands round a model in Google Cloud: federation, channels, alerts, budgets, quota."""

from __future__ import annotations

import warnings
from typing import Any

import pulumi_gcp
import pytest

from .conftest import Refused

SERVICE = "gcp:projects/service:Service"
POOL = "gcp:iam/workloadIdentityPool:WorkloadIdentityPool"
ISSUER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"
ALERTS = "gcp:monitoring/alertPolicy:AlertPolicy"
BUDGET = "gcp:billing/budget:Budget"
QUOTA = "gcp:cloudquota/sQuotaPreference:SQuotaPreference"
A_POOL = {"workloadIdentityPoolId": "acme-pool"}
AN_ISSUER = {
    **A_POOL,
    "workloadIdentityPoolProviderId": "oidc",
    "attributeMapping": {"google.subject": "assertion.sub"},
    "oidc": {"issuerUri": "https://issuer.example"},
}
EMAIL = {"type": "email", "labels": {"email_address": "a@b.example"}}
A_BUDGET = {
    "billingAccount": "012345-6789AB-CDEF01",
    "displayName": "chat",
    "amount": {"specifiedAmount": {"currencyCode": "USD", "units": "100"}},
}
A_WISH = {
    "parent": "projects/demo",
    "name": "h100_us-central1",
    "service": "aiplatform.googleapis.com",
    "quotaId": "CustomModelServingH100GPUsPerProjectPerRegion",
    "dimensions": {"region": "us-central1"},
    "quotaConfig": {"preferredValue": "8"},
}

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's module warns of itself as it loads
    _ = pulumi_gcp.monitoring.AlertPolicy


def alerts(**more: Any) -> dict[str, Any]:
    threshold = {
        "filter": 'metric.type = "x" AND resource.type = "y"',
        "comparison": "COMPARISON_GT",
        "duration": "0s",
    }
    return {
        "displayName": "a",
        "combiner": "OR",
        "conditions": [{"displayName": "c", "conditionThreshold": threshold}],
        **more,
    }


@pytest.fixture
def cloud(sim: Any) -> Any:
    made = sim("gcp", project="demo", region="us-central1")
    for name in ("iam", "monitoring", "billingbudgets", "cloudquotas"):
        made.create(SERVICE, name, {"service": f"{name}.googleapis.com"})
    return made


@pytest.mark.parametrize(
    ("token", "inputs"),
    [(POOL, A_POOL), (CHANNEL, EMAIL), (ALERTS, alerts()), (BUDGET, A_BUDGET), (QUOTA, A_WISH)],
)
def test_each_has_an_api_that_must_be_on(sim: Any, token: str, inputs: dict[str, Any]) -> None:
    with pytest.raises(Refused, match="SERVICE_DISABLED"):
        sim("gcp", project="demo", region="us-central1").create(token, "x", inputs)


def test_a_pool_is_named_by_the_projects_number(cloud: Any) -> None:
    identity, out = cloud.create(POOL, "p", A_POOL)
    assert identity == "projects/demo/locations/global/workloadIdentityPools/acme-pool"
    assert out["name"] == "projects/123456789012/locations/global/workloadIdentityPools/acme-pool"


@pytest.mark.parametrize("name", ["abc", "gcp-mine", "Upper", "a" * 33])
def test_ids_of_pools(cloud: Any, name: str) -> None:
    assert set(cloud.problems(POOL, {"workloadIdentityPoolId": name})) == {"workloadIdentityPoolId"}


def test_a_deleted_pool_keeps_its_id_for_30_days(cloud: Any) -> None:
    identity, _ = cloud.create(POOL, "p", A_POOL)
    cloud.delete(POOL, "p", identity)
    cloud.clock.pass_hours(29 * 24)
    with pytest.raises(Refused, match="keeps its id for 30 days"):
        cloud.create(POOL, "p", A_POOL)
    assert cloud.create(POOL, "p", {"workloadIdentityPoolId": "acme-second"})
    cloud.clock.pass_hours(2 * 24)
    assert cloud.create(POOL, "p", A_POOL)[0] == identity


def test_the_mode_of_a_pool_shows_as_an_update_and_fails(cloud: Any) -> None:
    identity, _ = cloud.create(POOL, "p", A_POOL)
    changed = {**A_POOL, "mode": "TRUST_DOMAIN"}
    assert not cloud.diff(POOL, "p", identity, A_POOL, changed).replaces
    with pytest.raises(Refused, match="immutable field"):
        cloud.update(POOL, "p", identity, changed)


def test_an_issuer_needs_its_pool_and_a_mapping(cloud: Any) -> None:
    with pytest.raises(Refused, match="acme-pool was not found"):
        cloud.create(ISSUER, "i", AN_ISSUER)
    cloud.create(POOL, "p", A_POOL)
    identity, _ = cloud.create(ISSUER, "i", AN_ISSUER)
    assert identity.endswith("/acme-pool/providers/oidc")
    assert set(cloud.problems(ISSUER, {**AN_ISSUER, "attributeMapping": {}})) == {"attributeMapping"}
    assert set(cloud.problems(ISSUER, {**AN_ISSUER, "aws": {"accountId": "1"}})) == {"oidc"}
    other = {**AN_ISSUER, "oidc": {"issuerUri": "https://other.example"}}
    assert not cloud.diff(ISSUER, "i", identity, AN_ISSUER, other).replaces


def test_a_channel_in_use_cannot_go(cloud: Any) -> None:
    assert set(cloud.problems(CHANNEL, {"type": "email"})) == {"labels"}
    channel, _ = cloud.create(CHANNEL, "c", EMAIL)
    policy, _ = cloud.create(ALERTS, "a", alerts(notificationChannels=[channel]))
    with pytest.raises(Refused, match="referenced by projects/demo/alertPolicies/"):
        cloud.delete(CHANNEL, "c", channel)
    cloud.delete(ALERTS, "a", policy)
    cloud.delete(CHANNEL, "c", channel)


def test_an_alert_policy_says_whose_metric_and_tells_channels_that_exist(cloud: Any) -> None:
    threshold = {"filter": 'metric.type = "x"', "comparison": "COMPARISON_GT", "duration": "0s"}
    vague = alerts(conditions=[{"displayName": "c", "conditionThreshold": threshold}])
    with pytest.raises(Refused, match="must restrict"):
        cloud.create(ALERTS, "a", vague)
    with pytest.raises(Refused, match="Cannot find notification channel"):
        cloud.create(ALERTS, "a", alerts(notificationChannels=["projects/demo/notificationChannels/1"]))
    assert set(cloud.problems(ALERTS, alerts(conditions=[]))) == {"conditions"}


def test_a_budget_is_in_the_accounts_currency(cloud: Any) -> None:
    euros = {**A_BUDGET, "amount": {"specifiedAmount": {"currencyCode": "EUR", "units": "100"}}}
    with pytest.raises(Refused, match="does not match the billing account's currency USD"):
        cloud.create(BUDGET, "b", euros)
    identity, out = cloud.create(BUDGET, "b", A_BUDGET)
    assert identity.startswith("billingAccounts/012345-6789AB-CDEF01/budgets/")
    assert out["name"] == identity
    with pytest.raises(Refused, match="currency"):
        cloud.update(BUDGET, "b", identity, euros)


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"billingAccount": "billing"}, "billingAccount"),
        ({"displayName": "x" * 61}, "displayName"),
        ({"amount": {"specifiedAmount": {"units": "1.5"}}}, "amount.specifiedAmount.units"),
        (
            {"allUpdatesRule": {"monitoringNotificationChannels": [str(n) for n in range(6)]}},
            "allUpdatesRule.monitoringNotificationChannels",
        ),
    ],
)
def test_limits_of_a_budget(cloud: Any, more: dict[str, Any], path: str) -> None:
    assert set(cloud.problems(BUDGET, {**A_BUDGET, **more})) == {path}


def test_a_wish_for_quota_outlives_its_delete_and_grants_nothing(cloud: Any) -> None:
    identity, out = cloud.create(QUOTA, "q", A_WISH)
    assert out["reconciling"] is True
    assert out["quotaConfig"]["grantedValue"] == "0"
    cloud.delete(QUOTA, "q", identity)
    with pytest.raises(Refused, match="already exist"):
        cloud.create(QUOTA, "q", A_WISH)


@pytest.mark.parametrize(
    ("token", "inputs"),
    [(POOL, A_POOL), (CHANNEL, EMAIL), (ALERTS, alerts()), (BUDGET, A_BUDGET), (QUOTA, A_WISH)],
)
def test_faults_on_demand_reach_each_of_them_once(
    cloud: Any, token: str, inputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "ANYPORT_SANDBOX_FAULTS",
        f'[{{"type": "{token}", "operation": "create", "times": 1, "message": "503 Unavailable"}}]',
    )
    with pytest.raises(Refused, match="503"):
        cloud.create(token, "x", inputs)
    assert cloud.create(token, "x", inputs)[0]
