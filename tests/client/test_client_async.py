"""The asynchronous transport does as the other one does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import openai
import pytest
from client_helpers import COOLDOWN, KEYS, PRIVATE, Harness, contract

from anyport.client import AsyncFailoverTransport, httpx

Work = Callable[[Any], Awaitable[Any]]


@pytest.fixture
def run(harness: Harness) -> Callable[..., Any]:
    """Runs a piece of work with an asynchronous client to the harness's targets."""

    def run(work: Work, credentials: Any = None) -> Any:
        async def whole() -> Any:
            transport = AsyncFailoverTransport.from_contract(
                contract(harness.servers), credentials=credentials or KEYS, settings=harness.settings, clock=harness.clock
            )  # fmt: skip
            async with httpx.AsyncClient(transport=transport, timeout=10) as client:
                return await work(client)

        # Not asyncio.run, which leaves its thread without a current loop, and pulumi's mocks need one.
        loop = asyncio.new_event_loop()
        try:
            return loop.run_until_complete(whole())
        finally:
            loop.close()

    return run


async def ask(client: Any, **body: Any) -> Any:
    return await client.post(
        "http://anyport/v1/chat/completions", json={"model": "chat", **body}, headers=PRIVATE
    )


def test_an_error_of_a_vendor_comes_in_the_shape_of_openai(harness: Harness, run: Callable[..., Any]) -> None:
    body = b'[{"error": {"code": 400, "message": "no", "status": "INVALID_ARGUMENT"}}]'
    head = f"HTTP/1.1 400 X\r\ncontent-type: text/plain\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    harness.servers["a"].mode, harness.servers["a"].raw = "raw", head + body
    answer = run(ask)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "INVALID_ARGUMENT"
    assert answer.headers["x-served-by"] == "a"


async def stream(client: Any) -> list[str]:
    sent = {"model": "chat", "stream": True}
    async with client.stream("POST", "http://anyport/v1/chat/completions", json=sent) as answer:
        return [line.removeprefix("data: ") async for line in answer.aiter_lines() if line]


@pytest.mark.parametrize("fault", ["401", "410", "429", "503", "reset", "hang", "garbage"])
def test_a_trigger_moves_on_twice_and_then_the_dead_target_is_left_alone(
    harness: Harness, run: Callable[..., Any], fault: str
) -> None:
    harness.servers["a"].mode = fault

    async def work(client: Any) -> list[str]:
        return [(await ask(client)).headers["x-attempts"] for _ in range(4)]

    assert run(work) == ["2", "2", "1", "1"]
    assert "secret-of-the-caller" not in str(harness.servers["b"].hits)
    assert harness.hits() == [2, 4, 0]


@pytest.mark.parametrize("fault", ["cut", "cut-close", "stall", "silent-close", "no-done"])
def test_a_stream_that_ends_before_its_last_event_raises(
    harness: Harness, run: Callable[..., Any], fault: str
) -> None:
    harness.servers["a"].mode = fault
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError, httpx.ReadTimeout)):
        run(stream)
    assert harness.hits() == [1, 0, 0]


def test_a_stream_moves_on_before_its_first_byte(harness: Harness, run: Callable[..., Any]) -> None:
    harness.servers["a"].mode = "hang"
    assert run(stream)[-1] == "[DONE]"
    assert harness.hits() == [1, 1, 0]


def test_a_cancelled_trial_is_no_verdict_and_frees_its_place(
    harness: Harness, run: Callable[..., Any]
) -> None:
    async def work(client: Any) -> str:
        harness.servers["a"].mode = "503"
        await ask(client)
        await ask(client)
        harness.clock.now += COOLDOWN
        harness.servers["a"].mode = "hang"
        harness.servers["a"].take()
        trial = asyncio.create_task(ask(client))
        while not harness.servers["a"].hits:
            await asyncio.sleep(0.005)
        trial.cancel()
        with pytest.raises(asyncio.CancelledError):
            await trial
        harness.servers["a"].mode = "ok"
        return str((await ask(client)).headers["x-served-by"])

    assert run(work) == "a"


def test_tokens_may_come_from_asynchronous_functions(harness: Harness, run: Callable[..., Any]) -> None:
    async def token() -> str:
        return "minted"

    async def broken() -> str:
        raise RuntimeError("s3cret")

    assert run(ask, {**KEYS, "a": token}).headers["x-served-by"] == "a"
    assert harness.servers["a"].hits[0].headers["authorization"] == "Bearer minted"
    assert run(ask, {**KEYS, "a": broken}).headers["x-served-by"] == "b"
    harness.use(credentials={**KEYS, "a": token})
    assert harness.ask().headers["x-served-by"] == "b", "a synchronous transport cannot wait for it"


def test_all_refusing_gives_the_last_one_s_answer(harness: Harness, run: Callable[..., Any]) -> None:
    for server in harness.servers.values():
        server.mode = "503"
    assert run(ask).json()["error"]["message"] == "c says 503"


def test_the_openai_client_fails_over(harness: Harness, run: Callable[..., Any]) -> None:
    harness.servers["a"].mode = "reset"

    async def work(http: Any) -> Any:
        client = openai.AsyncOpenAI(
            base_url="http://anyport/v1", api_key="unused", http_client=http, max_retries=0
        )
        return await client.chat.completions.create(
            model="chat", messages=[{"role": "user", "content": "hi"}]
        )

    assert run(work).choices[0].message.content == "from b"
