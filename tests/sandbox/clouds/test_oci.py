"""What Oracle Cloud refuses, and what it computes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from anyport_sandbox.clouds.oci_base import updatable
from anyport_sandbox.clouds.oci_generative_ai import limit_of

from .conftest import Refused

POLICY = "oci:Identity/policy:Policy"
GROUP = "oci:Identity/dynamicGroup:DynamicGroup"
QUOTA = "oci:Limits/quota:Quota"
BUDGET = "oci:Budget/budget:Budget"
RULE_OF_BUDGET = "oci:Budget/rule:Rule"
CLUSTER = "oci:GenerativeAi/dedicatedAiCluster:DedicatedAiCluster"
ENDPOINT = "oci:GenerativeAi/endpoint:Endpoint"
MODEL = "oci:GenerativeAi/importedModel:ImportedModel"
PRIVATE = "oci:GenerativeAi/generativeAiPrivateEndpoint:GenerativeAiPrivateEndpoint"
PROFILE = "oci:GenerativeAi/routingProfile:RoutingProfile"
ALARM = "oci:Monitoring/alarm:Alarm"
TOPIC = "oci:Ons/notificationTopic:NotificationTopic"
SUBSCRIPTION = "oci:Ons/subscription:Subscription"
SECRET = "oci:Vault/secret:Secret"
PLACE = {"compartmentId": "ocid1.compartment.oc1..a"}
TENANCY = {"compartmentId": "ocid1.tenancy.oc1..a"}
RULE = {**PLACE, "name": "p", "description": "d", "statements": ["Allow any-user to use x in tenancy"]}
GPUS = {**PLACE, "type": "HOSTING", "unitCount": 1, "unitShape": "OAI_A100_80G_X2"}
CAP = {
    **TENANCY,
    "name": "q",
    "description": "d",
    "statements": ["set generative-ai quota x to 0 in tenancy"],
}
MACHINES = {**TENANCY, "name": "g", "description": "d", "matchingRule": "ALL {instance.id = 'x'}"}
MONEY = {**TENANCY, "amount": 5, "resetPeriod": "MONTHLY", "targetType": "COMPARTMENT", "targets": ["x"]}
WATCH = {
    **PLACE, "metricCompartmentId": PLACE["compartmentId"], "namespace": "oci_generativeai", "displayName": "a",
    "isEnabled": True, "severity": "CRITICAL", "destinations": ["t"], "query": "ServerErrorCount[5m].sum() > 5",
}  # fmt: skip


@pytest.mark.parametrize(
    ("token", "inputs"), [(POLICY, RULE), (GROUP, MACHINES), (QUOTA, CAP), (BUDGET, MONEY)]
)
def test_what_is_written_at_home_only(
    sim: Any, monkeypatch: pytest.MonkeyPatch, token: str, inputs: dict[str, Any]
) -> None:
    away, home = sim("oci", region="us-chicago-1"), sim("oci", region="us-ashburn-1")
    with pytest.raises(Refused, match="NotAllowed: Please go to your home region IAD to execute CREATE"):
        away.create(token, "p", inputs)
    identity, _ = home.create(token, "p", inputs)
    with pytest.raises(Refused, match="NotAllowed"):
        away.update(token, "p", identity, {**inputs, "description": "other"})
    monkeypatch.setenv("ANYPORT_SANDBOX_OCI_HOME_REGION", "us-chicago-1")
    assert away.update(token, "p", identity, {**inputs, "description": "other"})["description"] == "other"


@pytest.mark.parametrize(
    ("token", "inputs"), [(POLICY, RULE), (GROUP, MACHINES), (QUOTA, CAP), (TOPIC, {**PLACE, "name": "t"})]
)
def test_names_that_are_taken(sim: Any, token: str, inputs: dict[str, Any]) -> None:
    home = sim("oci", region="us-ashburn-1")
    home.create(token, "one", inputs)
    with pytest.raises(Refused, match=r"409 .*already exists"):
        home.create(token, "two", inputs)


def test_bad_inputs(sim: Any) -> None:
    cloud = sim("oci", region="us-chicago-1")
    assert set(cloud.problems(POLICY, {**RULE, "statements": ["please"]})) == {"statements[0]"}
    assert set(cloud.problems(QUOTA, {**CAP, "statements": ["allow group x"]})) == {"statements[0]"}
    bad = {**GPUS, "type": "HOST", "unitShape": "BIG", "unitCount": 0, "compartmentId": "mine"}
    assert set(cloud.problems(CLUSTER, bad)) == {"type", "unitShape", "unitCount", "compartmentId"}
    assert set(cloud.problems(ALARM, {**WATCH, "severity": "LOUD", "query": "errors"})) == {
        "severity",
        "query",
    }
    rule = {"budgetId": "b", "threshold": 80, "thresholdType": "SHARE", "type": "REAL"}
    assert set(cloud.problems(RULE_OF_BUDGET, rule)) == {"thresholdType", "type"}
    moderated = {
        **PLACE,
        "dedicatedAiClusterId": "c",
        "modelId": "m",
        "contentModerationConfig": {"isEnabled": True, "mode": "SHOUT"},
    }
    assert set(cloud.problems(ENDPOINT, moderated)) == {"contentModerationConfig.mode"}
    private = {**PLACE, "subnetId": "s", "dnsPrefix": "chat", "resourceType": "DOOR"}
    assert set(cloud.problems(PRIVATE, private)) == {"resourceType"}


def test_endpoint_needs_a_cluster_of_its_region(sim: Any) -> None:
    here, there = sim("oci", region="us-chicago-1"), sim("oci", region="eu-frankfurt-1")
    cluster, out = here.create(CLUSTER, "c", GPUS)
    assert out["state"] == "ACTIVE"
    inputs = {**PLACE, "dedicatedAiClusterId": cluster, "modelId": "m"}
    assert here.create(ENDPOINT, "e", inputs)[0].startswith("ocid1.generativeaiendpoint.oc1.us-chicago-1.")
    with pytest.raises(Refused, match="404 NotAuthorizedOrNotFound"):
        there.create(ENDPOINT, "e", inputs)


@pytest.mark.parametrize(
    "more",
    [
        {"modelId": "ocid1.generativeaiimportedmodel.oc1.us-chicago-1.gone"},
        {"generativeAiPrivateEndpointId": "ocid1.generativeaiprivateendpoint.oc1.us-chicago-1.gone"},
    ],
)
def test_an_endpoint_cannot_name_what_is_not_there(sim: Any, more: dict[str, str]) -> None:
    cloud = sim("oci", region="us-chicago-1")
    cluster, _ = cloud.create(CLUSTER, "c", GPUS)
    with pytest.raises(Refused, match="404 NotAuthorizedOrNotFound"):
        cloud.create(ENDPOINT, "e", {**PLACE, "dedicatedAiClusterId": cluster, "modelId": "m", **more})


def test_a_cluster_holds_fifty_endpoints(sim: Any) -> None:
    cloud = sim("oci", region="us-chicago-1")
    cluster, out = cloud.create(CLUSTER, "c", {**GPUS, "unitCount": 2})
    assert out["capacities"][0]["totalEndpointCapacity"] == 50
    inputs = {**PLACE, "dedicatedAiClusterId": cluster, "modelId": "m"}
    for number in range(50):
        cloud.create(ENDPOINT, f"e{number}", inputs)
    with pytest.raises(Refused, match="400 LimitExceeded"):
        cloud.create(ENDPOINT, "one-too-many", inputs)


def test_a_sick_cluster_is_created_and_takes_no_endpoint(sim: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYPORT_SANDBOX_OCI_CLUSTER_STATE", "NEEDS_ATTENTION")
    cloud = sim("oci", region="us-chicago-1")
    cluster, out = cloud.create(CLUSTER, "c", GPUS)
    assert out["state"] == "NEEDS_ATTENTION"
    with pytest.raises(Refused, match="IncorrectState"):
        cloud.create(ENDPOINT, "e", {**PLACE, "dedicatedAiClusterId": cluster, "modelId": "m"})


def test_limits_are_per_gpu_and_region(sim: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there = sim("oci", region="us-chicago-1"), sim("oci", region="eu-frankfurt-1")
    eight = {**GPUS, "unitShape": "H100_X8"}
    first, _ = here.create(CLUSTER, "a", {**eight, "unitCount": 2})
    with pytest.raises(
        Refused, match=r"400 LimitExceeded: .*dedicated-unit-h100-count .limit 16, in use 16, asked 8"
    ):
        here.create(CLUSTER, "b", eight)
    with pytest.raises(Refused, match="LimitExceeded"):
        here.update(CLUSTER, "a", first, {**eight, "unitCount": 3})
    there.create(CLUSTER, "b", eight)
    here.create(CLUSTER, "c", GPUS)
    here.update(CLUSTER, "a", first, {**eight, "unitCount": 1})
    here.create(CLUSTER, "b", eight)
    monkeypatch.setenv("ANYPORT_SANDBOX_OCI_LIMIT", "0")
    with pytest.raises(Refused, match="limit 0"):
        there.create(CLUSTER, "d", GPUS)


def test_names_of_limits() -> None:
    assert limit_of("H100_X8") == ("dedicated-unit-h100-count", 8)
    assert limit_of("OAI_A100_80G_X2") == ("dedicated-unit-a100-80g-count", 2)
    assert limit_of("SMALL_COHERE") == ("dedicated-unit-small-cohere-count", 1)


def test_an_imported_model_has_a_plain_name_and_a_whole_source(sim: Any) -> None:
    cloud = sim("oci", region="us-chicago-1")
    source = {"sourceType": "HUGGING_FACE_MODEL", "modelId": "openai/gpt-oss-120b"}
    identity, _ = cloud.create(MODEL, "m", {**PLACE, "displayName": "gpt-oss-120b", "dataSource": source})
    assert identity.startswith("ocid1.generativeaiimportedmodel.")
    with pytest.raises(Refused, match=r"400 InvalidParameter: displayName 'llama-3\.3'"):
        cloud.create(MODEL, "n", {**PLACE, "displayName": "llama-3.3", "dataSource": source})
    bucket = {"sourceType": "OBJECT_STORAGE_OBJECT", "bucket": "b"}
    with pytest.raises(Refused, match="not complete"):
        cloud.create(MODEL, "o", {**PLACE, "dataSource": bucket})


def test_a_routing_profile_takes_on_demand_models_and_regions_once(sim: Any) -> None:
    cloud = sim("oci", region="us-chicago-1")

    def profile(models: list[str], regions: list[str]) -> dict[str, Any]:
        routing = {
            "modelRoutingPolicy": {"allowedModels": models},
            "regionRoutingPolicy": {"allowedRegions": regions},
        }
        return {**PLACE, "displayName": "p", **routing}

    good = profile(["openai.gpt-oss-120b"], ["us-chicago-1", "eu-frankfurt-1"])
    assert cloud.create(PROFILE, "p", good)[1]["regionRoutingPolicy"]["allowedRegions"][0] == "us-chicago-1"
    models, regions = "modelRoutingPolicy.allowedModels", "regionRoutingPolicy.allowedRegions"
    assert set(cloud.problems(PROFILE, profile(["a"], ["us-chicago-1", "us-chicago-1"]))) == {regions}
    assert set(cloud.problems(PROFILE, profile(["a"], ["Chicago"]))) == {regions}
    assert set(cloud.problems(PROFILE, profile(["ocid1.generativeaiendpoint.oc1..x"], ["us-chicago-1"]))) == {
        models
    }
    assert set(cloud.problems(PROFILE, profile(["a", "a"], ["us-chicago-1"]))) == {models}


def test_a_private_endpoint_and_a_topic_say_where_they_are(sim: Any) -> None:
    cloud = sim("oci", region="us-chicago-1")
    _, out = cloud.create(PRIVATE, "p", {**PLACE, "subnetId": "s", "dnsPrefix": "chat"})
    assert (out["fqdn"].split(".")[0], out["privateEndpointIp"]) == ("chat", "10.0.0.10")
    topic, out = cloud.create(TOPIC, "t", {**PLACE, "name": "t"})
    assert out["topicId"] == topic
    mail = {**PLACE, "topicId": topic, "protocol": "EMAIL", "endpoint": "a@example.com"}
    assert cloud.create(SUBSCRIPTION, "s", mail)[1]["state"] == "PENDING"


def test_a_deleted_secret_keeps_its_name_for_a_while(sim: Any) -> None:
    cloud = sim("oci", region="us-chicago-1")
    inputs = {**PLACE, "vaultId": "v", "keyId": "k", "secretName": "s"}
    identity, _ = cloud.create(SECRET, "s", inputs)
    with pytest.raises(Refused, match="in the vault already"):
        cloud.create(SECRET, "t", inputs)
    cloud.delete(SECRET, "s", identity, inputs)
    with pytest.raises(Refused, match="waiting for its deletion"):
        cloud.create(SECRET, "s", inputs)
    cloud.clock.pass_hours(31 * 24)
    assert cloud.create(SECRET, "s", inputs)[0] != identity


def test_region_is_needed(sim: Any) -> None:
    with pytest.raises(Refused, match="region is not set"):
        sim("oci").create(CLUSTER, "c", GPUS)


def test_shape_replaces_units_do_not(sim: Any) -> None:
    cloud = sim("oci", region="us-chicago-1")
    answer = cloud.diff(CLUSTER, "c", "x", GPUS, {**GPUS, "unitShape": "H100_X1", "unitCount": 2})
    assert list(answer.replaces) == ["unitShape"]
    assert list(answer.diffs) == ["unitCount", "unitShape"]


@pytest.mark.parametrize(
    ("token", "fixed"),
    [
        (CLUSTER, {"type", "unitShape", "capacityReservationId"}),
        (ENDPOINT, {"dedicatedAiClusterId", "modelId"}),
        (MODEL, {"dataSource", "capabilities"}),
        (PRIVATE, {"subnetId", "resourceType"}),
        (PROFILE, set()),
        (POLICY, {"compartmentId", "name"}),
        (SECRET, {"keyId", "secretName", "vaultId"}),
    ],
)
def test_what_replaces_is_what_the_sdk_does_not_call_updatable(token: str, fixed: set[str]) -> None:
    from anyport_sandbox.clouds.schema import arguments, shape_of

    found = arguments(token)
    assert found is not None
    assert set(shape_of(found).fields) - updatable(token) == fixed


@pytest.mark.parametrize("token", [CLUSTER, ENDPOINT, MODEL, PRIVATE, PROFILE, ALARM, SECRET])
def test_faults_reach_every_type(sim: Any, monkeypatch: pytest.MonkeyPatch, token: str) -> None:
    """Hang first, then fail once."""
    cloud = sim("oci", region="us-chicago-1")
    inputs = {
        CLUSTER: GPUS,
        ENDPOINT: {**PLACE, "dedicatedAiClusterId": cloud.create(CLUSTER, "c", GPUS)[0], "modelId": "m"},
        MODEL: {**PLACE, "dataSource": {"sourceType": "HUGGING_FACE_MODEL", "modelId": "a/b"}},
        PRIVATE: {**PLACE, "subnetId": "s", "dnsPrefix": "chat"},
        PROFILE: {**PLACE, "displayName": "p"},
        ALARM: WATCH,
        SECRET: {**PLACE, "vaultId": "v", "keyId": "k", "secretName": "s"},
    }[token]
    fault = {"type": token, "operation": "create", "times": 1, "message": "500 broken", "delay_seconds": 3000}
    monkeypatch.setenv("ANYPORT_SANDBOX_FAULTS", json.dumps([fault]))
    with pytest.raises(Refused, match="500 broken"):
        cloud.create(token, "x", inputs)
    assert cloud.clock.slept == [3000]
    assert cloud.create(token, "x", inputs)[0]
