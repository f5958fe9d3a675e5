"""The search against brute force: the same best set, whatever the candidates and in whatever order they come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from anyport.placement import search
from anyport.placement.constraints import Demand, Standing, fits_alone, matches, unmet
from anyport.placement.search import Choice, Option, best, feasible

OPERATORS = [frozenset({"A"}), frozenset({"B"}), frozenset({"C"}), frozenset({"A", "B"}), frozenset()]
PLACES = ["p", "q", "r", "s", "none", "unknown"]


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    operators = draw(st.sampled_from(OPERATORS))
    return Standing(
        provider=draw(st.sampled_from(["one", "two"])),
        region=draw(st.sampled_from(["east", "west"])),
        zone=None,
        model="m",
        domain=draw(st.sampled_from(PLACES)),
        operators=operators,
        needs=operators | draw(st.sampled_from([frozenset(), frozenset({"owner"})])),
        owner_known=draw(st.sampled_from([True, True, True, False])),
        embeds=False,
        dimensions=None,
        context_window=draw(st.sampled_from([None, 100, 95, 80])),
        capacity=draw(st.sampled_from([None, None, 400, 1000])),
        retires=draw(st.sampled_from([None, date(2027, 1, 1), date(2027, 1, 20), date(2027, 9, 1)])),
    )


demands = st.builds(
    Demand,
    providers=st.integers(2, 3),
    failure_domains=st.integers(2, 4),
    distinct=st.booleans(),
    tokens_per_minute=st.sampled_from([None, 1000]),
    included=st.sampled_from([(), (), (("regions", "west"),), (("operators", "B"), ("providers", "two"))]),
    context_share=st.sampled_from([0.9, 1.0, 0.5]),
    window_days=st.sampled_from([None, None, 30]),
)
costs = st.integers(1, 4)


@st.composite
def problems(draw: st.DrawFn, most: int = 7) -> tuple[list[Option], Demand]:
    demand = draw(demands)
    rows = draw(st.lists(st.tuples(standings(), costs, costs), max_size=most))
    options = [Option((f"{n:02}",), one, first, other) for n, (one, first, other) in enumerate(rows)]
    return [o for o in options if fits_alone(o.standing, demand.tokens_per_minute)], demand


def every_set(options: list[Option], demand: Demand) -> Iterator[tuple[Any, ...]]:
    """Every first target with every set of others, as what they are compared by, and their keys."""
    by_fallback = sorted(options, key=lambda o: (o.as_fallback, o.key))
    for first in options:
        behind = [
            o
            for o in by_fallback
            if o is not first and matches(first.standing, o.standing, demand.context_share)
        ]
        for size in range(len(behind) + 1):
            for others in combinations(behind, size):
                members = [first.standing, *(o.standing for o in others)]
                if not unmet(first.standing, members, demand):
                    cost = first.as_first + sum(o.as_fallback for o in others)
                    shared = len(members) - len({one.domain for one in members})
                    ranks = tuple(by_fallback.index(o) for o in others)
                    yield (
                        cost,
                        shared,
                        (first.as_first, first.key),
                        ranks,
                        (first.key, *(o.key for o in others)),
                    )


def keys(choice: Choice | None) -> tuple[Any, ...] | None:
    return choice and (choice.first.key, *(o.key for o in choice.others))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(problems())
def test_the_best_set_is_that_of_brute_force(given: tuple[list[Option], Demand]) -> None:
    options, demand = given
    expected = min(every_set(options, demand), default=None)
    found = best(options, demand)
    assert keys(found) == (expected and expected[4])
    assert feasible(options, demand) is (expected is not None)
    if found and expected:
        assert (found.cost, found.shared) == expected[:2]


@settings(max_examples=100, deadline=None, derandomize=True)
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_candidates_does_not_matter(given: tuple[list[Option], Demand], chance: Any) -> None:
    options, demand = given
    mixed = list(options)
    chance.shuffle(mixed)
    assert keys(best(options, demand)) == keys(best(mixed, demand))


def alike(number: int, operator: str, place: str, cost: int) -> Option:
    one = Standing(
        "one", "east", None, "m", place, frozenset({operator}), frozenset({operator}),
        True, False, None, 100, None,
    )  # fmt: skip
    return Option((f"{operator}{number:02}",), one, cost, cost)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.sampled_from("ABC"), st.integers(0, 9), st.integers(1, 3)), min_size=4, max_size=14
    ),
    st.integers(2, 4),
)
def test_leaving_out_later_places_changes_nothing(rows: list[tuple[str, int, int]], domains: int) -> None:
    options = [alike(n, operator, f"place{place}", cost) for n, (operator, place, cost) in enumerate(rows)]
    demand = Demand(2, domains, True, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search, "_size_bound", lambda demand: 1 + demand.providers + demand.failure_domains)
        few = keys(best(options, demand))
        patch.setattr(search, "_kept", lambda ordered, demand, more: list(ordered))
        assert few == keys(best(options, demand))


def test_a_large_demand_over_many_alike_places_is_still_answered() -> None:
    """Hundreds of candidates that differ in their place alone: an exhaustive search would not end."""
    options = [alike(n, "A", f"place{n}", 1) for n in range(200)]
    options += [alike(n, "B", f"place{n}", 5) for n in range(200)]
    found = best(options, Demand(2, 15, True, 1000))
    assert found
    assert (found.cost, found.shared, len(found.others)) == (19, 0, 14)


def test_nothing_is_no_set() -> None:
    assert best([], Demand(2, 2, True, None)) is None
    assert not feasible([], Demand(2, 2, True, None))


def test_a_place_at_a_further_operator_counts_for_places_too() -> None:
    """The bound may not look for further places at the operators alone that are there already."""
    options = [alike(1, "A", "p", 1), alike(2, "B", "q", 1), alike(3, "A", "r", 3), alike(4, "C", "s", 1)]
    found = best(options, Demand(2, 3, True, None))
    assert found
    assert found.cost == 3
