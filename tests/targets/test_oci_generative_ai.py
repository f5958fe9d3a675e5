"""What an OCI target registers: order, names, protection, timeouts, and what it makes only when asked."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
import recorder
from recorder import Case, Registered, cases, record_case

from anyport.errors import BuildError
from anyport_sandbox.clouds.behaviour import Env
from anyport_sandbox.clouds.operations import Cloud
from anyport_sandbox.clouds.state import State

CASES = {case.name: case for case in cases("oci_generative_ai")}
COMPARTMENT = "ocid1.compartment.oc1..sandbox"


@pytest.fixture(autouse=True)
def one_cloud_per_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Registrations run side by side, and each must see the settings of its own provider (its region)."""

    def cloud(self: Any, package: str, provider: str) -> Cloud:
        config = self.settings.get(provider.rpartition("::")[0].rpartition("::")[2], {})
        return Cloud(recorder.PACKAGES[package], Env(State(self.folder, package), recorder._Clock(), config))

    monkeypatch.setattr(recorder._Recorder, "_cloud", cloud)


def built(name: str, **options: Any) -> dict[str, Registered]:
    """The resources of a case, with options laid over its own, by what follows the target's name."""
    case = CASES[name]
    changed = Case(**{**vars(case), "options": {**case.options, **options}})
    return {found.name.removeprefix("chat-one-"): found for found in record_case(changed)}


def statements(name: str, **options: Any) -> list[str]:
    found: list[str] = built(name, **options)["policy"].inputs["statements"]
    return found


def test_the_smallest_target_makes_nothing_optional() -> None:
    made = built("smallest")
    assert sorted(made) == ["oci-us-ashburn-1", "policy"]
    assert not made["policy"].protect


def test_at_home_one_provider_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANYPORT_SANDBOX_OCI_HOME_REGION", "us-chicago-1")
    assert sorted(built("dedicated", home_region="us-chicago-1")) == [
        "cluster",
        "endpoint",
        "oci-us-chicago-1",
        "policy",
    ]


def test_policies_groups_quotas_and_budgets_are_written_at_home() -> None:
    made = built("on_demand_prod")
    at_home = {"policy", "callers", "quota", "budget", "budget-80", "budget-100"}
    assert {name for name, found in made.items() if found.provider == "oci-us-ashburn-1"} == at_home
    assert made["oci-us-ashburn-1"].inputs["region"] == "us-ashburn-1"
    for name in ("callers", "quota", "budget"):
        assert made[name].inputs["compartmentId"] == "ocid1.tenancy.oc1..sandbox"


@pytest.mark.parametrize("name", CASES)
def test_defined_tags_are_left_to_the_tenancy_and_ours_are_everywhere(name: str) -> None:
    for what, found in built(name).items():
        if found.type.startswith("oci:"):
            assert found.ignore_changes == ("definedTags",), what
            assert found.inputs["freeformTags"]["owner"] == "ai", what


def test_the_policy_lets_keys_use_the_one_model() -> None:
    assert statements("smallest") == [
        (
            f"allow any-user to use generative-ai-family in compartment id {COMPARTMENT} where ALL "
            "{request.principal.type='generativeaiapikey', target.model.id in ('openai.gpt-oss-120b')}"
        )
    ]


def test_the_policy_can_be_narrowed_to_keys_and_widened_to_groups_and_machines() -> None:
    said = statements("on_demand_prod")
    keys = [text for text in said if "any-user" in text]
    assert ["..first'" in keys[0], "..second'" in keys[1], len(keys)] == [True, True, 2]
    assert all("request.principal.type='generativeaiapikey'" in text for text in keys)
    assert [text.split(" to use ")[0] for text in said[2:5]] == [
        "allow group ai-callers",
        "allow group 'Default'/'chat-apps'",
        "allow group id ocid1.group.oc1..aaaa",
    ]
    group = built("on_demand_prod")["callers"].inputs
    assert said[5].startswith(f"allow dynamic-group {group['name']} to use generative-ai-family")
    assert all(text.endswith("where target.model.id in ('openai.gpt-oss-120b')") for text in said[2:])
    assert not any(" manage " in text for text in said)


@pytest.mark.parametrize("name", ["fallback", "dedicated"])
def test_no_model_condition_where_nobody_knows_what_it_compares(name: str) -> None:
    assert all("target.model.id" not in text for text in statements(name))


