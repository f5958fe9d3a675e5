"""When to look at what again: one wake-up per key, the last one set counts."""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterator

__all__ = ["Timers"]


class Timers:
    """Wake-ups in simulated seconds. For one thread."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, str]] = []
        self._set: dict[str, float] = {}

    def set(self, key: str, when: float) -> None:
        """Wake up for this key then and not before; infinity is never."""
        self._set[key] = when
        if when != math.inf:
            heapq.heappush(self._heap, (when, key))

    def forget(self, key: str) -> None:
        """Not at all."""
        self._set.pop(key, None)

    def next(self) -> float | None:
        """The earliest wake-up; None when there is none. It may turn out to be one that does not count any more."""
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> Iterator[str]:
        """Keys whose time has come, earliest first; each is given once."""
        while self._heap and self._heap[0][0] <= now:
            when, key = heapq.heappop(self._heap)
            if self._set.get(key) == when:
                del self._set[key]
                yield key
