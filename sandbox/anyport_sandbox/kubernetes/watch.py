"""Watching a kind of objects: what is there, then every change, until told to stop."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlencode

from anyport_sandbox.kubernetes.errors import ApiError, ClusterError, refusal

__all__ = ["Object", "Watch"]

Object = dict[str, Any]


class Watch:
    """A stream of (`ADDED` | `MODIFIED` | `DELETED`, object), for one thread; `close` may come from another."""

    def __init__(
        self,
        listed: Callable[[], Object],
        connect: Callable[[], http.client.HTTPSConnection],
        headers: dict[str, str],
        path: str,
    ) -> None:
        """Watch what is at `path`.

        Args:
            listed: asks for the list of what is there.
            connect: opens a connection of the watch's own.
            headers: sent with the request.
            path: of the collection, without a query.
        """
        self._listed, self._connect, self._headers, self._path = listed, connect, headers, path
        self._connection: http.client.HTTPSConnection | None = None
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[tuple[str, Object]]:
        """Changes until `close`; a break in the stream is bridged by listing again."""
        known: dict[str, Object] = {}
        while not self._closed.is_set():
            try:
                yield from self._round(known)
            except (OSError, ValueError, http.client.HTTPException, ApiError, ClusterError):
                self._closed.wait(0.2)

    def _round(self, known: dict[str, Object]) -> Iterator[tuple[str, Object]]:
        listed = self._listed()
        present = {item["metadata"]["uid"]: item for item in listed["items"]}
        for uid in [uid for uid in known if uid not in present]:
            yield "DELETED", known.pop(uid)
        for uid, item in present.items():
            yield ("MODIFIED" if uid in known else "ADDED"), item
            known[uid] = item
        for change, item in self._stream(listed["metadata"]["resourceVersion"]):
            if change == "ERROR":
                return
            if change == "DELETED":
                known.pop(item["metadata"]["uid"], None)
            else:
                known[item["metadata"]["uid"]] = item
            yield change, item

    def _stream(self, version: str) -> Iterator[tuple[str, Object]]:
        connection = self._connection = self._connect()
        answer: http.client.HTTPResponse | None = None
        try:
            if self._closed.is_set():
                return
            query = urlencode({"watch": "true", "resourceVersion": version})
            connection.request("GET", f"{self._path}?{query}", headers=self._headers)
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise refusal(answer.status, answer.read())
            while line := answer.readline():
                event = json.loads(line)
                yield event["type"], event["object"]
        finally:
            # The answer holds the socket open, too.
            if answer is not None:
                answer.close()
            connection.close()

    def close(self) -> None:
        """End the stream, also while it waits."""
        self._closed.set()
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
