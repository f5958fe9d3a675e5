"""What an Azure OpenAI target registers: order, names, protection, and what it makes only when asked."""

from __future__ import annotations

from typing import Any

import pytest
from recorder import Case, Registered, cases, record, record_case

from anyport.errors import BuildError
from anyport.targets.azure_openai.component import AzureOpenaiTarget
from anyport.targets.azure_openai.kinds import SKU_OF_KIND
from anyport.targets.base import TargetArgs

CASES = {case.name: case for case in cases("azure_openai")}
VNET = "/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups/net/providers/Microsoft.Network/virtualNetworks/hub"


def built(name: str, **options: Any) -> dict[str, Registered]:
    """The resources of a case, with options laid over its own, by what follows the target's name."""
    case = CASES[name]
    changed = Case(**{**vars(case), "options": {**case.options, **options}})
    return {found.name.removeprefix("chat-one-"): found for found in record_case(changed)}


def at(found: Registered, path: str) -> Any:
    value: Any = found.inputs
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def chain(made: dict[str, Registered], last: str) -> list[str]:
    """What must be there before `last`, nearest first, along depends_on."""
    found: list[str] = []
    waiting = [last]
    while waiting:
        for name in made[waiting.pop(0)].depends_on:
            short = name.removeprefix("chat-one-")
            if short in made and short not in found:
                found.append(short)
                waiting.append(short)
    return found


def test_the_smallest_target_makes_nothing_optional() -> None:
    made = built("smallest")
    assert sorted(made) == ["account", "caller", "deployment", "rg", "role-caller"]
    account = made["account"]
    assert at(account, "kind") == "AIServices"
    assert at(account, "properties.disableLocalAuth") is True
    assert at(account, "properties.publicNetworkAccess") == "Enabled"
    assert at(account, "properties.restrictOutboundNetworkAccess") is True
    assert at(account, "properties.customSubDomainName") == at(account, "accountName")
    assert at(account, "properties.networkAcls") is None
    assert at(account, "properties.encryption") is None
    assert at(account, "properties.restore") is None
    assert at(account, "identity") == {"type": "SystemAssigned"}
    assert at(made["deployment"], "properties.versionUpgradeOption") == "NoAutoUpgrade"
    assert at(made["deployment"], "properties.raiPolicyName") is None
    assert at(made["deployment"], "sku") == {"name": "Standard", "capacity": 10}
    assert not any(found.protect for found in made.values())


def test_names_change_with_the_region_because_azure_keeps_the_old_ones() -> None:
    here = built("smallest")["account"].inputs["accountName"]
    there = {found.name: found for found in record_case(Case("azure_openai", "x", "westus3", "gpt-oss-120b"))}
    assert there["chat-one-account"].inputs["accountName"] != here
    assert built("smallest")["account"].inputs["accountName"] == here


@pytest.mark.parametrize(("kind", "sku"), sorted(SKU_OF_KIND.items()))
def test_every_kind_has_its_sku(kind: str, sku: str) -> None:
    made = built("unprotected", deployment_kind=kind, capacity=25)
    assert at(made["deployment"], "sku") == {"name": sku, "capacity": 25}


def test_traffic_gives_the_capacity() -> None:
    assert at(built("prod")["deployment"], "sku.capacity") == 300


def test_everything_below_the_account_is_made_one_by_one_and_the_private_endpoint_last() -> None:
    policy = {"jailbreak": "block"}
    private = CASES["private"].options["private_access"]
    made = built("provisioned", content_safety=policy, private_access=private, lock=True)
    assert {"account", "rai-policy", "spillover"} <= set(chain(made, "deployment"))
    assert {"deployment", "spillover"} <= set(chain(made, "private-dns"))
    assert "chat-one-account" in made["rai-policy"].depends_on
    assert "chat-one-rai-policy" in made["spillover"].depends_on
    assert "chat-one-spillover" in made["deployment"].depends_on
    assert "chat-one-deployment" in made["private"].depends_on
    assert "chat-one-private" in made["private-dns"].depends_on
    assert "chat-one-deployment" in made["role-caller"].depends_on


