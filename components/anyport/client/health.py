"""Who is dead: two failures in a row, then a cool-down, then one trial in each cool-down until one ends well.

A target's turn ends when it is found dead and when it is found well again. What an attempt of an earlier turn comes to
tells of a time that is over: it neither prolongs a cool-down nor ends it.

While no target after it is known to be well (answered within the last cool-down and has not failed since), one that
is on trial is asked by all: it may be coming back, and it is the best there is.

One memory per transport, shared by its threads. Another process has a memory of its own, so each process pays
its own two failures. The clock is given, never read from the system here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass

__all__ = ["Health"]


@dataclass
class _State:
    failures: int = 0
    open_until: float = 0.0
    trial_until: float = 0.0
    well_until: float = 0.0
    turn: int = 0


class Health:
    """The state of every target, by any name that is the target's alone."""

    def __init__(self, failures: int, cooldown_seconds: float, clock: Callable[[], float]) -> None:
        self._failures = failures
        self._cooldown = cooldown_seconds
        self._clock = clock
        self._states: dict[str, _State] = {}
        self._lock = threading.Lock()

    def turn(self, name: str) -> int:
        """Which turn it has; an attempt tells it with its verdict."""
        with self._lock:
            return self._states.setdefault(name, _State()).turn

    def may_try(self, name: str, rest: Iterable[str]) -> bool:
        """Whether to ask it now. A dead one: never in its cool-down, then by one request.

        A trial that is not over within a cool-down keeps the next one out no longer.

        Args:
            name: the target.
            rest: the targets after it in the request's order.
        """
        with self._lock:
            state = self._states.setdefault(name, _State())
            if state.failures < self._failures:
                return True
            now = self._clock()
            if now < state.open_until:
                return False
            if now < state.trial_until:
                return not any(self._known_well(later, now) for later in rest)
            state.trial_until = now + self._cooldown
            return True

    def _known_well(self, name: str, now: float) -> bool:
        state = self._states.get(name)
        return state is not None and now < state.well_until

    def failed(self, name: str, turn: int) -> bool:
        """Count a failure of an attempt begun in that turn. Says whether the target gets no traffic from now on."""
        with self._lock:
            state = self._states.setdefault(name, _State())
            if turn != state.turn:
                return False
            state.trial_until = state.well_until = 0.0
            state.failures += 1
            if state.failures < self._failures:
                return False
            state.turn += 1
            state.open_until = self._clock() + self._cooldown
            return True

    def well(self, name: str, turn: int) -> bool:
        """Forget its failures after an answer of that turn. Says whether it was dead until now."""
        with self._lock:
            state = self._states.setdefault(name, _State())
            if turn != state.turn:
                return False
            was_dead = state.failures >= self._failures
            state.turn += was_dead
            state.failures, state.trial_until = 0, 0.0
            state.well_until = self._clock() + self._cooldown
            return was_dead

    def unknown(self, name: str, turn: int) -> None:
        """An attempt of that turn ended without a verdict on the target, such as by the caller's own cancelling."""
        with self._lock:
            state = self._states.setdefault(name, _State())
            if turn == state.turn:
                state.trial_until = 0.0
