"""What Google Cloud refuses, and what it computes."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Refused

SERVICE = "gcp:projects/service:Service"
GARDEN = "gcp:vertex/aiEndpointWithModelGardenDeployment:AiEndpointWithModelGardenDeployment"
ENDPOINT = "gcp:vertex/aiEndpoint:AiEndpoint"
ENABLE = "gcp:vertex/aiModelGardenEnableModel:AiModelGardenEnableModel"
ACCOUNT = "gcp:serviceaccount/account:Account"
MEMBER = "gcp:projects/iAMMember:IAMMember"
API = {"service": "aiplatform.googleapis.com"}


def garden(**more: Any) -> dict[str, Any]:
    return {
        "location": "us-central1",
        "publisherModelName": "publishers/openai/models/gpt-oss@gpt-oss-120b",
        "deployConfig": {
            "dedicatedResources": {"machineSpec": {"machineType": "a3-highgpu-1g"}, "minReplicaCount": 1}
        },
        **more,
    }


@pytest.fixture
def cloud(sim: Any) -> Any:
    made = sim("gcp", project="demo", region="us-central1")
    made.create(SERVICE, "api", API)
    return made


def test_dns_is_read_through_the_bare_endpoint(cloud: Any) -> None:
    identity, _ = cloud.create(GARDEN, "m", garden())
    assert identity.startswith("projects/123456789012/locations/us-central1/endpoints/mg-endpoint-")
    dns = cloud.read(ENDPOINT, "dns", identity).properties.fields["dedicatedEndpointDns"].string_value
    assert dns == f"{identity.rpartition('/')[2]}.us-central1-123456789012.prediction.vertexai.goog"
    assert cloud.read(ENDPOINT, "dns", identity + "x").id == ""


def test_location_must_be_the_providers_region(cloud: Any) -> None:
    with pytest.raises(Refused, match="'us-central1' but the resource's location is 'europe-west4'"):
        cloud.create(GARDEN, "m", garden(location="europe-west4"))


def test_api_must_be_on(sim: Any) -> None:
    with pytest.raises(Refused, match="SERVICE_DISABLED"):
        sim("gcp", project="demo", region="us-central1").create(GARDEN, "m", garden())


def test_service_stays_on_unless_told(cloud: Any) -> None:
    cloud.delete(SERVICE, "api", "demo/aiplatform.googleapis.com")
    assert cloud.create(GARDEN, "m", garden())[0]


def test_reads_see_nothing_and_a_second_delete_fails(cloud: Any) -> None:
    identity, out = cloud.create(GARDEN, "m", garden())
    cloud.delete(GARDEN, "m", identity)
    assert cloud.read(GARDEN, "m", identity, out).id == identity
    with pytest.raises(Refused, match="cannot be undeployed"):
        cloud.delete(GARDEN, "m", identity)


def test_nearly_everything_replaces(cloud: Any) -> None:
    more = garden()
    more["deployConfig"]["dedicatedResources"]["minReplicaCount"] = 2
    assert not cloud.diff(GARDEN, "m", "x", garden(), more).replaces
    other = garden(endpointConfig={"endpointDisplayName": "n"})
    assert list(cloud.diff(GARDEN, "m", "x", garden(), other).replaces) == ["endpointConfig"]


def test_eula(cloud: Any) -> None:
    llama = garden(publisherModelName="publishers/meta/models/llama3-3@llama-3.3-70b-instruct")
    with pytest.raises(Refused, match="acceptEula"):
        cloud.create(GARDEN, "m", llama)
    assert cloud.create(GARDEN, "m", {**llama, "modelConfig": {"acceptEula": True}})[0]


def test_endpoint_names_are_numbers(cloud: Any) -> None:
    inputs = {"displayName": "d", "location": "us-central1"}
    with pytest.raises(Refused, match="must be numeric"):
        cloud.create(ENDPOINT, "e", inputs)
    assert cloud.create(ENDPOINT, "e", {**inputs, "name": "42"})[0].endswith("/endpoints/42")


def test_retired_models_cannot_be_enabled(cloud: Any) -> None:
    with pytest.raises(Refused, match="was retired on 2026-10-21"):
        cloud.create(ENABLE, "e", {"publisherModelName": "publishers/openai/models/gpt-oss-20b-maas"})
    assert cloud.create(ENABLE, "e", {"publisherModelName": "publishers/openai/models/gpt-oss-120b-maas"})[0]


def test_accounts_and_members(cloud: Any) -> None:
    assert "accountId" in cloud.problems(ACCOUNT, {"accountId": "Bad"})
    _, out = cloud.create(ACCOUNT, "sa", {"accountId": "caller-1"})
    assert out["email"] == "caller-1@demo.iam.gserviceaccount.com"
    grant = {"project": "demo", "role": "roles/aiplatform.user", "member": out["member"]}
    assert cloud.create(MEMBER, "m", grant)[0] == cloud.create(MEMBER, "m2", grant)[0]
    assert set(cloud.problems(MEMBER, {**grant, "member": out["email"]})) == {"member"}


def gpus(count: int, most: int = 1, **more: Any) -> dict[str, Any]:
    inputs = garden(**more)
    inputs["deployConfig"]["dedicatedResources"] = {
        "machineSpec": {
            "machineType": "a3-highgpu-8g",
            "acceleratorType": "NVIDIA_H100_80GB",
            "acceleratorCount": count,
        },
        "minReplicaCount": 1,
        "maxReplicaCount": most,
    }
    return inputs


def test_gpu_quota_is_charged_with_the_most_replicas_from_the_start(cloud: Any) -> None:
    cloud.create(GARDEN, "a", gpus(8, most=2))
    with pytest.raises(Refused, match=r"RESOURCE_EXHAUSTED.*8 asked for, 16 of 16 in use"):
        cloud.create(GARDEN, "b", gpus(8))


def test_a_replacement_that_comes_first_needs_the_quota_twice(cloud: Any) -> None:
    identity, _ = cloud.create(GARDEN, "a", gpus(8, most=2))
    with pytest.raises(Refused, match="RESOURCE_EXHAUSTED"):
        cloud.create(GARDEN, "a", gpus(8, most=2))
    cloud.delete(GARDEN, "a", identity)
    assert cloud.create(GARDEN, "a", gpus(8, most=2))[0] != identity


def test_growing_in_place_needs_quota_too(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYPORT_SANDBOX_GCP_QUOTA", "16")
    identity, _ = cloud.create(GARDEN, "a", gpus(8))
    assert cloud.update(GARDEN, "a", identity, gpus(8, most=2))
    with pytest.raises(Refused, match="24 asked for, 0 of 16"):
        cloud.update(GARDEN, "a", identity, gpus(8, most=3))


def test_a_deployment_leaves_its_uploaded_model_behind(cloud: Any) -> None:
    identity, _ = cloud.create(GARDEN, "a", garden())
    cloud.delete(GARDEN, "a", identity)
    with cloud.provider.cloud.env.state.transaction() as records:
        assert len(records.of_type("left behind")) == 1


def test_prevent_holds_a_deployment_until_it_is_changed(cloud: Any) -> None:
    identity, _ = cloud.create(GARDEN, "a", garden(deletionPolicy="PREVENT"))
    with pytest.raises(Refused, match="deletionPolicy PREVENT"):
        cloud.delete(GARDEN, "a", identity)
    assert not cloud.diff(GARDEN, "a", identity, garden(deletionPolicy="PREVENT"), garden()).replaces
    cloud.update(GARDEN, "a", identity, garden(deletionPolicy="DELETE"))
    cloud.delete(GARDEN, "a", identity)


def test_a_private_endpoint_is_not_a_dedicated_one(cloud: Any) -> None:
    private = {"privateServiceConnectConfig": {"enablePrivateServiceConnect": True}}
    both = garden(endpointConfig={**private, "dedicatedEndpointEnabled": True})
    assert set(cloud.problems(GARDEN, both)) == {"endpointConfig.privateServiceConnectConfig"}
    identity, _ = cloud.create(GARDEN, "m", garden(endpointConfig=private))
    fields = cloud.read(ENDPOINT, "dns", identity).properties.fields
    assert fields["dedicatedEndpointDns"].string_value == ""


@pytest.mark.parametrize("region", ["global", "us", "eu"])
def test_addresses_without_a_control_plane(sim: Any, region: str) -> None:
    made = sim("gcp", project="demo", region=region)
    made.create(SERVICE, "api", API)
    with pytest.raises(Refused, match=f"lookup {region}-aiplatform.googleapis.com: no such host"):
        made.create(ENABLE, "e", {"publisherModelName": "publishers/openai/models/gpt-oss-120b-maas"})


def test_an_enabled_model_stays_enabled(cloud: Any) -> None:
    identity, out = cloud.create(
        ENABLE, "e", {"publisherModelName": "publishers/openai/models/gpt-oss-120b-maas"}
    )
    cloud.delete(ENABLE, "e", identity)
    assert cloud.read(ENABLE, "e", identity, out).id == identity
    assert cloud.create(ENABLE, "e", {"publisherModelName": "publishers/openai/models/gpt-oss-120b-maas"})


@pytest.mark.parametrize("name", ["short", "a" * 31, "Upper-case", "1-digit-first", "ends-in-"])
def test_account_ids_have_6_to_30_characters(cloud: Any, name: str) -> None:
    assert set(cloud.problems(ACCOUNT, {"accountId": name})) == {"accountId"}


def test_projects_are_read_by_id(cloud: Any) -> None:
    found = cloud.read("gcp:organizations/project:Project", "p", "demo").properties.fields
    assert found["number"].string_value == "123456789012"


@pytest.mark.parametrize("operation", ["create", "update", "delete", "read"])
def test_faults_on_demand_reach_a_deployment(
    cloud: Any, operation: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    identity, out = cloud.create(GARDEN, "m", garden())
    monkeypatch.setenv(
        "ANYPORT_SANDBOX_FAULTS",
        f'[{{"cloud": "gcp", "type": "gcp:vertex/aiEndpointWith*", "operation": "{operation}", "times": 1, '
        '"delay_seconds": 600, "message": "503 Service Unavailable"}]',
    )

    def act() -> None:
        match operation:
            case "create":
                cloud.create(GARDEN, "n", garden())
            case "update":
                cloud.update(GARDEN, "m", identity, garden())
            case "delete":
                cloud.delete(GARDEN, "m", identity)
            case _:
                cloud.read(GARDEN, "m", identity, out)

    with pytest.raises(Refused, match="503"):
        act()
    assert cloud.clock.slept[-1:] == [600]
    act()
