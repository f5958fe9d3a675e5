"""One request's way through its targets, without any input or output: what the two transports share."""

from __future__ import annotations

import math
import random as chance
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..gateway.lua_text import TRIGGERS
from ..gateway.routes import RouteTable, TargetRoute
from .asked import Asked, Refusal, read_request
from .credentials import AsyncCredential, Credentials, forwarded
from .error_body import ErrorBody
from .health import Health
from .library import httpx
from .report import DEAD_KEY_OR_MODEL, LOG, Counts, Served, Tried
from .settings import ClientSettings
from .streams import EndWatch

__all__ = ["Attempt", "Failover", "Journey"]

_TRIGGERS = frozenset(TRIGGERS)


class Failover:
    """What a transport knows: routes, credentials, who is dead. No connection is made here."""

    def __init__(
        self,
        table: RouteTable,
        credentials: Mapping[str, AsyncCredential],
        settings: ClientSettings,
        *,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = chance.random,
        on_served: Callable[[Served], None] | None = None,
    ) -> None:
        self.table = table
        self.settings = settings
        self.credentials = Credentials(credentials, table)
        self.clock = clock
        self.random = random
        self.counts = Counts(on_served)
        self.health = Health(settings.failures, settings.cooldown_seconds, clock)

    def begin(self, request: httpx.Request) -> Journey | httpx.Response:
        """A request whose body has been read: its way, or an answer of our own."""
        found = read_request(self.table, request.method, request.url.path, request.content, self.random)
        if isinstance(found, Refusal):
            return httpx.Response(found.status, json=found.body)
        return Journey(self, found, request)


@dataclass
class Journey:
    """One request. Ask every attempt of `attempts()` until `accept` says that one serves."""

    core: Failover
    asked: Asked
    request: httpx.Request
    tried: list[Tried] = field(default_factory=list)

    @property
    def patience(self) -> float:
        """Seconds until the first byte: ours, or the caller's own when that is less."""
        settings = self.core.settings
        ours = settings.first_byte_seconds if self.asked.streaming else settings.answer_seconds
        return min(ours, self.callers_own("read"))

    @property
    def idle(self) -> float:
        """Seconds of silence in an answer that has begun."""
        ours = self.core.settings.stream_idle_seconds
        return min(ours, self.callers_own("read"))

    def callers_own(self, step: str) -> float:
        """The caller's own seconds for `connect`, `read`, `write` or `pool`; without end when it set none."""
        value = (self.request.extensions.get("timeout") or {}).get(step)
        return float(value) if value else math.inf

    def attempts(self) -> Iterator[Attempt]:
        """The targets to ask now. The last is always among them; dead ones before it are not."""
        order = self.asked.order
        for place, target in enumerate(order):
            last = place == len(order) - 1
            attempt = Attempt(self, target, place, last)
            rest = [self.name_of(later) for later in order[place + 1 :]]
            if last or self.core.health.may_try(attempt.name, rest):
                yield attempt
            else:
                self.core.counts.add(self.asked.endpoint.name, target.name, "skipped")

    def name_of(self, target: TargetRoute) -> str:
        """`endpoint/target`."""
        return f"{self.asked.endpoint.name}/{target.name}"

    def end(self, attempt: Attempt | None, status: int | None) -> None:
        """Tell who served, or that nobody did."""
        target = None if attempt is None else attempt.target.name
        fallback = attempt is not None and attempt.place > 0
        self.core.counts.served(
            Served(
                self.asked.endpoint.name, target, fallback, len(self.tried), tuple(self.tried), status
            )
        )  # fmt: skip