def test_the_lock_is_made_last_so_that_it_goes_first() -> None:
    diagnostics = CASES["watched"].options["diagnostics"]
    made = built("guarded", lock=True, diagnostics=diagnostics)
    assert {"account", "rai-policy", "deployment", "role-caller", "diagnostics"} <= set(chain(made, "lock"))
    assert at(made["lock"], "scope") == made["account"].id
    assert at(made["lock"], "level") == "CanNotDelete"


def test_spillover_is_named_in_the_provisioned_deployment() -> None:
    made = built("provisioned")
    assert at(made["deployment"], "sku") == {"name": "DataZoneProvisionedManaged", "capacity": 50}
    assert at(made["spillover"], "sku") == {"name": "DataZoneStandard", "capacity": 200}
    assert at(made["deployment"], "properties.spilloverDeploymentName") == at(
        made["spillover"], "deploymentName"
    )
    assert at(made["spillover"], "properties.spilloverDeploymentName") is None


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("prod", ["rg", "account"]),
        ("provisioned", ["rg", "account", "deployment"]),
        ("unprotected", []),
        ("regional_units", []),
    ],
)
def test_what_holds_state_or_capacity_is_protected(name: str, kept: list[str]) -> None:
    assert [short for short, found in built(name).items() if found.protect] == kept


def test_slow_operations_get_their_time() -> None:
    assert built("smallest")["deployment"].timeouts == {"create": "30m", "update": "30m", "delete": "30m"}
    units = built("provisioned")["deployment"].timeouts
    assert units == {"create": "90m", "update": "90m", "delete": "30m"}


def test_the_version_is_watched_unless_azure_moves_it() -> None:
    assert built("smallest")["deployment"].ignore_changes == ()
    made = built("self_upgrading")["deployment"]
    assert made.ignore_changes == ("properties.model.version",)
    assert at(made, "properties.versionUpgradeOption") == "OnceCurrentVersionExpired"
    newer = built("self_upgrading", version_upgrade="on_new_default")["deployment"]
    assert at(newer, "properties.versionUpgradeOption") == "OnceNewDefaultVersionAvailable"


def test_an_explicit_provider_only_for_a_subscription_of_its_own() -> None:
    assert not [found for found in built("smallest").values() if found.type.startswith("pulumi:providers:")]
    made = built("private_in_a_landing_zone")
    [provider] = [name for name, found in made.items() if found.type == "pulumi:providers:azure-native"]
    assert {found.provider for name, found in made.items() if name != provider} == {provider}


def test_the_filter_of_a_target() -> None:
    made = built("guarded")
    filters = {
        (row["name"], row["source"]): (row["enabled"], row["blocking"], row.get("severityThreshold"))
        for row in at(made["rai-policy"], "properties.contentFilters")
    }
    assert filters[("Hate", "Prompt")] == (True, True, "Low")
    assert filters[("Violence", "Prompt")] == (True, True, "High")
    assert filters[("Violence", "Completion")] == (True, True, "Medium")
    assert filters[("Selfharm", "Prompt")] == (False, False, "High")
    assert filters[("Jailbreak", "Prompt")] == (True, False, None)
    assert filters[("Indirect Attack", "Prompt")] == (True, True, None)
    assert filters[("Protected Material Code", "Completion")] == (False, False, None)
    assert at(made["rai-policy"], "properties.mode") == "Asynchronous_filter"
    lists = at(made["rai-policy"], "properties.customBlocklists")
    assert [(row["blocklistName"], row["source"]) for row in lists] == [
        ("competitors", "Prompt"),
        ("competitors", "Completion"),
    ]
    assert at(made["deployment"], "properties.raiPolicyName") == at(made["rai-policy"], "raiPolicyName")


def test_the_default_filter_is_as_strict_as_microsofts() -> None:
    made = built("smallest", content_safety={})
    rows = at(made["rai-policy"], "properties.contentFilters")
    severities = [row for row in rows if "severityThreshold" in row]
    assert len(severities) == 8
    assert all(row["blocking"] and row["severityThreshold"] == "Medium" for row in severities)
    assert at(made["rai-policy"], "properties.customBlocklists") is None


