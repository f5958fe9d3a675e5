"""A correct little model server that can be told to lie about one thing at a time."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KEY = "key-of-the-odd-one"
WINDOW = 400
DIMENSIONS = 8


class Handler(BaseHTTPRequestHandler):
    """One request. `self.lie` is what is wrong; empty is nothing."""

    protocol_version = "HTTP/1.1"
    server: OddServer

    def log_message(self, *_: Any) -> None:
        pass

    @property
    def lie(self) -> str:
        return self.server.lie

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        given = self.headers.get("authorization", "")
        if given != f"Bearer {KEY}" and not self._stranger_passes(given):
            return self.refuse(401, "who are you")
        if self.lie == "down":
            return self.refuse(500, f"out of order, {KEY}")
        if body.get("model") != "m" and self.lie != "takes any model":
            return self.refuse(404, "no such model")
        if self.path.endswith("/embeddings"):
            return self.embed(body)
        if not isinstance(body.get("messages"), list):
            return self.refuse(500 if self.lie == "blames itself" else 400, "messages")
        return self.chat(body)

    def _stranger_passes(self, given: str) -> bool:
        return (self.lie == "lets strangers in" and not given) or (
            self.lie == "takes any key" and bool(given)
        )

    def refuse(self, status: int, message: str) -> None:
        error: Any = {"message": message, "type": "t", "param": None, "code": None}
        self.send(status, {"detail": message} if self.lie == "other error shape" else {"error": error})

    def send(self, status: int, value: Any, kind: str = "application/json") -> None:
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def embed(self, body: dict[str, Any]) -> None:
        if not isinstance(body.get("input"), str | list):
            return self.refuse(400, "input")
        texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
        length = DIMENSIONS // 2 if self.lie == "shorter vectors" else DIMENSIONS
        vectors = [[float(1 if self.lie == "same vectors" else 1 + n)] * length for n in range(len(texts))]
        rows = [{"object": "embedding", "index": n, "embedding": v} for n, v in enumerate(vectors)]
        if self.lie == "vectors out of order":
            rows.reverse()
        counts = {"prompt_tokens": 3, "total_tokens": 0 if self.lie == "wrong counts" else 3}
        return self.send(200, {"object": "list", "model": "m", "data": rows, "usage": counts})

    def chat(self, body: dict[str, Any]) -> None:
        words = sum(len(str(message.get("content") or "").split()) for message in body["messages"])
        if words > WINDOW:
            if self.lie == "cuts prompts":
                words = WINDOW
            elif self.lie == "chokes on prompts":
                return self.refuse(500, "too long")
            elif self.lie != "larger window":
                return self.refuse(400, "too long")
        message = self.message(body)
        counts = {"prompt_tokens": words, "completion_tokens": 4, "total_tokens": words + 4}
        if self.lie == "wrong counts":
            counts["total_tokens"] = 1
        if body.get("stream"):
            return self.stream(message, counts if body.get("stream_options") else None)
        finish = "done" if self.lie == "odd finish" else "tool_calls" if "tool_calls" in message else "stop"
        found: dict[str, Any] = {"id": "x", "object": "chat.completion", "created": 0, "model": "m"}
        found["choices"] = [{"index": 0, "message": message, "finish_reason": finish}]
        if self.lie == "no choices":
            found["choices"] = []
        return self.send(200, found if self.lie == "no counts" else {**found, "usage": counts})

    def message(self, body: dict[str, Any]) -> dict[str, Any]:
        said: dict[str, Any] = {"role": "assistant", "content": "the port is open"}
        if body.get("tool_choice") == "required" and self.lie != "calls no tool":
            arguments = '{"town": 1}' if self.lie == "odd arguments" else '{"city": "Bergen"}'
            call = {"id": "c", "type": "function", "function": {"name": "port_state", "arguments": arguments}}
            return {**said, "content": None, "tool_calls": [call]}
        if body.get("response_format"):
            said["content"] = (
                '{"port": 22, "state": "ajar"}'
                if self.lie == "breaks schemas"
                else '{"port": 22, "state": "open"}'
            )
        return said

    def stream(self, message: dict[str, Any], counts: dict[str, int] | None) -> None:
        head = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m"}
        chunks: list[Any] = [
            {**head, "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}
            for word in message["content"].split()
        ]
        if self.lie != "no finish in streams":
            chunks.append({**head, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
        if counts and self.lie != "no counts in streams":
            chunks.append({**head, "choices": [], "usage": counts})
        if self.lie == "odd chunks":
            chunks.insert(1, {"text": "hm"})
        lines = [f"data: {json.dumps(chunk)}\n\n" for chunk in chunks]
        lines += [] if self.lie == "no done" else ["data: [DONE]\n\n"]
        kind = "text/plain" if self.lie == "odd content type" else "text/event-stream"
        self.send(200, "".join(lines).encode(), kind)


class OddServer(ThreadingHTTPServer):
    """On a free port of loopback."""

    daemon_threads = True
    lie = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


@contextmanager
def odd_server() -> Iterator[OddServer]:
    """Runs until the block ends."""
    with OddServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
