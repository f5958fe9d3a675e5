"""Identities, federations, locks, private endpoints, alerts and budgets of the simulated Azure."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Refused
from .test_azure import A_GUID, ACCOUNT, DEPLOYMENT, GROUP, IDENTITY, ROLE, account, deployment
from .test_azure_account import GROUP_ID

FEDERATION = "azure-native:managedidentity:FederatedIdentityCredential"
LOCK = "azure-native:authorization:ManagementLockByScope"
ENDPOINT = "azure-native:network:PrivateEndpoint"
ZONE_GROUP = "azure-native:network:PrivateDnsZoneGroup"
ZONE = "azure-native:privatedns:PrivateZone"
LINK = "azure-native:privatedns:VirtualNetworkLink"
BUDGET = "azure-native:consumption:Budget"
DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"
ALERT = "azure-native:monitor:MetricAlert"
ACTIONS = "azure-native:monitor:ActionGroup"
IN_RG = {"resourceGroupName": "rg"}


@pytest.fixture
def cloud(sim: Any) -> Any:
    made = sim("azure-native")
    made.create(GROUP, "g", {"resourceGroupName": "rg", "location": "eastus2"})
    return made


def federation(name: str, **more: Any) -> dict[str, Any]:
    return {
        **IN_RG, "resourceName": "id", "federatedIdentityCredentialResourceName": name,
        "issuer": "https://oidc.example.com", "subject": name, "audiences": ["api"], **more,
    }  # fmt: skip


def endpoint(target: str, **more: Any) -> dict[str, Any]:
    connection = {"name": "c", "privateLinkServiceId": target, "groupIds": ["account"], **more}
    return {
        **IN_RG, "privateEndpointName": "pe", "location": "eastus2", "subnet": {"id": "/s"},
        "privateLinkServiceConnections": [connection],
    }  # fmt: skip


def test_federations_are_written_one_at_a_time(cloud: Any) -> None:
    with pytest.raises(Refused, match="404 ResourceNotFound"):
        cloud.create(FEDERATION, "f", federation("f"))
    cloud.create(IDENTITY, "u", {**IN_RG, "resourceName": "id", "location": "eastus2"})
    refused: list[str] = []

    def meanwhile() -> None:
        with pytest.raises(Refused) as caught:
            cloud.create(FEDERATION, "f", federation("f"))
        refused.append(str(caught.value))

    cloud.clock.during = [meanwhile]
    cloud.create(FEDERATION, "e", federation("e"))
    assert "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity" in refused[0]
    with pytest.raises(Refused, match="already exists for this Managed Identity"):
        cloud.create(FEDERATION, "f", federation("f", subject="e"))
    for number in range(19):
        cloud.create(FEDERATION, f"f{number}", federation(f"f{number}"))
    with pytest.raises(Refused, match="at most 20"):
        cloud.create(FEDERATION, "last", federation("last"))


def test_a_lock_holds_its_scope_all_below_and_the_group_round_it(cloud: Any) -> None:
    made, _ = cloud.create(ACCOUNT, "a", account())
    below, _ = cloud.create(DEPLOYMENT, "d", deployment())
    role, _ = cloud.create(ROLE, "r", {"scope": made, "principalId": A_GUID, "roleDefinitionId": "/r"})
    other, _ = cloud.create(ACCOUNT, "b", account("acc-2"))
    assert list(cloud.problems(LOCK, {"scope": made, "level": "Never"})) == ["level"]
    lock, _ = cloud.create(LOCK, "l", {"scope": made, "level": "CanNotDelete", "lockName": "l"})
    for token, name, identity, inputs in (
        (ACCOUNT, "a", made, account()),
        (DEPLOYMENT, "d", below, deployment()),
        (ROLE, "r", role, {}),
        (GROUP, "g", GROUP_ID, {}),
    ):
        with pytest.raises(Refused, match="409 ScopeLocked"):
            cloud.delete(token, name, identity, inputs)
        assert cloud.read(token, name, identity).id == identity, "a refused delete must leave everything"
    cloud.delete(ACCOUNT, "b", other, account("acc-2"))
    assert cloud.update(DEPLOYMENT, "d", below, deployment(capacity=11))["sku"]["capacity"] == 11
    cloud.delete(LOCK, "l", lock)
    cloud.delete(DEPLOYMENT, "d", below, deployment())


def test_a_private_endpoint_comes_too_early(cloud: Any) -> None:
    made, _ = cloud.create(ACCOUNT, "a", account())
    refused: list[str] = []

    def meanwhile() -> None:
        with pytest.raises(Refused) as caught:
            cloud.create(ENDPOINT, "p", endpoint(made))
        refused.append(str(caught.value))

    cloud.clock.during = [meanwhile]
    cloud.create(DEPLOYMENT, "d", deployment())
    assert "AccountProvisioningStateInvalid" in refused[0]
    assert "in state Accepted" in refused[0]
    _, out = cloud.create(ENDPOINT, "p", endpoint(made))
    assert out["networkInterfaces"][0]["id"]


def test_a_private_endpoint_needs_a_fitting_account(cloud: Any) -> None:
    bare = {**account("bare"), "properties": {}}
    made, _ = cloud.create(ACCOUNT, "a", bare)
    with pytest.raises(Refused, match="custom subdomain"):
        cloud.create(ENDPOINT, "p", endpoint(made))
    with pytest.raises(Refused, match=r"must be \['account'\]"):
        cloud.create(ENDPOINT, "p", endpoint(made, groupIds=["openai"]))
    with pytest.raises(Refused, match="404 ResourceNotFound"):
        cloud.create(ENDPOINT, "p", endpoint(made + "x"))


def test_zones_links_and_zone_groups(cloud: Any) -> None:
    name = "privatelink.openai.azure.com"
    zone = {**IN_RG, "privateZoneName": name, "location": "global"}
    link = {
        **IN_RG, "privateZoneName": name, "virtualNetworkLinkName": "l", "location": "global",
        "virtualNetwork": {"id": "/net"},
    }  # fmt: skip
    group = {
        **IN_RG, "privateEndpointName": "pe", "privateDnsZoneGroupName": "default",
        "privateDnsZoneConfigs": [{"name": "z"}],
    }  # fmt: skip
    with pytest.raises(Refused, match="must be 'global'"):
        cloud.create(ZONE, "z", {**zone, "location": "eastus2"})
    with pytest.raises(Refused, match="ParentResourceNotFound"):
        cloud.create(LINK, "l", link)
    made, _ = cloud.create(ZONE, "z", zone)
    cloud.create(LINK, "l", link)
    with pytest.raises(Refused, match="CannotDeleteResource"):
        cloud.delete(ZONE, "z", made)
    cloud.create(GROUP, "g2", {"resourceGroupName": "rg2", "location": "eastus2"})
    cloud.create(ZONE, "z2", {**zone, "resourceGroupName": "rg2"})
    with pytest.raises(Refused, match="overlapping namespaces"):
        cloud.create(LINK, "l2", {**link, "resourceGroupName": "rg2"})
    with pytest.raises(Refused, match="404 ResourceNotFound"):
        cloud.create(ZONE_GROUP, "zg", group)
    target, _ = cloud.create(ACCOUNT, "a", account())
    private, _ = cloud.create(ENDPOINT, "p", endpoint(target))
    with pytest.raises(Refused, match="needs a privateDnsZoneId"):
        cloud.create(ZONE_GROUP, "zg", group)
    identity, _ = cloud.create(
        ZONE_GROUP, "zg", {**group, "privateDnsZoneConfigs": [{"name": "z", "privateDnsZoneId": made}]}
    )
    assert identity == f"{private}/privateDnsZoneGroups/default"
    cloud.delete(ENDPOINT, "p", private)
    assert cloud.read(ZONE_GROUP, "zg", identity).id == ""


def budget(percents: int = 3, start: str = "2026-11-01T00:00:00Z", scope: str = GROUP_ID) -> dict[str, Any]:
    row = {"enabled": True, "operator": "GreaterThan", "threshold": 50, "contactEmails": ["a@example.com"]}
    return {
        "budgetName": "b", "scope": scope, "amount": 100, "category": "Cost", "timeGrain": "Monthly",
        "timePeriod": {"startDate": start}, "notifications": {f"n{n}": row for n in range(percents)},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (budget(percents=6), "at most 5 notifications"),
        (budget(start="2026-11-25T00:00:00Z"), "first of a month"),
        (budget(scope=f"{GROUP_ID}/providers/x/y/z"), "subscription or a resource group"),
    ],
)
def test_budgets_refused(cloud: Any, wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused, match=words):
        cloud.create(BUDGET, "b", wrong)
    identity, _ = cloud.create(BUDGET, "b", budget(percents=5))
    if wrong["scope"] == GROUP_ID:
        with pytest.raises(Refused, match=words):
            cloud.update(BUDGET, "b", identity, wrong)


def test_a_budget_tells_somebody(cloud: Any) -> None:
    silent = budget(1)
    silent["notifications"]["n0"] = {**silent["notifications"]["n0"], "contactEmails": []}
    with pytest.raises(Refused, match="needs a contact"):
        cloud.create(BUDGET, "b", silent)


def test_logs_and_alerts(cloud: Any) -> None:
    made, _ = cloud.create(ACCOUNT, "a", account())
    assert list(cloud.problems(DIAGNOSTICS, {"resourceUri": made, "name": "d"})) == ["workspaceId"]
    identity, _ = cloud.create(DIAGNOSTICS, "d", {"resourceUri": made, "name": "d", "workspaceId": "/w"})
    assert identity == f"{made}/providers/Microsoft.Insights/diagnosticSettings/d"
    group = {**IN_RG, "enabled": True, "location": "global"}
    assert list(cloud.problems(ACTIONS, {**group, "groupShortName": "thirteen-long"})) == ["groupShortName"]
    alert = {
        **IN_RG, "ruleName": "r", "location": "global", "enabled": True, "severity": 2, "scopes": [made],
        "evaluationFrequency": "PT5M", "windowSize": "PT1H",
        "criteria": {"odataType": "Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", "allOf": []},
    }  # fmt: skip
    assert cloud.create(ALERT, "r", alert)[0].endswith("/providers/Microsoft.Insights/metricAlerts/r")
    for change, words in (
        ({"windowSize": "PT1M"}, "must not be shorter"),
        ({"windowSize": "5 minutes"}, "not a duration"),
        ({"location": "eastus2"}, "must be 'global'"),
    ):
        with pytest.raises(Refused, match=words):
            cloud.create(ALERT, "s", {**alert, "ruleName": "s", **change})
