"""The HTTP side of the vLLM stand-in: which routes there are, which want the key, what the metrics are called.

vLLM 0.32 and 0.33 (routes, guard and metric names collected 2026-11-22): the key is wanted only under `/v1`, `/v2`,
`/inference` and `/cohere`; `/invocations`, which gives full answers, `/tokenize` and the metrics are open. That is so
on purpose here: a test that reaches them shows a hole in what lies before the pod. Chat, embeddings and refusals are
those of `anyport_sandbox.servers`. Not simulated: responses, messages, batch, render and audio routes (404).
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Any

import uvicorn
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route as HttpRoute

from anyport_sandbox.kubernetes.model_metrics import Metrics
from anyport_sandbox.kubernetes.vllm_arguments import Arguments
from anyport_sandbox.servers import chat, embeddings
from anyport_sandbox.servers.dialects import VllmDialect
from anyport_sandbox.servers.errors import ApiError
from anyport_sandbox.servers.requests import chat_request, embedding_request, json_object
from anyport_sandbox.servers.routes import Route
from anyport_sandbox.servers.tokens import pieces

__all__ = ["Model", "application", "serve"]

GUARDED = ("/v1", "/v2", "/inference", "/cohere")
_VERSION = "0.33.0"
_DIALECT = VllmDialect()
_END_SECONDS = 0.3


class Model:
    """What is served, by whom, and since when.

    Args:
        title: `namespace/pod`; every answer names it.
        keys: accepted; none means open to all, as in vLLM.
    """

    def __init__(self, arguments: Arguments, keys: Sequence[str], title: str, answer_seconds: float) -> None:
        self.arguments, self.keys, self.answer_seconds = arguments, tuple(keys), answer_seconds
        self.loaded = False
        self.metrics = Metrics(arguments.names[0])
        space, _, pod = title.partition("/")
        features = {"streaming", "json_schema", *(["tools"] if arguments.tool_calls else [])}
        pooling = arguments.all.get("--runner") == ["pooling"]
        self.routes = {
            name: Route(
                endpoint=space,
                target=pod or "pod",
                provider="coreweave_vllm",
                host="pod",
                base_path="/v1",
                model=name,
                kind="embedding" if pooling else "chat",
                features=frozenset(features),
                context_window=arguments.max_model_len,
                auth_kind="bearer_api_key",
                secret=SecretStr("unused"),  # the guard is here, not there
            )
            for name in arguments.names
        }

    def allows(self, request: Request) -> bool:
        """Whether the guard lets a request through."""
        path = request.url.path.removeprefix(self.arguments.root_path)
        if not self.keys or not path.startswith(GUARDED):
            return True
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and any(
            hmac.compare_digest(token.encode(), key.encode()) for key in self.keys
        )

    def route(self, body: dict[str, Any]) -> Route:
        """The route of the model a body names; without a name the first."""
        name = body.get("model") or self.arguments.names[0]
        if name not in self.routes:
            raise ApiError(404, "model_not_found", param="model")
        return self.routes[name]


Answer = Callable[[Model, dict[str, Any]], Awaitable[Response]]


async def _chat(model: Model, body: dict[str, Any]) -> Response:
    route = model.route(body)
    if route.kind != "chat":
        raise ApiError(400, "unsupported", "The model does not support Chat Completions API")
    request = chat_request({"model": route.model, **body}, ignore_unknown=True)
    said = chat.answer(route, request)
    model.metrics.answered(said.prompt_tokens, said.usage.completion_tokens, said.finish)
    if request.get("stream"):
        usage = bool((request.get("stream_options") or {}).get("include_usage"))
        lines = _slowly(chat.events(said, include_usage=usage), model)
        return StreamingResponse(lines, media_type="text/event-stream")
    with model.metrics.running():
        await asyncio.sleep(model.answer_seconds)
    return Response(chat.completion(said).model_dump_json(exclude_unset=True), media_type="application/json")


async def _slowly(lines: Iterator[str], model: Model) -> AsyncIterator[str]:
    """The first piece comes at once, the rest after the time an answer takes."""
    with model.metrics.running():
        yield next(lines)
        await asyncio.sleep(model.answer_seconds)
        for line in lines:
            yield line


async def _completion(model: Model, body: dict[str, Any]) -> Response:
    prompt = body.get("prompt")
    if not isinstance(prompt, str) or body.get("stream"):
        raise ApiError(
            400, "unsupported", "Only one text as 'prompt', without 'stream', is simulated.", "prompt"
        )
    route = model.route(body)
    messages = [{"role": "user", "content": prompt}]
    limit = {"max_tokens": body["max_tokens"]} if "max_tokens" in body else {}
    said = chat.answer(
        route, chat_request({"model": route.model, "messages": messages, **limit}, ignore_unknown=True)
    )
    model.metrics.answered(said.prompt_tokens, said.usage.completion_tokens, said.finish)
    choice = {"index": 0, "text": said.text, "finish_reason": said.finish, "logprobs": None}
    done = {"id": said.id, "object": "text_completion", "created": chat.CREATED, "model": said.model}
    return JSONResponse({**done, "choices": [choice], "usage": said.usage.model_dump(exclude_unset=True)})


async def _embeddings(model: Model, body: dict[str, Any]) -> Response:
    route = model.route(body)
    if route.kind != "embedding":
        raise ApiError(404, "not_found")
    return JSONResponse(embeddings.embed(route, embedding_request(body)))


async def _invocations(model: Model, body: dict[str, Any]) -> Response:
    """By what is in the body."""
    if "messages" in body:
        return await _chat(model, body)
    return await (_completion if "prompt" in body else _embeddings)(model, body)


async def _tokenize(model: Model, body: dict[str, Any]) -> Response:
    tokens = pieces(str(body.get("prompt", "")))
    numbers = [sum(piece.encode()) for piece in tokens]
    return JSONResponse(
        {"count": len(tokens), "max_model_len": model.arguments.max_model_len or 0, "tokens": numbers}
    )


async def _detokenize(model: Model, body: dict[str, Any]) -> Response:
    del model, body
    return JSONResponse({"prompt": ""})


_POSTS: dict[str, Answer] = {
    "/v1/chat/completions": _chat,
    "/v1/completions": _completion,
    "/v1/embeddings": _embeddings,
    "/invocations": _invocations,
    "/tokenize": _tokenize,
    "/detokenize": _detokenize,
}


def _operation(method: str, path: str) -> Answer:
    if method != "POST" or path not in _POSTS:
        raise ApiError(404, "not_found")
    return _POSTS[path]


class _App:
    def __init__(self, model: Model) -> None:
        self.model = model

    async def handle(self, request: Request) -> Response:
        """Answer one request."""
        model = self.model
        if not model.loaded:
            return Response(status_code=503)
        if not model.allows(request):
            return JSONResponse({"error": "Unauthorized"}, status_code=401)
        path = request.url.path.removeprefix(model.arguments.root_path)
        body: dict[str, Any] = {}
        try:
            if request.method in ("GET", "HEAD"):
                return self._get(path)
            if request.method == "POST" and path == "/ping":
                return Response()
            answer = _operation(request.method, path)
            body = json_object(await request.body())
            return await answer(model, body)
        except ApiError as error:
            return JSONResponse(_DIALECT.body(error, str(body.get("model", ""))), status_code=error.status)

    def _get(self, path: str) -> Response:
        model = self.model
        if path in ("/health", "/ping"):
            return Response()
        if path == "/metrics":
            return PlainTextResponse(model.metrics.text(), media_type="text/plain; version=0.0.4")
        if path == "/version":
            return JSONResponse({"version": _VERSION})
        if path == "/load":
            return JSONResponse({"server_load": model.metrics.in_flight})
        if path == "/v1/models":
            facts = {
                "object": "model",
                "created": chat.CREATED,
                "owned_by": "vllm",
                "root": model.arguments.model,
            }
            length = {"max_model_len": model.arguments.max_model_len}
            return JSONResponse(
                {
                    "object": "list",
                    "data": [{"id": name, **facts, **length} for name in model.arguments.names],
                }
            )
        raise ApiError(404, "not_found")


def application(model: Model) -> Starlette:
    """The ASGI application of one model."""
    return Starlette(
        routes=[
            HttpRoute("/{path:path}", _App(model).handle, methods=["GET", "HEAD", "POST", "PUT", "DELETE"])
        ]
    )


class _Server(uvicorn.Server):
    """A server that leaves signals to this module."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing."""
        yield


