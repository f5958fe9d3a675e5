"""Runs a renewer: a thread per target, requests over HTTPS, and a small server that says how things stand.

`/started` is 200 once every credential has been asked for, or after 30 seconds: a startup probe waits for it, and no
token server may hold a gateway back for longer. `/healthz` is 200 while the process runs, `/status` says all in JSON, `/metrics` in Prometheus' form. None of them shows a credential.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from .renew import LOG, Renewer
from .token_requests import LONGEST, Answer, Fetch, Request

__all__ = ["https_fetch", "metrics_text", "serve_until"]

_TIMEOUT = 10.0
_START_SECONDS = 30.0
_LOOK_SECONDS = 0.5
_METADATA = ("metadata.google.internal", "169.254.169.254", "127.0.0.1", "localhost", "::1")


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def https_fetch(ca_file: str | None = None) -> Fetch:
    """Sends requests with the system's authorities, or those of a file, and the proxy of the environment.

    No redirect is followed, and the metadata server is never asked through a proxy.
    """
    secure = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca_file))
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), secure, _NoRedirect)
    usual = urllib.request.build_opener(secure, _NoRedirect)

    def fetch(request: Request) -> Answer:
        opener = direct if urlsplit(request.url).hostname in _METADATA else usual
        sent = urllib.request.Request(  # noqa: S310  # the sources allow https, and http to this machine only
            request.url, request.body or None, dict(request.headers), method=request.method
        )
        try:
            with opener.open(sent, timeout=_TIMEOUT) as response:
                return Answer(response.status, _body(response))
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _body(error))
        except (http.client.HTTPException, ValueError) as error:
            raise OSError(type(error).__name__) from None

    return fetch


def _body(response: Any) -> bytes:
    """As much as is looked at, within a time that a slow server cannot stretch for ever."""
    deadline, parts, left = time.monotonic() + 2 * _TIMEOUT, [], LONGEST
    while left > 0:
        piece = response.read1(left)
        if not piece:
            break
        if time.monotonic() > deadline:
            raise TimeoutError("the answer takes too long")
        parts.append(piece)
        left -= len(piece)
    return b"".join(parts)


def serve_until(
    stop: threading.Event, renewer: Renewer, address: str, port: int, ready: Callable[[int], None]
) -> None:
    """Renew and answer until told to stop.

    Args:
        stop: set it to end.
        renewer: whose folder has been prepared.
        address: to listen on.
        port: to listen on; 0 takes a free one.
        ready: called with the port once it listens.

    Raises:
        OSError: the port cannot be had.
    """
    server = ThreadingHTTPServer((address, port), _handler(renewer))
    threads = [threading.Thread(target=server.serve_forever, args=(0.1,), daemon=True)]
    threads += [
        threading.Thread(target=_keep, args=(stop, renewer, name), name=name, daemon=True)
        for name in renewer.names
    ]
    for thread in threads:
        thread.start()
    ready(server.server_address[1])
    # A signal just before an endless wait would not wake it, and its handler would not run.
    while not stop.wait(_LOOK_SECONDS):
        pass
    server.shutdown()
    server.server_close()


def _keep(stop: threading.Event, renewer: Renewer, name: str) -> None:
    while not stop.is_set():
        try:
            pause = renewer.renew(name)
        except Exception as error:  # noqa: BLE001  # whatever breaks here must not end the renewal of a target
            LOG.error("anyport: renewing %s broke: %s", name, type(error).__name__)
            pause = 60.0
        stop.wait(pause)


def metrics_text(renewer: Renewer) -> str:
    """Seconds left and failures in a row per target; 0 seconds for a target without a credential."""
    left, failed = (
        ["# TYPE anyport_credential_seconds_left gauge"],
        ["# TYPE anyport_credential_failures gauge"],
    )
    for name, found in renewer.status().items():
        endpoint, _, target = name.partition("/")
        labels = f'{{endpoint="{endpoint}",target="{target}"}}'
        missing = found["state"] in ("none", "expired")
        if missing or found["seconds_left"] is not None:
            left.append(f"anyport_credential_seconds_left{labels} {0 if missing else found['seconds_left']}")
        failed.append(f"anyport_credential_failures{labels} {found['failures']}")
    return "\n".join([*left, *failed]) + "\n"


def _handler(renewer: Renewer) -> type[BaseHTTPRequestHandler]:
    began = time.monotonic()

    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            if self.path == "/started":
                started = renewer.started or time.monotonic() - began > _START_SECONDS
                self._say(200 if started else 503, "text/plain", "started\n" if started else "not yet\n")
            elif self.path == "/healthz":
                self._say(200, "text/plain", "ok\n")
            elif self.path == "/status":
                self._say(200, "application/json", json.dumps({"targets": renewer.status()}) + "\n")
            elif self.path == "/metrics":
                self._say(200, "text/plain; version=0.0.4", metrics_text(renewer))
            else:
                self._say(404, "text/plain", "no such page\n")

        def _say(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any, **__: Any) -> None:
            """Probes are no news."""

    return Handler
