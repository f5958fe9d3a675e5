"""What a set of targets must satisfy: the resilience rules, as far as a plan can be judged by them, as data.

The rules live in a room that this one may not read, so they are said here once more, in terms of one candidate's
`Standing`; a test lets the rules judge what these constraints accept and refuse. `Constraint.rule` names the rule.

With the first target given and every other one a match for it (`matches`), adding a target never breaks a
constraint: the search rests on that. Not among them, because a plan does not tell: how a stack is shared out
(AR009), what is built and what the gateway lists (AR010 to AR012), and whether capacity that nobody knows is
enough (AR006 says so as a note to look into; only capacity known to be too small is refused here).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from itertools import combinations

from ..catalog import independent

__all__ = [
    "CONSTRAINTS",
    "CONTEXT_SHARE",
    "Constraint",
    "Demand",
    "Standing",
    "fits_alone",
    "matches",
    "most_domains",
    "most_strangers",
    "needed",
    "unmet",
]

CONTEXT_SHARE = 0.9
"""Least share of the first target's context window, as AR005 has it by default."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What constraints know of one candidate.

    Attributes:
        provider: its provider; likewise region, zone and model.
        domain: where it fails; `none` where it may be served anywhere, `unknown` where calls are handed on.
        operators: companies that run it; empty when one is not known.
        needs: companies without which it does not serve: operators, bill, identity, a closed model's owner.
        owner_known: whether the model's owner, or that its weights are open, is known.
        embeds: whether it gives vectors, of so many `dimensions`.
        context_window: tokens.
        capacity: tokens per minute that it is sure to carry; None when nobody promises or has measured any.
        retires: the earliest day that any source gives.
    """

    provider: str
    region: str
    zone: str | None
    model: str
    domain: str
    operators: frozenset[str]
    needs: frozenset[str]
    owner_known: bool
    embeds: bool
    dimensions: int | None
    context_window: int | None
    capacity: int | None
    retires: date | None = None


@dataclass(frozen=True, slots=True)
class Demand:
    """What the endpoint, its placement and the policy configuration ask of the set.

    `providers` and `failure_domains` are least numbers; `distinct` asks for two different fallbacks, as prod does;
    `tokens_per_minute` must be left after any loss; `included` holds (what, name) pairs that must be among the
    targets; `context_share` is AR005's; `window_days` AB002's, None where it does not bind.
    """

    providers: int
    failure_domains: int
    distinct: bool
    tokens_per_minute: int | None
    included: tuple[tuple[str, str], ...] = ()
    context_share: float = CONTEXT_SHARE
    window_days: int | None = None


@dataclass(frozen=True, slots=True)
class Constraint:
    """One thing a set must satisfy.

    Attributes:
        name: stable, for `--format json`.
        rule: id of the rule whose finding it prevents; empty for what the placement asks on top.
        holds: whether a set satisfies it; takes the first target, then all targets.
    """

    name: str
    rule: str
    holds: Callable[[Standing, Sequence[Standing], Demand], bool]


def fits_alone(one: Standing, tokens_per_minute: int | None) -> bool:
    """Whether the candidate can be in any set: with declared traffic AR006 refuses one whose place is not known,
    since nothing is sure to survive the loss of that place.
    """
    return tokens_per_minute is None or independent(one.domain, "anywhere else")


def matches(first: Standing, other: Standing, share: float = CONTEXT_SHARE) -> bool:
    """Whether `other` may stand in for `first` (AR005): the context window, or the vectors."""
    if first.embeds or other.embeds:
        return first.dimensions is not None and first.dimensions == other.dimensions
    if first.context_window is None or other.context_window is None:
        return True
    return other.context_window >= first.context_window * share


def strangers(one: Standing, other: Standing) -> bool:
    """Whether no one operator takes both."""
    return bool(one.operators and other.operators) and not one.operators & other.operators


def apart(one: Standing, other: Standing) -> bool:
    """Whether no one place takes both."""
    return independent(one.domain, other.domain)


def most_strangers(targets: Iterable[Standing]) -> int:
    """The greatest number of targets of which no two need one operator."""
    groups = sorted({one.operators for one in targets if one.operators}, key=sorted)
    return _most(groups, frozenset())


def _most(groups: Sequence[frozenset[str]], taken: frozenset[str]) -> int:
    if not groups:
        return 0
    first, rest = groups[0], groups[1:]
    without = _most(rest, taken)
    return without if first & taken else max(without, 1 + _most(rest, taken | first))


def most_domains(targets: Iterable[Standing]) -> int:
    """The number of known and different failure domains."""
    return len({one.domain for one in targets if independent(one.domain, "anywhere else")})


def _providers(_: Standing, targets: Sequence[Standing], demand: Demand) -> bool:
    return most_strangers(targets) >= demand.providers


def _domains(_: Standing, targets: Sequence[Standing], demand: Demand) -> bool:
    return most_domains(targets) >= demand.failure_domains


def _distinct(first: Standing, targets: Sequence[Standing], demand: Demand) -> bool:
    """Of the fallbacks one survives the first one's place and another one its operator; no loss takes them all."""
    if not demand.distinct:
        return True
    rest = [one for one in targets if one is not first]
    near = [index for index, one in enumerate(rest) if apart(first, one)]
    far = [index for index, one in enumerate(rest) if strangers(first, one)]
    if not (near and far and len({*near, *far}) > 1):
        return False
    return most_domains(rest) > 1 and any(strangers(one, other) for one, other in combinations(rest, 2))


