"""What `anyport check` refuses of an OCI target's options, and what it says to write instead."""

from __future__ import annotations

from typing import Any

import pytest
from recorder import Case, cases

from anyport.errors import Problem, SpecError

CASES = {case.name: case for case in cases("oci_generative_ai")}
VAULT = {"vault_id": "ocid1.vault.oc1.ord.a", "key_id": "ocid1.key.oc1.ord.a", "rotation": "1"}
ALERTS = {"emails": ["ai@example.com"]}
PRIVATE = {"subnet_id": "ocid1.subnet.oc1.us-chicago-1.a", "dns_prefix": "chat"}
WEIGHTS = {"hugging_face": {"model_id": "openai/gpt-oss-120b"}}
MONEY = {"amount": 5, "emails": ["ai@example.com"]}


def problems(name: str, /, case: dict[str, Any] | None = None, **options: Any) -> list[Problem]:
    """What is wrong with a case, options laid over its own; None takes one away."""
    laid = {**CASES[name].options, **options}
    kept = {key: value for key, value in laid.items() if value is not None}
    with pytest.raises(SpecError) as caught:
        Case(**{**vars(CASES[name]), **(case or {}), "options": kept}).planned()
    return list(caught.value.problems)


def only(found: list[Problem]) -> tuple[str, str, str]:
    """Code, option and everything said of the one problem."""
    [problem] = found
    assert problem.path.startswith("endpoints.chat.targets.one.options."), problem.path
    assert problem.fix or problem.code.startswith("AP1")
    return problem.code, problem.path.split(".options.")[1], f"{problem.message} | {problem.fix}"


@pytest.mark.parametrize(
    ("option", "value", "reason"),
    [
        ("unit_shape", "H100_X1", "on demand has none"),
        ("unit_count", 2, "on demand has none"),
        ("model_ocid", "ocid1.generativeaimodel.oc1.us-chicago-1.a", "the model that the target names"),
        ("imported_model", WEIGHTS, "dedicated cluster only"),
        ("private_access", PRIVATE, "private address"),
        ("content_safety", {}, "content moderation"),
        ("alerts", ALERTS, "emits no metrics"),
    ],
)
def test_what_only_a_dedicated_cluster_can_do(option: str, value: Any, reason: str) -> None:
    code, path, said = only(problems("smallest", **{option: value}))
    assert (code, path) == ("AP214", option)
    assert reason in said
    assert "deployment_kind: dedicated" in said


def test_the_commitment_must_be_acknowledged() -> None:
    code, path, said = only(problems("dedicated", minimum_commitment_acknowledged=None))
    assert (code, path) == ("AP216", "minimum_commitment_acknowledged")
    assert "744 unit-hours" in said
    assert "minimum_commitment_acknowledged: true" in said


@pytest.mark.parametrize("option", ["unit_shape", "model_ocid"])
def test_a_dedicated_cluster_needs_a_shape_and_a_model(option: str) -> None:
    code, path, said = only(problems("dedicated", **{option: None}))
    assert (code, path) == ("AP303", option)
    assert {"unit_shape": "OAI_A100_80G_X2", "model_ocid": "imported_model"}[option] in said


def test_everything_that_is_missing_is_said_at_once() -> None:
    found = problems("smallest", deployment_kind="dedicated", budget=MONEY)
    said = {(problem.code, problem.path.rpartition(".")[2]) for problem in found}
    assert said == {
        ("AP216", "minimum_commitment_acknowledged"),
        ("AP303", "unit_shape"),
        ("AP303", "model_ocid"),
        ("AP303", "tenancy_id"),
    }


