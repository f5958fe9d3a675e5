"""Why an endpoint's targets are what they are, why every other place is not among them, and what is next best.

`resolve` does not need any of this; it is worked out when somebody asks (`anyport plan --explain`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

from .candidates import Candidate, merged
from .constraints import Constraint, matches, unmet
from .offers import notice
from .planner import Placing, in_order, named
from .policy_limits import NO_LIMITS
from .result import Alternative, Chosen, Placed, Refused
from .search import best

__all__ = ["explain"]

_LACKS = {
    "providers": "independent operators would be too few",
    "failure_domains": "failure domains would be too few",
    "distinct_fallbacks": "one loss would take the fallback for a lost place and the one for a lost operator",
    "independence": "no two targets would be free of one company for contract, bill and identity",
    "capacity": "after some loss the rest is known to carry too little",
    "retirement_window": "all fallbacks would retire when the first target does",
    "include": "something included would be missing",
}


def explain(name: str, placing: Placing) -> Placed:
    """The planner's reasons. The placing must have a choice."""
    chosen, names = placing.chosen, list(placing.targets)
    idle = [one.price.machines for one in chosen]
    first = chosen[0].price.tokens
    known = first is not None and None not in idle
    total = (first or Decimal(0)) + sum((part for part in idle if part is not None), Decimal(0))
    return Placed(
        endpoint=name,
        asked=tuple(_asked(placing)),
        volume=placing.found.asked.basis,
        usd_per_month=float(round(total, 2)) if known else None,
        unpriced=tuple(n for n, one in zip(names, chosen, strict=True) if not one.price.known),
        targets=tuple(_chosen(placing, n, one) for n, one in zip(names, chosen, strict=True)),
        next_best=tuple(_alternatives(placing)),
        refused=(*merged([_beaten(placing, one) for one in _others(placing)]), *placing.found.refused),
        notes=tuple(_notes(placing)),
    )


def _asked(placing: Placing) -> Iterator[str]:
    demand, endpoint = placing.demand, placing.bench.endpoint
    yield f"{demand.providers} independent operators, {demand.failure_domains} failure domains"
    if demand.distinct:
        yield "two different fallbacks, as in prod"
    if endpoint.residency:
        yield f"residency {', '.join(endpoint.residency)}"
    if endpoint.features:
        yield f"features {', '.join(endpoint.features)}"
    for what, name in demand.included:
        yield f"{what}: {name}"
    yield from _policies(placing)
    if endpoint.placement:
        yield f"prefer {', then '.join(endpoint.placement.prefer)}"


def _policies(placing: Placing) -> Iterator[str]:
    """What the policy configuration asks beyond the rules' defaults."""
    limits, usual = placing.bench.limits, NO_LIMITS
    if limits.operators.operators is not None:
        yield f"policies: operators {', '.join(sorted(limits.operators.operators))}"
    if limits.retirement.days is not None and placing.bench.endpoint.placement:
        days = notice(placing.bench.endpoint.placement, limits)
        yield f"policies: no retirement within {limits.retirement.days} days" + (
            "" if days == limits.retirement.days else f" (the placement says {days})"
        )
    for side, most in (
        ("prompt", limits.ceiling.input_usd_per_million),
        ("answer", limits.ceiling.output_usd_per_million),
    ):
        if most is not None:
            yield f"policies: at most {most:g} USD per million {side} tokens, where the price is known"
    if limits.capacity.share != usual.capacity.share:
        yield f"policies: {limits.capacity.share:.0%} of the traffic after any loss"
    if limits.sameness != usual.sameness:
        yield (
            f"policies: {limits.sameness.context_share:.0%} of the first context window, evaluations of the last "
            f"{limits.sameness.evaluated_within_days} days"
        )
    if limits.window_strict:
        yield f"policies: not all fallbacks retire within {limits.window.days} days of the first target"


