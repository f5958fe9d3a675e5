"""A placement in a spec: every mistake with its code and place, and one form or the other."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from anyport.errors import SpecError
from anyport.plan import resolve
from anyport.spec import EndpointSpec, Placement, parse
from anyport.stackfile import load_stack_file

CHAT = "endpoints.chat.placement"
TARGET = {"priority": 1, "provider": "vertex_ai", "region": "us-central1"}


def codes(placement: Any, **endpoint: Any) -> list[tuple[str, str]]:
    with pytest.raises(SpecError) as caught:
        parse({"endpoints": {"chat": {"model": "gpt-oss-120b", "placement": placement, **endpoint}}})
    return [(problem.code, problem.path) for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("placement", "expected"),
    [
        ([], [("AP103", CHAT)]),
        ({"provider": 2}, [("AP101", f"{CHAT}.provider")]),
        ({"providers": 1}, [("AP104", f"{CHAT}.providers")]),
        ({"failure_domains": 21}, [("AP104", f"{CHAT}.failure_domains")]),
        ({"providers": True}, [("AP103", f"{CHAT}.providers")]),
        ({"prefer": "price"}, [("AP106", f"{CHAT}.prefer.0")]),
        ({"prefer": []}, [("AP103", f"{CHAT}.prefer")]),
        ({"prefer": ["cost", "cost"]}, [("AP103", f"{CHAT}.prefer")]),
        ({"near": ["usa"]}, [("AP106", f"{CHAT}.near.0")]),
        ({"exclude": {"providers": ["azure"]}}, [("AP201", f"{CHAT}.exclude.providers.0")]),
        ({"exclude": {"regions": ["eastus2", "eastus9"]}}, [("AP202", f"{CHAT}.exclude.regions.1")]),
        ({"exclude": {"models": ["gpt-9"]}}, [("AP203", f"{CHAT}.exclude.models.0")]),
        ({"include": {"operators": ["microsoft"]}}, [("AP106", f"{CHAT}.include.operators.0")]),
        ({"exclude": {"kinds": ["serverless"]}}, [("AP106", f"{CHAT}.exclude.kinds.0")]),
        (
            {"include": {"providers": ["vertex_ai"]}, "exclude": {"providers": ["vertex_ai"]}},
            [("AP219", f"{CHAT}.include.providers.0")],
        ),
        ({"options": {"azure": {}}}, [("AP201", f"{CHAT}.options.azure")]),
        ({"options": {"azure_openai": {"capcity": 1}}}, [("AP101", f"{CHAT}.options.azure_openai.capcity")]),
        (
            {"options": {"azure_openai": {"capacity": 0}}},
            [("AP104", f"{CHAT}.options.azure_openai.capacity")],
        ),
        ({"machines": {"azure_openai": {}}}, [("AP201", f"{CHAT}.machines.azure_openai")]),
        (
            {"machines": {"coreweave_vllm": {"instance_types": ["h100"], "zones": ["US-EAST-04"]}}},
            [
                ("AP209", f"{CHAT}.machines.coreweave_vllm.instance_types.0"),
                ("AP202", f"{CHAT}.machines.coreweave_vllm.zones.0"),
            ],
        ),
        ({"answer_share": 2}, [("AP104", f"{CHAT}.answer_share")]),
    ],
)
def test_one_mistake(placement: Any, expected: list[tuple[str, str]]) -> None:
    assert sorted(codes(placement)) == sorted(expected)


@pytest.mark.parametrize(
    ("name", "code"),
    [("gpt-9", "AP203"), ("gpt-oss-120b", "AP221"), ("embed-v4", "AP221"), ("bge-m3", "AP221")],
)
def test_a_model_that_cannot_stand_in(name: str, code: str) -> None:
    given = {"equivalents": {name: {"reason": "the same in our evaluation", "evaluated_on": "2026-11-01"}}}
    assert codes(given) == [(code, f"{CHAT}.equivalents.{name}")]


def test_an_endpoint_has_one_form_or_the_other() -> None:
    assert codes({}, targets={"a": TARGET}) == [("AP217", CHAT)]
    assert codes(None) == [("AP102", "endpoints.chat.targets")]
    assert codes({}, targets={}) == [("AP217", CHAT), ("AP105", "endpoints.chat.targets")]


def test_one_preference_needs_no_brackets() -> None:
    assert Placement.model_validate({"prefer": "open_weights"}).prefer == ("open_weights",)


def test_a_placement_in_code_is_one_in_a_file(today: date) -> None:
    spec = EndpointSpec(model="gpt-oss-120b", placement=Placement(failure_domains=3))
    raw = {"endpoints": {"chat": spec.model_dump(exclude_unset=True)}}
    assert len(resolve(parse(raw), None, today).endpoint("chat").targets) == 3


STACK = """\
config:
  anyport:build: {build}
  anyport:endpoints:
    chat:
      model: gpt-oss-120b
      placement: {{failure_domains: 3}}
"""


def test_a_share_of_what_the_planner_names_goes_by_provider(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(STACK.format(build="{providers: [vertex_ai]}"))
    assert load_stack_file(path).build.providers == ("vertex_ai",)
    path.write_text(STACK.format(build="{targets: [chat/vertex-ai-us-central1]}"))
    with pytest.raises(SpecError) as caught:
        load_stack_file(path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.path, problem.line) == ("AP220", "anyport:build.targets.0", 2)
