"""The application of one host: finds the route a request means, checks it, lets the model answer."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Iterable, Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route as HttpRoute

from anyport_sandbox.servers import chat, embeddings
from anyport_sandbox.servers.dialects import DIALECTS, Dialect
from anyport_sandbox.servers.errors import ApiError, ServersError
from anyport_sandbox.servers.faults import FaultBook
from anyport_sandbox.servers.requests import chat_request, embedding_request, json_object
from anyport_sandbox.servers.routes import Route

__all__ = ["MAX_BODY_BYTES", "host_app"]

MAX_BODY_BYTES = 32 * 2**20
_KINDS = {"/chat/completions": "chat", "/embeddings": "embedding"}
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


def host_app(routes: Iterable[Route], faults: FaultBook) -> Starlette:
    """An ASGI application for all routes of one host (all of one provider)."""
    server = _Host(list(routes), faults)
    return Starlette(routes=[HttpRoute("/{path:path}", server.handle, methods=_METHODS)])


class _Host:
    def __init__(self, routes: list[Route], faults: FaultBook) -> None:
        self.routes = routes
        self.faults = faults
        self.calls = dict.fromkeys((route.name for route in routes), 0)

    async def handle(self, request: Request) -> Response:
        """Answer one request; every refusal goes out in the host's dialect."""
        base = self._base_path(request.url.path)
        group = [route for route in self.routes if route.base_path == base]
        dialect = DIALECTS[(group or self.routes)[0].provider]
        if request.url.path in dialect.open_paths:
            return self._open(request.url.path)
        body: dict[str, Any] = {}
        try:
            presented = _credential(dialect, request.headers, group)
            operation = request.url.path.removeprefix(base)
            if _lists_models(dialect, request.method, operation):
                return JSONResponse(_models(group, presented))
            body = json_object(await _body(request))
            return await self._serve(dialect, _pick(group, body.get("model", ""), presented), operation, body)
        except ApiError as error:
            return _refuse(dialect, error, body.get("model", ""), group)

    def _base_path(self, path: str) -> str:
        """The longest base path that `path` is under; a name no route has when there is none."""
        found = [route.base_path for route in self.routes if path.startswith(f"{route.base_path}/")]
        return max(found, key=len, default="?")

    def _open(self, path: str) -> Response:
        if path == "/health":
            return Response()
        lines = ["# TYPE anyport_sandbox_requests_total counter"]
        for route in self.routes:
            labels = f'model_name="{route.model}",target="{route.name}"'
            lines.append(f"anyport_sandbox_requests_total{{{labels}}} {self.calls[route.name]}")
        return PlainTextResponse("\n".join(lines) + "\n")

    async def _serve(self, dialect: Dialect, route: Route, operation: str, body: dict[str, Any]) -> Response:
        self.calls[route.name] += 1
        await self._suffer(route)
        headers = dialect.headers(route)
        if route.kind != _KINDS[operation]:
            text = f"The operation {operation} does not work with the model `{route.model}`."
            raise ApiError(400, "unsupported", text, "model")
        if operation == "/embeddings":
            return JSONResponse(embeddings.embed(route, embedding_request(body)), headers=headers)
        request = chat_request(body, ignore_unknown=dialect.ignores_unknown_fields)
        said = chat.answer(route, request)
        if request.get("stream"):
            usage = bool((request.get("stream_options") or {}).get("include_usage"))
            lines = chat.events(said, include_usage=usage)
            return StreamingResponse(lines, media_type="text/event-stream", headers=headers)
        done = chat.completion(said).model_dump_json(exclude_unset=True)
        return Response(done, media_type="application/json", headers=headers)

    async def _suffer(self, route: Route) -> None:
        """Be as slow and as broken as the fault of this route says."""
        try:
            fault = self.faults.of(route)
        except ServersError as error:
            raise ApiError(500, "fault", str(error)) from None
        if fault is None:
            return
        await asyncio.sleep(fault.delay_seconds)
        if fault.status is not None:
            raise ApiError(fault.status, "fault", retry_after_seconds=fault.retry_after_seconds)


async def _body(request: Request) -> bytes:
    """The body, refused before it is held whole when it is too large."""
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > MAX_BODY_BYTES:
            raise ApiError(413, "too_large", f"The request is larger than {MAX_BODY_BYTES // 2**20} MiB.")
    return bytes(found)


def _accepts(route: Route, presented: str) -> bool:
    return hmac.compare_digest(route.secret.get_secret_value().encode(), presented.encode())


def _credential(dialect: Dialect, headers: Mapping[str, str], group: list[Route]) -> str:
    """The token presented, known to at least one route: no more is told without one."""
    if not group:
        raise ApiError(404, "not_found")
    presented = dialect.credential(headers, group[0])
    if not any(_accepts(route, presented) for route in group):
        raise ApiError(401, "unauthorized")
    return presented


def _lists_models(dialect: Dialect, method: str, operation: str) -> bool:
    """Whether the call is `GET /models`; False is an operation with a body; anything else is a 404."""
    if operation == "/models" and method == "GET" and dialect.lists_models:
        return True
    if operation not in _KINDS or method != "POST":
        raise ApiError(404, "not_found")
    return False


def _pick(group: list[Route], model: str, presented: str) -> Route:
    """Two endpoints may share an address and a model; then the caller's own token tells them apart."""
    serving = [route for route in group if route.model == model]
    if not serving:
        raise ApiError(404, "model_not_found", param="model")
    route = next((route for route in serving if _accepts(route, presented)), None)
    if route is None:
        raise ApiError(401, "unauthorized")
    return route


def _models(group: list[Route], presented: str) -> dict[str, Any]:
    data = [
        {"id": route.model, "object": "model", "created": chat.CREATED, "owned_by": route.provider}
        for route in group
        if _accepts(route, presented)
    ]
    return {"object": "list", "data": data}


def _refuse(dialect: Dialect, error: ApiError, model: str, group: list[Route]) -> Response:
    route = next((route for route in group if route.model == model), None)
    headers = {**(dialect.headers(route) if route else {}), **dialect.error_headers(error)}
    return JSONResponse(dialect.body(error, model), status_code=error.status, headers=headers)
