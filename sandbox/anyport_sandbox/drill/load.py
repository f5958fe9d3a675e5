"""Callers: chat completions or embeddings through a real HTTP client, one by one or however many are due.

httpx2 is the client below the official openai one, so what it reports as broken is what applications see.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import httpx2 as httpx

from .model import Api, Call, Load, Outcome

__all__ = ["PATHS", "Callers", "ask"]

TOOLS = [
    {"type": "function", "function": {"name": "port", "parameters": {"type": "object", "properties": {}}}}
]
QUESTION = "Which port is open?"
PATHS: dict[Api, str] = {"chat_completions": "chat/completions", "embeddings": "embeddings"}
MOST_IN_FLIGHT = 256


@dataclass
class Callers:
    """Keeps asking until told to stop. Of chats every second one streams, every fifth brings tools where some target
    has them. `most` bounds the calls of one start.
    """

    client: httpx.AsyncClient
    url: str
    model: str
    clock: Callable[[], float]
    tools: bool
    api: Api = "chat_completions"
    number: int = 0
    calls: list[Call] = field(default_factory=list)

    async def run(self, load: Load, stop: asyncio.Event, most: int) -> None:
        """Ask as `load` says until `stop` or `most`; returns when every answer is there."""
        last = self.number + most
        if load.kind == "closed":
            await asyncio.gather(*(self._closed(load, stop, last) for _ in range(load.callers)))
        else:
            await self._open(load, stop, last)

    async def _closed(self, load: Load, stop: asyncio.Event, last: int) -> None:
        while not stop.is_set() and self.number < last:
            await self._one()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), load.callers / load.rate)

    async def _open(self, load: Load, stop: asyncio.Event, last: int) -> None:
        due, flying = self.clock(), set[asyncio.Task[None]]()
        while not stop.is_set() and self.number < last:
            if len(flying) < MOST_IN_FLIGHT:
                task = asyncio.create_task(self._one())
                flying.add(task)
                task.add_done_callback(flying.discard)
            due += 1 / load.rate
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), max(0.0, due - self.clock()))
        await asyncio.gather(*flying)

    async def _one(self) -> None:
        self.number += 1
        number, chat = self.number, self.api == "chat_completions"
        self.calls.append(
            await ask(
                self.client, self.url, self.model, number, self.clock, api=self.api,
                stream=chat and number % 2 == 0, tools=chat and self.tools and number % 5 == 0,
            )
        )  # fmt: skip


async def ask(
    client: httpx.AsyncClient,
    url: str,
    model: str,
    number: int,
    clock: Callable[[], float],
    *,
    stream: bool,
    tools: bool,
    api: Api = "chat_completions",
) -> Call:
    """One request, and all that its caller could see of it."""
    body: dict[str, Any] = {"model": model, "user": f"drill-{number}"}
    if api == "embeddings":
        body |= {"input": QUESTION}
    else:
        body |= {"messages": [{"role": "user", "content": QUESTION}]}
    body |= {"stream": True} if stream else {}
    body |= {"tools": TOOLS} if tools else {}
    seen = _Seen(stream, api)
    started = clock()
    try:
        async with client.stream("POST", f"{url}/{PATHS[api]}", json=body) as answer:
            seen.status = answer.status_code
            seen.served_by = answer.headers.get("x-served-by", "")
            seen.attempts = int(answer.headers.get("x-attempts", "0"))
            seen.first_byte = clock()
            async for piece in answer.aiter_bytes():
                seen.data += piece
        outcome, said, detail = seen.whole()
    except (httpx.HTTPError, ValueError) as error:
        outcome = "failed" if seen.first_byte is None else "broken"
        said, detail = "", f"{type(error).__name__}: {error}"[:200]
    return Call(
        number, stream, tools, started, seen.first_byte, clock(), outcome, seen.status, seen.served_by,
        seen.attempts, said, detail,
    )  # fmt: skip


@dataclass
class _Seen:
    stream: bool
    api: Api
    status: int = 0
    served_by: str = ""
    attempts: int = 0
    first_byte: float | None = None
    data: bytes = b""

    def whole(self) -> tuple[Outcome, str, str]:
        """What a transfer that ended in order amounts to: outcome, who says it served, detail."""
        if self.status != 200:
            try:
                return "refused", "", str(json.loads(self.data)["error"]["message"])
            except (ValueError, KeyError, TypeError):
                return "refused", "", "an error without the shape of one"
        if self.api == "embeddings":
            return self._vectors()
        return self._events() if self.stream else self._completion()

    def _vectors(self) -> tuple[Outcome, str, str]:
        """Vectors cannot say who made them; the server of the drill gives its name as the model's."""
        try:
            value = json.loads(self.data)
            said, vector = str(value["model"]), list(value["data"][0]["embedding"])
        except (ValueError, KeyError, TypeError, IndexError):
            vector = []
        if not vector:
            return "silent", "", "the body has no vector and the transfer ended in order"
        return "answered", said, ""

    def _completion(self) -> tuple[Outcome, str, str]:
        try:
            text = str(json.loads(self.data)["choices"][0]["message"]["content"])
        except (ValueError, KeyError, TypeError, IndexError):
            return "silent", "", "the body is no completion and the transfer ended in order"
        return "answered", text.rpartition(" says ")[2], ""

    def _events(self) -> tuple[Outcome, str, str]:
        events = [
            row[6:] for row in self.data.decode(errors="replace").splitlines() if row.startswith("data: ")
        ]
        text = ""
        for event in events:
            if event == "[DONE]":
                return "answered", text.rpartition(" says ")[2], ""
            try:
                value = json.loads(event)
            except ValueError:
                return "silent", "", "an event is no JSON"
            if "error" in value:
                return "broken", "", str(value["error"].get("message", ""))
            text += "".join(str(row["delta"].get("content") or "") for row in value.get("choices", ()))
        return "silent", "", "the stream ended in order without [DONE] or an error event"
