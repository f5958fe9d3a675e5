"""Doing to a call what the fault of its route says."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from anyport_sandbox.servers import connection
from anyport_sandbox.servers.errors import ApiError, ServersError
from anyport_sandbox.servers.faults import FaultBook
from anyport_sandbox.servers.routes import Fault, Route

__all__ = ["Sufferer"]


class Sufferer:
    """Remembers how often each fault has struck, for those that end by themselves."""

    def __init__(self, faults: FaultBook) -> None:
        self.faults = faults
        self._struck: dict[str, tuple[Fault, int]] = {}

    async def suffer(self, route: Route, request: Request) -> Fault | None:
        """Be as slow and as broken as said; returns the fault when the model still answers.

        Raises:
            ApiError: the status of the fault, or 400 `content_filter`.
        """
        fault = self._next(route)
        if fault is None:
            return None
        await asyncio.sleep(fault.delay_seconds)
        if fault.reset:
            await connection.drop(request)
        elif fault.hang:
            await connection.hang(request)
        if fault.status is not None:
            raise ApiError(fault.status, "fault", retry_after_seconds=fault.retry_after_seconds)
        if fault.content_filter == "prompt" and route.provider == "azure_openai":
            raise ApiError(400, "content_filter", param="prompt")
        return fault

    def _next(self, route: Route) -> Fault | None:
        try:
            fault = self.faults.of(route)
        except ServersError as error:
            raise ApiError(500, "fault", str(error)) from None
        if fault is None:
            self._struck.pop(route.name, None)
            return None
        before, count = self._struck.get(route.name, (fault, 0))
        count = count + 1 if before == fault else 1
        self._struck[route.name] = (fault, count)
        return None if fault.times is not None and count > fault.times else fault
