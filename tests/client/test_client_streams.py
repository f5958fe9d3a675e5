"""Streams: a switch before the first byte; after it the truth, and never a cut that looks like an end."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest
from client_helpers import FIRST_BYTE, Harness
from hypothesis import given
from hypothesis import strategies as st

from anyport.client import httpx
from anyport.client.streams import EndWatch


@pytest.mark.parametrize("fault", ["503", "429", "401", "reset", "hang", "garbage"])
def test_a_stream_moves_on_before_its_first_byte(harness: Harness, fault: str) -> None:
    harness.servers["a"].mode = fault
    events, headers = harness.stream()
    assert events[-1] == "[DONE]"
    assert (headers["x-served-by"], headers["x-attempts"]) == ("b", "2")


@pytest.mark.parametrize("fault", ["cut", "cut-close", "stall", "silent-close", "no-done"])
def test_a_stream_that_ends_before_its_last_event_raises_and_nobody_else_is_asked(
    harness: Harness, fault: str
) -> None:
    harness.servers["a"].mode = fault
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError, httpx.ReadTimeout)) as raised:
        harness.stream()
    if fault in ("silent-close", "no-done"):
        assert isinstance(raised.value, httpx.RemoteProtocolError)
        assert "before its last event" in str(raised.value)
    assert harness.hits() == [1, 0, 0]
    assert harness.transport.counts["chat", "a", "broken"] == 1


def collect(harness: Harness, said: list[str]) -> None:
    sent = {"model": "chat", "stream": True}
    with harness.client.stream("POST", "http://anyport/v1/chat/completions", json=sent) as answer:
        for line in filter(None, answer.iter_lines()):
            said.append(json.loads(line.removeprefix("data: "))["choices"][0]["delta"]["content"])


def test_what_was_said_before_a_cut_reaches_the_caller(harness: Harness) -> None:
    harness.servers["a"].mode = "no-done"
    said: list[str] = []
    with pytest.raises(httpx.RemoteProtocolError):
        collect(harness, said)
    assert said == ["Hel", "lo"]


def test_a_slow_stream_that_goes_on_is_left_alone(harness: Harness) -> None:
    """Each pause is longer than the first-byte timeout and shorter than the idle one."""
    harness.servers["a"].mode = f"drip:{FIRST_BYTE * 1.2}"
    events, headers = harness.stream()
    assert (events[-1], headers["x-served-by"]) == ("[DONE]", "a")


def test_a_compressed_stream_cannot_be_watched_and_is_moved_on_from(harness: Harness) -> None:
    class Zipped(httpx.BaseTransport):
        def handle_request(self, request: Any) -> Any:
            del request
            kind = {"content-type": "text/event-stream", "content-encoding": "gzip"}
            return httpx.Response(200, headers=kind, stream=httpx.ByteStream(b""))

    ordinary = httpx.HTTPTransport()
    port = harness.servers["a"].port
    harness.use(connect=lambda target: Zipped() if target.port == port else ordinary)
    _, headers = harness.stream()
    assert headers["x-served-by"] == "b"


@pytest.mark.parametrize("fault", ["ok", "503"])
def test_the_openai_client_streams_to_the_end(harness: Harness, fault: str) -> None:
    harness.servers["a"].mode = fault
    with openai.OpenAI(
        base_url="http://anyport/v1", api_key="unused", http_client=harness.client, max_retries=0
    ) as client:
        stream = client.chat.completions.create(
            model="chat", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
    assert text == ("Hello from a" if fault == "ok" else "Hello from b")


@pytest.mark.parametrize("fault", ["no-done", "silent-close", "cut"])
def test_the_openai_client_raises_on_a_cut_stream(harness: Harness, fault: str) -> None:
    harness.servers["a"].mode = fault
    with openai.OpenAI(
        base_url="http://anyport/v1", api_key="unused", http_client=harness.client, max_retries=0
    ) as client:
        stream = client.chat.completions.create(
            model="chat", messages=[{"role": "user", "content": "hi"}], stream=True
        )
        with pytest.raises((openai.APIError, httpx.TransportError)):
            for _ in stream:
                pass


CHAT = [b"data: {}\n\n", b"data: [DONE]\n\n"]


@given(st.lists(st.integers(0, 40), max_size=6), st.sampled_from([b"\n", b"\r\n", b"\r"]))
def test_the_last_event_is_found_wherever_the_pieces_are_cut(cuts: list[int], ending: bytes) -> None:
    text = b"".join(CHAT).replace(b"\n", ending)
    watch, start = EndWatch("chat_completions"), 0
    for cut in [*sorted(cuts), len(text)]:
        watch.feed(text[start:cut])
        start = max(start, cut)
    assert watch.end()


@pytest.mark.parametrize(
    "text",
    [
        b'data: {"content":"data: [DONE]"}\n\n',
        b'data: {"content":"x\\ndata: [DONE]\\n"}\n\n',
        b"data: " + b"x" * 60 + b"data: [DONE]\n\n",
        b"",
        b"data: [DON",
    ],
)
def test_a_last_event_that_is_only_quoted_is_none(text: bytes) -> None:
    watch = EndWatch("chat_completions")
    for place in range(len(text)):
        watch.feed(text[place : place + 1])
    assert not watch.end()


@pytest.mark.parametrize("name", ["response.completed", "response.failed", "response.incomplete", "error"])
def test_the_responses_api_has_ends_of_its_own(name: str) -> None:
    watch = EndWatch("responses")
    watch.feed(b"event: response.created\ndata: {}\n\n")
    assert not watch.end()
    watch.feed(f"event: {name}\n".encode())
    assert watch.end()
    assert EndWatch("embeddings").end()
