"""An endpoint with a placement → the targets that a spec would name, in order of use.

    place(name, bench) -> Placing(chosen=…, targets={"vertex-ai-us-central1": TargetSpec(priority=1, …), …})

The first target is the one that the best set has first; the others follow by what they would cost, or whatever is
preferred, while they serve. Names come from provider and place, so a target that stays chosen keeps its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..naming import physical_name
from .candidates import Bench, Candidate, Found, find
from .constraints import Demand
from .search import Choice, Option, best
from .weights import options

if TYPE_CHECKING:
    from ..spec import TargetSpec

__all__ = ["Placing", "demand_of", "in_order", "named", "place"]


@dataclass(frozen=True)
class Placing:
    """The planner's work on one endpoint.

    Attributes:
        bench: what it worked with.
        found: candidates and refusals.
        demand: what was asked.
        options: the candidates as the search saw them.
        choice: the best set; None when there is none.
        chosen: its candidates in order of use.
        targets: the same as a spec would write them, by name.
    """

    bench: Bench
    found: Found
    demand: Demand
    options: tuple[Option, ...]
    choice: Choice | None
    chosen: tuple[Candidate, ...]
    targets: dict[str, TargetSpec]


def place(bench: Bench) -> Placing:
    """The best set of targets for the bench's endpoint."""
    placement = bench.endpoint.placement
    if placement is None:
        raise ValueError("the endpoint has no placement")
    found, demand = find(bench), demand_of(bench)
    seen = options(found.candidates, placement.prefer)
    choice = best(seen, demand)
    chosen = in_order(choice, found.candidates) if choice else ()
    return Placing(bench, found, demand, tuple(seen), choice, chosen, named(chosen))


def demand_of(bench: Bench) -> Demand:
    """What the endpoint and its placement ask of the set."""
    placement = bench.endpoint.placement
    if placement is None:
        raise ValueError("the endpoint has no placement")
    include = placement.include
    pins = {
        "providers": include.providers, "operators": include.operators,
        "regions": include.regions, "models": include.models,
    }  # fmt: skip
    return Demand(
        providers=placement.providers,
        failure_domains=placement.failure_domains,
        distinct=bench.tier != "dev",
        tokens_per_minute=bench.endpoint.traffic.tokens_per_minute,
        included=tuple((what, name) for what, names in pins.items() for name in dict.fromkeys(names)),
    )


def in_order(choice: Choice, candidates: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """The candidates of a set: the first target, then the others by what they are worth while they serve."""
    by_key = {candidate.key: candidate for candidate in candidates}
    others = sorted(choice.others, key=lambda option: (option.as_first, option.key))
    return tuple(by_key[option.key] for option in (choice.first, *others))


def named(chosen: Sequence[Candidate]) -> dict[str, TargetSpec]:
    """Targets by name, with their priorities. Two in one place are told apart by more of what they are."""
    plain = [(one.target.provider, one.place) for one in chosen]
    targets = {}
    for number, (one, words) in enumerate(zip(chosen, plain, strict=True), 1):
        more = one.key[2:] if plain.count(words) > 1 else ()
        name = physical_name(*words, *more, limit=32)
        targets[name] = one.spec.model_copy(update={"priority": number})
    return targets