def test_one_source_for_the_model() -> None:
    assert only(problems("dedicated", imported_model=WEIGHTS))[:2] == ("AP214", "model_ocid")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("workload_identity", {"matching_rule": "ALL {instance.id = 'x'}"}),
        ("quota", {"compartment": "ai", "limits": {"dedicated-unit-h100-count": 0}}),
        ("budget", MONEY),
    ],
)
def test_what_lives_in_the_tenancy_needs_its_id(option: str, value: Any) -> None:
    code, path, said = only(problems("smallest", **{option: value}))
    assert (code, path) == ("AP303", "tenancy_id")
    assert option in said


def test_one_api_key() -> None:
    code, path, said = only(problems("smallest", api_key={"env": "KEY"}, managed_api_key=VAULT))
    assert (code, path) == ("AP214", "api_key")
    assert "keep one" in said


@pytest.mark.parametrize(
    ("regions", "code", "words"),
    [
        (["us-chicago-1"], "AP214", "own region"),
        (["us-nowhere-1"], "AP214", "not a region with Generative AI"),
        (["us-ashburn-1"], "AP214", "not known to be served on demand in us-ashburn-1"),
    ],
)
def test_fallback_regions_must_be_others_and_serve_the_model(
    regions: list[str], code: str, words: str
) -> None:
    found, path, said = only(problems("smallest", region_fallback=regions))
    assert (found, path) == (code, "region_fallback")
    assert words in said


def test_fallback_regions_stay_inside_the_residency() -> None:
    found = problems("smallest", {"residency": ("us",)}, region_fallback=["eu-frankfurt-1"])
    code, path, said = only(found)
    assert (code, path) == ("AP215", "region_fallback")
    assert "eu-frankfurt-1 (eu)" in said


def test_a_routing_profile_never_leads_to_a_dedicated_endpoint() -> None:
    code, path, said = only(problems("dedicated", region_fallback=["eu-frankfurt-1"]))
    assert (code, path) == ("AP214", "region_fallback")
    assert "on-demand calls only" in said


def test_a_plan_says_that_region_fallback_is_no_fallback_of_the_endpoint() -> None:
    planned = CASES["fallback"].planned().targets[0]
    assert planned.failure_domain == CASES["smallest"].planned().targets[0].failure_domain
    assert any("no fallback region" in note for note in planned.notes)


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("compartment_id", "my-compartment"),
        ("home_region", "Ashburn"),
        ("unit_shape", "big"),
        ("unit_count", 0),
        ("region_fallback", ["eu-frankfurt-1", "eu-frankfurt-1"]),
        ("callers", ["a group"]),
        ("callers", ["ok' to manage all-resources in tenancy"]),
        ("api_key_ids", ["sk-not-an-id"]),
        ("workload_identity", {"matching_rule": "everyone"}),
        ("imported_model", {}),
        ("imported_model", {**WEIGHTS, "object_storage": {"namespace": "n", "bucket": "b"}}),
        ("imported_model", {"hugging_face": {"model_id": "no-owner"}}),
        ("private_access", {**PRIVATE, "dns_prefix": "Chat!"}),
        ("content_safety", {"mode": "shout"}),
        ("managed_api_key", {**VAULT, "rotation": ""}),
        ("managed_api_key", {**VAULT, "secret_name": "a/b"}),
        ("quota", {"compartment": "ai", "limits": {}}),
        ("quota", {"compartment": "ai in tenancy", "limits": {"x-count": 1}}),
        ("quota", {"compartment": "ai", "limits": {"x-count": -1}}),
        ("budget", {**MONEY, "percents": [100, 80]}),
    ],
)
def test_values_that_oracle_would_refuse(option: str, value: Any) -> None:
    found = problems("smallest", **{option: value})
    assert all(problem.code.startswith("AP1") for problem in found), found
    assert all(f".options.{option}" in problem.path for problem in found), found


@pytest.mark.parametrize("word", ["public_network_access", "customer_managed_key"])
def test_a_word_that_oci_lacks_is_answered_with_the_reason(word: str) -> None:
    code, path, said = only(problems("smallest", **{word: True}))
    assert (code, path) == ("AP213", word)
    assert "oci_generative_ai has no" in said
