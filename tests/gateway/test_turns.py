"""What is told late: verdicts of attempts begun before a target died or came back, and trials whose callers are gone."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx2 as httpx
import pytest
from gateway_helpers import Gateway, until


def served_by(gateway: Gateway) -> str:
    return str(gateway.ask().headers["x-served-by"])


def kill(gateway: Gateway) -> None:
    """Two failures, and the gateway knows."""
    gateway.targets["a"].mode = "503"
    assert [served_by(gateway) for _ in range(2)] == ["b", "b"]
    gateway.targets["a"].take()


def test_an_answer_to_what_was_asked_before_the_death_does_not_end_the_cool_down(
    make_gateway: Callable[..., Gateway],
) -> None:
    gateway = make_gateway(answer_seconds=60, cooldown_seconds=60)
    first = gateway.targets["a"]
    first.mode = "hold"
    with ThreadPoolExecutor(3) as pool:
        early = [pool.submit(gateway.ask, 30) for _ in range(3)]
        until(lambda: len(first.hits) == 3)
        kill(gateway)
        first.release()
        assert {each.result().headers["x-served-by"] for each in early} == {"a"}
    assert [served_by(gateway) for _ in range(4)] == ["b"] * 4
    assert first.take() == 0


def test_a_timeout_of_what_was_asked_before_the_recovery_kills_nobody(
    make_gateway: Callable[..., Gateway],
) -> None:
    gateway = make_gateway(answer_seconds=6, cooldown_seconds=0.5)
    first = gateway.targets["a"]
    first.mode = "hold"
    with ThreadPoolExecutor(3) as pool:
        early = [pool.submit(gateway.ask, 30) for _ in range(3)]
        until(lambda: len(first.hits) == 3)
        kill(gateway)
        first.mode = "ok"
        until(lambda: served_by(gateway) == "a")
        assert {each.result().headers["x-served-by"] for each in early} == {"b"}, "they timed out at a"
    assert [served_by(gateway) for _ in range(4)] == ["a"] * 4


def test_a_trial_whose_caller_gave_up_keeps_nobody_out_for_long(
    make_gateway: Callable[..., Gateway],
) -> None:
    gateway = make_gateway(answer_seconds=600, cooldown_seconds=0.5)
    first = gateway.targets["a"]
    kill(gateway)
    first.mode = "hold"

    def gave_up() -> bool:
        try:
            gateway.ask(timeout=0.3)
        except httpx.TimeoutException:
            return True
        threading.Event().wait(0.05)
        return False

    until(gave_up)
    assert first.hits
    first.mode = "ok"
    until(lambda: served_by(gateway) == "a")


@pytest.mark.parametrize("kind", ["application/grpc", "application/grpc+json", "application/grpc-web"])
def test_what_calls_itself_grpc_moves_on_and_hides_no_failure(gateway: Gateway, kind: str) -> None:
    """Envoy answers such a request with 200 whatever became of it."""
    sent = {
        "url": f"{gateway.url}/chat/completions",
        "content": b'{"model":"chat","messages":[]}',
        "timeout": 10,
    }
    first = gateway.targets["a"]
    first.mode = "hang"
    for _ in range(2):
        answer = httpx.post(**sent, headers={"content-type": kind}, trust_env=False)
        assert (answer.status_code, answer.headers["x-served-by"], answer.headers["x-attempts"]) == (
            200,
            "b",
            "2",
        )
        assert answer.json()["choices"]
    first.take()
    assert served_by(gateway) == "b"
    assert first.take() == 0, "it is known to be dead"
