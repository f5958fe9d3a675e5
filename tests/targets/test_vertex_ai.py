"""What a Vertex AI target registers, in which order and how protected; and which options it refuses."""

from __future__ import annotations

from typing import Any

import pytest
from recorder import Case, Registered, cases, record_case

from anyport.errors import SpecError
from anyport.targets.options import FEATURES
from anyport.targets.registry import traits

GARDEN: dict[str, Any] = {
    "deployment_kind": "model_garden",
    "machine_type": "a3-highgpu-2g",
    "accelerator_type": "NVIDIA_H100_80GB",
    "accelerator_count": 2,
}
BILLING = "012345-6789AB-CDEF01"


def built(name: str, **more: Any) -> dict[str, Registered]:
    """Resources by what follows the target's name; `more` lies over the case's options."""
    case = next(case for case in cases("vertex_ai") if case.name == name)
    changed = Case(**{**vars(case), "options": {**case.options, **more}})
    return {resource.name.removeprefix("chat-one-"): resource for resource in record_case(changed)}


def refusals(options: dict[str, Any], region: str = "us-central1", model: str = "gpt-oss-120b") -> Any:
    with pytest.raises(SpecError) as caught:
        Case("vertex_ai", "x", region, model, options=options).planned()
    return {problem.path.partition(".options.")[2]: problem for problem in caught.value.problems}


def resources(made: dict[str, Registered]) -> dict[str, Any]:
    found: dict[str, Any] = made["endpoint"].inputs["deployConfig"]["dedicatedResources"]
    return found


def test_nothing_is_made_that_was_not_asked_for() -> None:
    made = built("smallest")
    assert sorted(made) == ["api", "caller", "enable", "gcp-anyport-sandbox-us-central1", "user"]
    assert made["enable"].depends_on == ("chat-one-api",)
    assert not any(resource.protect for resource in made.values())


def test_googles_own_models_need_no_enabling() -> None:
    made = built("gemini-global")
    assert "enable" not in made
    assert made["user"].inputs["role"] == "organizations/123456/roles/modelCaller"


@pytest.mark.parametrize(
    ("place", "control", "host"),
    [
        ("us-central1", "us-central1", "us-central1-aiplatform.googleapis.com"),
        ("global", "us-central1", "aiplatform.googleapis.com"),
        ("us", "us-central1", "aiplatform.us.rep.googleapis.com"),
        ("eu", "europe-west4", "aiplatform.eu.rep.googleapis.com"),
    ],
)
def test_every_location_has_its_host_and_a_region_that_has_a_control_plane(
    place: str, control: str, host: str
) -> None:
    from anyport.targets.vertex_ai.serving import managed_url

    case = Case("vertex_ai", "x", place, "gemini-3.5-flash")
    provider = next(r for r in record_case(case) if r.type == "pulumi:providers:gcp")
    assert provider.inputs["region"] == control
    assert managed_url("p", place) == f"https://{host}/v1/projects/p/locations/{place}/endpoints/openapi"


@pytest.mark.parametrize("case", cases("vertex_ai"), ids=lambda case: case.name)
def test_everything_goes_through_the_provider_of_project_and_region(case: Case) -> None:
    made = record_case(case)
    own = {resource.provider for resource in made if resource.type != "pulumi:providers:gcp"}
    assert len(own) == 1
    [provider] = [resource for resource in made if resource.type == "pulumi:providers:gcp"]
    assert provider.name in own.pop()
    assert provider.name == f"gcp-{provider.inputs['project']}-{provider.inputs['region']}"


def test_an_api_stays_on_and_is_switched_on_only_where_needed() -> None:
    needed = {
        "smallest": {"aiplatform"},
        "federated": {"aiplatform", "iam", "iamcredentials"},
        "watched": {"aiplatform", "monitoring", "billingbudgets"},
        "garden": {"aiplatform"},
        "garden-scaled": {"aiplatform", "monitoring", "cloudquotas"},
        "garden-private": {"aiplatform", "compute"},
    }
    for name, wanted in needed.items():
        apis = [r for r in built(name).values() if r.type.endswith(":Service")]
        assert {api.inputs["service"].partition(".")[0] for api in apis} == wanted, name
        assert all(api.inputs["disableOnDestroy"] is False for api in apis)