def _chosen(placing: Placing, name: str, one: Candidate) -> Chosen:
    target, price = one.target, one.price
    return Chosen(
        name=name,
        priority=placing.targets[name].priority,
        provider=target.provider,
        place=one.place,
        kind=target.deployment_kind,
        instance_type=target.instance_type,
        model=target.model,
        operator=target.operator,
        failure_domain=one.standing.domain,
        usd_per_month_serving=_money(price.serving),
        usd_per_month_idle=_money(price.machines),
        price_basis=price.basis,
        why=_why(placing, one),
        doubts=target.notes,
    )


def _money(amount: Decimal | None) -> float | None:
    return None if amount is None else float(round(amount, 2))


def _why(placing: Placing, one: Candidate) -> str:
    """What breaks without it. The set is minimal, so something always does."""
    rest = [other.standing for other in placing.chosen if other is not one]
    broken = unmet(rest[0], rest, placing.demand) if rest else []
    lacks = "; ".join(_LACKS[constraint.name] for constraint in broken)
    if one is placing.chosen[0]:
        prefer = placing.bench.endpoint.placement.prefer[0] if placing.bench.endpoint.placement else "cost"
        best_first = {
            "cost": "first because the whole costs least so",
            "latency_class": "first because it is nearest",
            "open_weights": "first by open weights",
        }[prefer]
        return f"{best_first}; without it {lacks or 'the next would serve first'}"
    return f"without it {lacks or 'nothing would be missing with another first target'}"


def _others(placing: Placing) -> list[Candidate]:
    keys = {one.key for one in placing.chosen}
    return [one for one in placing.found.candidates if one.key not in keys]


def _beaten(placing: Placing, one: Candidate) -> Refused:
    """Why a candidate that could be in a set is not in this one: its best swap with a chosen target."""
    code, reason = _best_swap(placing, one)
    place = f"{one.place} ({one.target.instance_type})" if one.target.instance_type else one.place
    return Refused(
        provider=one.target.provider, model=one.target.model, kind=one.target.deployment_kind,
        places=(place,), code=code, reason=reason,
    )  # fmt: skip


def _best_swap(placing: Placing, one: Candidate) -> tuple[str, str]:
    by_key = {option.key: option for option in placing.options}
    chosen, own = placing.chosen, by_key[one.key]
    names = list(placing.targets)
    swaps: list[tuple[int, int]] = []
    broken: list[Constraint] = []
    for index in range(len(chosen)):
        members = [own if n == index else by_key[other.key] for n, other in enumerate(chosen)]
        first, standings = members[0], [member.standing for member in members]
        if not all(matches(first.standing, one, placing.demand.context_share) for one in standings[1:]):
            continue
        failed = unmet(first.standing, standings, placing.demand)
        broken = broken or failed
        if not failed:
            swaps.append((first.as_first + sum(o.as_fallback for o in members[1:]), index))
    if not swaps:
        for name, other in zip(names, chosen, strict=True):
            if other.standing.domain == one.standing.domain:
                return (
                    "same_failure_domain",
                    f"same failure domain as {name} ({one.standing.domain}), and not needed",
                )
        if one.standing.domain in ("none", "unknown"):
            return (
                "no_failure_domain",
                "it has no failure domain of its own, so it can stand in for none of the chosen",
            )
        lacks = _LACKS[broken[0].name] if broken else "its context window or its vectors do not match"
        return "not_needed", f"not needed, and in place of any chosen one {lacks}"
    cost, index = min(swaps)
    instead = chosen[index]
    if cost == (placing.choice.cost if placing.choice else 0):
        return (
            "as_good",
            f"as good as {names[index]}; fewer targets in one place, then the earlier name, decided",
        )
    return _worse(names[index], instead, one, first=index == 0)