def test_network_rules() -> None:
    acls = at(built("guarded")["account"], "properties.networkAcls")
    assert acls["defaultAction"] == "Deny"
    assert acls["bypass"] == "AzureServices"
    assert acls["ipRules"] == [{"value": "203.0.113.0/24"}, {"value": "198.51.100.7"}]
    assert at(built("guarded")["account"], "properties.allowedFqdnList") == ["images.example.com"]
    alone = at(built("smallest", allowed_ips=["203.0.113.9"])["account"], "properties.networkAcls")
    assert alone["bypass"] == "None"
    closed = built("private_in_a_landing_zone")["account"]
    assert at(closed, "properties.publicNetworkAccess") == "Disabled"
    assert at(closed, "properties.networkAcls.defaultAction") == "Deny"
    open_too = built("private", public_network_access=True)["account"]
    assert at(open_too, "properties.publicNetworkAccess") == "Enabled"


def test_a_private_endpoint_takes_the_account_off_the_public_network_and_names_it() -> None:
    made = built("private")
    assert at(made["account"], "properties.publicNetworkAccess") == "Disabled"
    connection = at(made["private"], "privateLinkServiceConnections")[0]
    assert connection["groupIds"] == ["account"]
    assert connection["privateLinkServiceId"] == made["account"].id
    assert at(made["private"], "location") == "eastus"
    zones = {"cognitiveservices", "openai", "services"}
    assert {short for short in made if short.startswith("zone-")} == {
        *(f"zone-{zone}" for zone in zones),
        *(f"zone-link-{zone}" for zone in zones),
    }
    for zone in zones:
        assert at(made[f"zone-link-{zone}"], "virtualNetwork.id") == VNET
        assert at(made[f"zone-link-{zone}"], "registrationEnabled") is False
    configs = at(made["private-dns"], "privateDnsZoneConfigs")
    assert [row["privateDnsZoneId"] for row in configs] == [
        made[f"zone-{zone}"].id for zone in ("cognitiveservices", "openai", "services")
    ]


def test_existing_zones_are_used_and_none_is_none() -> None:
    made = built("private_in_a_landing_zone")
    assert not any(short.startswith("zone-") for short in made)
    ids = [row["privateDnsZoneId"] for row in at(made["private-dns"], "privateDnsZoneConfigs")]
    assert ids == CASES["private_in_a_landing_zone"].options["private_access"]["zone_ids"]
    assert "private-dns" not in built("private_with_policy_driven_dns")


def test_a_key_of_your_own_comes_with_its_identity() -> None:
    made = built("private")["account"]
    assert at(made, "properties.encryption.keySource") == "Microsoft.KeyVault"
    assert at(made, "properties.encryption.keyVaultProperties.keyName") == "openai"
    assert at(made, "identity.type") == "UserAssigned"
    assert [one.rpartition("/")[2] for one in at(made, "identity.userAssignedIdentities")] == [
        "ai-account",
        "ai-key",
    ]


def test_roles_by_name_with_names_that_follow_principal_and_scope() -> None:
    made = built("shared")
    roles = {short: found for short, found in made.items() if short.startswith("role-")}
    assert len(roles) == 3
    by_principal = {at(found, "principalId"): found for found in roles.values()}
    plain = by_principal["33333333-3333-3333-3333-333333333333"]
    group = by_principal["44444444-4444-4444-4444-444444444444"]
    assert at(plain, "roleDefinitionId").endswith("/5e0bd9bd-7b93-4f28-af87-19fc36ad61bd")
    assert at(plain, "principalType") == "ServicePrincipal"
    assert at(group, "roleDefinitionId").endswith("/a97b65f3-24c7-4388-baec-2e87135dc908")
    assert at(group, "principalType") == "Group"
    again = {
        short: at(found, "roleAssignmentName") for short, found in built("shared").items() if short in roles
    }
    assert again == {short: at(found, "roleAssignmentName") for short, found in roles.items()}
    elsewhere = built("shared", account_name="acme-elsewhere")
    assert {at(elsewhere[short], "roleAssignmentName") for short in roles}.isdisjoint(again.values())
    assert at(built("smallest")["role-caller"], "roleDefinitionId").endswith(
        "/a97b65f3-24c7-4388-baec-2e87135dc908"
    ), "the OpenAI role does not cover other formats"