def test_callers_mint_tokens_and_no_key_is_made() -> None:
    made = built("federated")
    token = made["token-group:ai-platform@acme.example"]
    assert token.inputs["role"] == "roles/iam.serviceAccountTokenCreator"
    assert token.inputs["serviceAccountId"] == made["caller"].id
    assert "chat-one-api-iamcredentials" in token.depends_on
    assert not any(resource.type.endswith(":Key") for resource in made.values())


def test_only_the_named_subjects_of_an_issuer_may_call() -> None:
    made = built("federated")
    subject = "repo:acme/assistant:ref:refs/heads/main"
    issuer = made["issuer"].inputs
    assert issuer["attributeCondition"] == f"assertion.sub in ['{subject}']"
    assert issuer["oidc"]["allowedAudiences"] == ["https://anyport.acme.example"]
    assert "allowedAudiences" not in built("federated-cluster")["issuer"].inputs["oidc"]
    (member,) = [r for name, r in made.items() if name.startswith("federated-")]
    assert member.inputs["role"] == "roles/iam.workloadIdentityUser"
    assert (
        member.inputs["member"]
        == f"principal://iam.googleapis.com/{made['pool'].outputs['name']}/subject/{subject}"
    )
    assert member.inputs["serviceAccountId"] == made["caller"].id


def test_a_pool_is_protected_because_its_name_would_be_gone_for_a_month() -> None:
    assert built("federated")["pool"].protect
    assert not built("federated-cluster")["pool"].protect


def test_a_deployment_has_hours_to_come_up_and_goes_before_its_replacement_comes() -> None:
    endpoint = built("garden")["endpoint"]
    assert endpoint.timeouts == {"create": "180m", "update": "60m", "delete": "60m"}
    assert endpoint.delete_before_replace
    assert endpoint.depends_on == ("chat-one-api",)
    assert resources(built("garden"))["maxReplicaCount"] == 1


def test_engine_and_provider_both_hold_what_is_protected() -> None:
    off, on = built("garden")["endpoint"], built("garden-protected")["endpoint"]
    assert (off.protect, off.inputs["deletionPolicy"]) == (False, "DELETE")
    assert (on.protect, on.inputs["deletionPolicy"]) == (True, "PREVENT")
    assert built("garden-scaled")["endpoint"].protect
    assert not built("garden-scaled", deletion_protection=False)["endpoint"].protect


def test_what_is_left_behind_can_be_told_by_its_name() -> None:
    inputs = built("garden")["endpoint"].inputs
    assert inputs["endpointConfig"]["endpointDisplayName"].startswith("chat-one-")
    assert inputs["modelConfig"]["modelDisplayName"] == inputs["endpointConfig"]["endpointDisplayName"]


def test_the_address_of_a_deployment_is_read_and_not_computed() -> None:
    made = built("garden")
    assert made["dns"].read
    assert made["dns"].id == made["endpoint"].id
    assert made["dns"].outputs["dedicatedEndpointDns"].endswith(".prediction.vertexai.goog")


def test_machines_scaling_and_reservation_reach_the_cloud() -> None:
    made = built("garden-scaled")
    found = resources(made)
    assert (found["minReplicaCount"], found["maxReplicaCount"], found["requiredReplicaCount"]) == (2, 4, 1)
    assert {
        spec["metricName"].rpartition("online/")[2]: spec["target"]
        for spec in found["autoscalingMetricSpecs"]
    } == {
        "accelerator/duty_cycle": 75,
        "cpu/utilization": 85,
    }
    assert found["machineSpec"]["reservationAffinity"] == {
        "reservationAffinityType": "SPECIFIC_RESERVATION",
        "key": "compute.googleapis.com/reservation-name",
        "values": ["projects/acme-ai-prod/zones/europe-west4-a/reservations/a100"],
    }
    loose = resources(built("garden", reservation="any"))["machineSpec"]["reservationAffinity"]
    assert loose == {"reservationAffinityType": "ANY_RESERVATION"}


