"""How a process that serves waits for its end."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable

__all__ = ["until_told"]

LOOK_SECONDS = 0.5


def until_told() -> Callable[[], None]:
    """From now on SIGINT and SIGTERM end the wait that is returned, also when they come before it is called."""
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())

    def wait() -> None:
        # Python runs a handler between two steps of this thread: a signal just before an endless wait would not wake it.
        while not told.wait(LOOK_SECONDS):
            pass

    return wait
