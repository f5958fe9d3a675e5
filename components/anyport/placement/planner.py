"""An endpoint with a placement → the targets that a spec would name, in order of use.

    place("chat", bench) -> Placing(chosen=…, targets={"vertex-ai-us-central1": TargetSpec(priority=1, …), …})

The first target is the one that the best set has first; the others follow by what they would cost, or whatever is
preferred, while they serve. Names come from provider and place, so a target that stays chosen keeps its name.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

from ..naming import physical_name
from .candidates import Bench, Candidate, Found, find
from .constraints import Demand
from .search import Choice, Option, best
from .weights import options

if TYPE_CHECKING:
    from ..spec import TargetSpec

__all__ = ["Placing", "demand_of", "found_for", "in_order", "named", "place"]


@dataclass(frozen=True)
class Placing:
    """The planner's work on one endpoint.

    Attributes:
        name: of the endpoint.
        bench: what it worked with.
        found: candidates and refusals.
        demand: what was asked.
        options: the candidates as the search saw them.
        choice: the best set; None when there is none.
        chosen: its candidates in order of use.
        targets: the same as a spec would write them, by name.
    """

    name: str
    bench: Bench
    found: Found
    demand: Demand
    options: tuple[Option, ...]
    choice: Choice | None
    chosen: tuple[Candidate, ...]
    targets: dict[str, TargetSpec]


def place(name: str, bench: Bench) -> Placing:
    """The best set of targets for the bench's endpoint, which is called `name`."""
    placement = bench.endpoint.placement
    if placement is None:
        raise ValueError("the endpoint has no placement")
    found, demand = found_for(name, bench), demand_of(bench)
    seen = options(found.candidates, placement.prefer)
    choice = best(seen, demand)
    chosen = in_order(choice, found.candidates) if choice else ()
    return Placing(name, bench, found, demand, tuple(seen), choice, chosen, named(chosen))


def found_for(name: str, bench: Bench) -> Found:
    """The candidates, with what was measured of them (AR006 counts it by the names that targets will have).

    A candidate's name hangs on the others of its set only where two are in one place; the smaller of what its two
    possible names carry holds for it then, so that no set counts on more than the rule would.
    """
    found, measured = find(bench), bench.limits.capacity.tokens_per_minute
    if not measured:
        return found
    plain = [(one.target.provider, one.place) for one in found.candidates]
    held = []
    for one, words in zip(found.candidates, plain, strict=True):
        names = [_name(*words), *([_name(*words, *one.key[2:])] if plain.count(words) > 1 else [])]
        said = [measured.get(f"{name}/{n}", one.standing.capacity) for n in names]
        least = min((number for number in said if number is not None), default=None)
        held.append(replace(one, standing=replace(one.standing, capacity=least)))
    return replace(found, candidates=tuple(held))


def demand_of(bench: Bench) -> Demand:
    """What the endpoint and its placement ask of the set."""
    placement = bench.endpoint.placement
    if placement is None:
        raise ValueError("the endpoint has no placement")
    include, limits, tokens = placement.include, bench.limits, bench.endpoint.traffic.tokens_per_minute
    pins = {
        "providers": include.providers, "operators": include.operators,
        "regions": include.regions, "models": include.models,
    }  # fmt: skip
    return Demand(
        providers=placement.providers,
        failure_domains=placement.failure_domains,
        distinct=bench.tier != "dev",
        tokens_per_minute=None if tokens is None else ceil(tokens * limits.capacity.share),
        included=tuple((what, name) for what, names in pins.items() for name in dict.fromkeys(names)),
        context_share=limits.sameness.context_share,
        window_days=limits.window.days if limits.window_strict else None,
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
        name = _name(*words, *more)
        targets[name] = one.spec.model_copy(update={"priority": number})
    return targets


def _name(*words: str) -> str:
    return physical_name(*words, limit=32)
