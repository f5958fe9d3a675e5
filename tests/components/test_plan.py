"""The plan: every fact that rules and builders need, from the catalog and nowhere else."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from anyport.contract import Limits, smallest
from anyport.errors import SpecError
from anyport.plan import PlannedEndpoint, endpoint_facts, resolve
from anyport.spec import parse
from anyport.stackfile import load_stack_file


def planned(
    today: date, targets: dict[str, Any], model: str = "gpt-oss-120b", **more: Any
) -> PlannedEndpoint:
    spec = parse({"tier": "prod", "endpoints": {"chat": {"model": model, "targets": targets, **more}}})
    return resolve(spec, None, today).endpoint("chat")


def target(provider: str, region: str, priority: int = 1, **more: Any) -> dict[str, Any]:
    return {"priority": priority, "provider": provider, "region": region, **more}


def test_the_plan_of_the_sandbox_stack_is_the_expected_one(checkout: Path, today: date) -> None:
    stack = load_stack_file(checkout / "stacks" / "Pulumi.sandbox.yaml")
    facts = endpoint_facts(resolve(stack.spec, None, today).endpoint("chat"))
    expected = Path(__file__).parent / "specs" / "sandbox.facts.json"
    assert facts == json.loads(expected.read_text())


def test_targets_come_in_order_of_priority_then_weight(today: date) -> None:
    endpoint = planned(
        today,
        {
            "c": target("oci_generative_ai", "us-chicago-1", 3),
            "a": target("azure_openai", "eastus2", 1, weight=10),
            "b": target("vertex_ai", "us-central1", 1, weight=90),
        },
    )
    assert [t.name for t in endpoint.targets] == ["b", "a", "c"]


def test_a_regional_kind_is_preferred_and_a_wider_one_has_no_failure_domain(today: date) -> None:
    standard = planned(today, {"a": target("azure_openai", "eastus2")}, "gpt-5.1").targets[0]
    assert (standard.deployment_kind, standard.failure_domain) == ("standard", "us-virginia")
    zone = planned(today, {"a": target("azure_openai", "eastus2")}, "gpt-5.4").targets[0]
    assert (zone.deployment_kind, zone.failure_domain, zone.geography) == ("datazone", "none", "us")
    wide = planned(
        today, {"a": target("azure_openai", "eastus2", options={"deployment_kind": "global"})}, "gpt-5.1"
    ).targets[0]
    assert (wide.failure_domain, wide.geography) == ("none", "none")


def test_a_multi_region_location_has_no_failure_domain(today: date) -> None:
    assert planned(today, {"v": target("vertex_ai", "global")}).targets[0].failure_domain == "none"


def test_what_is_not_known_is_noted_and_not_guessed(today: date) -> None:
    azure = planned(today, {"a": target("azure_openai", "eastus2")}).targets[0]
    assert azure.doubtful
    assert any("does not know the deployment kinds" in note for note in azure.notes)


def test_a_kind_that_is_not_offered_is_refused(today: date) -> None:
    with pytest.raises(SpecError) as caught:
        planned(
            today,
            {"a": target("azure_openai", "eastus2", options={"deployment_kind": "standard"})},
            "gpt-5.4",
        )
    assert caught.value.problems[0].code == "AP210"


def test_a_retired_model_is_refused_and_the_way_out_is_named(today: date) -> None:
    spec = {"v": target("vertex_ai", "us-central1")}
    with pytest.raises(SpecError) as caught:
        planned(today, spec, "llama-3.3-70b-instruct")
    (problem,) = caught.value.problems
    assert problem.code == "AP212"
    assert "2026-10-21" in problem.message
    assert "model_garden" in problem.fix
    machine = {
        "machine_type": "a3-highgpu-4g",
        "accelerator_type": "NVIDIA_H100_80GB",
        "accelerator_count": 4,
    }
    options = {"deployment_kind": "model_garden", **machine}
    assert planned(
        today, {"v": target("vertex_ai", "us-central1", options=options)}, "llama-3.3-70b-instruct"
    ).targets[0]
    assert planned(date(2026, 10, 1), spec, "llama-3.3-70b-instruct").targets[0].retires_on == date(
        2026, 10, 21
    )


def test_a_disputed_retirement_is_left_to_the_policies(today: date) -> None:
    old = planned(today, {"a": target("azure_openai", "eastus2")}, "gpt-4.1").targets[0]
    assert old.retires_on is not None
    assert old.retires_on < today
    assert old.retirement_conflict


def test_shared_provider_options_yield_to_the_targets_own(today: date) -> None:
    raw = {
        "providers": {"azure_openai": {"capacity": 5, "deployment_kind": "global"}},
        "endpoints": {
            "chat": {
                "model": "gpt-5.1",
                "targets": {"a": target("azure_openai", "eastus2", options={"capacity": 9})},
            }
        },
    }
    options = resolve(parse(raw), None, today).endpoint("chat").targets[0].options.model_dump()
    assert (options["capacity"], options["deployment_kind"]) == (9, "global")


def test_gpus_follow_the_sizing_of_the_catalog(today: date) -> None:
    def gpus(instance: str, **options: Any) -> int | None:
        image = {"image": f"vllm/vllm-openai@sha256:{'a' * 64}", "domain": "vllm.example.com"}
        place = target(
            "coreweave_vllm",
            "US-EAST-04",
            zone="US-EAST-04A",
            instance_type=instance,
            options=image | options,
        )
        return planned(today, {"c": place}).targets[0].gpus_per_replica

    assert gpus("gd-8xh100ib-i128") == 2  # 80 GB x 0.92 holds less than the 96 GB wanted
    assert gpus("gd-8xh200ib-i128") == 1
    assert gpus("gd-8xh100ib-i128", gpus_per_replica=4) == 4


def test_the_contract_is_the_intersection_and_the_smallest_limit(today: date) -> None:
    endpoint = planned(
        today,
        {"v": target("vertex_ai", "us-central1"), "o": target("oci_generative_ai", "us-chicago-1", 2)},
    )
    assert endpoint.features == ("streaming", "tools")
    assert endpoint.limits.context_window == 128_000
    assert endpoint.limits.max_output_tokens == 32_768


def test_one_unknown_limit_makes_the_common_one_unknown() -> None:
    assert smallest([Limits(context_window=5), Limits()]).context_window is None
    assert smallest([Limits(context_window=5), Limits(context_window=3)]).context_window == 3
    assert smallest([]).context_window is None


def test_facts_hold_neither_the_day_nor_options(today: date) -> None:
    endpoint = planned(
        today, {"a": target("azure_openai", "eastus2", options={"tags": {"zz-top": "secretly"}})}
    )
    assert endpoint_facts(endpoint) == endpoint_facts(
        planned(
            date(2026, 1, 1),
            {"a": target("azure_openai", "eastus2", options={"tags": {"zz-top": "secretly"}})},
        )
    )
    assert "secretly" not in json.dumps(endpoint_facts(endpoint)["targets"])
