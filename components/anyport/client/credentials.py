"""A credential per target: a key, or something to call for a token each time. Never shown, never logged.

This module mints nothing: `azure.identity.get_bearer_token_provider(…)` or Google's `credentials.token` after a
refresh are what to pass for `entra` and `google_oauth`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Mapping

from ..errors import Problem
from ..gateway.private_headers import is_private
from ..gateway.routes import RouteError, RouteTable

__all__ = ["AsyncCredential", "Credential", "CredentialError", "Credentials", "forwarded"]

Credential = str | Callable[[], str]
"""A key without `Bearer`, or a function that gives one. The function is called for every attempt and must
remember its token by itself."""
AsyncCredential = Credential | Callable[[], Awaitable[str]]

_GATEWAYS = ("x-anyport-", "x-envoy-")
_OURS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class CredentialError(Exception):
    """A target's credential cannot be had. Says whose and why, never what."""


class Credentials:
    """All credentials of a transport, by endpoint and target."""

    def __init__(self, given: Mapping[str, AsyncCredential], table: RouteTable) -> None:
        """Take them by `target`, or by `endpoint/target` where endpoints need different ones.

        Raises:
            RouteError: AP405 for every target without one.
        """
        self._by_name: dict[str, AsyncCredential] = {}
        problems = []
        for endpoint in table.endpoints:
            for target in endpoint.targets:
                name = f"{endpoint.name}/{target.name}"
                key = name if name in given else target.name
                if key not in given:
                    problems.append(
                        Problem("AP405", f"credentials.{name}", "there is no credential for this target",
                                fix=f'pass credentials={{"{target.name}": …}}', file="client")
                    )  # fmt: skip
                    continue
                self._by_name[name] = given[key]
        if problems:
            raise RouteError(problems)

    def __repr__(self) -> str:
        """Names only."""
        return f"Credentials({', '.join(sorted(self._by_name))})"

    def of(self, name: str) -> str:
        """The credential now, for the Authorization header.

        Raises:
            CredentialError: it cannot be had.
        """
        value = self._ask(name)
        if inspect.isawaitable(value):
            if inspect.iscoroutine(value):
                value.close()
            raise CredentialError(f"{name}: the credential is asynchronous; use AsyncFailoverTransport")
        return _checked(name, value)

    async def aof(self, name: str) -> str:
        """The same for functions that may be asynchronous."""
        value = self._ask(name)
        if inspect.isawaitable(value):
            try:
                value = await value
            except Exception as error:  # noqa: BLE001  # whatever a caller's function raises, the target is not usable
                raise CredentialError(f"{name}: its credential failed: {type(error).__name__}") from None
        return _checked(name, value)

    def _ask(self, name: str) -> object:
        given = self._by_name[name]
        if isinstance(given, str):
            return given
        try:
            return given()
        except Exception as error:  # noqa: BLE001  # as above; its text may hold what must not be told
            raise CredentialError(f"{name}: its credential failed: {type(error).__name__}") from None


def _checked(name: str, value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"[\x21-\x7e]+", value):
        raise CredentialError(f"{name}: its credential is not one line of visible ASCII characters")
    return value


def forwarded(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The caller's headers that a target may see: nothing that could be a secret, a cookie or a word of ours.

    As bytes, which a value may have any of.
    """
    return [(name, value) for name, value in headers if _may_pass(name.decode("latin-1").lower())]


def _may_pass(name: str) -> bool:
    return name not in _OURS and not name.startswith(_GATEWAYS) and not is_private(name)
