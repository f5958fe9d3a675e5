"""What happened, for a metric and an alert: a record per request, and counts."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["DEAD_KEY_OR_MODEL", "Counts", "Served", "Tried"]

LOG = logging.getLogger("anyport.client")
DEAD_KEY_OR_MODEL = frozenset({401, 403, 404, 410})
"""Statuses that need a person: a key that no longer works, a model that is no longer there."""


@dataclass(frozen=True)
class Tried:
    """One attempt. `outcome` is the status, or the name of what went wrong on the wire."""

    target: str
    outcome: str


@dataclass(frozen=True)
class Served:
    """One request's end, as `on_served` gets it.

    Attributes:
        endpoint: which one.
        target: who served; None when the last attempt failed on the wire and the caller got an exception.
        fallback: whether it was not the first of the request's order.
        attempts: how many targets were asked.
        tried: them all, in order, the one that served included.
        status: what the caller got; None for an exception.
    """

    endpoint: str
    target: str | None
    fallback: bool
    attempts: int
    tried: tuple[Tried, ...]
    status: int | None


class Counts:
    """Counters by endpoint, target and what: `served`, `fallback`, `failed`, `skipped`, `broken`."""

    def __init__(self, on_served: Callable[[Served], None] | None) -> None:
        self._counter: Counter[tuple[str, str, str]] = Counter()
        self._lock = threading.Lock()
        self._on_served = on_served

    def add(self, endpoint: str, target: str, what: str) -> None:
        """One more."""
        with self._lock:
            self._counter[endpoint, target, what] += 1

    def read(self) -> dict[tuple[str, str, str], int]:
        """All of them, as they are now."""
        with self._lock:
            return dict(self._counter)

    def served(self, record: Served) -> None:
        """Count it and tell the hook, whose own failure is logged and never the caller's."""
        if record.target is not None:
            self.add(record.endpoint, record.target, "served")
            if record.fallback:
                self.add(record.endpoint, record.target, "fallback")
        if self._on_served is None:
            return
        try:
            self._on_served(record)
        except Exception as error:  # noqa: BLE001  # a broken metric must not break an answer
            # Not with its traceback: a hook's locals are not ours to show.
            LOG.warning("anyport: on_served failed: %s", type(error).__name__)
