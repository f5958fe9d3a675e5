"""Simulated time: waits of the simulated machines are shorter than they say by a constant factor.

Only the machines have it. The real controllers count real seconds (`progressDeadlineSeconds`, `minReadySeconds`,
`tolerationSeconds`); cluster.py shortens their own flags where they have some.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

__all__ = ["Clock"]


class Clock:
    """`now()` in simulated seconds; `speed` of them pass in a real one."""

    def __init__(self, speed: float, real: Callable[[], float] = time.monotonic) -> None:
        self.speed = speed
        self._real = real
        self._start = real()

    def now(self) -> float:
        """Simulated seconds since this clock was made."""
        return (self._real() - self._start) * self.speed

    def real_seconds(self, simulated: float) -> float:
        """How long a simulated wait really takes."""
        return simulated / self.speed

    def stamp(self) -> str:
        """The real time of day as the API writes it: other parts of the cluster write theirs."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
