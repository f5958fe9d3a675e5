"""Puts questions: to the clouds, or to a folder of saved answers. Each question once in a run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from typing import Protocol, Self
from urllib.parse import urlsplit

from .clouds import MODULES, SCOPES
from .credentials import chain, token_of
from .failure import LiveError, failed
from .http import Reader
from .paging import cut, listing
from .questions import Answer, Question

__all__ = ["Access", "Asker", "LiveAsker", "address_fault"]

_HERE = ("localhost", "127.0.0.1", "::1")


class Asker(Protocol):
    """Whatever answers questions."""

    def ask(self, question: Question) -> Answer:
        """The whole answer. Raises LiveError."""
        ...


@dataclass(frozen=True, slots=True)
class Access:
    """Other addresses and tokens than the clouds' own, by provider or by (provider, place)."""

    endpoints: Mapping[tuple[str, str], str]
    token_variables: Mapping[tuple[str, str], str]

    def endpoint(self, question: Question) -> str | None:
        """Address for a question; that of its place first."""
        return self.endpoints.get((question.provider, question.place)) or self.endpoints.get(
            (question.provider, "")
        )

    def variable(self, question: Question) -> str | None:
        """Name of the variable that holds the token."""
        key = (question.provider, question.place)
        return self.token_variables.get(key) or self.token_variables.get((question.provider, ""))


def address_fault(url: str) -> str:
    """Why an address cannot be asked; empty where it can. A token goes over TLS only, but on this machine."""
    try:
        parts = urlsplit(url)
        port_ok = parts.port is None or parts.port > 0
    except ValueError:
        return "is no address"
    if not parts.hostname or parts.scheme not in ("http", "https") or not port_ok or not url.isprintable():
        return "is no address of the form https://host"
    if parts.username or parts.password or parts.query or parts.fragment or " " in url:
        return "must be scheme, host, port and path alone"
    if parts.scheme == "http" and parts.hostname not in _HERE:
        return "would send the token in the clear; only this machine is asked by http"
    return ""


class LiveAsker:
    """Asks clouds. A question that failed fails the same way again, without being put again."""

    def __init__(self, access: Access, today: date, sleep: Callable[[float], None]) -> None:
        self._access = access
        self._today = today
        self._sleep = sleep
        self._stack = ExitStack()
        self._readers: dict[tuple[str, ...], Reader] = {}
        self._known: dict[Question, Answer | LiveError] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    @property
    def answers(self) -> tuple[Answer, ...]:
        """All answers that came, in the order of the questions."""
        return tuple(found for found in self._known.values() if isinstance(found, Answer))

    def ask(self, question: Question) -> Answer:
        """The whole answer.

        Raises:
            LiveError: AP521 something needed to ask is missing, AP523 to AP529.
        """
        if question not in self._known:
            try:
                self._known[question] = self._put(question)
            except LiveError as error:
                self._known[question] = error
        found = self._known[question]
        if isinstance(found, LiveError):
            raise found
        return found

    def _put(self, question: Question) -> Answer:
        cloud = MODULES[question.provider]
        scope = SCOPES.get(question.provider)
        needed = scope and not (question.provider == "vertex_ai" and question.what in ("models", "model"))
        if needed and not question.scope:
            raise failed("AP521", str(question), f"the {scope} is not known", fix=f"name it with --{scope}")
        asked = str(question)
        at = (self._access.endpoint(question) or cloud.base(question)).rstrip("/")
        call = cloud.first(question, at)
        dated = getattr(cloud, "dated", None)
        call = dated(question, call, self._today) if dated else call
        items = [
            cut(item, cloud.SHAPES[question.what])
            for item in listing(asked, call, cloud.read, self._reader(question))
        ]
        tidy = getattr(cloud, "tidy", None)
        found = tuple(tidy(item) for item in items) if tidy else tuple(items)
        return Answer(question, found, self._today, cloud.source(question))

    def _reader(self, question: Question) -> Reader:
        variable = self._access.variable(question)
        key = (question.provider, variable or "", question.scope if question.provider == "vertex_ai" else "")
        if key not in self._readers:
            provider = question.provider
            headers = token_of(variable, provider) if variable else chain(provider, question.scope)
            self._readers[key] = self._stack.enter_context(Reader(headers, self._sleep))
        return self._readers[key]