def test_a_routing_profile_has_this_region_first() -> None:
    profile = built("fallback")["profile"]
    regions = ["us-chicago-1", "eu-frankfurt-1", "ap-osaka-1"]
    assert profile.inputs["regionRoutingPolicy"] == {"allowedRegions": regions}
    assert profile.inputs["modelRoutingPolicy"] == {"allowedModels": ["openai.gpt-oss-120b"]}
    assert profile.depends_on == ("chat-one-policy",)


def test_a_dedicated_endpoint_waits_for_cluster_and_policy_and_is_given_time() -> None:
    made = built("dedicated")
    assert sorted(made) == ["cluster", "endpoint", "oci-us-ashburn-1", "oci-us-chicago-1", "policy"]
    assert {"chat-one-cluster", "chat-one-policy"} <= set(made["endpoint"].depends_on)
    for name in ("cluster", "endpoint"):
        times = made[name].timeouts
        assert minutes(times["create"]) >= 90, name
        assert minutes(times["update"]) >= 80, name
    assert made["cluster"].inputs["type"] == "HOSTING"


def minutes(text: str) -> float:
    number, unit = float(text[:-1]), text[-1]
    return number * {"h": 60, "m": 1, "s": 1 / 60}[unit]


def test_prod_protects_what_is_dear_and_dev_does_not() -> None:
    assert protected(built("dedicated_prod")) == {"cluster"}
    assert protected(built("dedicated")) == set()
    assert protected(built("imported", deletion_protection=True)) == {"cluster", "model"}
    assert protected(built("managed_key", deletion_protection=True)) == {"api-key", "secret"}
    assert protected(built("dedicated_prod", deletion_protection=False)) == set()


def protected(made: dict[str, Registered]) -> set[str]:
    return {name for name, found in made.items() if found.protect}


def test_an_imported_model_gets_two_hours_a_plain_name_and_hides_its_token() -> None:
    made = built("imported")
    model = made["model"]
    assert minutes(model.timeouts["create"]) == 120
    assert model.inputs["displayName"].replace("-", "").isalnum()
    assert model.inputs["dataSource"]["accessToken"] == "made-up"
    assert "dataSource" in sealed_inputs("imported", "model")
    assert made["endpoint"].inputs["modelId"] == model.id
    bucket = built("imported_from_a_bucket")["model"].inputs["dataSource"]
    assert bucket == {
        "sourceType": "OBJECT_STORAGE_OBJECT",
        "namespace": "acme",
        "bucket": "weights",
        "prefixName": "gpt-oss-120b",
        "region": "us-ashburn-1",
    }


def sealed_inputs(name: str, what: str) -> set[str]:
    """Inputs that hold a secret somewhere, as they went to the engine."""
    from anyport_sandbox.clouds.wire import sealed, wire

    found: set[str] = set()
    keep = recorder._Monitor._keep

    def watch(self: Any, request: Any, response: Any, *, read: bool = False) -> None:
        if request.name == f"chat-one-{what}":
            found.update(key for key, value in wire(request.object).items() if holds(value))
        keep(self, request, response, read=read)

    def holds(value: Any) -> bool:
        if isinstance(value, dict):
            return sealed(value) or any(holds(item) for item in value.values())
        return isinstance(value, list) and any(holds(item) for item in value)

    recorder._Monitor._keep = watch  # type: ignore[method-assign]
    try:
        built(name)
    finally:
        recorder._Monitor._keep = keep  # type: ignore[method-assign]
    return found


def test_private_address_moderation_and_alarms() -> None:
    made = built("dedicated_prod")
    endpoint = made["endpoint"].inputs
    assert endpoint["generativeAiPrivateEndpointId"] == made["private"].id
    assert endpoint["contentModerationConfig"]["mode"] == "INFORM"
    assert endpoint["contentModerationConfig"]["isEnabled"] is True
    queries = {name: found.inputs["query"] for name, found in made.items() if name.startswith("alarm-")}
    scope = f'[15m]{{resourceId = "{made["endpoint"].id}"}}'
    assert queries == {
        "alarm-client-errors": f"ClientErrorCount{scope}.sum() > 100",
        "alarm-server-errors": f"ServerErrorCount{scope}.sum() > 10",
        "alarm-latency": f"InvocationLatency{scope}.mean() > 20000",
    }
    assert all(
        found.inputs["destinations"] == [made["topic"].id]
        for name, found in made.items()
        if name.startswith("alarm")
    )
    assert [made[f"email-{n}"].inputs["endpoint"] for n in (1, 2)] == ["ai@example.com", "oncall@example.com"]


