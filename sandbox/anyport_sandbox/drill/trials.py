"""Who asked a target that was known dead, and whether they might: in its cool-down nobody, then one at a time.

Beside a trial only those may ask who are cornered: no target after it in their order is known to be well. What is known
is reckoned from the failures and answers of each target, not taken from the gateway under test.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from .model import Call, Effect, Hit, Observation, Place, Recipe, Rules
from .orders import able, last_group

__all__ = ["Attempt", "attempts_at_broken", "herd", "known_dead", "premature"]

GRACE_SECONDS = 0.1
"""Between a failure at the target and the gateway's knowing of it: hits in between are no offence."""
EARLY_SECONDS = 0.05
"""How near the end of a trial's answer a request is no longer one beside it; and within which two requests may have
passed the gateway in the other order than they came to the target.
"""
EARLY_SHARE = 0.2
"""Of the cool-down, by which a trial may seem to come early: where no server saw the failure, its time is known
only from when the caller had the next target's answer.
"""


@dataclass(frozen=True)
class Attempt:
    """One request at a target that is broken in the step, of a call for which it is not the last.

    Attributes:
        arrived, ended: when; inferred where no server saw it.
        cornered: whether no target after it was known to be well when it arrived.
        well: whether the target answered it as a healthy one.
    """

    arrived: float
    ended: float
    cornered: bool = False
    well: bool = False


def attempts_at_broken(
    seen: Observation, recipe: Recipe, hits_of: Mapping[int, list[Hit]]
) -> dict[str, list[Attempt]]:
    """By target that the step broke so that requests move on; in the order of their arrival."""
    return {
        name: _attempts(seen, recipe, name, hits_of)
        for name, fault in seen.step.broken.items()
        if fault.effect is Effect.MOVES_ON
    }


def _attempts(
    seen: Observation, recipe: Recipe, name: str, hits_of: Mapping[int, list[Hit]]
) -> list[Attempt]:
    found = []
    for call in seen.calls:
        if name in last_group(recipe.places, call):
            continue
        hits = hits_of.get(call.number, [])
        mine = [hit for hit in hits if hit.target == name]
        found += [
            Attempt(hit.arrived, hit.ended, _cornered(name, hit.arrived, call, seen, recipe), hit.well)
            for hit in mine
        ]
        missing = call.attempts - len(hits)
        if seen.step.broken[name].unseen and missing > 0 and not mine:
            arrived, ended = _unseen(call, name, hits, able(recipe.places, call))
            found.append(Attempt(arrived, ended, _cornered(name, arrived, call, seen, recipe)))
    return sorted(found, key=lambda attempt: attempt.arrived)


def _cornered(name: str, at: float, call: Call, seen: Observation, recipe: Recipe) -> bool:
    names = [place.name for place in able(recipe.places, call)]
    later = names[names.index(name) + 1 :] if name in names else []
    return bool(later) and not any(_known_well(one, at, call, seen, recipe.rules) for one in later)


def _known_well(name: str, at: float, call: Call, seen: Observation, rules: Rules) -> bool:
    """Whether a later target's last answer was a good one and no older than a cool-down when the call asked one before it.

    Narrowed by what may have passed the gateway in another order, so that nobody is blamed for a few milliseconds. What
    refuses connections is seen by nobody, and taken for unwell from its break on.
    """
    fault = seen.step.broken.get(name)
    if fault is not None and fault.unseen and seen.broke <= at <= seen.healed:
        return False
    others = [hit for hit in seen.hits if hit.target == name and hit.call != call.number]
    failed = max(
        (hit.ended for hit in others if not hit.well and hit.ended < at + EARLY_SECONDS), default=0.0
    )
    since = max(failed, at - rules.cooldown + GRACE_SECONDS)
    return any(hit.well and since < hit.ended < at - EARLY_SECONDS for hit in others)


def _unseen(call: Call, name: str, hits: Sequence[Hit], order: Sequence[Place]) -> tuple[float, float]:
    """When an attempt that no server saw was made: between those before it in order and those after it."""
    names = [place.name for place in order]
    here = names.index(name)
    before = [hit.ended for hit in hits if names.index(hit.target) < here]
    behind = [hit.arrived for hit in hits if names.index(hit.target) > here]
    end = call.ended if call.first_byte is None else call.first_byte
    return max(before, default=call.started), min(behind, default=end)


def known_dead(attempts: Sequence[Attempt], rules: Rules) -> float | None:
    """When the target's death was known: the end of so many failures."""
    ends = sorted(attempt.ended for attempt in attempts if not attempt.well)
    return ends[rules.failures - 1] if len(ends) >= rules.failures else None


def premature(attempts: Sequence[Attempt], known: float | None, rules: Rules) -> int:
    """Failing attempts at a target known to be dead: in its cool-down, or beside a trial that is under way."""
    if known is None:
        return 0
    failing = [attempt for attempt in attempts if not attempt.well]
    count = 0
    for place, attempt in enumerate(failing):
        if attempt.arrived <= known + GRACE_SECONDS:
            continue
        told = [other.ended for other in failing if other.ended < attempt.arrived - GRACE_SECONDS]
        early = attempt.arrived < max(told) + rules.cooldown * (1 - EARLY_SHARE)
        count += early or _beside(attempt, failing[:place], GRACE_SECONDS)
    return count


def herd(attempts: Sequence[Attempt], known: float | None, healed: float) -> int:
    """Requests that came to a healed target beside its first trial, though another could serve them."""
    if known is None:
        return 0
    good = [attempt for attempt in attempts if attempt.well and attempt.arrived >= healed]
    return sum(
        _beside(attempt, [other for other in attempts if other.arrived < attempt.arrived])
        and not any(_told(other, attempt.arrived) for other in good if other is not attempt)
        for attempt in good
    )


def _told(answered: Attempt, at: float) -> bool:
    """Whether the gateway can have known by then that the target is back: it sees the head of an answer first."""
    return answered.ended - min(EARLY_SECONDS, (answered.ended - answered.arrived) / 2) <= at


def _beside(attempt: Attempt, earlier: Iterable[Attempt], grace: float = 0.0) -> bool:
    """Whether it is one too many: another was under way, or its end not known for `grace` seconds. A cornered one that
    came just before may have been let through just after.
    """
    return not attempt.cornered and any(
        other.ended + grace > attempt.arrived
        and not (other.cornered and other.arrived > attempt.arrived - EARLY_SECONDS)
        for other in earlier
    )
