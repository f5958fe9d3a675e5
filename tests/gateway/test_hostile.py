"""Requests of strangers: none crashes the gateway, reaches a target it should not, or forges a word of ours."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable
from contextlib import ExitStack

import httpx2 as httpx
import pytest
from gateway_helpers import Gateway, contract, until


def post(gateway: Gateway, content: bytes, path: str = "/chat/completions", **headers: str) -> httpx.Response:
    named = {"content-type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return httpx.post(f"{gateway.url}{path}", content=content, headers=named, timeout=10, trust_env=False)


def no_one_was_asked(gateway: Gateway) -> bool:
    return not any(target.take() for target in gateway.targets.values())


BODY = b'{"model":"chat","messages":[]}'


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "invalid_json"),
        (b"[]", "invalid_json"),
        (b"null", "invalid_json"),
        (b'{"model":"chat"', "invalid_json"),
        (b'{"model":"chat"}{"model":"other"}', "invalid_json"),
        (b'{"model":"chat","model":"other"}', "invalid_json"),
        (b'{"model":"chat","mod\\u0065l":"other"}', "invalid_json"),
        (b'{"model":"chat",}', "invalid_json"),
        (b"{" * 100_000, "invalid_json"),
        (b"\xff\xfe{\x00", "invalid_json"),
        (b'{"model":"chat","messages":"\xff"}', "invalid_json"),
        (b'{"model":"chat","messages":"\xed\xa0\x80"}', "invalid_json"),
        (b'{"model":"chat","messages":"\xc0\xaf"}', "invalid_json"),
        (b'{"model":"chat","messages":"cut \xe2\x82"}', "invalid_json"),
        (b'{"messages":[]}', "model_missing"),
        (b'{"model":["chat"]}', "model_missing"),
        (b'{"model":"cha"}', "model_not_found"),
        (b'{"model":"chat/0,1"}', "model_not_found"),
        (b'{"nested":{"model":"chat"}}', "model_missing"),
    ],
)
def test_a_body_that_cannot_be_routed_is_refused_in_the_client_s_own_shape(
    gateway: Gateway, content: bytes, code: str
) -> None:
    answer = post(gateway, content)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["code"] == code
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert no_one_was_asked(gateway)


def test_a_value_may_hold_anything(gateway: Gateway) -> None:
    body = {
        "model": "chat",
        "messages": [{"role": "user", "content": '}]"\\ {"model":"x"} \u0000 \U0001f600'}],
    }
    assert post(gateway, json.dumps(body).encode()).status_code == 200
    assert gateway.targets["a"].hits[0].json["messages"] == body["messages"]
    raw = '{"model" :\n"chat", "messages":[],"x":"é€\U0001f600"}'.encode()
    assert post(gateway, raw).status_code == 200
    assert gateway.targets["a"].hits[1].json["x"] == "é€\U0001f600"


@pytest.mark.parametrize(
    "path",
    ["/models/x", "/files", "/../admin", "/chat/completions/extra", "/chat%2fcompletions", "/invocations"],
)
def test_no_other_path_reaches_a_target(gateway: Gateway, path: str) -> None:
    assert post(gateway, BODY, path).status_code in (400, 404)
    assert no_one_was_asked(gateway)


def test_forged_words_of_the_gateway_are_dropped(gateway: Gateway) -> None:
    forged = {
        "x_anyport_route": "chat/2", "x_anyport_target": "chat/c", "x_anyport_span": "1-2", "x_served_by": "me",
        "x_envoy_max_retries": "9", "x_envoy_retry_on": "5xx", "x_envoy_upstream_rq_timeout_ms": "1",
        "authorization": "Bearer of-the-caller", "api_key": "of-the-caller", "cookie": "a=b",
    }  # fmt: skip
    answer = post(gateway, BODY, **forged)
    assert answer.headers["x-served-by"] == "a"
    [hit] = gateway.targets["a"].hits
    assert hit.headers["authorization"] == "Bearer token-of-a"
    assert "of-the-caller" not in str(hit.headers)
    assert "cookie" not in hit.headers


def test_a_body_over_the_limit_is_refused_and_goes_nowhere(gateway: Gateway) -> None:
    big = b'{"model":"chat","messages":"' + b"x" * (gateway.settings.largest_body_bytes + 10) + b'"}'
    answer = post(gateway, big)
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "request_too_large"
    assert no_one_was_asked(gateway)


@pytest.mark.parametrize(
    "lines",
    [
        [b"POST /v1/chat/completions HTTP/1.1", b"host: x", b"content-length: 5", b"transfer-encoding: chunked", b"", b"0", b"", b"GET"],
        [b"POST /v1/chat/completions HTTP/1.1", b"host: x", b"content-length: 5", b"content-length: 6", b"", b"hello"],
        [b"POST /v1/chat/completions HTTP/1.1", b"host: x", b"x_anyport_route: chat/2", b"content-length: 0", b"", b""],
        [b"POST http://a.example.test/ HTTP/1.0", b"", b""],
        [b"\x16\x03\x01\x02\x00\x01"],
    ],
    ids=["both lengths", "two lengths", "underscores", "old and absolute", "tls to a plain port"],
)  # fmt: skip
def test_smuggling_is_refused(gateway: Gateway, lines: list[bytes]) -> None:
    with socket.create_connection(("127.0.0.1", gateway.settings.port), timeout=5) as connection:
        connection.sendall(b"\r\n".join(lines) + b"\r\n")
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert not answer.startswith(b"HTTP/1.1 2")
    assert no_one_was_asked(gateway)
    assert gateway.ask().status_code == 200


FORGED = {
    "x-anyport-route": "chat/2", "x-anyport-target": "chat/c", "x-anyport-fault": "503", "x-anyport-drill": "chat/a=503",
    "x-anyport-skipped": "yes", "x-anyport-request": "1", "x-anyport-last": "yes", "x-anyport-caller": "root",
    "x-envoy-fault-abort-request": "503", "x-envoy-force-trace": "true", "x-envoy-original-path": "/admin",
}  # fmt: skip


@pytest.mark.parametrize("name", FORGED)
def test_no_header_of_a_stranger_steers_the_gateway(gateway: Gateway, name: str) -> None:
    """Nor a drill: `test_drill_header` has what needs the drill key and what comes of a wrong one."""
    answer = post(gateway, BODY, **{name: FORGED[name]})
    assert (answer.status_code, answer.headers["x-served-by"], answer.headers["x-attempts"]) == (
        200,
        "a",
        "1",
    )
    [hit] = gateway.targets["a"].hits
    assert name not in hit.headers
    assert [gateway.targets[other].take() for other in "bc"] == [0, 0]


def test_nobody_names_himself_in_the_log(gateway: Gateway) -> None:
    """Without keys nobody has checked who a caller is."""
    post(gateway, BODY, **{"x-anyport-caller": "root"})
    log = gateway.folder / "access.log"
    until(lambda: '"status":200' in log.read_text("utf-8"))
    assert '"caller":null' in log.read_text("utf-8")


@pytest.mark.parametrize("status", ["200", "418", "503"])
def test_a_target_cannot_forge_who_served(gateway: Gateway, status: str) -> None:
    lies = f"HTTP/1.1 {status} X\r\ncontent-length: 2\r\nx-served-by: z\r\nx-attempts: 9\r\nx-anyport-skipped: yes\r\n\r\n{{}}"
    for target in gateway.targets.values():
        target.mode, target.raw = "raw", lies.encode()
    answer = post(gateway, BODY)
    served = ("c", "3") if status == "503" else ("a", "1")
    assert (answer.headers["x-served-by"], answer.headers["x-attempts"]) == served
    assert answer.headers.get_list("x-served-by") == [served[0]]


def test_a_hundred_megabytes_of_no_stated_length_are_refused_on_the_way(
    make_gateway: Callable[..., Gateway],
) -> None:
    """Chunked, so that the limit must be found while reading; what was read is not kept."""
    gateway = make_gateway(largest_body_bytes=2**20)
    sent = 0
    with socket.create_connection(("127.0.0.1", gateway.settings.port), timeout=20) as connection:
        connection.sendall(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
        try:
            while sent < 100 * 2**20:
                connection.sendall(piece)
                sent += 65536
        except OSError:
            pass
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert sent < 20 * 2**20
    assert no_one_was_asked(gateway)
    assert gateway.ask().status_code == 200


def test_slow_strangers_are_cut_off_and_keep_nobody_waiting(make_gateway: Callable[..., Gateway]) -> None:
    """A head or a body that comes byte by byte ends with the time for it, whatever keeps trickling in."""
    gateway = make_gateway(request_headers_seconds=0.5, request_seconds=1.0)
    starts = {
        "head": b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\n",
        "body": b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{",
    }
    for kind, start in starts.items():
        with ExitStack() as opened:
            slow = [
                opened.enter_context(
                    socket.create_connection(("127.0.0.1", gateway.settings.port), timeout=10)
                )
                for _ in range(30)
            ]
            for connection in slow:
                connection.sendall(start)
            assert gateway.ask().status_code == 200
            until(lambda slow=slow, kind=kind: all(ended(each, kind) for each in slow), 10)
    assert [target.take() for target in gateway.targets.values()] == [2, 0, 0]


def ended(connection: socket.socket, kind: str) -> bool:
    """Trickle one byte more; whether the gateway has answered or closed meanwhile."""
    try:
        connection.sendall(b"x" if kind == "head" else b" ")
        connection.settimeout(0.01)
        answer = connection.recv(4096)
    except TimeoutError:
        return False
    except OSError:
        return True
    return not answer or answer.startswith(b"HTTP/1.1 408 ")


def test_models_are_the_endpoints(gateway: Gateway) -> None:
    listed = httpx.get(f"{gateway.url}/models", timeout=5, trust_env=False).json()
    assert [row["id"] for row in listed["data"]] == ["chat"]


@pytest.mark.parametrize(
    "header",
    ["x-envoy-ratelimited: true", "x-envoy-overloaded: true", "x-envoy-immediate-health-check-fail: true"],
)
def test_what_a_target_says_to_an_envoy_before_it_changes_nothing(gateway: Gateway, header: str) -> None:
    gateway.targets["a"].mode = f"429:{header}"
    answer = post(gateway, BODY)
    assert (answer.status_code, answer.headers["x-served-by"]) == (200, "b")


def test_no_word_of_ours_comes_from_a_target(gateway: Gateway) -> None:
    gateway.targets["a"].mode = "400:x-anyport-skipped: yes"
    answer = post(gateway, BODY)
    assert (answer.status_code, answer.headers["x-served-by"]) == (400, "a")
    assert not [name for name in answer.headers if name.startswith(("x-anyport", "x-envoy"))]


PRIVATE = (
    "x-api-key", "x-goog-api-key", "proxy-authorization", "x-session-token", "ocp-apim-subscription-key", "x-functions-key",
    "x-amz-security-token", "openai-organization", "x-goog-user-project", "cookie", "x-anyport-target", "x-envoy-retry-on",
)  # fmt: skip


def test_a_caller_s_own_secrets_reach_no_target(gateway: Gateway) -> None:
    sent = dict.fromkeys(PRIVATE, "hush") | {"x-request-name": "mine", "traceparent": "00-1-2-3"}
    assert (
        post(gateway, BODY, **{name.replace("-", "_"): value for name, value in sent.items()}).status_code
        == 200
    )
    [hit] = gateway.targets["a"].hits
    assert "hush" not in str(hit.headers)
    assert (hit.headers["x-request-name"], hit.headers["traceparent"]) == ("mine", "00-1-2-3")


@pytest.mark.parametrize(
    "body",
    [
        b'{"model":"chat","messages":[{"content":[{"type":"image\\u005furl"}]}]}',
        b'{"model":"chat","messages":[{"content":[{"\\u0074ype":"image_\\u0075rl"}]}]}',
        b'{"model":"ch\\u0061t","messages":[{"content":[{"type":"image_url"}]}]}',
        b'{"model":"chat","messages":[],"response_format":{"type":"json\\u005fschema"}}',
    ],
)
def test_a_need_is_seen_however_its_letters_are_written(
    make_gateway: Callable[..., Gateway], body: bytes
) -> None:
    hosts = {name: f"{name}.example.test" for name in "abc"}
    gateway = make_gateway(contract(hosts, {"a": ["tools"], "b": ["vision", "json_schema"], "c": []}))
    answer = post(gateway, body)
    assert (answer.status_code, answer.headers["x-served-by"]) == (200, "b")
    assert gateway.targets["b"].hits[0].json["model"] == "model-of-b"


def test_what_a_caller_wrote_about_a_need_is_none(make_gateway: Callable[..., Gateway]) -> None:
    """An escaped quote stays one, and so does an escaped backslash."""
    hosts = {name: f"{name}.example.test" for name in "abc"}
    gateway = make_gateway(contract(hosts, {"a": ["tools"], "b": ["vision"], "c": []}))
    said = b'{"model":"chat","messages":[{"content":"\\u0022type\\u0022:\\u0022image_url\\u0022 \\"type\\":\\"image_url\\""}]}'
    assert post(gateway, said).headers["x-served-by"] == "a"


@pytest.mark.parametrize("path", ["/chat/completions", "/" + "x" * 74 + "%C3%A9"])
def test_a_refusal_is_not_cut_within_a_character(gateway: Gateway, path: str) -> None:
    body = ('{"model":"' + "x" * 79 + "\u00e9\u00e9" + '","messages":[]}').encode()
    answer = post(gateway, body, path)
    assert answer.status_code == 404
    assert answer.json()["error"]["message"]
