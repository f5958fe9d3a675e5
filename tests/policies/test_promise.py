"""The promise, against a model of its own: what passes the rules survives any one loss with capacity left.

The model below is written from the definitions and shares no code with the rules: a loss takes an operator, or
a place, and with it every target that needs it or cannot be shown not to. Deterministic.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from policy_cases import base, changed, small_catalog

from anyport_policies import suggest
from anyport_policies.engine import evaluate
from anyport_policies.facts import from_mapping
from anyport_policies.rules import RULES

TODAY = date(2026, 11, 25)
PROVIDERS = {
    "azure_openai": "Microsoft",
    "vertex_ai": "Google",
    "oci_generative_ai": "Oracle",
    "coreweave_vllm": "CoreWeave",
}
PLACES = ["us-virginia", "us-iowa", "us-texas"]
RESILIENCE = [rule for rule in RULES if rule.pack == "resilience"]
TARGET = base("endpoint")["targets"][0]
TRAFFIC = 1000
RESTORE_LIMIT = 60
HARM: dict[str, list[Any]] = {
    "provider": sorted(PROVIDERS),
    "failure_domain": [*PLACES, "none", "unknown", None],
    "reach": ["global", None],
    "standby": [("cold", 30), ("cold", 600), ("cold", None), (None, None)],
    "passes_to": ["vertex_ai", "somebody"],
    "open_weights": [False, None],
    "model_owner": ["Google", None],
    "capacity": [None, 400],
    "geography": ["eu", "none", None],
}
"""What can be wrong with a target, by what it is wrong about."""


def target_of(index: int, said: dict[str, Any]) -> dict[str, Any]:
    operator = PROVIDERS[said["provider"]]
    standby, minutes = said["standby"]
    posture = {
        "billing_party": operator,
        "identity_providers": [operator],
        "capacity_tokens_per_minute": said["capacity"],
    }
    rest = {key: said[key] for key in HARM if key not in {"standby", "capacity"}}
    return {
        **TARGET, **rest, "name": f"t{index}", "priority": index + 1, "operator": operator, "standby": standby,
        "restore_minutes": minutes, "posture": posture,
    }  # fmt: skip


@st.composite
def endpoints(draw: st.DrawFn) -> dict[str, Any]:
    """Endpoints near the edge: targets that are right, then a few things made wrong."""
    count = draw(st.integers(1, 5))
    said = [
        {
            "provider": draw(st.sampled_from(sorted(PROVIDERS))),
            "failure_domain": draw(st.sampled_from(PLACES)),
            "reach": "regional",
            "standby": ("warm", None),
            "passes_to": None,
            "open_weights": True,
            "model_owner": "OpenAI",
            "capacity": draw(st.sampled_from([1000, 2000, 400])),
            "geography": "us",
        }
        for _ in range(count)
    ]
    for _ in range(draw(st.integers(0, 4))):
        field = draw(st.sampled_from(sorted(HARM)))
        said[draw(st.integers(0, count - 1))][field] = draw(st.sampled_from(HARM[field]))
    return {
        **base("endpoint"),
        "residency": draw(st.sampled_from([["us"], []])),
        "traffic": {"tokens_per_minute": TRAFFIC},
        "targets": [target_of(index, one) for index, one in enumerate(said)],
    }


many = settings(
    derandomize=True,
    max_examples=600,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="module", autouse=True)
def small_catalog_for_advice() -> Iterator[None]:
    """Advice on places is not what is tried here, and looking for it takes most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        catalog = small_catalog()
        patch.setattr(suggest, "load", lambda: catalog)
        yield


def serves_in_time(target: dict[str, Any]) -> bool:
    if target["standby"] == "cold":
        return target["restore_minutes"] is not None and target["restore_minutes"] <= RESTORE_LIMIT
    return bool(target["standby"] == "warm")


def hit_by_company(target: dict[str, Any], company: str) -> bool:
    """Whoever runs it, or answers behind it; somebody nobody knows may be anybody."""
    behind = target["passes_to"]
    return company in (target["operator"], PROVIDERS.get(behind) if behind else None) or (
        behind is not None and behind not in PROVIDERS
    )


def hit_by_place(target: dict[str, Any], place: str) -> bool:
    """Its own place; and any, when it may be served anywhere or nobody knows where."""
    known = target["reach"] == "regional" and target["passes_to"] is None
    where = target["failure_domain"] if known else None
    return where in (place, None, "none", "unknown")


