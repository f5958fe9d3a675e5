"""The best set of targets: exact, by branch and bound over what a first target may have behind it.

A set costs the sum of what its members add: the first one as `as_first`, every other one as `as_fallback`, whole
numbers that hold all preferences in their order (see `weights`). Of sets that cost the same, the one with fewer
targets in a place that another one is in wins, then the one whose members come first by cost and name. So the
answer does not hang on the order in which candidates are given.

Why leaving out is safe. Constraints only ever gain by another target (see `constraints`), so the best set has no
member that it could do without, and its size has a bound. Among candidates that differ in their place alone, as
many places as that bound are enough: a set that uses a later one has an earlier one left to put in its stead.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ..catalog import independent
from .constraints import Demand, Standing, is_named, matches, most_domains, most_strangers, needed, unmet

__all__ = ["MOST_STEPS", "Choice", "Option", "best", "feasible"]


MOST_STEPS = 20_000
"""Sets looked at before the search gives up and answers the best one so far, without proof. Catalogs of today take
some hundreds; many small bought capacities that must add up could take more than anyone would wait for."""


@dataclass(frozen=True)
class Option:
    """A candidate as the search sees it.

    Attributes:
        key: its name for the last tie.
        standing: what constraints know of it.
        as_first: what it adds to a set's cost as the first target.
        as_fallback: what it adds otherwise; at least 1, so that no set has more targets than it needs.
    """

    key: tuple[str, ...]
    standing: Standing
    as_first: int
    as_fallback: int


@dataclass(frozen=True)
class Choice:
    """A set: the first target, the others by what they add, what all cost, and how many share a place.

    `proven` is False where the search gave up, so that a better set may exist.
    """

    first: Option
    others: tuple[Option, ...]
    cost: int
    shared: int
    proven: bool = True


def best(
    options: Iterable[Option], demand: Demand, skip: Callable[[Option], bool] | None = None
) -> Choice | None:
    """The best set, or None when no set does.

    Args:
        options: candidates in any order; keys differ.
        demand: what is asked of the set.
        skip: candidates to leave out.
    """
    pool = sorted((o for o in options if skip is None or not skip(o)), key=lambda o: (o.as_fallback, o.key))
    found: Choice | None = None
    steps = Counter[str]()
    for first in _firsts(pool, demand):
        found = _Branch(first, pool, demand, found, steps).run()
    return replace(found, proven=steps["taken"] < MOST_STEPS) if found else None


def feasible(options: Sequence[Option], demand: Demand) -> bool:
    """Whether any set does: whether some first target does with all that match it."""
    return any(
        not unmet(
            first.standing, [first.standing, *(o.standing for o in _behind(first, options, demand))], demand
        )
        for first in options
    )


def _behind(first: Option, options: Iterable[Option], demand: Demand) -> Iterator[Option]:
    return (
        o for o in options if o is not first and matches(first.standing, o.standing, demand.context_share)
    )


def _firsts(pool: Sequence[Option], demand: Demand) -> list[Option]:
    ordered = sorted(pool, key=lambda o: (o.as_first, o.key))
    return _kept(ordered, demand, lambda s: (s.context_window, s.dimensions, s.embeds))


def _size_bound(demand: Demand) -> int:
    """Most members of a set that can do without none: one per thing that something must be there for."""
    return 12 + demand.providers + demand.failure_domains + len(demand.included)


def _kept(ordered: Iterable[Option], demand: Demand, more: Callable[[Standing], object]) -> list[Option]:
    """The first ones of every sort in as many places as a set can have members, two in each (AR003 takes two)."""
    most = _size_bound(demand)
    places: dict[object, Counter[str]] = {}
    kept = []
    options = list(ordered)
    enough = demand.tokens_per_minute is not None and _small(options, demand) >= demand.tokens_per_minute
    for option in options:
        one = option.standing
        seen = places.setdefault((_sort(one, demand), more(one)), Counter())
        if enough and one.capacity is not None and one.capacity < (demand.tokens_per_minute or 0):
            kept.append(option)
        elif (one.domain in seen or len(seen) < most) and seen[one.domain] < 2:
            seen[one.domain] += 1
            kept.append(option)
    return kept


def _small(options: Iterable[Option], demand: Demand) -> int:
    """Capacity of all that carry too little alone: whether adding up can ever be enough."""
    held = (o.standing.capacity or 0 for o in options)
    return sum(capacity for capacity in held if capacity < (demand.tokens_per_minute or 0))


def _sort(one: Standing, demand: Demand) -> object:
    """Everything that constraints look at but the place."""
    pins = tuple(is_named(one, what, name) for what, name in demand.included)
    capacity = None if demand.tokens_per_minute is None else one.capacity
    retires = None if demand.window_days is None else one.retires
    known = independent(one.domain, "anywhere else")
    return one.operators, one.needs, one.owner_known, capacity, retires, pins, known


class _Branch:
    """All sets with one first target that are better than the best one known."""

    def __init__(
        self, first: Option, pool: Sequence[Option], demand: Demand, found: Choice | None, steps: Counter[str]
    ) -> None:
        self.steps = steps
        self.first = first
        self.demand = demand
        self.found = found
        self.limit: int | None = None
        self.pool = _kept(_behind(first, pool, demand), demand, lambda _: None)
        self.small = _small(pool, demand)

    def run(self) -> Choice | None:
        """The best of these and of what was known."""
        everything = [self.first.standing, *(o.standing for o in self.pool)]
        if self._hopeless(self.first.as_first, [self.first.standing], 0):
            return self.found
        if not unmet(everything[0], everything, self.demand):
            some = self._some_set()
            self.limit = self.first.as_first + sum(o.as_fallback for o in some)
            self._extend([self.first], self.first.as_first, 0)
            if self.steps["taken"] >= MOST_STEPS:
                self._take([self.first, *some], self.limit)
        return self.found

    def _some_set(self) -> list[Option]:
        """Fallbacks that do, found without looking far: what costs more is not looked at."""
        seen: set[object] = set()
        some = []
        for option in self.pool:
            marks = {_sort(option.standing, self.demand), option.standing.domain}
            if not marks <= seen:
                seen |= marks
                some.append(option)
        if self._unmet(some):
            some = list(self.pool)
        for option in reversed(list(some)):
            fewer = [o for o in some if o is not option]
            if not self._unmet(fewer):
                some = fewer
        return some

    def _unmet(self, others: Sequence[Option]) -> bool:
        return bool(
            unmet(self.first.standing, [self.first.standing, *(o.standing for o in others)], self.demand)
        )

    def _extend(self, chosen: list[Option], cost: int, start: int) -> None:
        self.steps["taken"] += 1
        standings = [o.standing for o in chosen]
        if not unmet(standings[0], standings, self.demand):
            self._take(chosen, cost)
            return
        for index in range(start, len(self.pool)):
            option = self.pool[index]
            total = cost + option.as_fallback
            if self._too_much(total, 0) or self.steps["taken"] >= MOST_STEPS:
                return
            if not self._hopeless(total, [*standings, option.standing], index + 1):
                self._extend([*chosen, option], total, index + 1)

    def _take(self, chosen: Sequence[Option], cost: int) -> None:
        shared = _shared([o.standing for o in chosen])
        if self.found is None or (cost, shared) < (self.found.cost, self.found.shared):
            self.found = Choice(self.first, tuple(chosen[1:]), cost, shared)

    def _too_much(self, cost: int, shared: int) -> bool:
        if self.limit is not None and cost > self.limit:
            return True
        return self.found is not None and (cost, shared) >= (self.found.cost, self.found.shared)

    def _hopeless(self, cost: int, standings: Sequence[Standing], start: int) -> bool:
        """Whether no set with these and some of the rest can be better than the best one known."""
        operators = max(0, self.demand.providers - most_strangers(standings))
        domains = max(0, self.demand.failure_domains - most_domains(standings))
        least = self._least(operators, domains, standings, start)
        if least is None:
            return True
        shared = _shared(standings)
        if self._too_much(cost + least, shared):
            return True
        rest = self.pool[start:]
        for helps in needed(standings[0], standings, self.demand, small=self.small):
            cheapest = next((o.as_fallback for o in rest if helps(o.standing)), None)
            if cheapest is None:
                return True
            more = self._least(max(0, operators - 1), max(0, domains - 1), standings, start) or 0
            if self._too_much(cost + cheapest + more, shared):
                return True
        return False

    def _least(self, operators: int, domains: int, chosen: Sequence[Standing], start: int) -> int | None:
        """The least that so many further operators and places add, or None when the rest has not so many.

        The cheapest target of each of the cheapest new operators, then the cheapest of what is left in places
        that are new to its operator: no set adds less, since places that two operators have count twice here.
        """
        taken = {one.operators for one in chosen}
        places = {one.domain for one in chosen}
        opening: list[int] = []
        further: list[int] = []
        seen: set[tuple[frozenset[str], str]] = set()
        new_places: set[str] = set()
        for option in self.pool[start:]:
            one = option.standing
            fresh = one.domain not in places and independent(one.domain, "anywhere else")
            if one.operators not in taken and one.operators:
                taken.add(one.operators)
                opening.append(option.as_fallback)
            elif fresh and (one.operators, one.domain) not in seen:
                further.append(option.as_fallback)
            if fresh:
                seen.add((one.operators, one.domain))
                new_places.add(one.domain)
        if len(opening) < operators or len(new_places) < domains:
            return None
        rest = sorted(opening[operators:] + further)
        return sum(opening[:operators]) + sum(rest[: max(0, domains - operators)])


def _shared(standings: Sequence[Standing]) -> int:
    """How many targets are in a place that another one is in already."""
    return len(standings) - len({one.domain for one in standings})