def test_federations_are_chained_on_the_caller_identity() -> None:
    made = built("shared")
    assert "chat-one-caller" in made["federation-cluster"].depends_on
    assert "chat-one-federation-cluster" in made["federation-pipeline"].depends_on
    assert at(made["federation-cluster"], "audiences") == ["api://AzureADTokenExchange"]
    assert at(made["federation-pipeline"], "audiences") == ["api://acme"]
    assert at(made["federation-cluster"], "resourceName") == at(made["caller"], "resourceName")


def test_alerts_say_what_when_and_to_whom() -> None:
    made = built("provisioned")
    rows = {
        short.removeprefix("alert-"): at(found, "criteria.allOf")[0]
        for short, found in made.items()
        if short.startswith("alert-") and short != "alert-group"
    }
    assert {what: (row["metricName"], row["threshold"]) for what, row in rows.items()} == {
        "throttled": ("AzureOpenAIRequests", 19),
        "errors": ("ServerErrors", 2),
        "latency": ("AzureOpenAITTLTInMS", 12500),
        "utilization": ("AzureOpenAIProvisionedManagedUtilizationV2", 80),
    }
    assert rows["throttled"]["dimensions"] == [
        {"name": "StatusCode", "operator": "Include", "values": ["429"]}
    ]
    assert at(made["alert-errors"], "windowSize") == "PT15M"
    assert at(made["alert-errors"], "actions") == [{"actionGroupId": made["alert-group"].id}]
    emails = at(made["alert-group"], "emailReceivers")
    assert [row["emailAddress"] for row in emails] == ["ai-oncall@example.com"]
    assert "alert-utilization" not in built("watched")
    hourly = {"emails": ["a@example.com"], "window_minutes": 60}
    assert at(built("watched", alerts=hourly)["alert-errors"], "windowSize") == "PT1H"


def test_a_budget_starts_with_the_plans_month_and_stays_there() -> None:
    made = built("watched")["budget"]
    assert at(made, "timePeriod.startDate") == "2026-11-01T00:00:00Z"
    assert made.ignore_changes == ("timePeriod",)
    assert at(made, "scope") == built("watched")["rg"].id
    assert at(made, "filter") is None
    assert sorted(row["threshold"] for row in at(made, "notifications").values()) == [60, 90, 120]


def test_in_a_group_of_yours_the_budget_sees_the_account_alone() -> None:
    made = built("in_a_group_of_yours")
    assert "rg" not in made
    assert at(made["account"], "resourceGroupName") == "rg-platform"
    assert at(made["account"], "properties.restore") is True
    assert at(made["budget"], "scope").endswith("/resourceGroups/rg-platform")
    assert at(made["budget"], "filter.dimensions.values") == [made["account"].id]


def test_a_budget_needs_the_day_of_the_plan() -> None:
    planned = CASES["watched"].planned().targets[0]

    def build() -> None:
        AzureOpenaiTarget("chat-one", TargetArgs("chat", planned, {}, "dev", None))

    with pytest.raises(BuildError) as caught:
        record(build)
    problem = caught.value.problems[0]
    assert (problem.code, problem.path) == ("AP303", "endpoints.chat.targets.one.options.budget")
    assert "today" in problem.fix


def test_logs_go_where_they_are_asked_to_go() -> None:
    made = built("watched")["diagnostics"]
    assert at(made, "resourceUri") == built("watched")["account"].id
    assert at(made, "logs") == [{"categoryGroup": "allLogs", "enabled": True}]
    assert at(made, "metrics") is None
    assert at(made, "logAnalyticsDestinationType") == "Dedicated"
    sink = {"storage_account_id": CASES["watched"].options["diagnostics"]["storage_account_id"]}
    one = built("watched", diagnostics=sink)["diagnostics"]
    assert at(one, "metrics") == [{"category": "AllMetrics", "enabled": True}]
    assert at(one, "logAnalyticsDestinationType") is None


def test_all_that_takes_tags_has_them() -> None:
    made = built("prod")
    for short in ("rg", "account", "caller"):
        assert made[short].inputs["tags"]["product"] == "help-desk"
        assert made[short].inputs["tags"]["owner"] == "ai"


def test_no_secret_is_made() -> None:
    for case in CASES:
        assert all(not found.secret_outputs for found in built(case).values())
        assert not any("listAccountKeys" in found.type for found in built(case).values())
