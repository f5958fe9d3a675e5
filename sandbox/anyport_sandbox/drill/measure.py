"""Numbers of a step from what was seen of it. Pure: the same observation always gives the same numbers.

What reached a target is counted by the target itself, wherever it can see it. Attempts at a target that refuses
connections are the ones the gateway owns up to (`x-attempts`) beyond those that some server saw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from .model import Call, Effect, Fault, Hit, Measured, Observation, Place, Recipe, Rules
from .orders import able, last_group
from .trials import GRACE_SECONDS, attempts_at_broken, herd, known_dead, premature

__all__ = ["fail_back_bound", "measure", "percentile", "wait_bound"]


def measure(seen: Observation, recipe: Recipe) -> Measured:
    """All numbers of one step."""
    hits_of: dict[int, list[Hit]] = {}
    for hit in seen.hits:
        hits_of.setdefault(hit.call, []).append(hit)
    attempts = attempts_at_broken(seen, recipe, hits_of)
    known = {name: known_dead(rows, recipe.rules) for name, rows in attempts.items()}
    too_soon = sum(premature(rows, known[name], recipe.rules) for name, rows in attempts.items())
    after = sum(
        row.arrived > at + GRACE_SECONDS and not row.well
        for name, rows in attempts.items()
        if (at := known[name]) is not None
        for row in rows
    )
    hopeless = {call.number for call in seen.calls if _hopeless(call, seen, recipe)}
    during = [
        c.waited for c in seen.calls if seen.broke <= c.started < seen.healed and c.outcome == "answered"
    ]
    lead = [c.waited for c in seen.calls if c.started < seen.broke - 0.05 and c.outcome == "answered"]
    usual = percentile(lead, 0.5)
    return Measured(
        step=seen.step.name,
        load=seen.step.load.kind,
        calls=len(seen.calls),
        lost=sum(_lost(call, seen) for call in seen.calls if call.number not in hopeless),
        told=sum(call.outcome == "broken" for call in seen.calls),
        told_seconds=max((c.ended - c.started for c in seen.calls if c.outcome == "broken"), default=None),
        silent=sum(call.outcome == "silent" for call in seen.calls),
        dead_hits=sum(not row.well for rows in attempts.values() for row in rows),
        dead_hits_known=too_soon,
        trials=after - too_soon,
        twice=sum(
            count - 1 for count in Counter((hit.call, hit.target) for hit in seen.hits if hit.call > 0).values()
        ),
        moved_late=_moved_late(seen, hits_of),
        untold=sum(_untold(call, hits_of.get(call.number, []), seen) for call in seen.calls),
        wrong_place=_wrong_place(seen, recipe.places),
        over_bound=sum(c.waited > wait_bound(c, recipe.rules) for c in seen.calls if c.outcome == "answered"),
        worst_wait_seconds=max(during, default=None),
        added_p50_seconds=_added(during, usual, 0.5),
        added_p99_seconds=_added(during, usual, 0.99),
        fail_over_seconds=_fail_over(seen, recipe.places),
        fail_back_seconds=_fail_back(seen, recipe.places),
        herd=sum(herd(rows, known[name], seen.healed) for name, rows in attempts.items()),
        uncounted=_uncounted(seen),
        unlogged=sum(at is not None and name not in seen.logged for name, at in known.items()),
        last_not_tried=sum(
            not any(hit.target in last_group(recipe.places, call) for hit in hits_of.get(call.number, ()))
            for call in seen.calls
            if call.number in hopeless and call.outcome != "answered" and seen.broke < call.started < seen.healed
            and not _last_unseen(call, seen, recipe)
        ),
    )  # fmt: skip


def wait_bound(call: Call, rules: Rules) -> float:
    """How long a call may have waited: one first-byte timeout per target asked, and the slack."""
    return max(1, call.attempts) * rules.first_byte + rules.slack


def fail_back_bound(rules: Rules, rate: float) -> float:
    """One cool-down; a trial may be under way at the recovery, the next one takes its time, and a call must come."""
    return rules.cooldown + 2 * rules.first_byte + rules.slack + 1 / rate


def percentile(values: Sequence[float], share: float) -> float | None:
    """The value below which that share lies; None without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def _added(during: Sequence[float], usual: float | None, share: float) -> float | None:
    found = percentile(during, share)
    return None if found is None or usual is None else max(0.0, found - usual)


