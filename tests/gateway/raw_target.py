"""A target that misbehaves on the wire as told, so that a gateway's answer to it can be seen.

Plain asyncio, in a thread of its own; every fault is a function of the open connection. `hits` are the
requests that reached it, with what was sent.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import threading
from dataclasses import dataclass, field
from typing import Any

CHUNKS = ("Hel", "lo", " from", " ", "{name}")


@dataclass
class Hit:
    """One request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class RawTarget:
    """A server on loopback. `mode` may change at any time and is read once per request."""

    name: str
    tls: ssl.SSLContext | None = None
    mode: str = "ok"
    hits: list[Hit] = field(default_factory=list)
    port: int = 0
    raw: bytes = b""
    """What mode `raw` answers, head and body, byte for byte."""

    def start(self) -> RawTarget:
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(ready,), daemon=True)
        self._thread.start()
        assert ready.wait(10)
        return self

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(10)

    def release(self) -> None:
        """Let the requests go on that mode `hold` keeps waiting; later ones wait anew."""
        self._loop.call_soon_threadsafe(self._let_go)

    def _let_go(self) -> None:
        self._held.set()
        self._held = asyncio.Event()

    def take(self) -> int:
        """How many hits since the last call."""
        count = len(self.hits)
        self.hits.clear()
        return count

    def _serve(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._run(ready))
        self._loop.close()

    async def _run(self, ready: threading.Event) -> None:
        self._ending = asyncio.Event()
        self._held = asyncio.Event()
        self._open: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", self.port, ssl=self.tls)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._ending.wait()
        server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError, ssl.SSLError):
            pass
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *rows = head.split("\r\n")
        headers = {k.lower(): v for k, v in (row.split(": ", 1) for row in rows if row)}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        self.hits.append(Hit(first.split()[1], headers, body))
        mode = self.mode
        if mode == "hold":
            await self._held.wait()
        if mode == "raw":
            writer.write(self.raw)
            await writer.drain()
            return True
        return await Answer(self.name, mode, writer, json.loads(body or b"{}")).send()


@dataclass
class Answer:
    """What one request gets. `send` returns whether the connection stays open."""

    name: str
    mode: str
    writer: asyncio.StreamWriter
    request: dict[str, Any]

    async def send(self) -> bool:
        mode, _, rest = self.mode.partition(":")
        if mode.isdigit():
            return await self._whole(
                int(mode), json.dumps({"error": {"message": f"{self.name} says {mode}"}}), rest
            )
        if mode == "reset":
            return self._reset()
        if mode in ("hang", "blackhole"):
            await asyncio.sleep(60)
            return False
        if mode == "slow":
            await asyncio.sleep(float(rest))
        if mode == "garbage":
            self.writer.write(b"\x00\xff not http at all\r\n\r\n")
            await self.writer.drain()
            return False
        if self.request.get("stream"):
            return await self._stream(mode, rest)
        text = f"from {self.name}"
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        body = {"id": "x", "object": "chat.completion", "created": 0, "choices": [choice]}
        return await self._whole(200, json.dumps({**body, "model": self.request.get("model")}))

    async def _whole(self, status: int, text: str, extra: str = "") -> bool:
        data = text.encode()
        lines = [f"HTTP/1.1 {status} X", "content-type: application/json", f"content-length: {len(data)}"]
        lines += [extra] if extra else []
        self.writer.write("\r\n".join([*lines, "", ""]).encode() + data)
        await self.writer.drain()
        return True

    async def _stream(self, mode: str, rest: str) -> bool:
        ended_by_close = mode == "silent-close"
        head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        head += "connection: close\r\n\r\n" if ended_by_close else "transfer-encoding: chunked\r\n\r\n"
        self.writer.write(head.encode())
        cut = (
            2
            if mode in ("cut", "cut-close", "stall", "silent-close", "no-done", "quoted-done")
            else len(CHUNKS)
        )
        for index, text in enumerate(CHUNKS[:cut]):
            if mode == "drip" and index:
                await asyncio.sleep(float(rest))
            said = " data: [DONE] " if mode == "quoted-done" else text.format(name=self.name)
            delta = {"index": 0, "delta": {"content": said}, "finish_reason": None}
            event = {
                "id": "x",
                "object": "chat.completion.chunk",
                "created": 0,
                "model": "m",
                "choices": [delta],
            }
            await self._piece(f"data: {json.dumps(event)}\n\n", plain=ended_by_close)
        return await self._end_stream(mode)

    async def _end_stream(self, mode: str) -> bool:
        if mode == "cut":
            return self._reset()
        if mode in ("cut-close", "silent-close"):
            self.writer.close()
            return False
        if mode == "stall":
            await asyncio.sleep(60)
            return False
        if mode not in ("no-done", "quoted-done"):
            await self._piece("data: [DONE]\n\n")
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()
        return True

    async def _piece(self, text: str, *, plain: bool = False) -> None:
        data = text.encode()
        self.writer.write(data if plain else b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()

    def _reset(self) -> bool:
        raw = self.writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        return False