def test_budget_and_quota_say_what_was_asked() -> None:
    made = built("on_demand_prod")
    assert (made["budget"].inputs["amount"], made["budget"].inputs["targets"]) == (500, [COMPARTMENT])
    assert [made[f"budget-{p}"].inputs["threshold"] for p in (80, 100)] == [80, 100]
    assert made["budget-80"].inputs["recipients"] == "ai@example.com,cost@example.com"
    assert made["quota"].inputs["statements"] == [
        (
            "set generative-ai quota dedicated-unit-h100-count to 0 in compartment ai-prod "
            "where request.region = 'us-chicago-1'"
        )
    ]


def test_a_managed_key_comes_after_the_policy_and_goes_into_the_vault() -> None:
    made = built("managed_key")
    key, secret = made["api-key"], made["secret"]
    assert "chat-one-policy" in key.depends_on
    assert "content" in key.secret_outputs
    assert key.inputs["rotation"] == "2026-11"
    assert "chat-one-api-key" in secret.depends_on
    assert secret.provider == "oci-us-phoenix-1"
    assert made["oci-us-phoenix-1"].inputs["region"] == "us-phoenix-1"


def test_what_the_engine_keeps_of_the_provider_is_small_and_holds_no_settings() -> None:
    import base64

    pickled = base64.b64decode(built("managed_key")["api-key"].inputs["__provider"])
    assert len(pickled) < 300
    assert b"anyport.targets.oci_generative_ai.api_key_provider" in pickled


def test_contract_names_the_secret_by_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    vault = "oci-vault:ocid1.vault.oc1.phx.vault/chat-oci-key"
    assert contract("managed_key")["auth"] == {"kind": "oci_api_key", "scope": None, "secret": vault}
    assert contract("smallest")["auth"]["secret"] == "env:OCI_GENAI_API_KEY"
    assert contract("on_demand_prod")["auth"]["secret"] == "config:secrets:oci_key"


def test_contract_says_where_and_as_what_to_call() -> None:
    base = "https://inference.generativeai.us-chicago-1.oci.oraclecloud.com/openai/v1"
    assert (contract("smallest")["base_url"], contract("smallest")["model"]) == (base, "openai.gpt-oss-120b")
    assert contract("fallback")["model"].startswith("ocid1.generativeairoutingprofile.oc1.us-chicago-1.")
    assert contract("dedicated")["model"].startswith("ocid1.generativeaiendpoint.oc1.us-chicago-1.")
    assert contract("dedicated_prod")["base_url"].startswith("https://chat.")


def contract(name: str) -> dict[str, Any]:
    """The target's contract."""
    from anyport.targets.base import TargetArgs
    from anyport.targets.registry import component_class

    endpoint, found = CASES[name].planned(), []

    def build() -> None:
        args = TargetArgs("chat", endpoint.targets[0], {"owner": "ai"}, endpoint.tier, endpoint.today)
        component_class("oci_generative_ai")("chat-one", args).contract.apply(found.append)

    recorder.record(build)
    return dict(found[0])


def test_a_sick_cluster_does_not_pass_for_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    from anyport.targets.oci_generative_ai.dedicated import _only_if_active

    assert _only_if_active("ACTIVE", "e") == "e"
    with pytest.raises(RuntimeError, match="the dedicated AI cluster is NEEDS_ATTENTION"):
        _only_if_active("NEEDS_ATTENTION", "e")
    monkeypatch.setenv("ANYPORT_SANDBOX_OCI_CLUSTER_STATE", "NEEDS_ATTENTION")
    with pytest.raises(Exception, match="NEEDS_ATTENTION"):
        built("dedicated")


@pytest.mark.parametrize("option", ["compartment_id", "home_region"])
def test_what_a_build_cannot_do_without(option: str) -> None:
    options = {key: value for key, value in CASES["smallest"].options.items() if key != option}
    with pytest.raises(BuildError) as caught:
        record_case(Case(**{**vars(CASES["smallest"]), "options": options}))
    assert [(p.code, p.path) for p in caught.value.problems] == [
        ("AP303", f"endpoints.chat.targets.one.options.{option}")
    ]


def test_a_managed_key_without_oracles_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *rest: None if name == "oci" else find(name, *rest)
    )
    with pytest.raises(BuildError) as caught:
        built("managed_key")
    [problem] = caught.value.problems
    assert (problem.code, problem.path.rpartition(".")[2]) == ("AP303", "managed_api_key")
    assert "pip install 'anyport[oci]'" in problem.fix
