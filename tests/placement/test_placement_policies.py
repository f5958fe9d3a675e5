"""What the policy configuration says bounds the choice: what was placed passes the rules with the same file."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from placement_cases import SHARED, STANDS_IN, TODAY, US, spec_of

from anyport.errors import SpecError
from anyport.placement import policy_limits
from anyport.placement.constraints import unmet
from anyport.placement.explain import explain
from anyport.placement.planner import Placing, named
from anyport.placement.policy_limits import NO_LIMITS, SLUGS, limits_of, policy_file, read_limits
from anyport.plan import endpoint_facts, placing_of, resolve
from anyport.program import _limits
from anyport.source import Source
from anyport.spec import StackSpec
from anyport.stackfile import load_stack_file
from anyport_cli.main import cli
from anyport_cli.policy_file import limits_for
from anyport_policies.config import parse_policy_config
from anyport_policies.engine import Finding, evaluate
from anyport_policies.facts import from_mapping, from_plan
from anyport_policies.rules import RULES

BY_SLUG = {rule.slug: rule for rule in RULES}
PLACED = [
    rule
    for rule in RULES
    if (rule.pack == "resilience" and rule.id != "AR009") or rule.id in {"AB001", "AB002", "AB010"}
]
"""Rules that the choice of targets decides on. AR009 is about how stacks share a spec out."""


def placed(spec: StackSpec, config: dict[str, Any], today: date = TODAY) -> Placing:
    from anyport.catalog import load

    return placing_of("chat", spec, load(), today, limits_of(config))


def names(spec: StackSpec, config: dict[str, Any]) -> list[str]:
    return list(placed(spec, config).targets)


def operators(spec: StackSpec, config: dict[str, Any]) -> set[str]:
    return {one.target.operator for one in placed(spec, config).chosen}


def judged(spec: StackSpec, config: dict[str, Any]) -> list[Finding]:
    plan = resolve(spec, None, TODAY, None, limits_of(config))
    said = parse_policy_config(config, Source("policy-config.json"), RULES)
    return list(evaluate(from_plan(plan), PLACED, TODAY, said))


def test_only_operators_that_are_allowed_are_chosen() -> None:
    assert operators(spec_of(**US), {}) == {"Google", "Oracle", "Microsoft"}
    allowed = {"allowed-operators": {"operators": ["Microsoft", "Google"]}}
    assert operators(spec_of(**US), allowed) == {"Microsoft", "Google"}
    assert not [
        f for f in judged(spec_of(**US), allowed) if f.level != "note" and "not known:" not in f.message
    ]


def test_an_operator_too_few_is_said_with_what_would_help() -> None:
    spec, config = spec_of(**US), {"allowed-operators": {"operators": ["Google"]}}
    with pytest.raises(SpecError) as caught:
        resolve(spec, None, TODAY, None, limits_of(config))
    [problem] = caught.value.problems
    assert problem.code == "AP218"
    assert "2 independent operators are asked for, 1 can serve it (Google)" in problem.message
    assert "let policies allow CoreWeave (allowed-operators)" in problem.fix
    assert resolve(
        spec, None, TODAY, None, limits_of({"allowed-operators": {"operators": ["Google", "Microsoft"]}})
    )


def test_whoever_answers_behind_a_provider_must_be_allowed_too() -> None:
    spec = spec_of({"equivalents": {"gpt-oss-120b": STANDS_IN}}, model="gemini-2.5-pro")
    reasons = {
        (r.provider, r.code)
        for r in placed(
            spec, {"allowed-operators": {"operators": ["Oracle", "Microsoft", "CoreWeave"]}}
        ).found.refused
        if r.model == "gemini-2.5-pro"
    }
    assert ("oci_generative_ai", "not_agreed") in reasons


@pytest.mark.parametrize(
    ("said", "config", "chosen"),
    [
        ({}, {}, False),
        ({}, {"model-retirement": {"days": 10}}, True),
        ({"retirement_days": 10}, {}, True),
        ({"retirement_days": 10}, {"model-retirement": {"days": 300}}, True),
        ({}, {"model-retirement": {"days": 10, "enforcementLevel": "disabled"}}, False),
    ],
)
def test_days_to_a_retirement(said: dict[str, Any], config: dict[str, Any], chosen: bool) -> None:
    """Of the placement where it says any, else of the policy, else 90."""
    first = placed(spec_of(said, model="gpt-5.1", **US), {"model-retirement": {"days": 0}}).found.candidates
    ends = min(one.target.retires_on for one in first if one.target.retires_on)
    today = date.fromordinal(ends.toordinal() - 30)
    found = placed(spec_of(said, model="gpt-5.1", **US), config, today).found.candidates
    assert any(one.target.retires_on == ends for one in found) is chosen


def test_a_ceiling_leaves_dearer_places_out_and_unknown_prices_in() -> None:
    spec = spec_of({"providers": 2}, **US)
    found = placed(spec, {"cost-ceiling": {"input_usd_per_million": 0.1}}).found
    assert {one.target.provider for one in found.candidates} == {"vertex_ai", "coreweave_vllm"}
    assert {r.reason for r in found.refused if r.code == "ceiling"} == {
        "0.15 USD per million prompt tokens; policies agree to 0.1"
    }


def test_the_share_of_traffic_that_must_be_left() -> None:
    """400 thousand carry the traffic alone, and not half as much again: then two must be left after any loss."""
    options = {"options": {"azure_openai": {"capacity": 400}}, "include": {"providers": ["azure_openai"]}}
    spec = spec_of({**options, "exclude": {"providers": ["coreweave_vllm"]}}, **US)
    few, many = placed(spec, {}), placed(spec, {"fallback-capacity": {"share": 1.5}})
    assert (few.demand.tokens_per_minute, many.demand.tokens_per_minute) == (300_000, 450_000)


def test_what_was_measured_counts() -> None:
    """A first choice that is known to carry too little has others beside it, or gives way."""
    usual = names(spec_of(**US), {})
    measured = {f"chat/{name}": 1 for name in usual}
    config = {"fallback-capacity": {"tokens_per_minute": measured}}
    assert names(spec_of(**US), config) != usual
    assert not [f for f in judged(spec_of(**US), config) if f.fails]


def test_fallbacks_do_not_all_retire_with_the_first_where_that_is_mandatory() -> None:
    limits = limits_of({"retirement-window": {"days": 30, "enforcementLevel": "mandatory"}})
    assert (limits.window_strict, limits.window.days) == (True, 30)
    said = {"retirement-window": {"days": 30, "enforcementLevel": "mandatory"}}
    assert placed(spec_of(**US), said).demand.window_days == 30
    assert placed(spec_of(**US), {"retirement-window": {"days": 30}}).demand.window_days is None
    assert not limits_of({"retirement-window": {"days": 30}}).window_strict
    assert limits_of({"all": "mandatory"}).window_strict
    assert not limits_of({"all": "mandatory", "retirement-window": "advisory"}).window_strict


@settings(max_examples=150, deadline=None, derandomize=True)
@given(days=st.sampled_from([0, 30, 60, 200, 900]), data=st.data())
def test_the_window_is_that_of_the_rule(days: int, data: st.DataObject) -> None:
    """Over any set of candidates, and any dates."""
    config = {"retirement-window": {"days": days, "enforcementLevel": "mandatory"}}
    spec = spec_of(model="gpt-oss-120b", **US)
    work = placed(spec, config)
    picked = data.draw(
        st.lists(st.sampled_from(work.found.candidates), min_size=1, max_size=4, unique_by=lambda c: c.place)
    )
    ends = st.sampled_from([None, date(2027, 6, 1), date(2027, 7, 1), date(2027, 12, 1)])
    dates = [data.draw(ends) for _ in picked]
    members = [replace(c.standing, retires=day) for c, day in zip(picked, dates, strict=True)]
    broken = {one.name for one in unmet(members[0], members, work.demand)}
    endpoint = work.bench.endpoint.model_copy(update={"targets": named(picked), "placement": None})
    plan = resolve(spec.model_copy(update={"endpoints": {"chat": endpoint}}), None, TODAY)
    facts = endpoint_facts(plan.endpoints[0])
    for target, day in zip(facts["targets"], dates, strict=True):
        target["retires_on"] = str(day) if day else None
    said = parse_policy_config(config, Source(""), RULES)
    found = evaluate([from_mapping(facts)], [BY_SLUG["retirement-window"]], TODAY, said)
    assert ("retirement_window" in broken) is bool([f for f in found if f.fails])


def test_what_two_names_of_one_place_carry_is_the_smaller() -> None:
    """A target is named by its place, or by more where another one of the set is there too."""
    usual = placed(spec_of(model="gpt-5.1"), {}).found.candidates
    there = [one for one in usual if (one.target.provider, one.place) == ("azure_openai", "eastus2")]
    assert len(there) > 1
    [alone], longer = named(there[:1]), next(iter(named(there[:2])))
    assert alone == "azure-openai-eastus2" != longer
    for plain, full, carries in ((5, 900, 5), (900, 5, 5), (5, None, 5), (None, 5, 5)):
        said = {f"chat/{alone}": plain, f"chat/{longer}": full}
        config = {"fallback-capacity": {"tokens_per_minute": {k: v for k, v in said.items() if v}}}
        held = {
            one.key: one.standing.capacity
            for one in placed(spec_of(model="gpt-5.1"), config).found.candidates
        }
        assert held[there[0].key] == carries, (plain, full)


levels = st.sampled_from([None, "mandatory", "advisory", "disabled"])


@st.composite
def configs(draw: st.DrawFn) -> dict[str, Any]:
    """Any parameters that bound a choice, at any level."""
    shapes: dict[str, dict[str, Any]] = {
        "model-retirement": {"days": st.sampled_from([0, 30, 200, 400])},
        "retirement-window": {"days": st.sampled_from([0, 60, 700])},
        "cost-ceiling": {"input_usd_per_million": st.sampled_from([0.12, 1.0, 2.0])},
        "allowed-operators": {
            "operators": st.lists(
                st.sampled_from(["Microsoft", "Google", "Oracle", "CoreWeave"]), min_size=1, unique=True
            )
        },
        "equivalence": {"context_share": st.sampled_from([0.3, 1.0]), "evaluated_within_days": st.sampled_from([10, 400])},
        "fallback-capacity": {
            "share": st.sampled_from([0.5, 1.5]),
            "tokens_per_minute": st.dictionaries(
                st.sampled_from(
                    [
                        f"chat/{name}"
                        for name in (
                            "vertex-ai-us-central1", "oci-generative-ai-us-chicago-1", "azure-openai-eastus",
                            "azure-openai-centralus", "azure-openai-eastus-standard",
                        )
                    ]
                ),
                st.sampled_from([1, 150_000, 900_000]),
            ),
        },
    }  # fmt: skip
    found: dict[str, Any] = {}
    for slug, parameters in shapes.items():
        if draw(st.booleans()):
            continue
        level = draw(levels)
        found[slug] = {name: draw(value) for name, value in parameters.items() if draw(st.booleans())}
        if level:
            found[slug]["enforcementLevel"] = level
    return found


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    config=configs(),
    model=st.sampled_from(["gpt-oss-120b", "gpt-oss-120b", "gpt-5.1", "llama-3.3-70b-instruct"]),
    tokens=st.sampled_from([None, 300_000]),
    capacity=st.sampled_from([None, 200, 1000]),
    tier=st.sampled_from(["prod", "dev"]),
)
def test_what_is_placed_passes_the_rules_with_the_same_configuration(
    config: dict[str, Any], model: str, tokens: int | None, capacity: int | None, tier: str
) -> None:
    options = {"options": {"azure_openai": {"capacity": capacity}}} if capacity else {}
    stand_in = {"gemini-3.5-flash": STANDS_IN, "gpt-oss-120b": STANDS_IN} if model == "gpt-5.1" else {}
    traffic = {"tokens_per_minute": tokens} if tokens else {}
    spec = spec_of(
        {**options, "equivalents": stand_in}, model=model, tier=tier, residency=["us"], traffic=traffic
    )
    if placed(spec, config).choice is None:
        return
    found = judged(spec, config)
    assert not [f for f in found if f.fails], config
    beyond = [
        f for f in found if f.level != "note" and f.rule_id != "AB002" and "not known:" not in f.message
    ]
    kept = [f for f in beyond if config.get(f.slug, {}).get("enforcementLevel") != "disabled"]
    assert not kept, config


def test_enough_configurations_can_be_met_to_prove_something() -> None:
    seen: list[bool] = []

    @settings(max_examples=60, deadline=None, derandomize=True, database=None)
    @given(configs())
    def count(config: dict[str, Any]) -> None:
        seen.append(placed(spec_of(**US), config).choice is not None)

    count()
    assert sum(seen) >= 15
    assert seen.count(False) >= 3


@pytest.mark.parametrize("slug", SLUGS)
def test_parameters_are_those_of_the_rules(slug: str) -> None:
    """The planner says them once more; names, ranges and defaults are the rules'."""
    theirs = BY_SLUG[slug].parameters
    ours = type(getattr(NO_LIMITS, SLUGS[slug]))
    for name, field in theirs.model_fields.items():
        mine = ours.model_fields[name]
        assert [str(m) for m in mine.metadata] == [str(m) for m in field.metadata], (slug, name)
        if (slug, name) != ("model-retirement", "days"):
            assert mine.default == field.default, (slug, name)
    assert set(ours.model_fields) == set(theirs.model_fields)