@dataclass
class Attempt:
    """One target asked once."""

    journey: Journey
    target: TargetRoute
    place: int
    last: bool

    def __post_init__(self) -> None:
        self._deadline = self.journey.core.clock() + self.journey.patience
        self._turn = self.journey.core.health.turn(self.name)
        self._begun = False
        self._times: dict[str, float] = {}
        self._limit()

    @property
    def name(self) -> str:
        """`endpoint/target`."""
        return self.journey.name_of(self.target)

    def request(self, token: str, *, asynchronous: bool) -> httpx.Request:
        """The request in the target's own form, with nothing of the caller's that could be a secret.

        The time left shrinks with every step of the connection, so that connecting, sending and waiting
        together are bounded. A head that comes byte by byte is not: every byte starts the last step anew.
        """
        asked, given = self.journey.asked, self.journey.request
        headers = [
            *forwarded(given.headers.raw),
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/json"),
            # The end of a stream is watched in plain text.
            (b"accept-encoding", b"identity"),
        ]
        self._limit()
        return httpx.Request(
            "POST",
            asked.url_for(self.target),
            headers=headers,
            content=asked.body_for(self.target),
            extensions={
                "timeout": self._times,
                "trace": self._atrace if asynchronous else self._trace,
            },
        )

    def _trace(self, event: str, _info: Mapping[str, Any]) -> None:
        if event.endswith("receive_response_headers.complete"):
            self._begun = True
            self._times["read"] = self.journey.idle
        elif not self._begun:
            self._limit()

    def _atrace(self, event: str, info: Mapping[str, Any]) -> Awaitable[None]:
        async def now() -> None:
            self._trace(event, info)

        return now()

    def _limit(self) -> None:
        left = max(self._deadline - self.journey.core.clock(), 0.001)
        own = self.journey.callers_own
        connect = min(left, self.journey.core.settings.connect_seconds, own("connect"))
        self._times.update(
            connect=connect, read=left, write=min(left, own("write")), pool=min(left, own("pool"))
        )

    def failed(self, error: Exception) -> None:
        """The attempt ended on the wire, or its credential could not be had."""
        self._end(type(error).__name__)
        self._count_failure(type(error).__name__)
        if self.last:
            self.journey.end(None, None)

    def accept(self, response: httpx.Response) -> bool:
        """Whether the caller gets this answer: any but a trigger, and whatever the last target says."""
        status = response.status_code
        self._end(str(status))
        if status in _TRIGGERS:
            self._count_failure(f"status {status}")
            if status in DEAD_KEY_OR_MODEL:
                LOG.error("anyport: %s answered %d: its key or its model needs a person", self.name, status)
            if not self.last:
                return False
        elif self.journey.core.health.well(self.name, self._turn):
            LOG.info("anyport: %s is back", self.name)
        self.journey.end(self, status)
        return True

    def abandoned(self) -> None:
        """The caller went away, or its request was wrong in itself: no verdict on the target."""
        self.journey.core.health.unknown(self.name, self._turn)

    def headers(self, response: httpx.Response) -> httpx.Headers:
        """The answer's headers, and who served after how many attempts."""
        headers = httpx.Headers(response.headers)
        headers["x-served-by"] = self.target.name
        headers["x-attempts"] = str(len(self.journey.tried))
        if response.status_code >= 400:
            headers["content-type"] = "application/json"
            for name in ("content-length", "content-encoding"):
                headers.pop(name, None)
        return headers

    def error_body(self, response: httpx.Response) -> ErrorBody | None:
        """Puts an error into the shape that OpenAI clients read; None for what is none."""
        if response.status_code < 400:
            return None
        coding = response.headers.get("content-encoding", "identity")
        return ErrorBody(response.status_code, readable=coding == "identity")

    def watch(self, response: httpx.Response) -> EndWatch | None:
        """Looks for the end of a stream; None for what is no stream or no answer."""
        kind = response.headers.get("content-type", "").lower()
        if response.status_code >= 400 or "text/event-stream" not in kind:
            return None
        return EndWatch(self.journey.asked.api)

    def compressed(self, response: httpx.Response) -> bool:
        """Whether a stream comes compressed although we asked for plain text: its end could not be watched."""
        coding = response.headers.get("content-encoding", "identity")
        return self.watch(response) is not None and coding != "identity"

    def cut(self, request: httpx.Request) -> httpx.RemoteProtocolError:
        """What reading a stream raises that ended in order without its last event."""
        return httpx.RemoteProtocolError(
            f"{self.target.name} ended the stream before its last event", request=request
        )

    def broken(self) -> None:
        """Count an answer that ended before its end."""
        self.journey.core.counts.add(self.journey.asked.endpoint.name, self.target.name, "broken")

    def _end(self, outcome: str) -> None:
        self.journey.tried.append(Tried(self.target.name, outcome))

    def _count_failure(self, why: str) -> None:
        core = self.journey.core
        core.counts.add(self.journey.asked.endpoint.name, self.target.name, "failed")
        if core.health.failed(self.name, self._turn):
            LOG.warning(
                "anyport: %s gets no traffic for %.1f s after %s",
                self.name,
                core.settings.cooldown_seconds,
                why,
            )
