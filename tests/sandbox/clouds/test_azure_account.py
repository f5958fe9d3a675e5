"""What an Azure OpenAI account does to the deployments, filters and quota in it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import Refused
from .test_azure import ACCOUNT, DEPLOYMENT, GROUP, account, deployment

POLICY = "azure-native:cognitiveservices:RaiPolicy"
GROUP_ID = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg"


def policy(**properties: Any) -> dict[str, Any]:
    return {
        "accountName": "acc", "resourceGroupName": "rg", "raiPolicyName": "strict",
        "properties": {"basePolicyName": "Microsoft.DefaultV2", "mode": "Default", **properties},
    }  # fmt: skip


def sku(name: str, capacity: int = 10) -> dict[str, Any]:
    return {"name": name, "capacity": capacity}


@pytest.fixture
def cloud(sim: Any) -> Any:
    made = sim("azure-native")
    made.create(GROUP, "g", {"resourceGroupName": "rg", "location": "eastus2"})
    made.create(ACCOUNT, "a", account())
    return made


def with_properties(**properties: Any) -> dict[str, Any]:
    made = deployment()
    return {**made, "properties": {**made["properties"], **properties}}


def test_quota_stays_taken_by_a_soft_deleted_account(cloud: Any) -> None:
    cloud.create(DEPLOYMENT, "d", deployment(capacity=900))
    cloud.delete(GROUP, "g", GROUP_ID)
    cloud.create(GROUP, "g", {"resourceGroupName": "rg", "location": "eastus2"})
    cloud.create(ACCOUNT, "a", account("other"))
    with pytest.raises(Refused, match="current available capacity 100"):
        cloud.create(DEPLOYMENT, "d", deployment(accountName="other", capacity=101))
    cloud.clock.pass_hours(49)
    assert cloud.create(DEPLOYMENT, "d", deployment(accountName="other", capacity=101))[0]


def test_a_deployment_deleted_by_itself_frees_its_quota(cloud: Any) -> None:
    identity, _ = cloud.create(DEPLOYMENT, "d", deployment(capacity=1000))
    cloud.delete(DEPLOYMENT, "d", identity, deployment(capacity=1000))
    assert cloud.create(DEPLOYMENT, "d", deployment(capacity=1000))[0]


@pytest.mark.parametrize("name", ["Standard", "DeveloperTier", "Nonsense"])
def test_a_sku_that_is_not_offered(cloud: Any, name: str) -> None:
    made = deployment(model="gpt-5.4", version="2026-03-05", sku=sku(name))
    with pytest.raises(Refused, match=f"DeploymentModelNotSupported: .* SKU '{name}'"):
        cloud.create(DEPLOYMENT, "d", made)


@pytest.mark.parametrize(
    "name", ["ProvisionedManaged", "DataZoneProvisionedManaged", "GlobalProvisionedManaged", "GlobalBatch"]
)
def test_a_sku_that_may_be_offered(cloud: Any, name: str) -> None:
    assert cloud.create(DEPLOYMENT, "d", deployment(sku=sku(name)))[0]


def test_an_update_without_sku_is_refused(cloud: Any) -> None:
    identity, _ = cloud.create(DEPLOYMENT, "d", deployment())
    without = {key: value for key, value in deployment().items() if key != "sku"}
    with pytest.raises(Refused, match="sku of model deployment is not provided"):
        cloud.update(DEPLOYMENT, "d", identity, without)


def test_spillover_goes_to_a_standard_deployment_of_the_same_account(cloud: Any) -> None:
    units = {**with_properties(spilloverDeploymentName="spill"), "sku": sku("ProvisionedManaged")}
    with pytest.raises(Refused, match="'spill' does not exist in this account"):
        cloud.create(DEPLOYMENT, "d", units)
    cloud.create(DEPLOYMENT, "u", deployment(deploymentName="units", sku=sku("ProvisionedManaged")))
    wrong = {**with_properties(spilloverDeploymentName="units"), "sku": sku("ProvisionedManaged")}
    with pytest.raises(Refused, match="must be of a standard SKU"):
        cloud.create(DEPLOYMENT, "d", wrong)
    cloud.create(DEPLOYMENT, "s", deployment(deploymentName="spill"))
    assert cloud.create(DEPLOYMENT, "d", units)[0]
    with pytest.raises(Refused, match="Only a provisioned deployment"):
        cloud.create(
            DEPLOYMENT, "e", {**with_properties(spilloverDeploymentName="spill"), "deploymentName": "e"}
        )


def test_a_filter_must_exist_and_is_held_by_its_deployments(cloud: Any) -> None:
    with pytest.raises(Refused, match="RAI policy 'strict' does not exist"):
        cloud.create(DEPLOYMENT, "d", with_properties(raiPolicyName="strict"))
    assert cloud.create(
        DEPLOYMENT, "m", {**with_properties(raiPolicyName="Microsoft.Default"), "deploymentName": "m"}
    )
    identity, _ = cloud.create(POLICY, "p", policy())
    made, _ = cloud.create(DEPLOYMENT, "d", with_properties(raiPolicyName="strict"))
    with pytest.raises(Refused, match="RaiPolicyInUse"):
        cloud.delete(POLICY, "p", identity, policy())
    cloud.delete(DEPLOYMENT, "d", made, deployment())
    cloud.delete(POLICY, "p", identity, policy())


def test_the_tokens_of_a_filter(cloud: Any) -> None:
    row = {"name": "Hate", "severityThreshold": "Extreme", "source": "Anywhere"}
    found = cloud.problems(POLICY, policy(mode="Fast", basePolicyName="Mine", contentFilters=[row]))
    assert sorted(found) == [
        "properties.basePolicyName",
        "properties.contentFilters[0].severityThreshold",
        "properties.contentFilters[0].source",
        "properties.mode",
    ]


def test_a_filter_needs_its_account_and_takes_its_turn(cloud: Any) -> None:
    with pytest.raises(Refused, match="404 ResourceNotFound"):
        cloud.create(POLICY, "p", {**policy(), "accountName": "nope"})
    refused: list[str] = []

    def meanwhile() -> None:
        with pytest.raises(Refused) as caught:
            cloud.create(POLICY, "p", policy())
        refused.append(str(caught.value))

    cloud.clock.during = [meanwhile]
    cloud.create(DEPLOYMENT, "d", deployment())
    assert refused[0].startswith("409 RequestConflict")


@pytest.mark.parametrize("operation", ["update", "delete"])
def test_changes_and_deletes_take_their_turn_too(cloud: Any, operation: str) -> None:
    first, _ = cloud.create(DEPLOYMENT, "d", deployment())
    other = deployment(deploymentName="e")
    second, _ = cloud.create(DEPLOYMENT, "e", other)
    refused: list[str] = []

    calls = {
        "update": lambda: cloud.update(DEPLOYMENT, "e", second, other),
        "delete": lambda: cloud.delete(DEPLOYMENT, "e", second, other),
    }

    def meanwhile() -> None:
        with pytest.raises(Refused) as caught:
            calls[operation]()
        refused.append(str(caught.value))

    cloud.clock.during = [meanwhile]
    cloud.update(DEPLOYMENT, "d", first, deployment(capacity=11))
    assert refused[0].startswith("409 RequestConflict")


def test_a_group_that_no_program_made_is_there(cloud: Any) -> None:
    assert cloud.create(ACCOUNT, "b", {**account("platform"), "resourceGroupName": "rg-platform"})[0]


@pytest.mark.parametrize(
    ("token", "inputs"), [(DEPLOYMENT, deployment()), (POLICY, policy())], ids=["deployment", "policy"]
)
def test_faults_on_demand(
    cloud: Any, token: str, inputs: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    fault = {"type": token, "operation": "create", "times": 1, "message": "503 out of order"}
    monkeypatch.setenv("ANYPORT_SANDBOX_FAULTS", json.dumps([fault]))
    with pytest.raises(Refused, match="503 out of order"):
        cloud.create(token, "x", inputs)
    assert cloud.create(token, "x", inputs)[0], (
        "a failed create must leave neither a record nor a busy account"
    )