def survivors(endpoint: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    able = [target for target in endpoint["targets"] if serves_in_time(target)]
    found = {who: [t for t in able if not hit_by_company(t, who)] for who in PROVIDERS.values()}
    found |= {
        where: [t for t in able if not hit_by_place(t, where)]
        for where in ("us-virginia", "us-iowa", "us-texas")
    }
    return found


def passes(endpoint: dict[str, Any]) -> bool:
    """No finding at all but notes: what is advisory here is a capacity that nobody knows, or one stack for all."""
    found = evaluate([from_mapping(endpoint)], RESILIENCE, TODAY)
    return not [f for f in found if f.level != "note" and f.rule_id != "AR009"]


@many
@given(endpoints())
def test_what_passes_survives_any_one_loss_with_capacity_left(endpoint: dict[str, Any]) -> None:
    if passes(endpoint):
        for lost, left in survivors(endpoint).items():
            assert left, lost
            assert sum(t["posture"]["capacity_tokens_per_minute"] or 0 for t in left) >= TRAFFIC, lost


@many
@given(endpoints())
def test_what_a_loss_ends_does_not_pass(endpoint: dict[str, Any]) -> None:
    """The other way round: an endpoint that some loss ends has a mandatory finding, whatever else it has."""
    if not all(survivors(endpoint).values()):
        found = evaluate([from_mapping(endpoint)], RESILIENCE, TODAY)
        assert [f for f in found if f.fails], endpoint


@many
@given(endpoints())
def test_what_passes_survives_any_one_loss_without_its_first_target_too(endpoint: dict[str, Any]) -> None:
    """Fallbacks that are two in name only fall together: a first target out of quota would leave one hope."""
    if passes(endpoint):
        rest = {**endpoint, "targets": endpoint["targets"][1:]}
        assert all(survivors(rest).values()), survivors(rest)


@many
@given(endpoints())
def test_what_passes_is_independent_of_any_one_contract(endpoint: dict[str, Any]) -> None:
    """Losing a closed model's owner leaves a target that serves in time."""
    if passes(endpoint):
        for owner in ("OpenAI", "Google"):
            assert [
                t
                for t in endpoint["targets"]
                if serves_in_time(t)
                and not (t["open_weights"] is not True and t["model_owner"] in (owner, None))
            ], owner


@many
@given(endpoints())
def test_residency_holds_for_every_target_of_what_passes(endpoint: dict[str, Any]) -> None:
    if passes(endpoint) and endpoint["residency"]:
        assert {t["geography"] for t in endpoint["targets"]} == {"us"}


def test_enough_of_what_is_tried_passes_to_prove_something() -> None:
    """A property that nothing satisfies would hold in silence."""
    seen: list[bool] = []

    @many
    @given(endpoints())
    def count(endpoint: dict[str, Any]) -> None:
        seen.append(passes(endpoint))

    count()
    assert sum(seen) >= 50
    assert seen.count(False) >= 200


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"targets.vertex.failure_domain": "us-texas"}, "us-texas"),
        ({"targets.own.provider": "vertex_ai", "targets.own.operator": "Google"}, "Google"),
    ],
)
def test_fallbacks_that_fall_together_survive_any_one_loss_and_do_not_pass(
    changes: dict[str, Any], left: str
) -> None:
    """Two different fallbacks at one operator or in one place: no single loss ends the endpoint, and AR003 says
    what is wrong all the same. Without the first target that one loss does.
    """
    endpoint = changed(base("endpoint"), changes)
    for target in endpoint["targets"]:
        target.setdefault("passes_to", None)
    assert all(survivors(endpoint).values())
    assert not survivors({**endpoint, "targets": endpoint["targets"][1:]})[left]
    found = evaluate([from_mapping(endpoint)], RESILIENCE, TODAY)
    assert [f.rule_id for f in found if f.fails] == ["AR003"]


@pytest.mark.parametrize("rule", ["AR001", "AR002", "AR006"])
def test_the_property_needs_these_rules(rule: str) -> None:
    """Without one of them something passes that a loss ends: the property would notice."""
    worst = {
        "AR001": {"targets.vertex.failure_domain": "us-virginia", "targets.own.failure_domain": "us-virginia"},
        "AR002": {"targets.vertex.operator": "Microsoft", "targets.own.operator": "Microsoft"},
        "AR006": {"targets.vertex.posture.capacity_tokens_per_minute": 1, "targets.own.posture.capacity_tokens_per_minute": 1},
    }[rule]  # fmt: skip
    endpoint = changed(base("endpoint"), {**worst, "traffic": {"tokens_per_minute": TRAFFIC}})
    for target in endpoint["targets"]:
        target.setdefault("passes_to", None)
    left = survivors(endpoint)
    carried = [sum(t["posture"]["capacity_tokens_per_minute"] or 0 for t in one) for one in left.values()]
    assert min(carried) < TRAFFIC
    assert not passes(endpoint)
