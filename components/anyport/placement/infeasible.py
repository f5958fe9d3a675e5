"""A placement that no set of targets meets: which constraint it fails on, and the smallest change that would do.

Changes are tried one at a time, in the order in which they cost least: first what only has to be written down
(options), then smaller numbers, then what was pinned or excluded, then what callers rely on. The planner itself
judges each, so what is proposed really does.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

from ..errors import Problem
from ..source import Source
from ..spec_problems import problem_at
from .candidates import Bench
from .constraints import Demand, Standing, is_named, matches, most_domains, most_strangers, unmet
from .offers import notice
from .planner import Placing, demand_of, found_for
from .policy_limits import NO_LIMITS, Operators
from .search import feasible
from .weights import options

if TYPE_CHECKING:
    from ..spec_placement import Placement

__all__ = ["infeasible", "reasons", "relaxations"]

_PROPOSED = 2
_Change = tuple[str, str, Bench]
"""A sort of change, the change in words, and what the planner would work with then."""


def infeasible(name: str, placing: Placing, source: Source) -> Problem:
    """The AP218 problem of one endpoint."""
    path = ("endpoints", name, "placement")
    fixes = list(islice(relaxations(placing), _PROPOSED))
    fix = "; or ".join(fixes) or (
        "no single change to the placement does it: choose a model that more operators serve, or allow `equivalents`"
    )
    message = f"no set of targets meets the placement: {'; '.join(reasons(placing))}"
    return problem_at("AP218", path, source, message, got=None, fix=fix)


def reasons(placing: Placing) -> list[str]:
    """Every constraint that fails even with all candidates together, for the first target that fails on fewest."""
    standings = [candidate.standing for candidate in placing.found.candidates]
    if not standings:
        return [f"no place can serve it ({_refusals(placing)})"]
    tried, share = [], placing.demand.context_share
    for first in standings:
        pool = [first, *(one for one in standings if one is not first and matches(first, one, share))]
        tried.append(([c.name for c in unmet(first, pool, placing.demand)], pool))
    failed, pool = min(tried, key=lambda pair: len(pair[0]))
    if set(failed) & {"providers", "failure_domains"}:  # the others follow from these
        failed = [one for one in failed if one in ("providers", "failure_domains", "include")]
    return [_said(constraint, pool, placing.demand) for constraint in failed]


def _said(constraint: str, pool: Sequence[Standing], demand: Demand) -> str:
    if constraint == "providers":
        who = sorted({name for one in pool for name in one.operators})
        return f"{demand.providers} independent operators are asked for, {most_strangers(pool)} can serve it ({', '.join(who)})"
    if constraint == "failure_domains":
        where = sorted({one.domain for one in pool} - {"none", "unknown", ""})
        shown = f" ({', '.join(where)})" if where else ""
        return (
            f"{demand.failure_domains} failure domains are asked for, {most_domains(pool)} can be had{shown}"
        )
    if constraint == "distinct_fallbacks":
        return "in prod the fallback for a lost place and the one for a lost operator must be two that no one loss takes"
    if constraint == "independence":
        shared = sorted(set.intersection(*(set(one.needs) for one in pool)))
        on = f" ({', '.join(shared)} behind every one)" if shared else ""
        return f"no two operators are free of one company for contract, bill and identity{on}"
    if constraint == "capacity":
        return f"after some loss what is left is known to carry less than {demand.tokens_per_minute} tokens per minute"
    if constraint == "retirement_window":
        return f"every fallback retires within {demand.window_days} days of the first target"
    lost = [
        f"{what}: {name}" for what, name in demand.included if not any(is_named(o, what, name) for o in pool)
    ]
    return f"nothing can be chosen for include.{', include.'.join(lost)}"


def _refusals(placing: Placing) -> str:
    """One line per provider: the reason that takes most places."""
    by_provider: dict[str, list[Any]] = {}
    for one in placing.found.refused:
        by_provider.setdefault(one.provider, []).append(one)
    parts = []
    for provider, refused in sorted(by_provider.items()):
        most = max(refused, key=lambda one: (len(one.places), one.reason))
        parts.append(f"{provider}: {most.reason}")
    return "; ".join(parts)


def relaxations(placing: Placing) -> Iterator[str]:
    """Changes of which each alone makes the placement one that can be met, the nearest first, one of each sort."""
    done: set[str] = set()
    for sort, text, bench in _changes(placing):
        placement = bench.endpoint.placement
        if sort in done or placement is None:
            continue
        found = found_for(placing.name, bench)
        if feasible(options(found.candidates, placement.prefer), demand_of(bench)):
            done.add(sort)
            yield text


def _changes(placing: Placing) -> Iterator[_Change]:
    bench = placing.bench
    placement = bench.endpoint.placement
    if placement is None:
        return
    yield from _written_down(placing)
    yield from _numbers(placing, placement)
    yield from _lists(bench, placement, "include", "take {name} off include.{what}")
    yield from _lists(bench, placement, "exclude", "take {name} off exclude.{what}")
    if placement.exclude.unconfirmed:
        exclude = placement.exclude.model_copy(update={"unconfirmed": False})
        yield "unconfirmed", "say exclude.unconfirmed: false", _with(bench, exclude=exclude)
    for provider in placement.machines:
        rest = {name: machines for name, machines in placement.machines.items() if name != provider}
        text = f"let any machine of {provider} be chosen (take it off machines)"
        yield f"machines {provider}", text, _with(bench, machines=rest)
    for days in (60, 30, 0):
        if days < notice(placement, bench.limits):
            yield "retirement", f"say retirement_days: {days}", _with(bench, retirement_days=days)
    yield from _policies(bench)
    yield from _endpoint(bench)


def _policies(bench: Bench) -> Iterator[_Change]:
    """What the policy configuration keeps out."""
    limits, known = bench.limits, {p.operator for p in bench.catalog.providers.values()}
    agreed = limits.operators.operators or sorted(known)
    for name in sorted(known - set(agreed)):
        wider = limits.model_copy(update={"operators": Operators(operators=[*agreed, name])})
        yield "operators", f"let policies allow {name} (allowed-operators)", replace(bench, limits=wider)
    if limits.ceiling != NO_LIMITS.ceiling:
        open_ended = limits.model_copy(update={"ceiling": NO_LIMITS.ceiling})
        yield "ceiling", "agree on a higher price (cost-ceiling)", replace(bench, limits=open_ended)


def _written_down(placing: Placing) -> Iterator[_Change]:
    """Places that only lack an option."""
    for provider in sorted({one.provider for one in placing.found.refused if one.code == "options"}):
        rows = [one for one in placing.found.refused if one.code == "options" and one.provider == provider]
        reason = max(rows, key=lambda one: (len(one.places), one.reason)).reason
        text = f"write under options.{provider} what keeps its places out ({reason})"
        yield f"options {provider}", text, replace(placing.bench, lenient=frozenset({provider}))


def _numbers(placing: Placing, placement: Placement) -> Iterator[_Change]:
    bench = placing.bench
    domains, providers = range(placement.failure_domains - 1, 1, -1), range(placement.providers - 1, 1, -1)
    for number in domains:
        yield "domains", f"say failure_domains: {number}", _with(bench, failure_domains=number)
    for number in providers:
        yield "providers", f"say providers: {number}", _with(bench, providers=number)
    for one, other in ((one, other) for one in providers for other in domains):
        text = f"say providers: {one} and failure_domains: {other}"
        yield "both numbers", text, _with(bench, providers=one, failure_domains=other)


def _lists(bench: Bench, placement: Placement, key: str, text: str) -> Iterator[_Change]:
    group = getattr(placement, key)
    for what in type(group).model_fields:
        names = getattr(group, what)
        for name in names if isinstance(names, tuple) else ():
            rest = tuple(other for other in names if other != name)
            changed = group.model_copy(update={what: rest})
            said = text.format(name=name, what=what)
            yield said, said, _with(bench, **{key: changed})


def _endpoint(bench: Bench) -> Iterator[_Change]:
    """What callers rely on: the last to be touched."""
    endpoint = bench.endpoint
    for geography in _geographies(bench) if endpoint.residency else ():
        wider = endpoint.model_copy(update={"residency": (*endpoint.residency, geography)})
        yield "residency", f"allow {geography} in the endpoint's residency", replace(bench, endpoint=wider)
    for feature in endpoint.features:
        rest = tuple(other for other in endpoint.features if other != feature)
        fewer = endpoint.model_copy(update={"features": rest})
        yield "features", f"take {feature} off the endpoint's features", replace(bench, endpoint=fewer)


def _geographies(bench: Bench) -> list[str]:
    known = {r.geography for regions in bench.catalog.regions.values() for r in regions.values()}
    return sorted(known - {"none", "unknown", *bench.endpoint.residency})


def _with(bench: Bench, **changed: object) -> Bench:
    placement = bench.endpoint.placement
    assert placement is not None  # callers have looked
    update = {"placement": placement.model_copy(update=changed)}
    return replace(bench, endpoint=bench.endpoint.model_copy(update=update))
