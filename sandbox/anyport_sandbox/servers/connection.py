"""Ending a connection badly, which HTTP itself has no words for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["cut_after", "drop", "hang", "with_transport"]

_KEY = "anyport_sandbox.transport"


def with_transport(app: ASGIApp) -> ASGIApp:
    """Pass uvicorn's transport on to the application; ASGI has no other way to break a connection."""

    async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
        scope[_KEY] = getattr(getattr(send, "__self__", None), "transport", None)
        await app(scope, receive, send)

    return wrapped


async def drop(request: Request) -> None:
    """End the connection before any byte of an answer."""
    _transport(request).abort()
    await hang(request)


async def hang(request: Request) -> None:
    """Say nothing until the caller goes away."""
    while not await request.is_disconnected():
        await asyncio.sleep(0.02)


async def cut_after(request: Request, events: Iterable[str], chunks: int) -> AsyncIterator[str]:
    """So many chunks, then the end of the connection: no error event, no `[DONE]`, no last HTTP chunk."""
    for index, event in enumerate(events):
        if index == chunks:
            break
        yield event
    _transport(request).close()
    await hang(request)


def _transport(request: Request) -> Any:
    found = request.scope.get(_KEY)
    if found is None:
        raise RuntimeError("This server gives no access to its connections, so none can be broken.")
    return found
