"""The application of one host: finds the route a request means, checks it, lets the model answer."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route as HttpRoute
from starlette.types import ASGIApp

from anyport_sandbox.servers import chat, embeddings, responses
from anyport_sandbox.servers.addresses import Address, locate
from anyport_sandbox.servers.clock import Clock
from anyport_sandbox.servers.connection import cut_after, with_transport
from anyport_sandbox.servers.dialects import DIALECTS, Dialect
from anyport_sandbox.servers.errors import ApiError, ServersError
from anyport_sandbox.servers.faults import FaultBook
from anyport_sandbox.servers.gate import Gate, accepts
from anyport_sandbox.servers.limits import Meter
from anyport_sandbox.servers.real_model import RealModel
from anyport_sandbox.servers.requests import chat_request, embedding_request, json_object
from anyport_sandbox.servers.routes import Fault, Route
from anyport_sandbox.servers.suffering import Sufferer
from anyport_sandbox.servers.tokens import cut

__all__ = ["MAX_BODY_BYTES", "host_app"]

MAX_BODY_BYTES = 32 * 2**20
_KINDS = {"/chat/completions": "chat", "/responses": "chat", "/embeddings": "embedding"}
_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]


def host_app(
    routes: Iterable[Route], faults: FaultBook, clock: Clock = time.monotonic, model: RealModel | None = None
) -> ASGIApp:
    """An ASGI application for all routes of one host (all of one provider); `model` speaks for them if given."""
    server = _Host(list(routes), faults, clock, model)
    return with_transport(Starlette(routes=[HttpRoute("/{path:path}", server.handle, methods=_METHODS)]))


class _Host:
    def __init__(
        self, routes: list[Route], faults: FaultBook, clock: Clock, model: RealModel | None = None
    ) -> None:
        self.routes = routes
        self.model = model
        self.calls = dict.fromkeys((route.name for route in routes), 0)
        self.gate = Gate(clock)
        self.meter = Meter(clock)
        self.sufferer = Sufferer(faults)

    async def handle(self, request: Request) -> Response:
        """Answer one request; every refusal goes out in the host's dialect."""
        provider = self.routes[0].provider
        dialect = DIALECTS[provider]
        if request.url.path in dialect.open_paths:
            return self._open(request.url.path)
        group, model = list[Route](), ""
        try:
            address = locate(provider, self.routes, request.url.path, request.query_params)
            group = [route for route in self.routes if route.base_path == address.base]
            presented = self.gate.credential(dialect, request.headers, group)
            if _lists_models(dialect, request.method, address):
                return JSONResponse(_models(group, presented))
            body = json_object(await _body(request))
            model = address.model or body.get("model", "")
            route = self.gate.pick(dialect, group, model, presented)
            return await self._serve(dialect, route, address, {**body, "model": model}, request)
        except ApiError as error:
            return self._refuse(dialect, error, model, group)
        except ServersError as error:
            return JSONResponse(dialect.body(ApiError(500, "fault", str(error)), model), status_code=500)

    def _open(self, path: str) -> Response:
        if path == "/health":
            return Response()
        lines = ["# TYPE anyport_sandbox_requests_total counter"]
        for route in self.routes:
            labels = f'model_name="{route.model}",target="{route.name}"'
            lines.append(f"anyport_sandbox_requests_total{{{labels}}} {self.calls[route.name]}")
        return PlainTextResponse("\n".join(lines) + "\n")

    async def _serve(
        self, dialect: Dialect, route: Route, address: Address, body: dict[str, Any], request: Request
    ) -> Response:
        self.calls[route.name] += 1
        fault = await self.sufferer.suffer(route, request)
        extra = self._enter(route)
        if route.kind != _KINDS[address.operation]:
            text = f"The operation {address.operation} does not work with the model `{route.model}`."
            raise ApiError(400, "unsupported", text, "model")
        if address.operation == "/embeddings":
            vectors = embeddings.embed(route, embedding_request(body))
            self.meter.spend(route, vectors["usage"]["total_tokens"])
            return JSONResponse(vectors, headers=self._headers(dialect, route) | extra)
        checked = _CHECKS[address.operation](body, ignore_unknown=dialect.ignores_unknown_fields)
        dialect.refuse(route, checked)
        said = chat.answer(route, checked)
        if self.model is not None:
            said = await self.model.say(said, checked)
        said = _filtered(said, route, fault)
        self.meter.spend(route, said.usage.total_tokens)
        headers = self._headers(dialect, route) | extra
        if not checked.get("stream"):
            return Response(_plain(address, said), media_type="application/json", headers=headers)
        lines: Any = _lines(address, said, checked)
        if fault is not None and fault.cut_after_chunks is not None:
            lines = cut_after(request, lines, fault.cut_after_chunks)
        return StreamingResponse(lines, media_type="text/event-stream", headers=headers)

    def _enter(self, route: Route) -> dict[str, str]:
        """Count the call; the headers of a spillover when another Azure deployment takes it instead."""
        try:
            self.meter.enter(route)
        except ApiError:
            if not route.spills_to:
                raise
            return {
                "x-ms-spillover-from-deployment": route.model,
                "x-ms-deployment-name": route.spills_to,
                "x-ms-spillover-error": "429",
            }
        return {}

    def _headers(self, dialect: Dialect, route: Route) -> dict[str, str]:
        return dialect.headers(route, self.meter.left(route))

    def _refuse(self, dialect: Dialect, error: ApiError, model: str, group: list[Route]) -> Response:
        route = next((route for route in group if route.model == model), None)
        headers = {**(self._headers(dialect, route) if route else {}), **dialect.error_headers(error)}
        return JSONResponse(dialect.body(error, model), status_code=error.status, headers=headers)


