"""Which target is broken how, and when: the short form, the full one, and endless chance by a seed.

`faults` are those that the endpoint's targets can have (`Recipe.faults`).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from .model import Effect, Fault, Load, Place, Step

__all__ = ["chosen", "fault_names", "full", "seconds_of", "short", "soak"]

OPEN = Load("open")
CLOSED = Load("closed")
BRIEF_SECONDS = 1.2
"""For faults that nobody is moved on from: there is no cool-down to wait for."""

_PAIRS = (
    (Fault.HANG, Fault.S503),
    (Fault.REFUSE, Fault.S429),
    (Fault.RESET, Fault.HANG),
    (Fault.S401, Fault.BLACKHOLE),
    (Fault.S410, Fault.S404),
    (Fault.GARBAGE, Fault.SLOW),
)


def short(places: Sequence[Place], faults: Sequence[Fault] = tuple(Fault)) -> tuple[Step, ...]:
    """One fault of every family and one pair; below 40 s, for CI and demonstrations."""
    first, second = _ordered(places)[:2]
    families = (Fault.REFUSE, Fault.HANG, Fault.S429_AFTER, Fault.S401, Fault.CUT, Fault.NO_DONE)
    steps = [_step({first.name: fault}, OPEN) for fault in families if fault in faults]
    if len(places) > 2:
        steps.append(_step({first.name: Fault.HANG, second.name: Fault.S503}, CLOSED))
    return (*steps, _step({place.name: Fault.S503 for place in places}, CLOSED))


def fault_names() -> dict[str, Fault]:
    """Every fault by the name it has on a command line: that of the reports, with hyphens for spaces."""
    return {fault.replace("[", "").replace("]", "").lower().replace(" ", "-"): fault for fault in Fault}


def chosen(places: Sequence[Place], faults: Sequence[Fault]) -> tuple[Step, ...]:
    """These faults on the first target, one after the other."""
    first = _ordered(places)[0]
    return tuple(_step({first.name: fault}, OPEN) for fault in faults)


def full(places: Sequence[Place], faults: Sequence[Fault] = tuple(Fault)) -> tuple[Step, ...]:
    """Every fault on the first target under both kinds of load, each other target alone, pairs, and all at once."""
    first, *others = _ordered(places)
    steps = [_step({first.name: fault}, load) for load in (OPEN, CLOSED) for fault in faults]
    steps += [_step({other.name: Fault.S503}, OPEN) for other in others]
    if len(others) > 1:
        steps += [
            _step({first.name: one, others[0].name: two}, load)
            for (one, two), load in zip(_PAIRS, (CLOSED, OPEN) * 3, strict=True)
        ]
        steps.append(_step({first.name: Fault.S500, others[-1].name: Fault.HANG}, CLOSED))
    return (*steps, _step({place.name: Fault.S503 for place in places}, CLOSED))


def soak(places: Sequence[Place], seed: int, faults: Sequence[Fault] = tuple(Fault)) -> Iterator[Step]:
    """Steps without end, the same ones for the same seed: one or two targets, any fault, any load."""
    chance = random.Random(seed)  # noqa: S311  # repeatable on purpose
    moving = [fault for fault in faults if fault.effect is Effect.MOVES_ON]
    seen = [fault for fault in moving if not fault.unseen]
    while True:
        load = Load(
            chance.choice(("open", "closed")), chance.choice((20.0, 30.0, 50.0)), chance.randint(2, 8)
        )
        if len(places) > 2 and chance.random() < 0.4:
            one, two = chance.sample([place.name for place in places], 2)
            yield _step({one: chance.choice(moving), two: chance.choice(seen)}, load)
        else:
            fault = chance.choice(faults)
            elsewhere = fault.effect is Effect.MOVES_ON and chance.random() < 0.3
            target = chance.choice(places) if elsewhere else _ordered(places)[0]
            yield _step({target.name: fault}, load)


def seconds_of(steps: Sequence[Step]) -> float:
    """About how long they take: each has a lead-in, a cool-down and a trial around its fault."""
    return sum(step.broken_seconds + (2.0 if step.effect is Effect.MOVES_ON else 0.9) for step in steps)


def _ordered(places: Sequence[Place]) -> list[Place]:
    return sorted(places, key=lambda place: (place.priority, place.name))


def _step(broken: dict[str, Fault], load: Load) -> Step:
    brief = next(iter(broken.values())).effect is not Effect.MOVES_ON
    return Step(broken, load, BRIEF_SECONDS) if brief else Step(broken, load)
