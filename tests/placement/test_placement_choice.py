"""What is chosen on the shipped catalog, and that it is explained, stable and can be pinned."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from placement_cases import SHARED, STANDS_IN, TODAY, US, placing, spec_of

from anyport.catalog import Catalog, load
from anyport.errors import SpecError
from anyport.placement.explain import explain
from anyport.placement.infeasible import relaxations
from anyport.plan import Plan, resolve
from anyport.spec import parse

EXPECTED = Path(__file__).parent / "expected"


def chosen(*args: Any, **more: Any) -> list[tuple[str, str]]:
    plan = resolve(spec_of(*args, **more), None, TODAY)
    return [(target.name, target.failure_domain) for target in plan.endpoint("chat").targets]


def refusal(*args: Any, **more: Any) -> tuple[str, str]:
    with pytest.raises(SpecError) as caught:
        resolve(spec_of(*args, **more), None, TODAY)
    (problem,) = caught.value.problems
    assert (problem.code, problem.path) == ("AP218", "endpoints.chat.placement")
    return problem.message, problem.fix


def test_the_cheapest_independent_set_is_chosen() -> None:
    assert chosen({"failure_domains": 3}, **US) == [
        ("vertex-ai-us-central1", "us-iowa"),
        ("oci-generative-ai-us-chicago-1", "us-illinois"),
        ("azure-openai-eastus", "us-virginia"),
    ]


def test_machines_that_are_paid_for_anyway_serve_first() -> None:
    names = [name for name, _ in chosen({"include": {"providers": ["coreweave_vllm"]}}, **US)]
    assert names[0] == "coreweave-vllm-rno2a"


def test_an_unknown_price_comes_after_every_known_one() -> None:
    machines = {"coreweave_vllm": {"instance_types": ["b300-8x", "gd-8xh200ib-i128"]}}
    placed = placing(spec_of({"include": {"providers": ["coreweave_vllm"]}, "machines": machines}, **US))
    assert {one.target.instance_type for one in placed.chosen} >= {"gd-8xh200ib-i128"}
    only = {"coreweave_vllm": {"instance_types": ["b300-8x"]}}
    placed = placing(spec_of({"include": {"providers": ["coreweave_vllm"]}, "machines": only}, **US))
    answer = explain("chat", placed)
    assert (answer.usd_per_month, len(answer.unpriced)) == (None, 1)


def test_a_near_place_is_preferred_when_asked_for() -> None:
    names = chosen({"prefer": "latency_class", "near": ["eu"], "exclude": {"providers": ["coreweave_vllm"]}})
    assert names[0] == ("azure-openai-francecentral", "fr-paris")
    assert {name.split("-")[0] for name, _ in names[1:]} == {"azure", "oci"}, "two operators behind the first"


def test_another_model_may_stand_in_and_keeps_its_equivalence() -> None:
    spec = spec_of({"equivalents": {"gemini-3.5-flash": STANDS_IN}}, model="gpt-5.1", **US)
    targets = resolve(spec, None, TODAY).endpoint("chat").targets
    assert {t.model for t in targets} == {"gpt-5.1", "gemini-3.5-flash"}
    assert all((t.equivalence is None) == (t.model == "gpt-5.1") for t in targets)


@pytest.mark.parametrize(
    ("placement", "endpoint", "says", "fix"),
    [
        ({}, {"model": "gpt-5.1"}, "2 independent operators are asked for, 1 can serve it (Microsoft)", "no single"),
        ({"failure_domains": 16}, US, "16 failure domains are asked for", "say failure_domains: 12"),
        ({"providers": 4}, {"shared": {}, **US}, "4 independent operators are asked for, 3", "options.coreweave_vllm"),
        ({}, {"model": "embed-v4", "apis": ["embeddings"]}, "(Cohere behind every one)", "no single"),
        ({"exclude": {"providers": ["azure_openai", "coreweave_vllm"]}}, {"residency": ["eu"]}, "1 can", "azure_openai off"),
        ({"include": {"regions": ["sa-saopaulo-1"]}}, US, "nothing can be chosen for include.regions", "sa-saopaulo-1 off"),
        ({}, {"features": ["vision"]}, "no place can serve it", "take vision off"),
    ],
)  # fmt: skip
def test_a_placement_that_cannot_be_met_names_the_constraint_and_the_nearest_change(
    placement: dict[str, Any], endpoint: dict[str, Any], says: str, fix: str
) -> None:
    message, offered = refusal(placement, **endpoint)
    assert says in message
    assert fix in offered


def test_every_relaxation_that_is_offered_is_tried() -> None:
    placed = placing(spec_of({"failure_domains": 16}, **US))
    assert next(iter(relaxations(placed))) == "say failure_domains: 12"
    assert len(chosen({"failure_domains": 12}, **US)) == 12
    refusal({"failure_domains": 13}, **US)


def test_every_candidate_has_one_reason() -> None:
    placed = placing(spec_of({"failure_domains": 3}, **US))
    answer = explain("chat", placed)
    rows = [(r.provider, r.model, r.kind, place) for r in answer.refused for place in r.places]
    assert len(rows) == len(set(rows))
    not_chosen = len(placed.found.candidates) - len(placed.chosen)
    refused = sum(len(r.places) for r in placed.found.refused)
    assert len(rows) == not_chosen + refused
    assert all(r.reason and r.code for r in answer.refused)


def test_the_explanation_is_the_expected_one() -> None:
    answer = explain("chat", placing(spec_of({"failure_domains": 3}, features=["tools"], **US)))
    found = answer.model_dump(mode="json", exclude={"refused"})
    assert found == json.loads((EXPECTED / "explained.json").read_text())


def turned(catalog: Catalog) -> Catalog:
    """The same facts with every map in the opposite order."""

    def back(value: dict[str, Any]) -> dict[str, Any]:
        return dict(reversed(list(value.items())))

    models = {k: m.model_copy(update={"offers": back(m.offers)}) for k, m in back(catalog.models).items()}
    regions = {name: back(rows) for name, rows in back(catalog.regions).items()}
    return catalog.model_copy(
        update={
            "models": models,
            "regions": regions,
            "providers": back(catalog.providers),
            "instances": back(catalog.instances),
        }
    )


@pytest.mark.parametrize("model", ["gpt-oss-120b", "llama-4-maverick", "llama-3.3-70b-instruct"])
def test_the_order_of_the_catalog_does_not_matter(model: str) -> None:
    spec = spec_of({"failure_domains": 3}, model=model)
    one, other = (resolve(spec, catalog, TODAY) for catalog in (load(), turned(load())))
    assert one == other


def test_what_is_pinned_gives_the_same_plan() -> None:
    from anyport_cli.placing import _written

    options = {"azure_openai": {"capacity": 400}}
    placed = placing(spec_of({"failure_domains": 3, "options": options, "providers": 4}, **US))
    targets = {name: _written(target) for name, target in placed.targets.items()}
    chat = {"model": "gpt-oss-120b", "targets": json.loads(json.dumps(targets)), **US}
    pasted = parse({"providers": SHARED, "endpoints": {"chat": chat}})
    planned: list[Plan] = [
        resolve(spec, None, TODAY)
        for spec in (pasted, spec_of({"failure_domains": 3, "options": options, "providers": 4}, **US))
    ]
    assert planned[0] == planned[1]


def test_a_model_that_retires_too_soon_is_not_chosen() -> None:
    spring = date(2027, 3, 1)

    def retiring(days: int) -> set[str]:
        found = placing(spec_of({"retirement_days": days}, model="gpt-5.1"), today=spring).found
        return {one.reason for one in found.refused if one.code == "retires"}

    assert retiring(90) == {"retires on 2027-05-15, in 75 days; 90 are asked for"}
    assert retiring(75) == set()
