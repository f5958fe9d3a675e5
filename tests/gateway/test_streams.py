"""Streams: a switch before the first byte; after it the truth, and never a cut that looks like an end."""

from __future__ import annotations

import json
from collections.abc import Callable

import httpx2 as httpx
import openai
import pytest
from gateway_helpers import FIRST_BYTE, Gateway


def streamed(gateway: Gateway, **body: object) -> tuple[list[str], httpx.Headers]:
    """The data of every event, and the headers. Raises what the HTTP client raises for a broken transfer."""
    sent = {"model": "chat", "messages": [], "stream": True, **body}
    with httpx.stream(
        "POST", f"{gateway.url}/chat/completions", json=sent, timeout=10, trust_env=False
    ) as answer:
        events = [line.removeprefix("data: ") for line in answer.iter_lines() if line]
    return events, answer.headers


@pytest.mark.parametrize("fault", ["503", "429", "401", "reset", "hang", "garbage"])
def test_a_stream_moves_on_before_its_first_byte(gateway: Gateway, fault: str) -> None:
    gateway.targets["a"].mode = fault
    events, headers = streamed(gateway)
    assert events[-1] == "[DONE]"
    assert (headers["x-served-by"], headers["x-attempts"]) == ("b", "2")


@pytest.mark.parametrize("fault", ["cut", "cut-close", "stall"])
def test_a_stream_that_breaks_after_its_first_byte_is_reported_as_broken(
    make_gateway: Callable[..., Gateway], fault: str
) -> None:
    gateway = make_gateway(stream_idle_seconds=0.5 if fault == "stall" else 30)
    gateway.targets["a"].mode = fault
    with pytest.raises(httpx.RemoteProtocolError):
        streamed(gateway)
    assert gateway.targets["b"].take() == 0


@pytest.mark.parametrize("fault", ["silent-close", "no-done", "quoted-done"])
def test_a_stream_that_ends_in_order_without_its_last_event_gets_an_error_event(
    gateway: Gateway, fault: str
) -> None:
    gateway.targets["a"].mode = fault
    events, _ = streamed(gateway)
    assert "[DONE]" not in events
    assert json.loads(events[-1])["error"]["code"] == "stream_cut"


def test_the_openai_client_raises_on_a_cut_stream(gateway: Gateway) -> None:
    gateway.targets["a"].mode = "no-done"
    http = openai.DefaultHttpxClient(trust_env=False)
    with openai.OpenAI(base_url=gateway.url, api_key="x", http_client=http, max_retries=0) as client:
        stream = client.chat.completions.create(
            model="chat", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        with pytest.raises(openai.APIError, match="ended the stream"):
            for _ in stream:
                pass


def test_a_slow_stream_that_goes_on_is_left_alone(gateway: Gateway) -> None:
    """Each pause is longer than the first-byte timeout and shorter than the idle one."""
    gateway.targets["a"].mode = f"drip:{FIRST_BYTE * 1.2}"
    events, headers = streamed(gateway)
    assert events[-1] == "[DONE]"
    assert headers["x-served-by"] == "a"


def test_what_was_said_before_a_cut_reaches_the_caller(gateway: Gateway) -> None:
    gateway.targets["a"].mode = "no-done"
    events, _ = streamed(gateway)
    said = [json.loads(event)["choices"][0]["delta"]["content"] for event in events[:-1]]
    assert said == ["Hel", "lo"]


EVENTS = b'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n'
DONE = b"data: [DONE]\n\n"


def told(gateway: Gateway, head: bytes, body: bytes) -> list[str]:
    """The events that a caller gets of an answer sent as it is."""
    gateway.targets["a"].mode = "raw"
    gateway.targets["a"].raw = b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body
    return streamed(gateway)[0]


@pytest.mark.parametrize("body", [EVENTS, b"", EVENTS + EVENTS], ids=["one event", "nothing", "two events"])
@pytest.mark.parametrize("kind", ["text/event-stream", "Text/Event-Stream; charset=utf-8"])
def test_a_stream_of_a_said_length_is_no_way_around(gateway: Gateway, kind: str, body: bytes) -> None:
    head = f"content-type: {kind}\r\ncontent-length: {len(body)}".encode()
    assert json.loads(told(gateway, head, body)[-1])["error"]["code"] == "stream_cut"


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n"], ids=["CR", "LF", "CRLF"])
def test_a_whole_stream_of_a_said_length_is_left_whole(gateway: Gateway, end: bytes) -> None:
    body = (EVENTS + DONE).replace(b"\n", end)
    head = f"content-type: text/event-stream\r\ncontent-length: {len(body)}".encode()
    assert told(gateway, head, body)[-1] == "[DONE]"
