"""What hangs on a target's deployment kind: where calls may be processed, which APIs it has, and when it ends."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from anyport.errors import Problem, SpecError
from anyport.plan import PlannedTarget, resolve
from anyport.spec import parse

MACHINE = {"machine_type": "a3-highgpu-2g", "accelerator_type": "NVIDIA_H100_80GB", "accelerator_count": 2}
SMALL = {"machine_type": "g2-standard-12", "accelerator_type": "NVIDIA_L4"}


def planned(
    today: date, model: str, provider: str, region: str, options: dict[str, Any], **endpoint: Any
) -> PlannedTarget:
    one = {"priority": 1, "provider": provider, "region": region, "options": options}
    spec = parse({"tier": "dev", "endpoints": {"chat": {"model": model, "targets": {"a": one}, **endpoint}}})
    return resolve(spec, None, today).endpoint("chat").targets[0]


def problems(today: date, *place: Any, **endpoint: Any) -> list[Problem]:
    try:
        planned(today, *place, **endpoint)
    except SpecError as error:
        return list(error.problems)
    return []


ZONE = {"deployment_kind": "datazone"}
UNITS = {"deployment_kind": "datazone_ptu", "capacity": 50}


@pytest.mark.parametrize("options", [ZONE, UNITS])
@pytest.mark.parametrize(
    ("region", "residency", "refused"),
    [
        ("eastus2", ["us"], False),
        ("switzerlandnorth", ["ch"], True),
        ("swedencentral", ["eu"], True),
        ("swedencentral", ["eu", "ch"], True),
        ("swedencentral", ["eu", "ch", "no"], False),
        ("swedencentral", [], False),
    ],
)
def test_residency_must_allow_all_of_a_data_zone(
    today: date, options: dict[str, Any], region: str, residency: list[str], refused: bool
) -> None:
    found = problems(today, "gpt-5.1", "azure_openai", region, options, residency=residency)
    assert [one.code for one in found] == (["AP215"] if refused else [])
    assert all(one.path.endswith("options.deployment_kind") for one in found)
    assert not refused or "ch, eu, no" in found[0].message


@pytest.mark.parametrize("region", ["brazilsouth", "canadaeast", "japaneast", "uksouth"])
def test_a_data_zone_kind_needs_a_zone(today: date, region: str) -> None:
    (found,) = problems(today, "gpt-5.1", "azure_openai", region, ZONE)
    assert found.code == "AP210"
    assert region in found.message
    assert problems(today, "gpt-5.1", "azure_openai", region, {"deployment_kind": "global"}) == []


def test_facts_say_all_of_the_zone_and_other_kinds_say_none(today: date) -> None:
    assert planned(today, "gpt-5.1", "azure_openai", "francecentral", ZONE).data_zone == ("ch", "eu", "no")
    assert planned(today, "gpt-5.1", "azure_openai", "francecentral", {}).data_zone is None


@pytest.mark.parametrize(
    ("model", "api", "options"),
    [
        ("gpt-oss-120b", "responses", {"deployment_kind": "model_garden", **MACHINE}),
        ("multilingual-e5-large", "embeddings", {"deployment_kind": "model_garden", **SMALL}),
    ],
)
def test_a_self_deployed_vertex_endpoint_has_chat_completions_alone(
    today: date, model: str, api: str, options: dict[str, Any]
) -> None:
    (found,) = problems(today, model, "vertex_ai", "us-central1", options, apis=[api])
    assert (found.code, found.got, found.allowed) == ("AP208", api, "chat_completions")
    assert found.path.startswith("endpoints.chat.targets.a.")


@pytest.mark.parametrize(
    ("provider", "region", "options"),
    [
        ("vertex_ai", "us-central1", {"deployment_kind": "maas"}),
        ("azure_openai", "eastus2", {}),
    ],
)
def test_elsewhere_responses_are_served_or_not_known(
    today: date, provider: str, region: str, options: dict[str, Any]
) -> None:
    assert problems(today, "gpt-oss-120b", provider, region, options, apis=["responses"]) == []


def test_an_api_the_model_lacks_is_said_once(today: date) -> None:
    options = {"deployment_kind": "model_garden", **MACHINE}
    (found,) = problems(today, "gpt-oss-120b", "vertex_ai", "us-central1", options, apis=["embeddings"])
    assert found.path.startswith("endpoints.chat.apis")


def test_a_managed_kind_that_has_ended_does_not_turn_into_machines(today: date) -> None:
    (found,) = problems(today, "gpt-oss-20b", "vertex_ai", "us-central1", {})
    assert found.code == "AP212"
    assert "deployment_kind: model_garden" in found.fix
    asked = {"deployment_kind": "model_garden", **MACHINE}
    assert planned(today, "gpt-oss-20b", "vertex_ai", "us-central1", asked).retires_on is None
