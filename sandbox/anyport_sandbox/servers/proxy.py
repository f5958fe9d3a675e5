"""A CONNECT proxy that knows only the simulated hosts and never opens a connection to anywhere else.

With it the real base URLs work unmodified: clients ask it for `name:443` and reach the simulated
server of that name, which presents a certificate for it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

__all__ = ["ConnectProxy"]

HEAD_SECONDS = 10.0
_LOOPBACK = "127.0.0.1"


class ConnectProxy:
    """Handler for `asyncio.start_server`; `ports` maps a host name to its port on loopback."""

    def __init__(self, ports: Mapping[str, int]) -> None:
        self.ports = dict(ports)
        self._tasks: set[asyncio.Task[None]] = set()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take a connection. Not a coroutine: asyncio 3.11 logs a traceback when it cancels one of its own."""
        task = asyncio.get_running_loop().create_task(self._handle(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one client connection to its end; a client that goes away is no error."""
        try:
            with contextlib.suppress(OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
                await self._serve(reader, writer)
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_SECONDS)
        method, _, rest = head.split(b"\r\n", 1)[0].decode("latin-1").partition(" ")
        if method != "CONNECT":
            await _say(
                writer,
                "405 Method Not Allowed",
                "The sandbox's proxy only does CONNECT, for https addresses.",
            )
            return
        host, _, port = rest.split(" ", 1)[0].rpartition(":")
        inner = self.ports.get(host.lower())
        if inner is None or port != "443":
            await _say(
                writer,
                "403 Forbidden",
                f"The sandbox has no simulated server for {host}:{port} and never connects outward.",
            )
            return
        await self._tunnel(reader, writer, inner)

    async def _tunnel(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int) -> None:
        inner_reader, inner_writer = await asyncio.open_connection(_LOOPBACK, port)
        try:
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            ways = [
                asyncio.ensure_future(_copy(reader, inner_writer)),
                asyncio.ensure_future(_copy(inner_reader, writer)),
            ]
            try:
                # One side gone is enough: TLS ends both ways at once.
                await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for way in ways:
                    way.cancel()
        finally:
            inner_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


async def _say(writer: asyncio.StreamWriter, status: str, sentence: str) -> None:
    body = f"{sentence}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
    await writer.drain()
