"""What is on the wire is what the caller wrote: bytes of headers, digits of numbers, times of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from client_helpers import KEYS, Harness, contract

from anyport.client import FailoverTransport, httpx
from anyport.gateway.routes import RouteError


@pytest.mark.parametrize("value", ["é".encode(), b"\xff", b"plain"])
def test_a_header_may_have_any_bytes(harness: Harness, value: bytes) -> None:
    sent: list[list[tuple[bytes, bytes]]] = []

    class Seen(httpx.BaseTransport):
        def handle_request(self, request: Any) -> Any:
            sent.append(request.headers.raw)
            return httpx.Response(200, json={})

    harness.use(connect=lambda _target: Seen())
    answer = harness.client.post(
        "http://anyport/v1/chat/completions", json={"model": "chat"}, headers=[(b"x-note", value)]
    )
    assert answer.status_code == 200
    assert (b"x-note", value) in sent[0]


@pytest.mark.parametrize(
    "name", ["ocp-apim-subscription-key", "x-functions-key", "x-access-key", "x-subscription-key", "apikey",
             "x-envoy-max-retries", "x-amz-security-token", "x-key"],
)  # fmt: skip
def test_keys_by_any_of_their_names_stay_here(harness: Harness, name: str) -> None:
    harness.ask(headers={name: "9"})
    assert name not in harness.servers["a"].hits[0].headers


@pytest.mark.parametrize(
    "number", [b"1e999", b"-0", b"1.00000000000000000000001", b"12345678901234567890123456789", b"9" * 5000]
)
def test_a_number_keeps_every_digit(harness: Harness, number: bytes) -> None:
    harness.servers["a"].mode = "raw"
    harness.servers["a"].raw = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
    content = b' {"x" : ' + number + b', "model":"chat", "model_" : "chat"}\n'
    assert harness.client.post("http://x/v1/chat/completions", content=content).status_code == 200
    [hit] = harness.servers["a"].hits
    assert hit.body == content.replace(b'"model":"chat"', b'"model":"model-of-a"')


@pytest.mark.parametrize("content", [b'{"model":5}', b'{"model":1e999}'])
def test_a_number_is_no_model(harness: Harness, content: bytes) -> None:
    answer = harness.client.post("http://x/v1/chat/completions", content=content)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "model_missing")


def test_a_caller_s_own_shorter_times_count_for_every_step(harness: Harness) -> None:
    seen: list[dict[str, float]] = []

    class Seen(httpx.BaseTransport):
        def handle_request(self, request: Any) -> Any:
            seen.append(dict(request.extensions["timeout"]))
            return httpx.Response(200, json={})

    harness.use(connect=lambda _target: Seen())
    for own in (
        httpx.Timeout(0.3, connect=0.1, write=0.2, pool=0.15),
        httpx.Timeout(30, connect=20),
        httpx.Timeout(None),
    ):
        harness.client.post("http://x/v1/chat/completions", json={"model": "chat"}, timeout=own)
    short, long, none = [{step: round(time, 2) for step, time in times.items()} for times in seen]
    assert short == {"connect": 0.1, "read": 0.3, "write": 0.2, "pool": 0.15}
    assert long == none == dict.fromkeys(("connect", "read", "write", "pool"), 0.4)


def test_a_content_type_in_any_case_is_a_stream_whose_end_is_watched(harness: Harness) -> None:
    piece = b'data: {"choices":[]}\n\n'
    harness.servers["a"].raw = (
        b"HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream\r\ntransfer-encoding: chunked\r\n\r\n"
        + b"%x\r\n%s\r\n0\r\n\r\n" % (len(piece), piece)
    )
    harness.servers["a"].mode = "raw"
    with pytest.raises(httpx.RemoteProtocolError, match="before its last event"):
        harness.stream()


def test_a_contract_nested_without_end_is_refused(harness: Harness, tmp_path: Path) -> None:
    file = tmp_path / "contract.json"
    file.write_text("[" * 200_000, "utf-8")
    for given in (file, {"endpoints": "[" * 200_000}):
        with pytest.raises(RouteError, match="AP401"):
            FailoverTransport.from_contract(given, credentials=KEYS)


def test_two_targets_of_one_name_are_refused(harness: Harness) -> None:
    given = contract(harness.servers, None, b={"target": "a"})
    with pytest.raises(RouteError, match="is there twice"):
        FailoverTransport.from_contract(given, credentials=KEYS)
