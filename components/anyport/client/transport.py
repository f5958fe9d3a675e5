"""FailoverTransport: the gateway's guarantee inside an HTTP client, for programs that want no gateway.

    http = httpx.Client(transport=FailoverTransport.from_contract("contract.json", endpoint="chat",
                                                                  credentials={"azure-east": token, "oci": key}))
    client = OpenAI(base_url="http://anyport/v1", api_key="unused", http_client=http, max_retries=0)

`httpx` is the library the installed `openai` uses (`anyport.client.httpx`). `max_retries=0`, because a retry of
the client is a whole new request to us: another attempt at every target. The host of the base URL means nothing.

What it deliberately does not do: share its memory of who is dead with other processes, mint tokens, or hold a
stream back. Looking up a host name is not bounded by our times; the operating system's resolver has its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..gateway.routes import TargetRoute
from .contract_file import read_contract
from .credentials import AsyncCredential, Credential, CredentialError
from .journey import Attempt, Failover
from .library import httpx
from .settings import ClientSettings
from .streams import EndWatch

__all__ = ["AsyncFailoverTransport", "FailoverTransport"]

_COMPRESSED = "the stream came compressed, which was not asked for, so its end cannot be watched"
_LIMITS = httpx.Limits(max_connections=1000, max_keepalive_connections=100)


class FailoverTransport(httpx.BaseTransport):
    """For `httpx.Client`. Safe to use from several threads, as the client is."""

    def __init__(
        self, core: Failover, connect: Callable[[TargetRoute], httpx.BaseTransport] | None = None
    ) -> None:
        """Most programs use `from_contract`.

        Args:
            core: routes, credentials and settings.
            connect: makes the transport to one target, such as one with a proxy or a certificate authority
                of your own; plain `HTTPTransport` when left out. Each target has its own, so that the
                connections of one that hangs are not missing to the others.
        """
        self._core = core
        self._inner = {
            _key(target): (connect or _connect)(target)
            for endpoint in core.table.endpoints
            for target in endpoint.targets
        }

    @classmethod
    def from_contract(
        cls,
        contract: str | Path | Mapping[str, Any],
        *,
        credentials: Mapping[str, Credential],
        endpoint: str | None = None,
        settings: ClientSettings | None = None,
        connect: Callable[[TargetRoute], httpx.BaseTransport] | None = None,
        **more: Any,
    ) -> FailoverTransport:
        """From a contract and a credential per target.

        Args:
            contract: path of a JSON file, or the contract itself.
            credentials: target → key or function that gives a token; `endpoint/target` where two differ.
            endpoint: the only endpoint to serve; all of the contract when left out.
            settings: times; the gateway's defaults when left out.
            connect: see `__init__`.
            more: `on_served` (called with a `Served` after every request), `clock` and `random`.

        Raises:
            RouteError: the contract cannot be used (AP401 to AP404) or credentials are missing (AP405).
        """
        table = read_contract(contract, endpoint)
        return cls(Failover(table, credentials, settings or ClientSettings(), **more), connect)

    @property
    def counts(self) -> dict[tuple[str, str, str], int]:
        """Counters by endpoint, target and what: `served`, `fallback`, `failed`, `skipped`, `broken`."""
        return self._core.counts.read()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the targets in order. Raises what the last one's failure on the wire was."""
        _same_library(request)
        request.read()
        found = self._core.begin(request)
        if isinstance(found, httpx.Response):
            return found
        for attempt in found.attempts():
            answer = self._ask(attempt, request)
            if answer is not None:
                return answer
        raise AssertionError("the last attempt serves or raises")

    def _ask(self, attempt: Attempt, request: httpx.Request) -> httpx.Response | None:
        """None when the next target is to be asked."""
        try:
            token = self._core.credentials.of(attempt.name)
            sent = attempt.request(token, asynchronous=False)
            response = self._inner[_key(attempt.target)].handle_request(sent)
        except (httpx.TransportError, CredentialError) as error:
            _on_error(attempt, error)
            return None
        except BaseException:
            attempt.abandoned()
            raise
        if attempt.compressed(response):
            response.close()
            _on_error(attempt, httpx.RemoteProtocolError(_COMPRESSED))
            return None
        if not attempt.accept(response):
            response.close()
            return None
        stream = _Stream(response, attempt, request)
        return httpx.Response(
            response.status_code,
            headers=attempt.headers(response),
            stream=stream,
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close the connections to all targets."""
        for inner in self._inner.values():
            inner.close()


class AsyncFailoverTransport(httpx.AsyncBaseTransport):
    """For `httpx.AsyncClient`. Credentials may be asynchronous functions too."""

    def __init__(
        self, core: Failover, connect: Callable[[TargetRoute], httpx.AsyncBaseTransport] | None = None
    ) -> None:
        """As `FailoverTransport`, with asynchronous transports."""
        self._core = core
        self._inner = {
            _key(target): (connect or _aconnect)(target)
            for endpoint in core.table.endpoints
            for target in endpoint.targets
        }

    @classmethod
    def from_contract(
        cls,
        contract: str | Path | Mapping[str, Any],
        *,
        credentials: Mapping[str, AsyncCredential],
        endpoint: str | None = None,
        settings: ClientSettings | None = None,
        connect: Callable[[TargetRoute], httpx.AsyncBaseTransport] | None = None,
        **more: Any,
    ) -> AsyncFailoverTransport:
        """From a contract and a credential per target; see `FailoverTransport.from_contract`."""
        table = read_contract(contract, endpoint)
        return cls(Failover(table, credentials, settings or ClientSettings(), **more), connect)

    @property
    def counts(self) -> dict[tuple[str, str, str], int]:
        """See `FailoverTransport.counts`."""
        return self._core.counts.read()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Ask the targets in order. Raises what the last one's failure on the wire was."""
        _same_library(request)
        await request.aread()
        found = self._core.begin(request)
        if isinstance(found, httpx.Response):
            return found
        for attempt in found.attempts():
            answer = await self._ask(attempt, request)
            if answer is not None:
                return answer
        raise AssertionError("the last attempt serves or raises")

    async def _ask(self, attempt: Attempt, request: httpx.Request) -> httpx.Response | None:
        try:
            token = await self._core.credentials.aof(attempt.name)
            sent = attempt.request(token, asynchronous=True)
            response = await self._inner[_key(attempt.target)].handle_async_request(sent)
        except (httpx.TransportError, CredentialError) as error:
            _on_error(attempt, error)
            return None
        except BaseException:
            attempt.abandoned()
            raise
        if attempt.compressed(response):
            await response.aclose()
            _on_error(attempt, httpx.RemoteProtocolError(_COMPRESSED))
            return None
        if not attempt.accept(response):
            await response.aclose()
            return None
        stream = _AsyncStream(response, attempt, request)
        return httpx.Response(
            response.status_code,
            headers=attempt.headers(response),
            stream=stream,
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close the connections to all targets."""
        for inner in self._inner.values():
            await inner.aclose()


def _key(target: TargetRoute) -> tuple[str, int, bool]:
    return (target.host, target.port, target.tls)


def _connect(_target: TargetRoute) -> httpx.BaseTransport:
    return httpx.HTTPTransport(limits=_LIMITS)


def _aconnect(_target: TargetRoute) -> httpx.AsyncBaseTransport:
    return httpx.AsyncHTTPTransport(limits=_LIMITS)


def _same_library(request: httpx.Request) -> None:
    if not isinstance(request, httpx.Request):
        theirs, ours = type(request).__module__.split(".")[0], httpx.__name__
        raise TypeError(
            f"the client is made with {theirs}, this transport with {ours}: use anyport.client.httpx"
        )


def _on_error(attempt: Attempt, error: Exception) -> None:
    """Count it; raises when there is no other target to ask."""
    if isinstance(error, httpx.LocalProtocolError):
        # The request itself is wrong: no target's fault, and the next one would be sent the same.
        attempt.abandoned()
        raise error
    attempt.failed(error)
    if not attempt.last:
        return
    if isinstance(error, CredentialError):
        raise httpx.ConnectError(str(error)) from None
    raise error


class _Stream(httpx.SyncByteStream):
    """An answer's body; the end of an event stream is checked."""

    def __init__(self, response: httpx.Response, attempt: Attempt, request: httpx.Request) -> None:
        self._response, self._attempt, self._request = response, attempt, request
        self._watch: EndWatch | None = attempt.watch(response)
        self._error = attempt.error_body(response)

    def __iter__(self) -> Iterator[bytes]:
        assert isinstance(self._response.stream, httpx.SyncByteStream)
        try:
            for piece in self._response.stream:
                if self._error and self._error.feed(piece):
                    continue
                if self._error:
                    break
                if self._watch:
                    self._watch.feed(piece)
                yield piece
            if self._error:
                yield self._error.end()
            if self._watch and not self._watch.end():
                raise self._attempt.cut(self._request)
        except httpx.TransportError:
            self._attempt.broken()
            raise

    def close(self) -> None:
        self._response.close()


class _AsyncStream(httpx.AsyncByteStream):
    """The same, asynchronously."""

    def __init__(self, response: httpx.Response, attempt: Attempt, request: httpx.Request) -> None:
        self._response, self._attempt, self._request = response, attempt, request
        self._watch: EndWatch | None = attempt.watch(response)
        self._error = attempt.error_body(response)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        assert isinstance(self._response.stream, httpx.AsyncByteStream)
        try:
            async for piece in self._response.stream:
                if self._error and self._error.feed(piece):
                    continue
                if self._error:
                    break
                if self._watch:
                    self._watch.feed(piece)
                yield piece
            if self._error:
                yield self._error.end()
            if self._watch and not self._watch.end():
                raise self._attempt.cut(self._request)
        except httpx.TransportError:
            self._attempt.broken()
            raise

    async def aclose(self) -> None:
        await self._response.aclose()
