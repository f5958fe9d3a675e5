"""A probe of a container: when it is due, and what its answers add up to.

As the kubelet's documentation has it: `initialDelaySeconds` (0) after the start of the container, every
`periodSeconds` (10), `failureThreshold` (3) failures or `successThreshold` (1) successes in a row turn it.
The kubelet's jitter at the start is left out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

__all__ = ["Probe"]


class Probe:
    """One probe of one run of a container.

    Attributes:
        spec: in the API's own spelling.
        good: what it adds up to at present; None before it has turned either way.
        due: when to ask next, in simulated seconds.
    """

    def __init__(self, spec: Mapping[str, Any], started: float) -> None:
        self.spec = spec
        self.good: bool | None = None
        self.due = started + float(spec.get("initialDelaySeconds") or 0)
        self._successes = self._failures = 0

    @property
    def budget_seconds(self) -> float:
        """From the start to the failure of a container that never answers, in simulated seconds."""
        delay = float(self.spec.get("initialDelaySeconds") or 0)
        return delay + self._period * (self._failure_threshold - 1)

    @property
    def _period(self) -> float:
        return float(self.spec.get("periodSeconds") or 10)

    @property
    def _failure_threshold(self) -> int:
        return int(self.spec.get("failureThreshold") or 3)

    def note(self, answered: bool, now: float) -> bool:
        """Count an answer; returns whether that turned the probe."""
        self.due = now + self._period
        before = self.good
        if answered:
            self._successes, self._failures = self._successes + 1, 0
            if self._successes >= int(self.spec.get("successThreshold") or 1):
                self.good = True
        else:
            self._successes, self._failures = 0, self._failures + 1
            if self._failures >= self._failure_threshold:
                self.good = False
        return self.good is not before

    def next_look(self, changes_at: float) -> float:
        """When to ask again, given that the answer cannot change before `changes_at`.

        A probe that has made up its mind costs nothing until then.
        """
        settled = self.good is not None and (self._failures == 0 if self.good else self._successes == 0)
        return (
            max(self.due, changes_at)
            if settled and changes_at != math.inf
            else (math.inf if settled else self.due)
        )
