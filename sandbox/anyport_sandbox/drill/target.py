"""A model server on loopback that breaks as told while it runs, down to its sockets.

Its answers are correct chat completions and embeddings that name it. It shares the event loop of the drill, so that arrivals and
ends of requests are on the same clock as what callers saw.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
from collections.abc import Callable
from typing import Any

from ..ports import LOOPBACK, reserve_ports
from .model import Fault, Hit

__all__ = ["LATE_SHARE", "DrillTarget"]

WORDS = ("Any", "port", " in", " a storm,", " says ", "{name}")
LATE_SHARE = 0.4
"""Of the first-byte timeout, by which the first answers after a recovery are late."""


class DrillTarget:
    """One target. `break_` and `heal` may be called at any time.

    Attributes:
        fault: how it is broken now; None is well.
        hits: finished requests, in the order of their ends.
        convalescent: whether answers are late, though in time, until one is given: a herd that came at once would show.
    """

    def __init__(self, name: str, clock: Callable[[], float], first_byte: float) -> None:
        self.name = name
        self.clock = clock
        self.first_byte = first_byte
        self.fault: Fault | None = None
        self.hits: list[Hit] = []
        self.convalescent = False
        [self.port] = reserve_ports(1)
        self._server: asyncio.Server | None = None
        self._hole: list[socket.socket] = []
        self._open: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Listen on its port, at first and after a fault."""
        self._server = await asyncio.start_server(self._connected, LOOPBACK, self.port, backlog=512)

    async def stop(self) -> None:
        """Close everything it has open."""
        self._fill_hole()
        if self._server is not None:
            self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def break_(self, fault: Fault) -> None:
        """Be broken from now on; what is under way is broken only where the network itself goes."""
        self.fault, self.convalescent = fault, False
        if not fault.unseen or self._server is None:
            return
        self._server.close()
        self._server = None
        if fault is Fault.REFUSE:
            for task in tuple(self._open):
                task.cancel()
            await asyncio.gather(*self._open, return_exceptions=True)
        else:
            self._dig_hole()

    async def heal(self, convalescent: bool) -> None:
        """Be well again, at the same address."""
        self.fault, self.convalescent = None, convalescent
        self._fill_hole()
        if self._server is None:
            await self.start()

    def _dig_hole(self) -> None:
        """A listener whose queue is full drops every connection attempt without a word."""
        hole = socket.socket()
        hole.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        hole.bind((LOOPBACK, self.port))
        hole.listen(0)
        self._hole = [hole]
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                filler.connect((LOOPBACK, self.port))
            self._hole.append(filler)

    def _fill_hole(self) -> None:
        for each in self._hole:
            each.close()
        self._hole = []

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # strangers and broken connections end here: only requests count
        except asyncio.CancelledError:
            _reset(writer)
        finally:
            self._open.discard(task)
            writer.transport.abort()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = next((int(row[15:]) for row in head.split(b"\r\n") if row.startswith(b"content-length:")), 0)
        body = json.loads(await reader.readexactly(length) or b"{}")
        arrived, fault = self.clock(), self.fault
        number = str(body.get("user", "")).rpartition("-")[2]
        answer = _Answer(self, reader, writer, body, head.split(b" ", 2)[1].endswith(b"/embeddings"))
        try:
            return await answer.give(fault)
        finally:
            call = int(number) if number.isdecimal() else -1
            well = fault is None or fault is Fault.DRIP
            self.hits.append(Hit(self.name, call, arrived, self.clock(), well))


