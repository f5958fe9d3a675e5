"""Keeps the credential files of a gateway fresh: each target's credential is had again before it ends.

A token is renewed when a quarter of its life is left, ten minutes at most. When that fails the old one stays where
it is, which is good until it ends, and it is tried again after 1, 2, 4 … 60 seconds. Files are looked at again every
ten seconds. Nothing here waits or reads a clock by itself; `renew_service` runs it.

Targets do not wait for each other: a token server that hangs costs its own targets only. Deliberately not done: one
token for several targets (each is a file and a fault of its own), and taking an expired token away, since the target
then says 401 by itself and requests move on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .credential_sources import Sources
from .secrets import PLACEHOLDER, credential_text, prepare_folder, write_file
from .token_requests import Fetch, Token, TokenError, obtain

__all__ = ["LOG", "Renewer", "State"]

LOG = logging.getLogger("anyport.renew")
LOG.addHandler(logging.NullHandler())
_MARGIN = 600.0
_LONGEST_PAUSE = 60.0
_LOOK_AGAIN = 10.0


@dataclass(frozen=True)
class State:
    """What is known of one target's credential. Times are of the renewer's clock, in seconds.

    Attributes:
        tried: whether it was asked for at all.
        had: whether this process has ever had one.
        ends: when it ends; None for a key.
        failures: in a row, since the last success.
        problem: why the last attempt failed; empty after a success.
    """

    tried: bool = False
    had: bool = False
    ends: float | None = None
    failures: int = 0
    problem: str = ""

    def word(self, now: float) -> str:
        """`none`, `expired`, `failing` (good, but the last renewal failed) or `good`."""
        if not self.had:
            return "none"
        if self.ends is not None and now >= self.ends:
            return "expired"
        return "failing" if self.failures else "good"


class Renewer:
    """All targets of a gateway. Each may be renewed by a thread of its own."""

    def __init__(
        self,
        sources: Sources,
        folder: Path,
        fetch: Fetch,
        *,
        clock: Callable[[], float],
        wall: Callable[[], float],
    ) -> None:
        """Take the parts.

        Args:
            sources: where the credentials come from.
            folder: where Envoy reads them.
            fetch: sends a request to a token server.
            clock: seconds that only go forward.
            wall: Unix time in seconds.
        """
        self._sources, self._folder, self._fetch = sources, folder, fetch
        self._clock, self._wall = clock, wall
        self._states = dict.fromkeys(sources.targets, State())
        self._written: dict[str, str] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """All targets, `endpoint/target`."""
        return tuple(self._states)

    @property
    def started(self) -> bool:
        """Whether every credential has been asked for once."""
        return all(state.tried for state in self._states.values())

    def prepare(self) -> None:
        """Put placeholders where there is no file yet, so that Envoy can start.

        Raises:
            OSError: the folder cannot be used.
        """
        prepare_folder(self._folder, self.names)

    def renew(self, name: str) -> float:
        """Have the credential of one target now. Returns the seconds until the next time; never raises."""
        began, state = self._clock(), self._states[name]
        try:
            token = obtain(self._sources.targets[name], self._fetch, self._wall())
            self._write(name, token)
        except (TokenError, OSError) as error:
            why = (
                str(error)
                if isinstance(error, TokenError)
                else f"its file cannot be written: {error.strerror}"
            )
            failures = state.failures + 1
            self._states[name] = State(True, state.had, state.ends, failures, why)
            LOG.warning("anyport: no new credential for %s: %s", name, why)
            return float(min(2.0 ** min(failures - 1, 10), _LONGEST_PAUSE))
        if state.failures:
            LOG.warning("anyport: %s has a new credential again", name)
        ends = None if token.lifetime is None else began + token.lifetime
        self._states[name] = State(True, True, ends)
        if token.lifetime is None:
            return _LOOK_AGAIN
        return max(token.lifetime - min(_MARGIN, token.lifetime / 4), 1.0)

    def _write(self, name: str, token: Token) -> None:
        endpoint, _, target = name.partition("/")
        text = token.value if token.in_form else credential_text(endpoint, target, token.value)
        if self._written.get(name) != text:
            write_file(self._folder / f"{endpoint}.{target}.yaml", text)
            self._written[name] = text

    def status(self) -> dict[str, dict[str, Any]]:
        """Per target `state`, `seconds_left` (None for a key), `failures` in a row and the last `problem`."""
        now = self._clock()
        return {
            name: {
                "state": state.word(now),
                "seconds_left": None if state.ends is None else max(0, int(state.ends - now)),
                "failures": state.failures,
                "problem": state.problem,
            }
            for name, state in self._states.items()
        }

    def left_over(self) -> list[str]:
        """Targets whose file holds no credential, from this process or an earlier one."""
        return [
            name
            for name in self.names
            if (self._folder / f"{name.replace('/', '.')}.yaml").read_text("utf-8") == PLACEHOLDER
        ]
