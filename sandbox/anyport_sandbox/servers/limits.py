"""Requests and tokens per minute of one route.

A fixed window of 60 s that opens with the first call in it. Clouds count in finer and less regular
ways and publish no exact form; the window is a guess, chosen since a test can compute it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from anyport_sandbox.servers.clock import Clock
from anyport_sandbox.servers.errors import ApiError
from anyport_sandbox.servers.routes import Route

__all__ = ["Left", "Meter"]

WINDOW_SECONDS = 60.0


@dataclass(frozen=True)
class Left:
    """What remains in the window; None where the route has no such limit."""

    requests: int | None
    tokens: int | None
    reset_seconds: int


class Meter:
    """Counts calls of all routes of a host, by the clock given."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._used: dict[str, tuple[float, int, int]] = {}

    def left(self, route: Route) -> Left:
        """What a caller may still use; never below zero."""
        opened, requests, tokens = self._window(route)
        return Left(
            _minus(route.requests_per_minute, requests),
            _minus(route.tokens_per_minute, tokens),
            max(1, math.ceil(opened + WINDOW_SECONDS - self.clock())),
        )

    def enter(self, route: Route) -> None:
        """Count one call.

        Raises:
            ApiError: 429 when no request or no token is left. A call that fits with its first token is
                let through and may overdraw the window (a guess).
        """
        left = self.left(route)
        if left.requests == 0 or left.tokens == 0:
            raise ApiError(429, "rate_limited", retry_after_seconds=left.reset_seconds)
        opened, requests, tokens = self._window(route)
        self._used[route.name] = (opened, requests + 1, tokens)

    def spend(self, route: Route, tokens: int) -> None:
        """Count the tokens of a call, prompt and answer."""
        opened, requests, used = self._window(route)
        self._used[route.name] = (opened, requests, used + tokens)

    def _window(self, route: Route) -> tuple[float, int, int]:
        now = self.clock()
        found = self._used.get(route.name)
        return found if found and now < found[0] + WINDOW_SECONDS else (now, 0, 0)


def _minus(limit: int | None, used: int) -> int | None:
    return None if limit is None else max(0, limit - used)