def _hopeless(call: Call, seen: Observation, recipe: Recipe) -> bool:
    """Whether every target that could have served it was broken for some of its time.

    Where one of them let connections hang, a connect timeout longer: Envoy has requests wait together for a connection,
    and the end of one that was begun before the recovery ends them all.
    """
    faults = [seen.step.broken.get(place.name) for place in able(recipe.places, call)]
    hanging = recipe.rules.connect if Fault.BLACKHOLE in faults else 0.0
    return (
        None not in faults
        and seen.step.effect is Effect.MOVES_ON
        and call.ended > seen.broke
        and call.started < seen.healed + hanging
    )


def _last_unseen(call: Call, seen: Observation, recipe: Recipe) -> bool:
    return any(seen.step.broken.get(name, Fault.S503).unseen for name in last_group(recipe.places, call))


def _lost(call: Call, seen: Observation) -> bool:
    """Not answered, though it should have been. What was under way when the fault came may break, but is told."""
    if call.outcome == "answered":
        return False
    if seen.step.effect is Effect.BREAKS and call.outcome == "broken":
        return False
    if Fault.S400 in seen.step.broken.values() and call.status == 400:
        return False
    return not (call.outcome == "broken" and call.started < seen.broke)


def _moved_late(seen: Observation, hits_of: Mapping[int, list[Hit]]) -> int:
    """Calls taken to another target although an answer had begun, or was the caller's own."""
    if seen.step.effect is Effect.MOVES_ON:
        return 0
    return sum(
        any(hit.target in seen.step.broken for hit in hits) and len({hit.target for hit in hits}) > 1
        for hits in hits_of.values()
    )


def _untold(call: Call, hits: Sequence[Hit], seen: Observation) -> bool:
    """Whether the headers do not say the truth about who served and after how many attempts."""
    if call.outcome != "answered":
        return False
    unseen = any(fault.unseen for fault in seen.step.broken.values())
    truthful = call.attempts >= len(hits) if unseen else call.attempts == len(hits)
    return not (truthful and call.attempts > 0 and call.served_by == call.said)


def _wrong_place(seen: Observation, places: Sequence[Place]) -> int:
    calls = {call.number: {place.name for place in able(places, call)} for call in seen.calls}
    return sum(hit.call in calls and hit.target not in calls[hit.call] for hit in seen.hits)


def _fail_over(seen: Observation, places: Sequence[Place]) -> float | None:
    """From the break to the first whole answer of another target, where a target that comes first broke."""
    if seen.step.effect is not Effect.MOVES_ON or not comes_first(seen, places):
        return None
    ends = [
        call.ended
        for call in seen.calls
        if call.started >= seen.broke
        and call.outcome == "answered"
        and call.served_by not in seen.step.broken
    ]
    return min(ends) - seen.broke if ends else None


def comes_first(seen: Observation, places: Sequence[Place]) -> bool:
    """Whether a broken target is among those that serve when all is well."""
    first = min(place.priority for place in places)
    return any(place.priority == first and place.name in seen.step.broken for place in places)


def _fail_back(seen: Observation, places: Sequence[Place]) -> float | None:
    """From the recovery to the first answer of a healed target that comes first."""
    if seen.step.effect is not Effect.MOVES_ON or not comes_first(seen, places):
        return None
    first = min(place.priority for place in places)
    names = {place.name for place in places if place.priority == first} & set(seen.step.broken)
    found = [
        call.first_byte
        for call in seen.calls
        if call.first_byte is not None and call.first_byte > seen.healed and call.served_by in names
    ]
    return min(found) - seen.healed if found else None


def _uncounted(seen: Observation) -> int:
    """Requests that fallbacks served and the gateway's metrics do not know of."""
    served = Counter(hit.target for hit in seen.hits if hit.well and hit.target not in seen.step.broken)
    return sum(max(0, count - seen.counted.get(name, 0)) for name, count in served.items())