@pytest.mark.parametrize(
    ("config", "code"),
    [
        ({"model-retirement": {"days": -1}}, "AP104"),
        ({"model-retirement": {"days": "soon"}}, "AP103"),
        ({"allowed-operators": {"operators": []}}, "AP105"),
        ({"fallback-capacity": {"share": 0}}, "AP104"),
        ([], "AP103"),
    ],
)
def test_wrong_parameters_are_refused(config: Any, code: str) -> None:
    with pytest.raises(SpecError) as caught:
        limits_of(config)
    assert {problem.code for problem in caught.value.problems} == {code}


def stack_file(folder: Path, config: Any = None) -> Path:
    path = folder / "Pulumi.app.yaml"
    chat = {"model": "gpt-oss-120b", "placement": {}, **US}
    path.write_text(
        yaml.safe_dump(
            {
                "config": {
                    "anyport:tier": "prod",
                    "anyport:owner": "ai",
                    "anyport:cost_center": "cc",
                    "anyport:providers": SHARED,
                    "anyport:endpoints": {"chat": chat},
                }
            }
        )
    )
    if config is not None:
        (folder / "policy-config.json").write_text(json.dumps(config))
    return path


TWO = {"allowed-operators": {"operators": ["Microsoft", "Google"]}}


def run(*arguments: str) -> Any:
    return CliRunner().invoke(cli, [*arguments, "--today", str(TODAY)])


