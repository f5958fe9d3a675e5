"""The guarantee inside a client: the very cases that the gateway is held to on the real Envoy."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from client_helpers import COOLDOWN, KEYS, PRIVATE, Harness, contract

from anyport.client import ClientSettings, httpx
from anyport.gateway.settings import GatewaySettings

TRIGGERS = [
    "401", "403", "404", "408", "410", "429", "429:retry-after: 2", "500", "503", "529", "599", "reset", "hang",
    "garbage",
]  # fmt: skip


def test_a_request_reaches_the_first_target_in_that_target_s_own_form(harness: Harness) -> None:
    answer = harness.ask(metadata={"model": "not this one"}, stop=['"model":"nor this"'], seed=2**60)
    assert (answer.headers["x-served-by"], answer.headers["x-attempts"]) == ("a", "1")
    [hit] = harness.servers["a"].hits
    assert hit.path == "/base/a/v1/chat/completions"
    assert hit.json["model"] == "model-of-a"
    assert hit.json["metadata"] == {"model": "not this one"}
    assert hit.json["stop"] == ['"model":"nor this"']
    assert hit.json["seed"] == 2**60
    assert hit.headers["host"].startswith("127.0.0.1:")
    assert hit.headers["authorization"] == "Bearer key-of-a"
    assert hit.headers["accept-encoding"] == "identity"


def test_no_secret_of_the_caller_reaches_a_target(harness: Harness) -> None:
    harness.servers["a"].mode = "503"
    harness.ask(headers={**PRIVATE, "x-request-id": "kept"})
    for name in "ab":
        [hit] = harness.servers[name].hits
        assert "secret-of-the-caller" not in str(hit.headers)
        assert "x-anyport-route" not in hit.headers
        assert hit.headers["authorization"] == f"Bearer key-of-{name}"
        assert hit.headers["x-request-id"] == "kept"


@pytest.mark.parametrize("fault", TRIGGERS)
def test_a_trigger_moves_on_at_most_twice_and_then_the_dead_target_is_left_alone(
    harness: Harness, fault: str
) -> None:
    harness.servers["a"].mode = fault
    for number in range(5):
        answer = harness.ask()
        assert answer.status_code == 200
        assert answer.headers["x-served-by"] == "b"
        assert answer.headers["x-attempts"] == ("2" if number < 2 else "1")
    assert harness.hits() == [2, 5, 0]
    assert harness.transport.counts == {
        ("chat", "a", "failed"): 2,
        ("chat", "a", "skipped"): 3,
        ("chat", "b", "served"): 5,
        ("chat", "b", "fallback"): 5,
    }


@pytest.mark.parametrize("status", ["400", "402", "409", "413", "422"])
def test_any_other_refusal_is_the_caller_s_own(harness: Harness, status: str) -> None:
    harness.servers["a"].mode = status
    for _ in range(3):
        answer = harness.ask()
        assert (answer.status_code, answer.headers["x-served-by"]) == (int(status), "a")
    assert harness.hits() == [3, 0, 0]


def test_a_target_that_refuses_connections_is_moved_on_from(harness: Harness) -> None:
    gone = contract(harness.servers, a={"base_url": "http://127.0.0.1:9/v1"})
    harness.use(gone)
    assert [harness.ask().headers["x-attempts"] for _ in range(3)] == ["2", "2", "1"]


def test_two_dead_targets_are_each_asked_once_per_request_and_then_left_alone(harness: Harness) -> None:
    for name in "ab":
        harness.servers[name].mode = "503"
    served = [harness.ask().headers for _ in range(6)]
    assert [headers["x-served-by"] for headers in served] == ["c"] * 6
    assert [headers["x-attempts"] for headers in served] == ["3", "3", "1", "1", "1", "1"]
    assert harness.hits() == [2, 2, 6]


def test_with_one_left_alone_and_the_next_failing_none_is_asked_twice(harness: Harness) -> None:
    harness.servers["a"].mode = "503"
    harness.ask()
    harness.ask()
    harness.hits()
    harness.servers["b"].mode = "500"
    answer = harness.ask()
    assert (answer.headers["x-served-by"], answer.headers["x-attempts"]) == ("c", "2")
    assert harness.hits() == [0, 1, 1]


def test_the_last_target_is_always_tried_and_its_own_answer_is_given(harness: Harness) -> None:
    for server in harness.servers.values():
        server.mode = "503"
    answers = [harness.ask() for _ in range(6)]
    assert {(answer.status_code, answer.json()["error"]["message"]) for answer in answers} == {
        (503, "c says 503")
    }
    assert harness.hits() == [2, 2, 6]


def test_all_hanging_ends_as_a_timeout_of_the_last_within_the_sum(harness: Harness) -> None:
    for server in harness.servers.values():
        server.mode = "hang"
    with pytest.raises(httpx.ReadTimeout) as raised:
        harness.ask()
    assert raised.value.request.url.host == "anyport"
    assert [(each.target, each.outcome) for each in harness.served[0].tried] == [
        ("a", "ReadTimeout"), ("b", "ReadTimeout"), ("c", "ReadTimeout"),
    ]  # fmt: skip
    assert harness.served[0].target is None


def test_connecting_and_sending_use_up_the_time_for_the_first_byte(harness: Harness) -> None:
    """The time left is handed to every step, so that their sum is bounded and not each of them."""
    seen: list[dict[str, float]] = []

    class Slow(httpx.BaseTransport):
        def handle_request(self, request: Any) -> Any:
            for event in ("connection.connect_tcp.complete", "http11.send_request_body.complete"):
                harness.clock.now += 0.15
                request.extensions["trace"](event, {})
                seen.append(dict(request.extensions["timeout"]))
            request.extensions["trace"]("http11.receive_response_headers.complete", {})
            seen.append(dict(request.extensions["timeout"]))
            return httpx.Response(200, json={})

    harness.use(connect=lambda _target: Slow())
    harness.ask()
    assert [round(each["read"], 3) for each in seen] == [0.25, 0.1, 1.0]


def test_a_caller_s_own_shorter_timeout_counts(harness: Harness) -> None:
    harness.use(settings=ClientSettings(answer_seconds=60, cooldown_seconds=COOLDOWN))
    for server in harness.servers.values():
        server.mode = "hang"
    with pytest.raises(httpx.ReadTimeout):
        harness.client.post("http://anyport/v1/chat/completions", json={"model": "chat"}, timeout=0.1)


def test_a_target_comes_back_by_one_trial_at_a_time(harness: Harness) -> None:
    harness.use(settings=ClientSettings(cooldown_seconds=COOLDOWN))
    first = harness.servers["a"]
    first.mode = "503"
    harness.ask()
    harness.ask()
    harness.clock.now += COOLDOWN - 1
    assert harness.ask().headers["x-served-by"] == "b"
    harness.clock.now += 1
    first.take()
    first.mode = "hold"
    with ThreadPoolExecutor(1) as pool:
        trial = pool.submit(harness.ask)
        while not first.hits:
            threading.Event().wait(0.005)
        assert {harness.ask().headers["x-served-by"] for _ in range(10)} == {"b"}
        assert len(first.hits) == 1
        first.mode = "ok"
        first.release()
        assert trial.result().headers["x-served-by"] in ("a", "b")
    assert harness.ask().headers["x-served-by"] == "a"


@pytest.mark.parametrize("last", ["dead", "failed once"])
def test_a_target_on_trial_serves_everybody_while_none_after_it_is_known_to_be_well(
    harness: Harness, last: str
) -> None:
    """First and last broken, the second coming back: its one trial must not send the others to the broken last."""
    harness.use(settings=ClientSettings(cooldown_seconds=COOLDOWN))
    for server in harness.servers.values():
        server.mode = "503"
    harness.servers["c"].mode = "ok" if last == "failed once" else "503"
    assert harness.ask().status_code == (200 if last == "failed once" else 503)
    harness.servers["c"].mode = "503"
    assert harness.ask().status_code == 503
    harness.clock.now += COOLDOWN
    harness.hits()
    second = harness.servers["b"]
    second.mode = "hold"
    with ThreadPoolExecutor(1) as pool:
        trial = pool.submit(harness.ask)
        while not second.hits:
            threading.Event().wait(0.005)
        assert harness.servers["c"].take() == 0
        second.mode = "ok"
        answers = [harness.ask() for _ in range(5)]
        second.release()
        trial.result()
    assert [(answer.status_code, answer.headers["x-served-by"]) for answer in answers] == [(200, "b")] * 5
    assert harness.servers["c"].take() == 0


@pytest.mark.parametrize("body", [{"tools": [{"type": "function"}]}, {}])
def test_only_targets_that_could_serve_the_request_keep_it_from_a_trial(
    harness: Harness, body: dict[str, Any]
) -> None:
    """c is well but has no tools, so a request that needs them has nothing better than b."""
    features = {"a": ["tools"], "b": ["tools"], "c": []}
    harness.use(contract(harness.servers, features), settings=ClientSettings(cooldown_seconds=COOLDOWN))
    health = harness.transport._core.health
    for name in ("chat/a", "chat/b"):
        health.failed(name, 0)
        health.failed(name, 0)
    harness.clock.now += COOLDOWN
    health.well("chat/c", 0)
    assert health.may_try("chat/a", [])
    assert health.may_try("chat/b", [])
    assert harness.ask(**body).headers["x-served-by"] == ("a" if body else "c")


def test_what_answered_longer_than_a_cool_down_ago_keeps_nobody_from_a_trial(harness: Harness) -> None:
    harness.use(settings=ClientSettings(cooldown_seconds=COOLDOWN))
    health = harness.transport._core.health
    health.well("chat/c", 0)
    health.failed("chat/a", 0)
    health.failed("chat/a", 0)
    harness.clock.now += COOLDOWN - 1
    health.well("chat/b", 0)
    harness.clock.now += 1
    assert health.may_try("chat/a", ["chat/c"])
    assert health.may_try("chat/a", ["chat/c"])
    assert not health.may_try("chat/a", ["chat/b", "chat/c"])
    health.failed("chat/b", 0)
    assert health.may_try("chat/a", ["chat/b", "chat/c"])


def test_what_an_attempt_of_an_earlier_turn_comes_to_counts_no_more(harness: Harness) -> None:
    """Neither a late timeout prolongs the cool-down, nor a late answer ends it, nor one of them kills what is well."""
    harness.use(settings=ClientSettings(cooldown_seconds=COOLDOWN))
    health = harness.transport._core.health
    assert [health.failed("chat/a", 0) for _ in range(2)] == [False, True]
    assert not health.well("chat/a", 0)
    harness.clock.now += COOLDOWN - 1
    assert not health.failed("chat/a", 0)
    assert not health.may_try("chat/a", [])
    harness.clock.now += 1
    assert health.may_try("chat/a", [])
    assert health.well("chat/a", health.turn("chat/a"))
    assert not any(health.failed("chat/a", turn) for turn in (0, 1, 0, 1))
    assert health.may_try("chat/a", [])


def test_a_trial_that_does_not_end_keeps_the_next_out_for_a_cool_down(harness: Harness) -> None:
    harness.use(settings=ClientSettings(cooldown_seconds=COOLDOWN))
    health = harness.transport._core.health
    health.failed("chat/a", 0)
    health.failed("chat/a", 0)
    harness.clock.now += COOLDOWN
    assert health.may_try("chat/a", ["chat/b"])
    health.well("chat/b", 0)
    harness.clock.now += COOLDOWN - 1
    assert not health.may_try("chat/a", ["chat/b"])
    harness.clock.now += 1
    assert health.may_try("chat/a", ["chat/b"])


def test_a_trial_that_fails_begins_a_new_cool_down_of_the_same_length(harness: Harness) -> None:
    harness.servers["a"].mode = "503"
    harness.ask()
    harness.ask()
    for _ in range(3):
        harness.hits()
        harness.clock.now += COOLDOWN - 1
        harness.ask()
        assert harness.hits()[0] == 0
        harness.clock.now += 1
        assert harness.ask().headers["x-attempts"] == "2"
        assert harness.ask().headers["x-attempts"] == "1"
        assert harness.hits()[0] == 1


def test_many_threads_share_one_memory_of_who_is_dead(harness: Harness) -> None:
    harness.servers["a"].mode = "503"
    with ThreadPoolExecutor(8) as pool:
        served = list(pool.map(lambda _: harness.ask().headers["x-served-by"], range(80)))
    assert set(served) == {"b"}
    # Requests already on their way when the second failure came are not called back.
    assert 2 <= harness.hits()[0] <= 9


def test_a_request_given_up_by_its_caller_frees_the_trial(harness: Harness) -> None:
    stopping: list[BaseException] = []

    def token() -> str:
        if stopping:
            raise stopping.pop()
        return "key-of-a"

    harness.use(credentials={**KEYS, "a": token})
    harness.servers["a"].mode = "503"
    harness.ask()
    harness.ask()
    harness.clock.now += COOLDOWN
    stopping.append(KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        harness.ask()
    harness.servers["a"].mode = "ok"
    assert harness.ask().headers["x-served-by"] == "a"


def test_a_prompt_of_three_megabytes_fails_over_whole(harness: Harness) -> None:
    harness.use(settings=ClientSettings(cooldown_seconds=COOLDOWN))
    harness.servers["a"].mode = "503"
    text = 'x"\\n€😀' * 300_000
    answer = harness.ask(messages=[{"role": "user", "content": text}])
    assert answer.headers["x-served-by"] == "b"
    assert harness.servers["b"].hits[0].json["messages"][0]["content"] == text


def test_names_and_defaults_are_the_gateway_s() -> None:
    """One guarantee, two ways to have it."""
    ours, gateway = ClientSettings.model_fields, GatewaySettings.model_fields
    assert {name: field.default for name, field in ours.items()} == {
        name: gateway[name].default for name in ours
    }
