"""Stores on loopback that answer as the clouds' own do, each only to requests that carry a credential.

For S3 there is moto's server too, which nobody here wrote; what it cannot do wrong is tried here. These are made after:
    Amazon  docs.aws.amazon.com/AmazonS3/latest/API, ListObjectsV2 and GetObject
    Azure   learn.microsoft.com/rest/api/storageservices/list-blobs and get-blob, version 2021-12-02
    Google  cloud.google.com/storage/docs/xml-api (list objects version 2, GET with Range and If-Match), and its JSON API
    Oracle  docs.oracle.com/iaas/api, objectstorage 20160918, ListObjects and GetObject
all read 2026-11-26. What they answer is no more than what a listing and a ranged read need.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

PAGE = 2
"""Objects of one page: every listing of the tests has several."""


@dataclass
class Held:
    """What a store holds, and how it is to misbehave.

    Attributes:
        objects: bytes by key, of the one bucket `bills`.
        status: every request is answered with this status, where one is set.
        cut: how many bytes of a read are left out.
        change: the key whose bytes change once it was listed.
        asked: method and path of every request, and whether it carried a credential.
    """

    objects: dict[str, bytes] = field(default_factory=dict)
    status: int = 0
    cut: int = 0
    change: str = ""
    asked: list[tuple[str, str, bool]] = field(default_factory=list)

    def tag(self, key: str) -> str:
        return hashlib.md5(self.objects[key], usedforsecurity=False).hexdigest()

    def listed(self, prefix: str, after: str) -> tuple[list[str], bool]:
        """Keys of one page after a marker, and whether there are more."""
        keys = [key for key in sorted(self.objects) if key.startswith(prefix) and key > after]
        return keys[:PAGE], len(keys) > PAGE

    def now_changes(self, keys: list[str]) -> None:
        """After these were listed."""
        if self.change in keys:
            self.objects[self.change] += b"\n"


class _Store(BaseHTTPRequestHandler):
    """One request. `held` and the form are the server's."""

    protocol_version = "HTTP/1.1"
    server: Any

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        return

    def do_GET(self) -> None:
        held: Held = self.server.held
        where = urlsplit(self.path)
        signed = bool(self.headers.get("authorization"))
        held.asked.append((self.command, where.path, signed))
        query = {name: values[0] for name, values in parse_qs(where.query).items()}
        if held.status or not signed:
            self._say(held.status or 401, b"<Error><Code>Refused</Code></Error>")
            return
        parts = unquote(where.path).strip("/").split("/")
        listing, bucket, key = self.server.form.read(parts, query)
        if bucket != "bills":
            self._say(404, b"<Error><Code>NotFound</Code></Error>")
        elif listing:
            self._say(200, self.server.form.page(held, query))
        else:
            self._object(held, key)

    def do_HEAD(self) -> None:
        self.do_GET()

    def _object(self, held: Held, key: str) -> None:
        if key not in held.objects:
            self._say(404, b"")
            return
        body, tag = held.objects[key], held.tag(key)
        wanted = (self.headers.get("if-match") or tag).strip('"')
        if wanted != tag:
            self._say(412, b"")
            return
        status, headers = 200, {"etag": f'"{tag}"', "last-modified": "Wed, 25 Nov 2026 00:00:00 GMT"}
        asked = self.headers.get("range") or self.headers.get("x-ms-range")
        if asked and self.command == "GET":
            start, _, end = asked.removeprefix("bytes=").partition("-")
            whole, first, last = len(body), int(start), min(int(end or len(body)), len(body) - 1)
            body, status = body[first : last + 1], 206
            headers["content-range"] = f"bytes {first}-{last}/{whole}"
        self._say(status, body[: len(body) - held.cut] if held.cut else body, headers)

    def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"content-type": self.server.form.kind, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Azure:
    """`/account/container?restype=container&comp=list`, as an emulator's address has it."""

    kind = "application/xml"

    def read(self, parts: list[str], query: dict[str, str]) -> tuple[bool, str, str]:
        return query.get("comp") == "list", parts[1], "/".join(parts[2:])

    def page(self, held: Held, query: dict[str, str]) -> bytes:
        keys, more = held.listed(query.get("prefix", ""), query.get("marker", ""))
        rows = "".join(
            f"<Blob><Name>{escape(key)}</Name><Properties><Last-Modified>Wed, 25 Nov 2026 00:00:00 GMT</Last-Modified>"
            f"<Etag>{held.tag(key)}</Etag><Content-Length>{len(held.objects[key])}</Content-Length>"
            "<Content-Type>text/csv</Content-Type><BlobType>BlockBlob</BlobType></Properties></Blob>"
            for key in keys
        )
        held.now_changes(keys)
        marker = escape(keys[-1]) if more else ""
        return (
            f'<?xml version="1.0" encoding="utf-8"?><EnumerationResults><Blobs>{rows}</Blobs>'
            f"<NextMarker>{marker}</NextMarker></EnumerationResults>"
        ).encode()


class ListV2:
    """`/bucket?list-type=2`: Amazon's interface, and Google's for XML."""

    kind = "application/xml"

    def read(self, parts: list[str], query: dict[str, str]) -> tuple[bool, str, str]:
        return query.get("list-type") == "2", parts[0], "/".join(parts[1:])

    def page(self, held: Held, query: dict[str, str]) -> bytes:
        keys, more = held.listed(query.get("prefix", ""), query.get("continuation-token", ""))
        rows = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>2026-11-25T00:00:00.000Z</LastModified>"
            f'<ETag>"{held.tag(key)}"</ETag><Size>{len(held.objects[key])}</Size></Contents>'
            for key in keys
        )
        held.now_changes(keys)
        token = f"<NextContinuationToken>{escape(keys[-1])}</NextContinuationToken>" if more else ""
        return (
            f'<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>'
            f"{rows}{token}</ListBucketResult>"
        ).encode()


class Oracle:
    """`/n/namespace/b/bucket/o`."""

    kind = "application/json"

    def read(self, parts: list[str], query: dict[str, str]) -> tuple[bool, str, str]:
        del query
        return len(parts) == 5, parts[3] if parts[1] == "bling" else "", "/".join(parts[5:])

    def page(self, held: Held, query: dict[str, str]) -> bytes:
        prefix, start = query.get("prefix", ""), query.get("start", "")
        keys = [key for key in sorted(held.objects) if key.startswith(prefix) and key >= start]
        rows = [{"name": key, "size": len(held.objects[key]), "etag": held.tag(key)} for key in keys[:PAGE]]
        held.now_changes(keys[:PAGE])
        return json.dumps(
            {"objects": rows, "nextStartWith": keys[PAGE] if len(keys) > PAGE else None}
        ).encode()


@contextmanager
def store(form: Any, held: Held) -> Iterator[str]:
    """A store of that form; its address until the block ends."""
    server: Any = ThreadingHTTPServer(("127.0.0.1", 0), _Store)
    server.held, server.form = held, form
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