def test_plan_check_and_program_go_by_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stack_file(tmp_path, TWO)
    shown = json.loads(run("plan", str(path), "--format", "json").stdout)
    targets = [t["name"] for t in shown["plans"][str(path)]["endpoints"][0]["targets"]]
    assert {t["operator"] for t in shown["plans"][str(path)]["endpoints"][0]["targets"]} == {
        "Microsoft",
        "Google",
    }
    stack = load_stack_file(path)
    built = resolve(stack.spec, None, TODAY, stack.source, _limits(stack, tmp_path))
    assert [t.name for t in built.endpoint("chat").targets] == targets
    pinned = json.loads(run("plan", str(path), "--pin", "--format", "json").stdout)
    assert sorted(pinned["targets"][str(path)]["chat"]) == sorted(targets)
    found = json.loads(run("check", str(path), "--format", "json").stdout)
    assert "AR013" not in {one["rule_id"] for one in found["findings"]}
    costs = json.loads(run("cost", str(path), "--format", "json").stdout)
    assert {name for name in targets if name in json.dumps(costs)} == set(targets)
    lost = json.loads(run("exit-plan", str(path), "--without", "Google", "--format", "json").stdout)
    assert "Oracle" not in json.dumps(lost["rows"])
    calendar = run("catalog", "calendar", str(path), "--format", "json")
    assert "oci" not in calendar.stdout
    assert "policies: operators Google, Microsoft" in run("plan", str(path), "--explain").stdout
    elsewhere = tmp_path / "other.json"
    elsewhere.write_text(json.dumps({"allowed-operators": {"operators": ["Oracle", "Microsoft"]}}))
    monkeypatch.setenv("ANYPORT_POLICY_CONFIG", str(elsewhere))
    again = json.loads(run("plan", str(path), "--format", "json").stdout)
    assert {t["operator"] for t in again["plans"][str(path)]["endpoints"][0]["targets"]} == {
        "Microsoft",
        "Oracle",
    }
    assert _limits(stack, tmp_path) == limits_for(path, stack) == read_limits(elsewhere)


