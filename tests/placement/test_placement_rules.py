"""The constraints and the rules say the same: what one accepts the other does, over specs and over any set.

The planner cannot read the rules' room, so its constraints are a second statement of them; this is their proof.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from placement_cases import STANDS_IN, TODAY, placing, spec_of

from anyport.errors import SpecError
from anyport.placement import constraints
from anyport.placement.candidates import Bench, Found, find
from anyport.placement.constraints import matches, unmet
from anyport.placement.planner import demand_of, named
from anyport.plan import Plan, resolve
from anyport.spec import StackSpec, Traffic
from anyport_policies.engine import Finding, evaluate
from anyport_policies.facts import from_plan
from anyport_policies.rules import RULES
from anyport_policies.rules.ab001_model_retirement import Retirement
from anyport_policies.rules.ar005_equivalence import Sameness

JUDGED = [rule for rule in RULES if rule.pack == "resilience" and rule.id != "AR009"]
"""AR009 is about how stacks share a spec out, which no plan tells."""
RETIREMENT = [rule for rule in RULES if rule.id == "AB001"]
EQUIVALENTS = {
    "gpt-5.1": {"gemini-3.5-flash": STANDS_IN, "gpt-oss-120b": STANDS_IN},
    "llama-4-maverick": {"gpt-5.1": STANDS_IN},
}


def said(plan: Plan, rules: list[Any]) -> list[Finding]:
    """Findings beyond notes. AR006 says of capacity that nobody knows only that it should be looked into."""
    return [
        finding
        for finding in evaluate(from_plan(plan), rules, TODAY)
        if finding.level != "note" and not (finding.rule_id == "AR006" and "not known:" in finding.message)
    ]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    model=st.sampled_from(
        ["gpt-oss-120b", "gpt-oss-20b", "llama-4-maverick", "llama-3.3-70b-instruct", "gpt-5.1"]
    ),
    tier=st.sampled_from(["prod", "dev"]),
    residency=st.sampled_from([[], ["us"], ["eu"], ["us", "eu"], ["us", "jp"]]),
    features=st.sampled_from([[], ["streaming"], ["streaming", "tools"], ["json_schema"], ["vision"]]),
    tokens=st.sampled_from([None, 1_000, 300_000]),
    capacity=st.sampled_from([None, 1, 1000]),
    placement=st.fixed_dictionaries(
        {},
        optional={
            "providers": st.integers(2, 3),
            "failure_domains": st.integers(2, 5),
            "prefer": st.permutations(["cost", "latency_class", "open_weights"]),
            "include": st.sampled_from([{"providers": ["coreweave_vllm"]}, {"operators": ["Microsoft"]}]),
            "exclude": st.sampled_from([{"providers": ["azure_openai"]}, {"unconfirmed": True}]),
        },
    ),
)
def test_every_chosen_plan_passes_every_rule(
    model: str,
    tier: str,
    residency: list[str],
    features: list[str],
    tokens: int | None,
    capacity: int | None,
    placement: dict[str, Any],
) -> None:
    traffic = {"tokens_per_minute": tokens} if tokens else {}
    options = {"options": {"azure_openai": {"capacity": capacity}}} if capacity else {}
    asked = {**placement, **options, "equivalents": EQUIVALENTS.get(model, {})}
    spec = spec_of(asked, model=model, tier=tier, residency=residency, features=features, traffic=traffic)
    if placing(spec).choice is None:
        with pytest.raises(SpecError) as caught:
            resolve(spec, None, TODAY)
        assert {problem.code for problem in caught.value.problems} == {"AP218"}
        return
    plan = resolve(spec, None, TODAY)
    assert said(plan, JUDGED + RETIREMENT) == []
    targets = plan.endpoints[0].targets
    assert len({t.operator for t in targets}) >= placement.get("providers", 2)
    assert len({t.failure_domain for t in targets} - {"none", "unknown"}) >= placement.get(
        "failure_domains", 2
    )


@cache
def all_found(
    model: str, tokens: int | None, capacity: int | None, tier: str
) -> tuple[StackSpec, Bench, Found]:
    options = {"azure_openai": {"capacity": capacity}} if capacity else {}
    equivalents = EQUIVALENTS.get(model, {})
    traffic = {"tokens_per_minute": tokens} if tokens else {}
    spec = spec_of({"options": options, "equivalents": equivalents}, model=model, tier=tier, traffic=traffic)
    bench = placing(spec).bench
    return spec, bench, find(bench)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    model=st.sampled_from(["gpt-oss-120b", "llama-4-maverick", "gpt-5.1"]),
    tier=st.sampled_from(["prod", "dev"]),
    tokens=st.sampled_from([None, 300_000]),
    capacity=st.sampled_from([None, 100, 500]),
    data=st.data(),
)
def test_any_set_is_refused_by_constraints_just_when_it_is_by_rules(
    model: str, tier: str, tokens: int | None, capacity: int | None, data: st.DataObject
) -> None:
    spec, bench, found = all_found(model, tokens, capacity, tier)
    picked = data.draw(
        st.lists(st.sampled_from(found.candidates), min_size=1, max_size=4, unique_by=lambda c: c.key)
    )
    first, members = picked[0].standing, [one.standing for one in picked]
    fits = all(matches(first, one) for one in members[1:])
    accepted = fits and not unmet(first, members, demand_of(bench))
    endpoint = bench.endpoint.model_copy(update={"targets": named(picked), "placement": None})
    assume(len(endpoint.targets) == len(picked))
    plan = resolve(spec.model_copy(update={"endpoints": {"chat": endpoint}}), None, TODAY)
    judged = [rule for rule in JUDGED if tier == "prod" or rule.id != "AR003"]
    assert accepted is (not said(plan, judged)), said(plan, judged)


def test_numbers_taken_from_rules_are_those_of_the_rules() -> None:
    assert Sameness().context_share == constraints.CONTEXT_SHARE
    placement = spec_of().endpoints["chat"].placement
    assert placement
    assert placement.retirement_days == Retirement().days


def test_every_constraint_names_a_rule_or_is_asked_by_the_placement_alone() -> None:
    known = {rule.id for rule in RULES}
    assert {one.rule for one in constraints.CONSTRAINTS if one.rule} <= known
    assert [one.name for one in constraints.CONSTRAINTS if not one.rule] == ["include"]
    assert Traffic().tokens_per_minute is None
