"""The time the servers go by, which a test can move while they run."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from anyport_sandbox.servers.errors import ServersError
from anyport_sandbox.servers.files import write_private

__all__ = ["Clock", "StateClock"]

Clock = Callable[[], float]
"""Seconds since any fixed moment; never goes back."""


class StateClock:
    """The machine's clock plus the seconds in `clock` of a state directory; no file is none."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / "clock"

    def __call__(self) -> float:
        """Now, in seconds.

        Raises:
            ServersError: somebody wrote a file that is no number.
        """
        try:
            return time.monotonic() + float(self.path.read_text())
        except FileNotFoundError:
            return time.monotonic()
        except (OSError, ValueError):
            raise ServersError(f"{self.path} does not hold seconds: mend or remove it.") from None

    def advance(self, seconds: float) -> None:
        """Move the servers' time forward; takes effect at the next call."""
        try:
            before = float(self.path.read_text())
        except FileNotFoundError:
            before = 0.0
        write_private(self.path, str(before + seconds).encode())
