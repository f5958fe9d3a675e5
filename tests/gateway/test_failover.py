"""The guarantee on the real Envoy: what moves a request on, what it costs, who is left alone, who comes back."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from gateway_helpers import COOLDOWN, Gateway, until

TRIGGERS = [
    "401",
    "403",
    "404",
    "408",
    "410",
    "429",
    "429:retry-after: 2",
    "500",
    "503",
    "529",
    "599",
    "reset",
    "hang",
    "garbage",
]


def test_a_request_reaches_the_first_target_in_that_target_s_own_form(gateway: Gateway) -> None:
    answer = gateway.ask(metadata={"model": "not this one"}, stop=['"model":"nor this"'])
    assert answer.status_code == 200
    assert (answer.headers["x-served-by"], answer.headers["x-attempts"]) == ("a", "1")
    [hit] = gateway.targets["a"].hits
    assert hit.path == "/base/a/v1/chat/completions"
    assert hit.json["model"] == "model-of-a"
    assert hit.json["metadata"] == {"model": "not this one"}
    assert hit.json["stop"] == ['"model":"nor this"']
    assert hit.headers["host"] == "a.example.test"
    assert hit.headers["authorization"] == "Bearer token-of-a"
    assert not [name for name in hit.headers if name.startswith(("x-anyport", "x-envoy", "x-forwarded"))]


@pytest.mark.parametrize("fault", TRIGGERS)
def test_a_trigger_moves_on_at_most_twice_and_then_the_dead_target_is_left_alone(
    gateway: Gateway, fault: str
) -> None:
    gateway.targets["a"].mode = fault
    for number in range(5):
        answer = gateway.ask()
        assert answer.status_code == 200
        assert answer.headers["x-served-by"] == "b"
        assert answer.headers["x-attempts"] == ("2" if number < 2 else "1")
    assert gateway.targets["a"].take() == 2


@pytest.mark.parametrize("status", ["400", "402", "409", "413", "422"])
def test_any_other_refusal_is_the_caller_s_own(gateway: Gateway, status: str) -> None:
    gateway.targets["a"].mode = status
    for _ in range(3):
        answer = gateway.ask()
        assert answer.status_code == int(status)
        assert answer.headers["x-served-by"] == "a"
    assert gateway.targets["a"].take() == 3
    assert gateway.targets["b"].take() == 0


def test_two_dead_targets_are_each_asked_once_per_request_and_then_left_alone(gateway: Gateway) -> None:
    for name in "ab":
        gateway.targets[name].mode = "503"
    served = [gateway.ask().headers for _ in range(6)]
    assert [headers["x-served-by"] for headers in served] == ["c"] * 6
    assert [headers["x-attempts"] for headers in served] == ["3", "3", "1", "1", "1", "1"]
    assert (gateway.targets["a"].take(), gateway.targets["b"].take()) == (2, 2)


def test_with_one_left_alone_and_the_next_failing_none_is_asked_twice(gateway: Gateway) -> None:
    gateway.targets["a"].mode = "503"
    for _ in range(2):
        gateway.ask()
    gateway.targets["a"].take()
    gateway.targets["b"].take()
    gateway.targets["b"].mode = "500"
    answer = gateway.ask()
    assert (answer.headers["x-served-by"], answer.headers["x-attempts"]) == ("c", "2")
    assert (gateway.targets["a"].take(), gateway.targets["b"].take()) == (0, 1)


def test_the_last_target_is_always_tried_and_its_own_answer_is_given(gateway: Gateway) -> None:
    for target in gateway.targets.values():
        target.mode = "503"
    answers = [gateway.ask() for _ in range(6)]
    assert [answer.status_code for answer in answers] == [503] * 6
    assert all(answer.json()["error"]["message"] == "c says 503" for answer in answers)
    assert [gateway.targets[name].take() for name in "abc"] == [2, 2, 6]


def test_all_hanging_ends_as_a_timeout_of_the_last(gateway: Gateway) -> None:
    for target in gateway.targets.values():
        target.mode = "hang"
    answer = gateway.ask()
    assert answer.status_code == 504
    assert answer.json()["error"]["code"] == "first_byte_timeout"
    assert answer.headers["x-attempts"] == "3"


def test_a_target_comes_back_by_one_trial_at_a_time(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway(first_byte_seconds=60, answer_seconds=60)
    first, served = gateway.targets["a"], []
    first.mode = "503"
    for _ in range(2):
        gateway.ask()
    first.take()
    first.mode = "hold"
    enough = threading.Event()
    with ThreadPoolExecutor(6) as pool:
        asking = [pool.submit(ask_until, enough, gateway, served) for _ in range(6)]
        try:
            until(lambda: len(first.hits) > 0)
            seen = len(served)
            until(lambda: len(served) >= seen + 20)
            assert len(first.hits) == 1, "one trial, while everybody else is served by the fallback"
            first.mode = "ok"
            first.release()
            until(lambda: "a" in served)
        finally:
            enough.set()
        for each in asking:
            each.result()
    assert set(served) == {"a", "b"}
    assert gateway.ask().headers["x-served-by"] == "a"


@pytest.mark.parametrize("last", ["dead", "not asked lately"])
def test_a_target_on_trial_serves_everybody_while_none_after_it_is_known_to_be_well(
    make_gateway: Callable[..., Gateway], last: str
) -> None:
    """First and last broken, the second coming back: its one trial must not send the others to the broken last."""
    gateway = make_gateway(first_byte_seconds=60, answer_seconds=60)
    for target in gateway.targets.values():
        target.mode = "503"
    third = gateway.targets["c"]
    third.mode = "503" if last == "dead" else "ok"
    for _ in range(2):
        gateway.ask()
    second = gateway.targets["b"]
    second.take()
    second.mode = "hold"
    with ThreadPoolExecutor(1) as pool:
        trial = pool.submit(ask_while, lambda: not second.hits, gateway)
        until(lambda: bool(second.hits))
        if last != "dead":
            assert gateway.ask(timeout=90).headers["x-served-by"] == "c", "known to be well"
            time.sleep(COOLDOWN + 0.1)  # what was known of it is over then; the trial goes on
        third.mode = "503"
        third.take()
        second.mode = "ok"
        answers = [gateway.ask(timeout=90) for _ in range(5)]
        second.release()
        trial.result()
    assert [(answer.status_code, answer.headers["x-served-by"]) for answer in answers] == [(200, "b")] * 5
    assert third.take() == 0


def ask_while(wanted: Callable[[], bool], gateway: Gateway) -> None:
    while wanted():
        gateway.ask(timeout=90)


@pytest.mark.parametrize("status", ["503", "429"])
def test_an_error_whose_body_never_comes_holds_nobody_up(
    make_gateway: Callable[..., Gateway], status: str
) -> None:
    gateway = make_gateway(first_byte_seconds=60, answer_seconds=60)
    first = gateway.targets["a"]
    first.mode, first.raw = "raw", f"HTTP/1.1 {status} X\r\ncontent-length: 100\r\n\r\n".encode()
    assert gateway.ask(timeout=5).headers["x-served-by"] == "b"


def ask_until(enough: threading.Event, gateway: Gateway, served: list[str]) -> None:
    while not enough.is_set():
        served.append(gateway.ask(timeout=90).headers["x-served-by"])


def test_a_trial_that_fails_begins_a_new_cool_down_of_the_same_length(gateway: Gateway) -> None:
    gateway.targets["a"].mode = "503"
    for _ in range(2):
        gateway.ask()
    for _ in range(3):
        gateway.targets["a"].take()
        until(lambda: bool(gateway.ask() and gateway.targets["a"].hits), 2 * COOLDOWN)
        assert gateway.targets["a"].take() == 1
    gateway.targets["a"].mode = "ok"
    until(lambda: gateway.ask().headers["x-served-by"] == "a", 2 * COOLDOWN)


def test_a_prompt_of_three_megabytes_fails_over_whole(gateway: Gateway) -> None:
    gateway.targets["a"].mode = "503"
    text = 'x"\\n€' * 500_000
    answer = gateway.ask(messages=[{"role": "user", "content": text}])
    assert answer.headers["x-served-by"] == "b"
    assert gateway.targets["b"].hits[0].json["messages"][0]["content"] == text
