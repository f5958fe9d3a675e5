"""Time that callers and answers have: slow readers get all of it, silence is counted where it is meant, breaks are told at once."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable

import httpx2 as httpx
import pytest
from gateway_helpers import Gateway, until

BODY = b'{"model":"chat","messages":[]}'
LARGE = b'{"data":"' + b"x" * 6_000_000 + b'"}'


def read_slowly(port: int, pause: float) -> bytes:
    """The body that comes to a caller who ends its connection and pauses after the first bytes."""
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: %d\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(head % len(BODY) + BODY)
        first = connection.recv(1024)
        time.sleep(pause)
        answer = first + b"".join(iter(lambda: connection.recv(2**20), b""))
    return answer.partition(b"\r\n\r\n")[2]


def test_a_caller_that_reads_slowly_gets_all_of_a_large_answer(gateway: Gateway) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(LARGE)
    gateway.targets["a"].mode, gateway.targets["a"].raw = "raw", head + LARGE
    assert read_slowly(gateway.settings.port, 0.6) == LARGE


@pytest.mark.parametrize("fault", ["cut", "cut-close"])
def test_a_broken_stream_is_told_at_once_though_slow_readers_have_time(gateway: Gateway, fault: str) -> None:
    gateway.targets["a"].mode = fault
    sent = {"model": "chat", "messages": [], "stream": True}
    with (
        pytest.raises(httpx.RemoteProtocolError),
        httpx.stream(
            "POST", f"{gateway.url}/chat/completions", json=sent, timeout=5, trust_env=False
        ) as answer,
    ):
        answer.read()


def test_callers_keep_their_connections_after_answers(gateway: Gateway) -> None:
    with httpx.Client(trust_env=False) as client:
        for stream in (True, False, True):
            body = {"model": "chat", "messages": [], "stream": stream}
            assert client.post(f"{gateway.url}/chat/completions", json=body).status_code == 200
        admin = f"http://127.0.0.1:{gateway.settings.admin_port}/stats?filter=http.front.downstream_cx_total"
        assert client.get(admin).text.strip() == "http.front.downstream_cx_total: 1"


def test_an_answer_that_is_no_stream_has_its_own_time_whatever_silence_a_stream_may_have(
    make_gateway: Callable[..., Gateway],
) -> None:
    gateway = make_gateway(answer_seconds=5, stream_idle_seconds=0.5)
    gateway.targets["a"].mode = "slow:1.2"
    answer = gateway.ask()
    assert (answer.headers["x-served-by"], answer.headers["x-attempts"]) == ("a", "1")


def test_a_silent_stream_is_cut_by_its_own_time_whatever_other_answers_may_take(
    make_gateway: Callable[..., Gateway],
) -> None:
    gateway = make_gateway(answer_seconds=60, stream_idle_seconds=0.5)
    gateway.targets["a"].mode = "stall"
    with pytest.raises(httpx.RemoteProtocolError):
        gateway.ask(stream=True, timeout=5)


def test_the_access_log_holds_no_query_string(gateway: Gateway) -> None:
    url = f"{gateway.url}/chat/completions?api-key=hush-of-the-caller"
    assert httpx.post(url, json=json.loads(BODY), trust_env=False).status_code == 200
    log = gateway.folder / "access.log"
    until(lambda: '"status":200' in log.read_text("utf-8"))
    assert '"path":"/v1/chat/completions"' in log.read_text("utf-8")
    assert "hush-of-the-caller" not in log.read_text("utf-8")