_CHECKS: dict[str, Callable[..., dict[str, Any]]] = {
    "/chat/completions": chat_request,
    "/responses": responses.as_chat,
}


def _filtered(said: chat.Answer, route: Route, fault: Fault | None) -> chat.Answer:
    """The first token only, where a fault has Azure's filter stop the answer."""
    if fault is None or fault.content_filter != "answer" or route.provider != "azure_openai":
        return said
    return replace(said, text=cut(said.text, 1)[0], function="", finish="content_filter")


def _plain(address: Address, said: chat.Answer) -> str:
    if address.operation == "/responses":
        return json.dumps(responses.response(said))
    return chat.completion(said).model_dump_json(exclude_unset=True)


def _lines(address: Address, said: chat.Answer, request: dict[str, Any]) -> Iterator[str]:
    if address.operation == "/responses":
        return responses.events(said)
    usage = bool((request.get("stream_options") or {}).get("include_usage"))
    return chat.events(said, include_usage=usage)


async def _body(request: Request) -> bytes:
    """The body, refused before it is held whole when it is too large."""
    found = bytearray()
    async for part in request.stream():
        found += part
        if len(found) > MAX_BODY_BYTES:
            raise ApiError(413, "too_large", f"The request is larger than {MAX_BODY_BYTES // 2**20} MiB.")
    return bytes(found)


def _lists_models(dialect: Dialect, method: str, address: Address) -> bool:
    """Whether the call is `GET /models`; False is an operation with a body; anything else is a 404."""
    operation = address.operation
    if operation == "/models" and method == "GET" and dialect.lists_models and not address.model:
        return True
    if operation not in _KINDS or method != "POST":
        raise ApiError(404, "not_found")
    if operation == "/responses" and not dialect.has_responses(address):
        raise ApiError(404, "not_found")
    return False


def _models(group: list[Route], presented: str) -> dict[str, Any]:
    data = [
        {"id": route.model, "object": "model", "created": chat.CREATED, "owned_by": route.provider}
        for route in group
        if accepts(route, presented)
    ]
    return {"object": "list", "data": data}
