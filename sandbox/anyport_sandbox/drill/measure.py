"""Numbers of a step from what was seen of it. Pure: the same observation always gives the same numbers.

What reached a target is counted by the target itself, wherever it can see it. Attempts at a target that refuses
connections are the ones the gateway owns up to (`x-attempts`) beyond those that some server saw.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .model import Call, Effect, Fault, Hit, Measured, Observation, Place, Recipe, Rules
from .orders import able, last_group

__all__ = ["fail_back_bound", "measure", "percentile", "wait_bound"]

GRACE_SECONDS = 0.1
"""Between a failure at the target and the gateway's knowing of it: hits in between are no offence."""
EARLY_SECONDS = 0.05
"""How near the end of a trial's answer a request is no longer one beside it."""
EARLY_SHARE = 0.2
"""Of the cool-down, by which a trial may seem to come early: where no server saw the failure, its time is known
only from when the caller had the next target's answer.
"""


@dataclass(frozen=True)
class _Attempt:
    arrived: float
    ended: float
    cornered: bool = False
    """Whether nothing but broken targets came after it: it may then be made beside a trial, as its best hope."""


def measure(seen: Observation, recipe: Recipe) -> Measured:
    """All numbers of one step."""
    hits_of: dict[int, list[Hit]] = {}
    for hit in seen.hits:
        hits_of.setdefault(hit.call, []).append(hit)
    attempts = {
        name: _attempts(seen, recipe, name, hits_of)
        for name, fault in seen.step.broken.items()
        if fault.effect is Effect.MOVES_ON
    }
    known = {name: _known(rows, recipe.rules) for name, rows in attempts.items()}
    premature = {name: _premature(rows, known[name], recipe.rules) for name, rows in attempts.items()}
    after = sum(
        row.arrived > at + GRACE_SECONDS
        for name, rows in attempts.items()
        if (at := known[name]) is not None
        for row in rows
    )
    hopeless = {call.number for call in seen.calls if _hopeless(call, seen, recipe.places)}
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
        dead_hits=sum(map(len, attempts.values())),
        dead_hits_known=sum(premature.values()),
        trials=after - sum(premature.values()),
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
        herd=_herd(seen, known, recipe.places),
        uncounted=_uncounted(seen),
        unlogged=sum(at is not None and name not in seen.logged for name, at in known.items()),
        last_not_tried=sum(
            not any(hit.target in last_group(recipe.places, call) for hit in hits_of.get(call.number, ()))
            for call in seen.calls
            if call.number in hopeless and seen.broke < call.started < seen.healed and not _last_unseen(call, seen, recipe)
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


def _attempts(
    seen: Observation, recipe: Recipe, name: str, hits_of: Mapping[int, list[Hit]]
) -> list[_Attempt]:
    """Failing attempts at a broken target, by calls for which it was not the last."""
    found = []
    for call in seen.calls:
        if name in last_group(recipe.places, call):
            continue
        hits = hits_of.get(call.number, [])
        found += [
            _Attempt(hit.arrived, hit.ended, _cornered(hit, call, seen, recipe.places))
            for hit in hits
            if hit.target == name and not hit.well
        ]
        missing = call.attempts - len(hits)
        if seen.step.broken[name].unseen and missing > 0 and not any(hit.target == name for hit in hits):
            found.append(_unseen(call, name, hits, able(recipe.places, call)))
    return sorted(found, key=lambda attempt: attempt.arrived)


def _cornered(hit: Hit, call: Call, seen: Observation, places: Sequence[Place]) -> bool:
    """Whether every target after this one in the call's order is broken and was not seen well again by then."""
    names = [place.name for place in able(places, call)]
    later = names[names.index(hit.target) + 1 :] if hit.target in names else []
    back = {
        each.target
        for each in seen.hits
        if each.well and seen.broke < each.arrived and each.ended < hit.arrived
    }
    return bool(later) and all(name in seen.step.broken and name not in back for name in later)


def _unseen(call: Call, name: str, hits: Sequence[Hit], order: Sequence[Place]) -> _Attempt:
    """When an attempt that no server saw was made: between those before it in order and those after it."""
    names = [place.name for place in order]
    here = names.index(name)
    before = [hit.ended for hit in hits if names.index(hit.target) < here]
    behind = [hit.arrived for hit in hits if names.index(hit.target) > here]
    end = call.ended if call.first_byte is None else call.first_byte
    return _Attempt(max(before, default=call.started), min(behind, default=end))


def _known(attempts: Sequence[_Attempt], rules: Rules) -> float | None:
    """When the target's death was known: the end of so many failures."""
    ends = sorted(attempt.ended for attempt in attempts)
    return ends[rules.failures - 1] if len(ends) >= rules.failures else None


def _premature(attempts: Sequence[_Attempt], known: float | None, rules: Rules) -> int:
    """Attempts at a target known to be dead: in its cool-down, or beside a trial that is under way."""
    if known is None:
        return 0
    count = 0
    for attempt in attempts:
        if attempt.arrived <= known + GRACE_SECONDS:
            continue
        ended = max(other.ended for other in attempts if other.ended < attempt.arrived)
        beside = any(
            other is not attempt and other.arrived < attempt.arrived < other.ended for other in attempts
        )
        count += (beside and not attempt.cornered) or attempt.arrived < ended + rules.cooldown * (
            1 - EARLY_SHARE
        )
    return count


def _hopeless(call: Call, seen: Observation, places: Sequence[Place]) -> bool:
    """Whether every target that could have served it was broken for some of its time."""
    order = able(places, call)
    everyone = all(place.name in seen.step.broken for place in order)
    return (
        everyone
        and seen.step.effect is Effect.MOVES_ON
        and call.ended > seen.broke
        and call.started < seen.healed
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


def _herd(seen: Observation, known: Mapping[str, float | None], places: Sequence[Place]) -> int:
    """Requests that came to a healed target while its first trial was still under way, though another could serve."""
    calls = {call.number: call for call in seen.calls}
    exempt = {call.number: last_group(places, call) for call in seen.calls}
    count = 0
    for name, at in known.items():
        hits = [hit for hit in seen.hits if hit.target == name and name not in exempt.get(hit.call, ())]
        trial = next((hit for hit in hits if hit.well and hit.arrived >= seen.healed), None)
        if at is not None and trial is not None:
            count += sum(
                trial.arrived < hit.arrived < trial.ended - EARLY_SECONDS
                and not (hit.call in calls and _cornered(hit, calls[hit.call], seen, places))
                for hit in hits
            )
    return count


def _uncounted(seen: Observation) -> int:
    """Requests that fallbacks served and the gateway's metrics do not know of."""
    served = Counter(hit.target for hit in seen.hits if hit.well and hit.target not in seen.step.broken)
    return sum(max(0, count - seen.counted.get(name, 0)) for name, count in served.items())
