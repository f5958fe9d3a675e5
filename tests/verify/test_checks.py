"""Every check against a server that is right, and against one that lies about one thing: that check alone objects."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from odd_server import DIMENSIONS, KEY, WINDOW, OddServer, odd_server

from anyport.contract import Limits
from anyport.verify.asking import Settings
from anyport.verify.model import CHECKS, Row, Status, Subject
from anyport.verify.report import as_text, as_values
from anyport.verify.suite import http_client, verify

ALL = frozenset({"streaming", "tools", "json_schema"})


@pytest.fixture(scope="module")
def server() -> Iterator[OddServer]:
    with odd_server() as running:
        yield running


@pytest.fixture(scope="module")
def http() -> Iterator[Any]:
    with http_client() as made:
        yield made


def chat(server: OddServer) -> Subject:
    limits = Limits(context_window=WINDOW)
    return Subject("chat", "odd", server.url, "m", "chat", ALL, limits, KEY)


def embedding(server: OddServer) -> Subject:
    limits = Limits(embedding_dimensions=DIMENSIONS)
    return replace(chat(server), endpoint="embed", kind="embedding", features=frozenset(), limits=limits)


def ask(server: OddServer, http: Any, lie: str, subject: Subject, **more: Any) -> Row:
    server.lie = lie
    [row] = verify([subject], http, Settings(timeout_seconds=10, **more))
    return row


def found(row: Row, status: Status) -> dict[str, str]:
    return {cell.check: cell.detail for cell in row.cells if cell.status is status}


def test_a_server_that_is_right_keeps_every_promise(server: OddServer, http: Any) -> None:
    row = ask(server, http, "", chat(server))
    assert found(row, Status.OPEN).keys() == {"embeddings", "served_by"}
    assert found(row, Status.KEPT).keys() == set(CHECKS) - {"embeddings", "served_by"}
    assert row.kept
    row = ask(server, http, "", embedding(server))
    assert found(row, Status.KEPT) == {"embeddings": "vectors of 8", "usage": "", "errors": "", "auth": ""}


EVERYTHING = {"chat", "stream", "tools", "json_schema", "usage", "errors", "context"}


@pytest.mark.parametrize(
    ("lie", "broken", "says"),
    [
        ("odd finish", {"chat"}, "finish_reason is 'done'"),
        ("no choices", {"chat", "tools", "json_schema", "usage"}, "no choice with a message"),
        ("no done", {"stream"}, "does not end with [DONE]"),
        ("odd content type", {"stream"}, "text/plain"),
        ("odd chunks", {"stream"}, 'an event is no chunk: {"text": "hm"}'),
        ("no finish in streams", {"stream"}, "one finish_reason is due, got none"),
        ("calls no tool", {"tools"}, "no tool was called"),
        ("odd arguments", {"tools"}, "do not fit their schema"),
        ("breaks schemas", {"json_schema"}, "does not fit its schema"),
        ("no counts", {"usage"}, "the answer has no counts"),
        ("wrong counts", {"usage"}, "do not add up: 8 + 4 = 1"),
        ("no counts in streams", {"usage"}, "the stream has no counts"),
        ("takes any model", {"errors"}, "the name of an unknown model is answered"),
        ("blames itself", {"errors"}, "gets HTTP 500, not 400 or 422"),
        ("lets strangers in", {"auth"}, "without a key the answer is HTTP 200"),
        ("takes any key", {"auth"}, "a wrong key is let in"),
        ("cuts prompts", {"context"}, f"was cut in silence: {WINDOW} were read"),
        ("chokes on prompts", {"context"}, "gets HTTP 500, not 400"),
        ("down", EVERYTHING, "HTTP 500: "),
    ],
)
def test_a_lie_is_found_by_the_check_it_is_about(
    server: OddServer, http: Any, lie: str, broken: set[str], says: str
) -> None:
    row = ask(server, http, lie, chat(server))
    objections = found(row, Status.BROKEN)
    assert objections.keys() == broken, objections
    assert any(says in detail for detail in objections.values()), objections
    assert not row.kept


@pytest.mark.parametrize(
    ("lie", "broken", "says"),
    [
        ("shorter vectors", {"embeddings"}, "vectors of 4, promised are 8"),
        ("same vectors", {"embeddings"}, "have the same vector"),
        ("vectors out of order", {"embeddings"}, "got indices [1, 0]"),
        ("wrong counts", {"usage"}, "counts of tokens are wrong"),
    ],
)
def test_a_lie_about_vectors_is_found(
    server: OddServer, http: Any, lie: str, broken: set[str], says: str
) -> None:
    row = ask(server, http, lie, embedding(server))
    assert found(row, Status.BROKEN).keys() == broken
    assert says in " ".join(found(row, Status.BROKEN).values())


def test_what_is_not_promised_is_a_difference_and_no_failure(server: OddServer, http: Any) -> None:
    modest = replace(chat(server), features=frozenset({"streaming"}))
    row = ask(server, http, "calls no tool", modest)
    assert found(row, Status.ABSENT).keys() == {"tools"}
    assert found(row, Status.MORE).keys() == {"json_schema"}
    assert row.kept
    assert list(row.differences()) == ["chat/odd: json schema: not promised, and there"]


def test_an_error_in_a_provider_s_own_form_is_a_difference_and_at_a_gateway_a_failure(
    server: OddServer, http: Any
) -> None:
    row = ask(server, http, "other error shape", chat(server))
    assert row.kept
    assert found(row, Status.DIFFERS).keys() == {"errors", "context"}
    assert (
        'chat/odd: errors: the error of HTTP 400 has another shape: {"detail": "messages"}'
        in row.differences()
    )
    row = ask(server, http, "other error shape", replace(chat(server), targets=("a",)))
    assert found(row, Status.BROKEN).keys() == {"errors", "context", "served_by"}


def test_a_window_larger_than_promised_is_a_difference(server: OddServer, http: Any) -> None:
    row = ask(server, http, "larger window", chat(server))
    assert row.kept
    assert found(row, Status.MORE) == {"context": "took 480 tokens, promised are 400"}


def test_a_gateway_must_say_who_served(server: OddServer, http: Any) -> None:
    row = ask(server, http, "", replace(chat(server), targets=("a", "b")))
    assert found(row, Status.BROKEN) == {"served_by": "x-served-by is '', not one of a, b"}


def test_a_server_that_is_not_there_breaks_everything_promised_in_a_sentence(http: Any) -> None:
    gone = Subject("chat", "gone", "http://127.0.0.1:9/v1", "m", "chat", ALL, Limits(), KEY)
    [row] = verify([gone], http, Settings(timeout_seconds=2))
    details = found(row, Status.BROKEN)
    assert details.keys() == {"chat", "stream", "tools", "json_schema", "usage", "errors", "auth"}
    assert all("refused" in detail.lower() for detail in details.values()), details


def test_reports_show_every_cell_and_no_key(server: OddServer, http: Any) -> None:
    row = ask(server, http, "down", chat(server), skip=frozenset({"context"}))
    text, values = as_text([row]), as_values([row])
    assert KEY not in text + str(values) + repr(row)
    assert "chat/odd  NO    NO      NO     NO           n/a         NO     NO      yes   skipped  n/a" in text
    assert text.endswith("1 promises kept, 6 broken, by 1 asked. Not checked, as asked: context.\n")
    assert values["kept"] is False
    assert [cell["check"] for cell in values["rows"][0]["checks"]] == list(CHECKS)
    assert "chat/odd: chat: promised, and broken: HTTP 500: " in "\n".join(values["differences"])