def _independence(_: Standing, targets: Sequence[Standing], demand: Demand) -> bool:
    """Some two strangers have no company in common at all."""
    del demand
    sorts = {(one.operators, one.needs) for one in targets if one.owner_known and one.operators}
    return any(not (one[0] & other[0] or one[1] & other[1]) for one, other in combinations(sorts, 2))


def _window(first: Standing, targets: Sequence[Standing], demand: Demand) -> bool:
    """Some fallback does not retire when the first target does."""
    if demand.window_days is None or first.retires is None:
        return True
    rest = [one for one in targets if one is not first]
    return not rest or any(not _close(first, one, demand.window_days) for one in rest)


def _close(first: Standing, one: Standing, days: int) -> bool:
    return bool(first.retires and one.retires and abs((one.retires - first.retires).days) <= days)


def _capacity(_: Standing, targets: Sequence[Standing], demand: Demand) -> bool:
    """After any one loss, what is left is not known to be too small."""
    needed = demand.tokens_per_minute
    if needed is None:
        return True
    for left in _losses(targets):
        known = [one.capacity for one in left]
        if None not in known and sum(capacity or 0 for capacity in known) < needed:
            return False
    return True


def _losses(targets: Sequence[Standing]) -> Iterator[list[Standing]]:
    """What survives the loss of each operator and of each place."""
    for who in {name for one in targets for name in one.operators}:
        yield [one for one in targets if one.operators and who not in one.operators]
    for place in {one.domain for one in targets}:
        yield [one for one in targets if independent(one.domain, place)]


def _included(_: Standing, targets: Sequence[Standing], demand: Demand) -> bool:
    return all(any(is_named(one, what, name) for one in targets) for what, name in demand.included)


def is_named(one: Standing, what: str, name: str) -> bool:
    """Whether an entry of `include` or `exclude` means this candidate."""
    if what == "operators":
        return name in one.operators
    if what == "regions":
        return name in (one.region, one.zone)
    return name == (one.provider if what == "providers" else one.model)


CONSTRAINTS = (
    Constraint("providers", "AR002", _providers),
    Constraint("failure_domains", "AR001", _domains),
    Constraint("distinct_fallbacks", "AR003", _distinct),
    Constraint("independence", "AR004", _independence),
    Constraint("capacity", "AR006", _capacity),
    Constraint("retirement_window", "AB002", _window),
    Constraint("include", "", _included),
)


def needed(
    first: Standing, targets: Sequence[Standing], demand: Demand, *, small: int
) -> Iterator[Callable[[Standing], bool]]:
    """For constraints that the set does not satisfy yet: tests of which every larger set that does satisfy them
    must have a further member that passes. For the search, which looks at what such a member costs at least.

    `small` is the capacity of all candidates together that carry too little alone.
    """
    for what, name in demand.included:
        if not any(is_named(one, what, name) for one in targets):
            yield partial(is_named, what=what, name=name)
    if demand.distinct:
        yield from _behind(first, [one for one in targets if one is not first])
    if demand.window_days is not None and not _window(first, targets, demand):
        yield lambda one: not _close(first, one, demand.window_days or 0)
    if not _independence(first, targets, demand):
        yield lambda one: one.owner_known and bool(one.operators)
    if demand.tokens_per_minute is not None:
        yield from _carriers(targets, demand.tokens_per_minute, small)


def _behind(first: Standing, rest: Sequence[Standing]) -> Iterator[Callable[[Standing], bool]]:
    """What is still missing for two fallbacks that no one loss takes."""
    if not any(apart(first, one) for one in rest):
        yield partial(apart, first)
    elif most_domains(rest) < 2:  # one in a known place is there
        known = next(one for one in rest if independent(one.domain, "anywhere else"))
        yield partial(apart, known)
    if not any(strangers(first, one) for one in rest):
        yield partial(strangers, first)
    elif not any(strangers(one, other) for one, other in combinations(rest, 2)):
        yield lambda one: bool(one.operators)


def _carriers(targets: Sequence[Standing], tokens: int, small: int) -> Iterator[Callable[[Standing], bool]]:
    """For every loss that leaves too little: who survives it and carries what could make up for it."""
    least = 1 if small >= tokens else tokens
    for who in {name for one in targets for name in one.operators}:
        left = [one.capacity for one in targets if one.operators and who not in one.operators]
        if None not in left and sum(capacity or 0 for capacity in left) < tokens:
            yield partial(_survives_operator, who=who, least=least)
    for place in {one.domain for one in targets}:
        left = [one.capacity for one in targets if independent(one.domain, place)]
        if None not in left and sum(capacity or 0 for capacity in left) < tokens:
            yield partial(_survives_place, place=place, least=least)


def _carries(one: Standing, least: int) -> bool:
    return one.capacity is None or one.capacity >= least


def _survives_operator(one: Standing, who: str, least: int) -> bool:
    return bool(one.operators) and who not in one.operators and _carries(one, least)


def _survives_place(one: Standing, place: str, least: int) -> bool:
    return independent(one.domain, place) and _carries(one, least)


def unmet(first: Standing, targets: Sequence[Standing], demand: Demand) -> list[Constraint]:
    """Every constraint that the set (`first` among it) does not satisfy; what does not match is the caller's affair."""
    return [one for one in CONSTRAINTS if not one.holds(first, targets, demand)]
