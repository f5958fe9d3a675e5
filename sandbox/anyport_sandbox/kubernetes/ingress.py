"""What an Ingress controller does, on loopback: TLS at the public host names, the named paths only, pods behind.

Serves the hosts of all Ingress and HTTPRoute objects that are there at the start; certificates come from an authority
made anew each time, and a CONNECT proxy takes the place of DNS. A path no rule names is 404, a Service without ready
pods 503, each in Traefik's words. Each connection serves one request, so that every one is judged by its own path.
Not simulated: cert-manager, default backends, path types other than prefixes, rewriting, weights (the first backend
gets all), X-Forwarded headers.
"""

from __future__ import annotations

import asyncio
import itertools
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from anyport_sandbox.kubernetes.api import Api, Object
from anyport_sandbox.kubernetes.errors import ApiError, ClusterError
from anyport_sandbox.servers.files import private_dir
from anyport_sandbox.servers.proxy import ConnectProxy
from anyport_sandbox.servers.tls import make_certificates

__all__ = ["Addresses", "Front", "Rule", "rules"]

_HEAD_SECONDS = 10.0
_START_SECONDS = 10.0
_LOOPBACK = "127.0.0.1"
Addresses = Callable[[str, str], list[str]]
"""Where the ready pods of a Service answer, by namespace and name."""


@dataclass(frozen=True)
class Rule:
    """A path prefix of a host, and the Service that answers there."""

    host: str
    prefix: str
    namespace: str
    service: str

    def takes(self, host: str, path: str) -> bool:
        """Whether a request is meant: whole path elements count."""
        own = self.prefix.rstrip("/")
        return host == self.host and (path == own or path.startswith(f"{own}/"))


def rules(api: Api) -> list[Rule]:
    """Those of all Ingress and HTTPRoute objects, longest prefix first."""
    found = [rule for each in api.list("networking.k8s.io/v1", "Ingress") for rule in _of_ingress(each)]
    found += [
        rule for each in api.list("gateway.networking.k8s.io/v1", "HTTPRoute") for rule in _of_route(each)
    ]
    return sorted(found, key=lambda rule: (-len(rule.prefix), rule.host, rule.prefix))


def _of_ingress(body: Object) -> Iterator[Rule]:
    space = body["metadata"]["namespace"]
    for rule in body["spec"].get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            service = path["backend"].get("service")
            if rule.get("host") and service:
                yield Rule(rule["host"].lower(), path.get("path") or "/", space, service["name"])


def _of_route(body: Object) -> Iterator[Rule]:
    space = body["metadata"]["namespace"]
    for rule in body["spec"].get("rules") or ():
        backends: list[Object] = rule.get("backendRefs") or []
        prefixes = [(match.get("path") or {}).get("value", "/") for match in rule.get("matches") or [{}]]
        hosts = body["spec"].get("hostnames") or ()
        for host, prefix in itertools.product(hosts, prefixes) if backends else ():
            yield Rule(host.lower(), prefix, space, backends[0]["name"])


class Front:
    """Listens until `stop`, on a thread of its own.

    Attributes:
        hosts: what it answers for.
        proxy_url, ca_path: for clients.
    """

    def __init__(self, found: list[Rule], addresses: Addresses, folder: Path) -> None:
        """Begin to listen.

        Args:
            found: of `rules`, one at least.
            addresses: where the ready pods of a Service answer, by namespace and name.
            folder: gets the certificates.

        Raises:
            ClusterError: it cannot listen.
        """
        self._rules, self._addresses, self._turn = found, addresses, itertools.count()
        self.hosts = frozenset(rule.host for rule in found)
        made = make_certificates(private_dir(folder), {"ingress": sorted(self.hosts)})
        self.ca_path, self.proxy_url = made.ca, ""
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(made.by_host["ingress"])
        self._loop = asyncio.new_event_loop()
        self._tasks: set[asyncio.Task[None]] = set()
        self._ready = threading.Event()
        self._ending: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="ingress", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_SECONDS) or not self.proxy_url:
            raise ClusterError("the local ingress cannot listen on 127.0.0.1.")

    def stop(self) -> None:
        """End it. May be called twice."""
        if self._thread.is_alive() and self._ending is not None:
            self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(_START_SECONDS)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._listen())
        finally:
            self._ready.set()
            self._loop.close()

    async def _listen(self) -> None:
        self._ending = asyncio.Event()
        inner = await asyncio.start_server(self._accept, _LOOPBACK, 0, ssl=self._context)
        port = inner.sockets[0].getsockname()[1]
        proxy = ConnectProxy(dict.fromkeys(self.hosts, port))
        outer = await asyncio.start_server(proxy.accept, _LOOPBACK, 0)
        async with inner, outer:
            self.proxy_url = f"http://{_LOOPBACK}:{outer.sockets[0].getsockname()[1]}"
            self._ready.set()
            await self._ending.wait()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        await self._loop.shutdown_default_executor()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._handle(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError):
            pass  # A client or pod that goes away ends the connection, nothing more.
        finally:
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _HEAD_SECONDS)
        lines = head.decode("latin-1").split("\r\n")
        names = [line.partition(":") for line in lines[1:] if line]
        host = next((value.strip() for name, _, value in names if name.lower() == "host"), "")
        path = lines[0].split(" ")[1].partition("?")[0] if lines[0].count(" ") == 2 else ""
        rule = next((each for each in self._rules if each.takes(host.partition(":")[0].lower(), path)), None)
        if rule is None:
            await _say(writer, "404 Not Found", "404 page not found")
            return
        pods = await asyncio.to_thread(self._pods, rule)
        if not pods:
            await _say(writer, "503 Service Unavailable", "no available server")
            return
        address, _, port = pods[next(self._turn) % len(pods)].rpartition(":")
        kept = [line for line in lines[1:] if line and not line.lower().startswith("connection:")]
        sent = "\r\n".join([lines[0], *kept, "Connection: close", "", ""]).encode("latin-1")
        await _through(reader, writer, (address, int(port)), sent)

    def _pods(self, rule: Rule) -> list[str]:
        try:
            return self._addresses(rule.namespace, rule.service)
        except (ApiError, ClusterError):
            return []


async def _through(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pod: tuple[str, int], head: bytes
) -> None:
    """One request to a pod and its answer back; the pod closes at the end."""
    pod_reader, pod_writer = await asyncio.open_connection(*pod)
    pod_writer.write(head)
    body = asyncio.ensure_future(_copy(reader, pod_writer))
    try:
        await _copy(pod_reader, writer)
    finally:
        body.cancel()
        await asyncio.gather(body, return_exceptions=True)
        pod_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()


async def _say(writer: asyncio.StreamWriter, status: str, sentence: str) -> None:
    body = f"{sentence}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode() + body)
    await writer.drain()