def test_a_wrong_file_is_said_and_nothing_is_placed(tmp_path: Path) -> None:
    path = stack_file(tmp_path, {"allowed-operator": {"operators": ["Google"]}})
    done = run("plan", str(path))
    assert done.exit_code == 2
    assert "AW010" in done.stderr
    assert "did you mean allowed-operators?" in done.stderr
    assert run("plan", str(path), "--policy-config", str(tmp_path / "no.json")).exit_code == 2


def test_where_the_file_is_looked_for(tmp_path: Path) -> None:
    assert policy_file(tmp_path, None, {}) is None
    (tmp_path / policy_limits.FILE).write_text("{}")
    assert policy_file(tmp_path, None, {}) == tmp_path / "policy-config.json"
    assert policy_file(tmp_path, None, {"ANYPORT_POLICY_CONFIG": "/x.json"}) == Path("/x.json")
    assert policy_file(tmp_path, Path("y.json"), {"ANYPORT_POLICY_CONFIG": "/x.json"}) == Path("y.json")


def test_the_explanation_says_what_policies_ask() -> None:
    config = {
        "cost-ceiling": {"output_usd_per_million": 2}, "fallback-capacity": {"share": 0.5},
        "model-retirement": {"days": 30}, "equivalence": {"context_share": 0.5},
        "retirement-window": "mandatory",
    }  # fmt: skip
    asked = explain("chat", placed(spec_of(**US), config)).asked
    assert [line for line in asked if line.startswith("policies")] == [
        "policies: no retirement within 30 days",
        "policies: at most 2 USD per million answer tokens, where the price is known",
        "policies: 50% of the traffic after any loss",
        "policies: 50% of the first context window, evaluations of the last 365 days",
        "policies: not all fallbacks retire within 60 days of the first target",
    ]
