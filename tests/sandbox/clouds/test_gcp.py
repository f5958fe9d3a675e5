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