def _worse(name: str, instead: Candidate, one: Candidate, *, first: bool) -> tuple[str, str]:
    """In which respect it is worse than the chosen one that it would best stand in for."""
    if not one.price.known and instead.price.known:
        return "price_unknown", f"{one.price.basis}, so it comes after those with a known price"
    mine, theirs = _role_costs(one, first=first), _role_costs(instead, first=first)
    if one.latency_class > instead.latency_class and mine == theirs:
        return "farther", f"farther than {name}"
    if one.target.doubtful and not instead.target.doubtful and mine == theirs:
        return "doubtful", f"costs as much as {name}, and the catalog is less sure of it"
    if mine > theirs:
        label, more = next((label, a - b) for label, a, b in zip(_ROLE, mine, theirs, strict=True) if a != b)
        return "dearer", f"dearer than {name} by {more:,.2f} USD a month {label}"
    return "less_preferred", f"less preferred than {name} by {_respects(one, instead)}"


_ROLE = ("in all", "while it serves")


def _role_costs(one: Candidate, *, first: bool) -> tuple[Decimal, Decimal]:
    tokens, machines = one.price.tokens or Decimal(0), one.price.machines or Decimal(0)
    return (tokens + machines, Decimal(0)) if first else (machines, tokens)


def _respects(one: Candidate, instead: Candidate) -> str:
    found = []
    if one.latency_class > instead.latency_class:
        found.append("latency class")
    if one.closed > instead.closed:
        found.append("open weights")
    return " and ".join(found) or "the order of preferences"


def _alternatives(placing: Placing) -> list[Alternative]:
    """The best set without each chosen target, the best of them first."""
    placement, choice = placing.bench.endpoint.placement, placing.choice
    if placement is None or choice is None:
        return []
    rows: list[tuple[int, int, Alternative]] = []
    for number, (name, one) in enumerate(zip(placing.targets, placing.chosen, strict=True)):
        other = best(placing.options, placing.demand, lambda option, key=one.key: option.key == key)  # type: ignore[misc]
        if other is None:
            rows.append(
                (1, number, Alternative(without=name, targets=(), difference="there is no set without it"))
            )
            continue
        members = in_order(other, placing.found.candidates)
        said = _difference(placing.chosen, members)
        rows.append(
            (0, other.cost, Alternative(without=name, targets=tuple(named(members)), difference=said))
        )
    return [row[2] for row in sorted(rows, key=lambda row: row[:2])]


def _difference(ours: Sequence[Candidate], theirs: Sequence[Candidate]) -> str:
    mine, other = _bill(ours), _bill(theirs)
    unpriced = sum(not one.price.known for one in theirs) - sum(not one.price.known for one in ours)
    if unpriced > 0:
        return f"{unpriced} more without a known price"
    for label, a, b in zip(
        ("while the first serves", "while each fallback serves, added up"), mine, other, strict=True
    ):
        if b != a:
            return f"{'+' if b > a else '-'}{abs(b - a):,.2f} USD a month {label}"
    doubts = sum(one.target.doubtful for one in theirs) - sum(one.target.doubtful for one in ours)
    if doubts:
        return f"same list price; {doubts} more that the catalog is not sure of"
    return "same list price; it comes later by preference, shared places, size or name"


def _bill(members: Sequence[Candidate]) -> tuple[Decimal, Decimal]:
    first, others = members[0], members[1:]
    idle = sum((one.price.machines or Decimal(0) for one in members), Decimal(0))
    tokens = sum((one.price.tokens or Decimal(0) for one in others), Decimal(0))
    return idle + (first.price.tokens or Decimal(0)), tokens


def _notes(placing: Placing) -> Iterator[str]:
    unknown = [
        n for n, one in zip(placing.targets, placing.chosen, strict=True) if one.standing.capacity is None
    ]
    if placing.demand.tokens_per_minute is not None and unknown:
        yield f"nobody promises the capacity of {', '.join(unknown)}: measure it or ask for quota"
    own = [n for n, one in zip(placing.targets, placing.chosen, strict=True) if one.price.machines]
    if own:
        yield f"machines of {', '.join(own)} are paid for busy or not; what they can carry is not known"
    if placing.choice is not None and not placing.choice.proven:
        yield "the search gave up before the end: a better set may exist; exclude places that you do not want"
    yield "list prices without discounts; Azure's are those of its widest kind; latency is not measured"
