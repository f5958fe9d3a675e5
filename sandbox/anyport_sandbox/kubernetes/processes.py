"""Child processes that end when their parent does, however it ends.

Each child holds the reading end of a pipe as its standard input and ends when that closes, which the kernel does for
a parent that was killed, too. (Linux' PR_SET_PDEATHSIG would end them with the *thread* that started them.)
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["LIFELINE", "Child", "stop_all"]

LIFELINE = "CONTROLPLANE_END_WITH_STDIN"
"""The variable that asks the Go program to watch its standard input."""


class Child:
    """A running program with its log file."""

    def __init__(
        self, name: str, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None
    ) -> None:
        self.name = name
        self.log = log
        reading, self._lifeline = os.pipe()
        try:
            with log.open("ab") as out:
                self._process = subprocess.Popen(  # noqa: S603  # programs of our own
                    list(command),
                    stdin=reading,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env={**(os.environ if env is None else env), LIFELINE: "1"},
                    start_new_session=True,
                )
        except OSError:
            os.close(self._lifeline)
            raise
        finally:
            os.close(reading)

    @property
    def pid(self) -> int:
        """The process id."""
        return self._process.pid

    def exit_code(self) -> int | None:
        """How it ended; 128 and the signal's number for one, as shells count; None while it runs."""
        code = self._process.poll()
        return code if code is None or code >= 0 else 128 - code

    def terminate(self) -> None:
        """Ask it to end."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()

    def kill(self) -> None:
        """End it now, and wait until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self.release()

    def wait(self, seconds: float) -> bool:
        """Whether it ends within that time."""
        try:
            self._process.wait(timeout=max(seconds, 0))
        except subprocess.TimeoutExpired:
            return False
        self.release()
        return True

    def release(self) -> None:
        """Close the pipe of an ended process."""
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def last_words(self, lines: int = 3) -> str:
        """The end of its log, for error messages."""
        try:
            text = self.log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""
        return " / ".join([line.strip() for line in text.splitlines() if line.strip()][-lines:])[-600:]


def stop_all(children: Sequence[Child], seconds: float) -> None:
    """End processes in order: ask, wait up to `seconds` in all, then kill."""
    deadline = time.monotonic() + seconds
    for child in children:
        if seconds > 0:
            child.terminate()
            child.wait(deadline - time.monotonic())
        child.kill()