def test_quota_is_asked_for_before_the_machines() -> None:
    made = built("garden-scaled")
    assert "chat-one-quota" in made["endpoint"].depends_on
    quota = made["quota"].inputs
    assert quota["quotaConfig"] == {"preferredValue": "8"}
    assert quota["dimensions"] == {"region": "europe-west4"}
    known = built("garden", quota={"preferred_value": 2, "contact_email": "a@b.example"})["quota"].inputs
    assert known["quotaId"] == "CustomModelServingH100GPUsPerProjectPerRegion"


def test_a_hugging_face_token_is_a_secret_and_only_for_hugging_face() -> None:
    endpoint = built("garden-spot")["endpoint"]
    assert endpoint.secret_outputs == ("modelConfig",)
    assert endpoint.inputs["modelConfig"]["huggingFaceAccessToken"] == "made-up"
    assert endpoint.inputs["modelConfig"]["acceptEula"] is True
    assert resources(built("garden-spot"))["spot"] is True
    ref = {"config": "secrets:hf_token"}
    assert (
        "huggingFaceAccessToken"
        not in built("garden", hugging_face_token=ref)["endpoint"].inputs["modelConfig"]
    )


def test_private_access_takes_the_public_address_away() -> None:
    made = built("garden-private")
    assert "dns" not in made
    config = made["endpoint"].inputs["endpointConfig"]
    assert "dedicatedEndpointEnabled" not in config
    assert config["privateServiceConnectConfig"] == {
        "enablePrivateServiceConnect": True,
        "projectAllowlists": ["acme-apps-prod"],
        "pscAutomationConfigs": {
            "projectId": "acme-apps-prod",
            "network": "projects/acme-apps-prod/global/networks/main",
        },
    }


def test_alerts_of_a_managed_model_know_shortage_errors_and_slowness() -> None:
    policy = built("watched")["alerts"].inputs
    chosen = [condition["conditionThreshold"] for condition in policy["conditions"]]
    assert [condition["thresholdValue"] for condition in chosen] == [19, 2, 12500]
    assert all(condition["aggregations"][0]["alignmentPeriod"] == "900s" for condition in chosen)
    assert all('model_user_id = "gpt-oss-120b-maas"' in condition["filter"] for condition in chosen)
    assert 'response_code = "429"' in chosen[0]["filter"]
    assert policy["userLabels"]["team"] == "assistants"
    assert policy["combiner"] == "OR"


def test_alerts_of_a_deployment_are_about_its_endpoint() -> None:
    made = built("garden-scaled")
    filters = [c["conditionThreshold"]["filter"] for c in made["alerts"].inputs["conditions"]]
    endpoint = made["endpoint"].id.rpartition("/")[2]
    assert len(filters) == 2
    assert all(f'endpoint_id = "{endpoint}"' in text and "prediction/online/" in text for text in filters)


def test_one_channel_per_address_however_often_it_is_named() -> None:
    made = built("watched")
    channels = [name for name in made if name.startswith("channel-")]
    assert sorted(channels) == ["channel-ai@acme.example", "channel-oncall@acme.example"]
    told = made["budget"].inputs["allUpdatesRule"]["monitoringNotificationChannels"]
    assert told == [made["channel-oncall@acme.example"].id]


def test_a_budget_is_whole_units_for_the_project_by_number() -> None:
    budget = built("watched")["budget"].inputs
    assert budget["amount"]["specifiedAmount"] == {"currencyCode": "USD", "units": "4000"}
    assert budget["budgetFilter"] == {"projects": ["projects/123456789012"], "calendarPeriod": "MONTH"}
    assert [rule["thresholdPercent"] for rule in budget["thresholdRules"]] == [0.5, 0.9, 1, 1.2]


@pytest.mark.parametrize("missing", ["machine_type", "accelerator_type"])
def test_a_deployment_without_machines_is_found_before_the_build(missing: str) -> None:
    options = {key: value for key, value in GARDEN.items() if key != missing}
    found = refusals(options)
    assert (found[missing].code, found[missing].fix[:4]) == ("AP303", "say ")


