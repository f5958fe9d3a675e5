"""Time, passed in from the edge so that soft-delete periods and delays can be tested without waiting."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock"]


class Clock(Protocol):
    """What the stand-ins may know of time. Seconds and UTC everywhere."""

    def now(self) -> datetime:
        """The present moment, time-zone aware."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let simulated work take its time."""
        ...


class SystemClock:
    """The machine's clock: the only place in the stand-ins that reads it."""

    def now(self) -> datetime:
        """The present moment in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Block the calling thread."""
        time.sleep(seconds)
