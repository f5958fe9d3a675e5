"""The planner on catalogs that are made up: against brute force over every set of every candidate it finds."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from placement_cases import placing, spec_of

from anyport.catalog import Catalog, Model, load
from anyport.placement.constraints import matches, unmet
from anyport.placement.planner import Placing
from anyport.placement.weights import digits

PROVIDERS = {"azure_openai": "standard", "vertex_ai": "maas", "oci_generative_ai": "on_demand"}
REGIONS = {
    "azure_openai": ["eastus2", "centralus", "westeurope"],
    "vertex_ai": ["us-central1", "us-east4", "global"],
    "oci_generative_ai": ["us-chicago-1", "eu-frankfurt-1"],
}
prices = st.sampled_from([None, 0.1, 0.2, 0.2, 5.0])


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    """The shipped one with one model, offered anew in few regions at any price."""
    shipped = load()
    offers: dict[str, Any] = {}
    for provider in draw(st.permutations(sorted(PROVIDERS))):
        regions = draw(st.lists(st.sampled_from(REGIONS[provider]), unique=True, min_size=1))
        like = shipped.models["llama-4-maverick"].offers[provider]
        offers[provider] = like.model_copy(
            update={
                "servings": (
                    like.servings[0].model_copy(update={"kind": PROVIDERS[provider], "model_id": None}),
                ),
                "regions": tuple(regions),
                "regions_servings": (),
                "input_usd_per_million": draw(prices),
                "output_usd_per_million": draw(prices),
                "context_window": draw(st.sampled_from([None, 1000, 950, 500])),
                "retires_on": None,
                "lifecycle": None,
                "evidence": like.evidence.model_copy(update={"doubtful": draw(st.booleans())}),
            }
        )
    made = {"offers": offers, "open_weights": draw(st.sampled_from([True, True, False, None]))}
    model: Model = shipped.models["llama-4-maverick"].model_copy(update=made)
    return shipped.model_copy(update={"models": {"llama-4-maverick": model}})


def brute_force(placed: Placing, prefer: tuple[str, ...]) -> tuple[Any, ...] | None:
    """The least sum of what members add, over every first target and every set behind it."""
    best: tuple[Any, ...] | None = None
    for first in placed.found.candidates:
        behind = [
            o for o in placed.found.candidates if o is not first and matches(first.standing, o.standing)
        ]
        for size in range(len(behind) + 1):
            for others in combinations(behind, size):
                standings = [first.standing, *(o.standing for o in others)]
                if unmet(first.standing, standings, placed.demand):
                    continue
                rows = [digits(first, prefer, first=True), *(digits(o, prefer, first=False) for o in others)]
                shared = len(standings) - len({one.domain for one in standings})
                total = (*(sum(column) for column in zip(*rows, strict=True)), shared)
                best = total if best is None or total < best else best
    return best


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    catalog=catalogs(),
    tier=st.sampled_from(["prod", "dev"]),
    prefer=st.permutations(["cost", "latency_class", "open_weights"]),
    tokens=st.sampled_from([None, 1000]),
    domains=st.integers(2, 4),
)
def test_no_set_of_candidates_is_better(
    catalog: Catalog, tier: str, prefer: list[str], tokens: int | None, domains: int
) -> None:
    asked = {"failure_domains": domains, "prefer": prefer, "near": ["eu"]}
    traffic = {"tokens_per_minute": tokens} if tokens else {}
    placed = placing(spec_of(asked, model="llama-4-maverick", tier=tier, traffic=traffic), catalog)
    expected = brute_force(placed, tuple(prefer))
    assert (placed.choice is None) is (expected is None)
    if placed.choice is None or expected is None:
        return
    first, *others = placed.chosen
    rows = [digits(first, prefer, first=True), *(digits(o, prefer, first=False) for o in others)]
    assert (*(sum(column) for column in zip(*rows, strict=True)), placed.choice.shared) == expected