@pytest.mark.parametrize(
    ("options", "path", "fix"),
    [
        ({**GARDEN, "accelerator_count": 1}, "accelerator_count", "accelerator_count: 2"),
        ({**GARDEN, "accelerator_type": "NVIDIA_L4"}, "accelerator_type", "NVIDIA_H100_80GB"),
        ({**GARDEN, "min_replicas": 3, "max_replicas": 2}, "max_replicas", "max_replicas: 3"),
        ({**GARDEN, "required_replicas": 2}, "required_replicas", "required_replicas: 1"),
        ({**GARDEN, "autoscaling": {"cpu_percent": 50}}, "autoscaling", "max_replicas above"),
        ({**GARDEN, "max_replicas": 2, "autoscaling": {}}, "autoscaling", "accelerator_percent"),
        ({**GARDEN, "spot": True, "reservation": "any"}, "spot", "remove spot"),
        (
            {**GARDEN, "max_replicas": 3, "quota": {"preferred_value": 5, "contact_email": "a@b.example"}},
            "quota.preferred_value",
            "say 6 or more",
        ),
        (
            {"private_access": {"allowed_projects": ["acme-apps"], "address": "http://10.0.0.7"}},
            "private_access",
            "model_garden",
        ),
        ({"min_replicas": 2}, "min_replicas", "remove min_replicas"),
        (
            {
                "budget": {
                    "billing_account": BILLING,
                    "amount": 1,
                    "emails": [f"a{number}@b.example" for number in range(6)],
                }
            },
            "budget.emails",
            "mailing list",
        ),
    ],
)  # fmt: skip
def test_options_that_cannot_go_together(options: dict[str, Any], path: str, fix: str) -> None:
    found = refusals(options)
    assert list(found) == [path]
    assert found[path].code == "AP214"
    assert fix in found[path].fix


def test_a_quota_whose_name_is_not_on_record_must_be_named() -> None:
    wish = {"preferred_value": 8, "contact_email": "a@b.example"}
    for more in ({"spot": True}, {"machine_type": "a4-highgpu-8g", "accelerator_type": "NVIDIA_B200"}):
        found = refusals({**GARDEN, **more, "quota": wish})
        assert found["quota.quota_id"].code == "AP303"


def test_there_are_no_machines_at_an_address_of_several_regions() -> None:
    assert refusals(GARDEN, region="global")["deployment_kind"].code == "AP214"


def test_shared_defaults_are_not_held_against_a_managed_model() -> None:
    assert Case("vertex_ai", "x", "us-central1", "gpt-oss-120b", options={"spot": False}).planned()


@pytest.mark.parametrize(
    "options",
    [
        {"project": "Acme"},
        {"callers": ["ai@acme.example"]},
        {"callers": ["allUsers"]},
        {"caller_role": "aiplatform.user"},
        {"workload_identity": {"issuer": "http://issuer.example", "subjects": ["a"]}},
        {"workload_identity": {"issuer": "https://issuer.example", "subjects": []}},
        {"workload_identity": {"issuer": "https://issuer.example", "subjects": ["it's"]}},
        {"workload_identity": {"issuer": "https://issuer.example", "subjects": ["a"], "pool": "gcp-mine"}},
        {**GARDEN, "reservation": "mine"},
        {**GARDEN, "min_replicas": 0},
        {**GARDEN, "max_replicas": 2, "autoscaling": {"cpu_percent": 101}},
        {**GARDEN, "private_access": {"allowed_projects": ["acme-apps"], "address": "10.0.0.7"}},
        {"budget": {"billing_account": "billing", "amount": 1, "emails": ["a@b.example"]}},
        {"budget": {"billing_account": BILLING, "amount": 0.5, "emails": ["a@b.example"]}},
    ],
)
def test_what_breaks_a_limit_of_the_cloud_is_refused_one_by_one(options: dict[str, Any]) -> None:
    assert all(problem.code.startswith("AP1") for problem in refusals(options).values())


def test_a_word_that_other_providers_have_is_answered_with_the_reason() -> None:
    for word in ("customer_managed_key", "content_safety", "public_network_access"):
        assert refusals({word: {}})[word].code == "AP213"


def test_every_feature_is_answered() -> None:
    assert sorted(traits("vertex_ai").capabilities) == sorted(FEATURES)