class _Answer:
    """What one request gets."""

    def __init__(
        self,
        target: DrillTarget,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        body: dict[str, Any],
        embeds: bool,
    ) -> None:
        self.target, self.reader, self.writer, self.body, self.embeds = target, reader, writer, body, embeds

    async def give(self, fault: Fault | None) -> bool:
        """Whether the connection can be used again."""
        if self.target.convalescent:
            await asyncio.sleep(LATE_SHARE * self.target.first_byte)
            self.target.convalescent = False
        if fault in (Fault.HANG, Fault.BLACKHOLE):
            return await self._until_gone(60.0)
        if fault is Fault.SLOW and not await self._until_gone(2 * self.target.first_byte):
            return False
        if fault in (Fault.RESET, Fault.REFUSE):
            _reset(self.writer)
            return False
        if fault is Fault.GARBAGE:
            self.writer.write(b"\x00\xff\x15 no HTTP at all\r\n\r\n")
            await self.writer.drain()
            return False
        status = 429 if fault is Fault.S429_AFTER else int(fault) if fault and fault.isdecimal() else 200
        if status != 200:
            error = {
                "message": f"{self.target.name} says {status}",
                "type": "drill",
                "param": None,
                "code": None,
            }
            extra = "retry-after: 2" if fault is Fault.S429_AFTER else ""
            return await self._whole(status, {"error": error}, extra)
        if self.body.get("stream"):
            return await self._stream(fault)
        return await (self._vector(fault) if self.embeds else self._plain(fault))

    async def _vector(self, fault: Fault | None) -> bool:
        row = {"object": "embedding", "index": 0, "embedding": [0.25, -0.5, 0.125]}
        usage = {"prompt_tokens": 3, "total_tokens": 3}
        body = {"object": "list", "data": [row], "model": self.target.name, "usage": usage}
        return await self._whole(200, body, fault=fault)

    async def _until_gone(self, seconds: float) -> bool:
        """Wait for the caller to go away; True when it is still there after so long."""
        try:
            await asyncio.wait_for(self.reader.read(1), seconds)
        except TimeoutError:
            return True
        return False

    async def _plain(self, fault: Fault | None) -> bool:
        text = "".join(WORDS).format(name=self.target.name)
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        usage = {"prompt_tokens": 3, "completion_tokens": len(WORDS), "total_tokens": 3 + len(WORDS)}
        body = {"id": "drill", "object": "chat.completion", "created": 0, "choices": [choice], "usage": usage}
        return await self._whole(200, {**body, "model": self.body.get("model", "")}, fault=fault)

    async def _whole(
        self, status: int, value: dict[str, Any], extra: str = "", fault: Fault | None = None
    ) -> bool:
        data = json.dumps(value).encode()
        lines = [f"HTTP/1.1 {status} X", "content-type: application/json", f"content-length: {len(data)}"]
        self.writer.write("\r\n".join([*lines, *([extra] if extra else []), "", ""]).encode())
        if fault in (Fault.CUT, Fault.STALL):
            self.writer.write(data[:20])
            return await self._end(fault)
        if fault is Fault.DRIP:
            piece = 1 + len(data) // 3
            for start in range(0, len(data), piece):
                self.writer.write(data[start : start + piece])
                await self.writer.drain()
                if start + piece < len(data):
                    await asyncio.sleep(0.6 * self.target.first_byte)
        else:
            self.writer.write(data)
        await self.writer.drain()
        return True

    async def _stream(self, fault: Fault | None) -> bool:
        self.writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        cut = 3 if fault in (Fault.CUT, Fault.STALL, Fault.NO_DONE) else len(WORDS)
        head = {
            "id": "drill",
            "object": "chat.completion.chunk",
            "created": 0,
            "model": self.body.get("model", ""),
        }
        for place, word in enumerate(WORDS[:cut]):
            delta = {"content": word.format(name=self.target.name)}
            end = "stop" if place == len(WORDS) - 1 else None
            await self._event(
                json.dumps({**head, "choices": [{"index": 0, "delta": delta, "finish_reason": end}]})
            )
            if fault is Fault.DRIP and place % 2 == 0:
                await asyncio.sleep(0.6 * self.target.first_byte)
        if fault in (Fault.CUT, Fault.STALL):
            return await self._end(fault)
        if fault is not Fault.NO_DONE:
            await self._event("[DONE]")
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()
        return True

    async def _event(self, text: str) -> None:
        data = f"data: {text}\n\n".encode()
        self.writer.write(b"%x\r\n%s\r\n" % (len(data), data))
        await self.writer.drain()

    async def _end(self, fault: Fault) -> bool:
        """Let what was written go out first: the cut must come after the first byte."""
        await self.writer.drain()
        if fault is Fault.STALL:
            await self._until_gone(60.0)
            return False
        await asyncio.sleep(0.03)
        _reset(self.writer)
        return False


def _reset(writer: asyncio.StreamWriter) -> None:
    raw = writer.get_extra_info("socket")
    with contextlib.suppress(OSError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