def serve(
    arguments: Arguments,
    *,
    address: str,
    keys: Sequence[str],
    title: str,
    load_seconds: float,
    answer_seconds: float,
    drain_seconds: float,
) -> int:
    """Serve until SIGTERM; returns the exit code. Times in real seconds."""
    model = Model(arguments, keys, title, answer_seconds)
    certificate = arguments.all.get("--ssl-certfile", [None])[-1]
    config = uvicorn.Config(
        application(model),
        host=address,
        port=arguments.port,
        http="h11",
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        ssl_certfile=certificate,
        ssl_keyfile=arguments.all.get("--ssl-keyfile", [None])[-1],
    )
    try:
        config.load()
    except OSError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        return 1
    asyncio.run(_serve(_Server(config), model, load_seconds, drain_seconds))
    return 0


async def _serve(server: _Server, model: Model, load_seconds: float, drain_seconds: float) -> None:
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()

    def end() -> None:
        ended.set()
        server.should_exit = True
        server.force_exit = drain_seconds <= 0

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, end)
    loop.call_later(load_seconds, setattr, model, "loaded", True)
    serving = asyncio.create_task(server.serve())
    waiting = asyncio.create_task(ended.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    # What is still in flight after that is cancelled by `asyncio.run`.
    await asyncio.wait({serving}, timeout=max(drain_seconds, 0) + _END_SECONDS)
