"""What Azure refuses, and what it computes."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Refused

GROUP = "azure-native:resources:ResourceGroup"
ACCOUNT = "azure-native:cognitiveservices:Account"
DEPLOYMENT = "azure-native:cognitiveservices:Deployment"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
ROLE = "azure-native:authorization:RoleAssignment"
A_GUID = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"


def account(name: str = "acc", **properties: Any) -> dict[str, Any]:
    return {
        "accountName": name,
        "resourceGroupName": "rg",
        "location": "eastus2",
        "kind": "OpenAI",
        "sku": {"name": "S0"},
        "properties": {"customSubDomainName": name, **properties},
    }


def deployment(
    model: str = "gpt-5.1", version: str = "2025-11-13", capacity: int = 10, **more: Any
) -> dict[str, Any]:
    return {
        "accountName": "acc",
        "resourceGroupName": "rg",
        "deploymentName": "d",
        "sku": {"name": "GlobalStandard", "capacity": capacity},
        "properties": {"model": {"format": "OpenAI", "name": model, "version": version}},
        **more,
    }


@pytest.fixture
def cloud(sim: Any) -> Any:
    made = sim("azure-native")
    made.create(GROUP, "g", {"resourceGroupName": "rg", "location": "eastus2"})
    return made


def test_account_outputs(cloud: Any) -> None:
    identity, out = cloud.create(ACCOUNT, "a", account())
    assert identity.endswith("/resourceGroups/rg/providers/Microsoft.CognitiveServices/accounts/acc")
    assert out["properties"]["endpoint"] == "https://acc.openai.azure.com/"
    assert out["properties"]["provisioningState"] == "Succeeded"


def test_user_assigned_identities_come_back_as_a_map(cloud: Any) -> None:
    identity, out = cloud.create(IDENTITY, "u", {"resourceGroupName": "rg", "location": "eastus2"})
    given = {**account(), "identity": {"type": "UserAssigned", "userAssignedIdentities": [identity]}}
    _, made = cloud.create(ACCOUNT, "a", given)
    assert made["identity"]["userAssignedIdentities"][identity]["principalId"] == out["principalId"]


def test_group_must_exist(sim: Any) -> None:
    with pytest.raises(Refused, match="404 ResourceGroupNotFound"):
        sim("azure-native").create(ACCOUNT, "a", account())


def test_existing_id_and_taken_subdomain(cloud: Any) -> None:
    cloud.create(ACCOUNT, "a", account())
    with pytest.raises(Refused, match="cannot create already existing resource"):
        cloud.create(ACCOUNT, "b", account())
    other = account("other")
    other["properties"]["customSubDomainName"] = "ACC"
    with pytest.raises(Refused, match="CustomDomainInUse"):
        cloud.create(ACCOUNT, "b", other)


def test_deleted_account_holds_its_name_for_48_hours(cloud: Any) -> None:
    identity, _ = cloud.create(ACCOUNT, "a", account())
    cloud.delete(ACCOUNT, "a", identity)
    with pytest.raises(Refused, match="409 FlagMustBeSetForRestore"):
        cloud.create(ACCOUNT, "a", account())
    assert cloud.create(ACCOUNT, "a", account(restore=True))[0] == identity
    cloud.delete(ACCOUNT, "a", identity)
    cloud.clock.pass_hours(49)
    assert cloud.create(ACCOUNT, "a", account())[0] == identity


def test_group_takes_its_accounts_along_softly(cloud: Any) -> None:
    cloud.create(ACCOUNT, "a", account())
    cloud.delete(GROUP, "g", "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg")
    cloud.create(GROUP, "g", {"resourceGroupName": "rg", "location": "eastus2"})
    with pytest.raises(Refused, match="FlagMustBeSetForRestore"):
        cloud.create(ACCOUNT, "a", account())


def test_one_operation_at_a_time_per_account(cloud: Any) -> None:
    cloud.create(ACCOUNT, "a", account())
    refused: list[str] = []

    def meanwhile() -> None:
        with pytest.raises(Refused) as caught:
            cloud.create(DEPLOYMENT, "e", deployment(deploymentName="e"))
        refused.append(str(caught.value))

    cloud.clock.during = [meanwhile]
    cloud.create(DEPLOYMENT, "d", deployment())
    assert refused[0].startswith("409 RequestConflict: Another operation is being performed on the parent")
    assert cloud.create(DEPLOYMENT, "e", deployment(deploymentName="e"))[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"model": "gpt-99"}, "400 DeploymentModelNotSupported"),
        (
            {"model": "gpt-4o", "version": "2024-11-20"},
            "400 ServiceModelDeprecating: .* retired since 2026-10-01",
        ),
        ({"capacity": 1001}, "400 InsufficientQuota: This operation require 1001 new capacity in quota"),
        ({"sku": {"name": "GlobalStandard"}}, "sku of model deployment is not provided"),
        ({"accountName": "nope"}, "404 ResourceNotFound"),
    ],
)
def test_deployments_refused(cloud: Any, change: dict[str, Any], words: str) -> None:
    cloud.create(ACCOUNT, "a", account())
    with pytest.raises(Refused, match=words):
        cloud.create(DEPLOYMENT, "d", deployment(**change))


def test_model_absent_from_the_region(cloud: Any) -> None:
    cloud.create(ACCOUNT, "a", {**account(), "location": "Atlantis North"})
    with pytest.raises(Refused, match=r"DeploymentModelNotSupported: .* in 'atlantisnorth'"):
        cloud.create(DEPLOYMENT, "d", deployment())


def test_quota_counts_all_deployments_but_not_oneself(cloud: Any) -> None:
    cloud.create(ACCOUNT, "a", account())
    identity, _ = cloud.create(DEPLOYMENT, "d", deployment(capacity=900))
    assert cloud.update(DEPLOYMENT, "d", identity, deployment(capacity=1000))["sku"]["capacity"] == 1000
    with pytest.raises(Refused, match="current available capacity 0"):
        cloud.create(DEPLOYMENT, "e", deployment(deploymentName="e", capacity=1))


def test_role_assignments(cloud: Any) -> None:
    inputs = {"scope": "/subscriptions/s", "principalId": A_GUID, "roleDefinitionId": "/r"}
    assert cloud.problems(ROLE, {**inputs, "roleAssignmentName": "x"}) == {
        "roleAssignmentName": "must be a GUID"
    }
    assert cloud.create(ROLE, "r", inputs)[0].startswith(
        "/subscriptions/s/providers/Microsoft.Authorization/"
    )
    with pytest.raises(Refused, match="RoleAssignmentExists"):
        cloud.create(ROLE, "r2", inputs)


def test_replacements(cloud: Any) -> None:
    old, new = account(), account(customSubDomainName="new")
    assert list(cloud.diff(ACCOUNT, "a", "/x", old, new).replaces) == ["properties"]
    old, new = deployment(), deployment(accountName="other", capacity=11)
    assert list(cloud.diff(DEPLOYMENT, "d", "/x", old, new).replaces) == ["accountName"]
