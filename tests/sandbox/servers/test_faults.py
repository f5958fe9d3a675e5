"""A target broken on demand while it runs, seen through the official client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import openai
import pytest

from anyport_sandbox.servers.faults import FaultBook
from anyport_sandbox.servers.routes import Fault

from .conftest import MODELS, Client

HELLO = [{"role": "user", "content": "say hello"}]


@pytest.fixture
def book(odd_state: Path, odd: Client) -> Iterator[FaultBook]:
    book = FaultBook(odd_state)
    yield book
    book.write({})


def ask(client: openai.OpenAI, name: str = "azure") -> openai.types.chat.ChatCompletion:
    return client.chat.completions.create(model=MODELS[name], messages=HELLO)


def test_a_reset_comes_before_any_byte(odd: Client, book: FaultBook) -> None:
    book.write({"chat/azure": Fault(reset=True)})
    with pytest.raises(openai.APIConnectionError) as caught:
        ask(odd("azure"))
    assert not isinstance(caught.value, openai.APITimeoutError)
    ask(odd("oci"), "oci")


def test_a_hang_ends_by_the_callers_own_timeout(odd: Client, book: FaultBook) -> None:
    book.write({"chat/azure": Fault(hang=True)})
    with pytest.raises(openai.APITimeoutError):
        ask(odd("azure", timeout=0.4))
    book.write({})
    ask(odd("azure"))


@pytest.mark.parametrize("chunks", [0, 3])
def test_a_stream_is_cut_without_a_word(odd: Client, book: FaultBook, chunks: int) -> None:
    book.write({"chat/azure": Fault(cut_after_chunks=chunks)})
    stream = odd("azure").chat.completions.create(model=MODELS["azure"], messages=HELLO, stream=True)
    seen: list[str | None] = []
    with pytest.raises((openai.APIConnectionError, httpx2.TransportError)):
        seen.extend(chunk.choices[0].finish_reason for chunk in stream)
    assert seen == [None] * chunks
    ask(odd("azure"))


def test_it_fails_so_many_times_and_recovers(odd: Client, book: FaultBook) -> None:
    book.write({"chat/azure": Fault(status=503, times=2)})
    for _ in range(2):
        with pytest.raises(openai.InternalServerError):
            ask(odd("azure"))
    ask(odd("azure"))
    book.write({"chat/azure": Fault(status=503, times=1, retry_after_seconds=0)})
    ask(odd("azure", max_retries=1))


def test_the_content_filter_refuses_a_prompt_or_ends_an_answer(odd: Client, book: FaultBook) -> None:
    book.write({"chat/azure": Fault(content_filter="prompt"), "chat/oci": Fault(content_filter="prompt")})
    with pytest.raises(openai.BadRequestError) as caught:
        ask(odd("azure"))
    assert (caught.value.code, caught.value.param) == ("content_filter", "prompt")
    assert caught.value.response.json()["error"]["innererror"]["code"] == "ResponsibleAIPolicyViolation"
    ask(odd("oci"), "oci")
    book.write({"chat/azure": Fault(content_filter="answer")})
    assert ask(odd("azure")).choices[0].finish_reason == "content_filter"
    said = odd("azure").responses.create(model=MODELS["azure"], input="say hello")
    assert said.incomplete_details is not None
    assert said.incomplete_details.reason == "content_filter"
