"""Errors of vendors reach callers in one shape, the same from the client and from the real Envoy."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import openai
import pytest
from client_helpers import Harness, contract
from hypothesis import given
from hypothesis import strategies as st
from running_envoy import envoy, write_credentials

from anyport.client import httpx
from anyport.client.error_body import ERROR_BYTES, openai_error
from anyport.gateway.routes import route_table
from anyport.gateway.settings import GatewaySettings
from anyport_sandbox.ports import reserve_ports

# Status, the vendor's body, and what the caller reads; the shapes are the vendors' documented ones.
SHAPES: dict[str, tuple[int, Any, dict[str, Any]]] = {
    "openai": (
        400,
        {"error": {"message": "too long", "type": "invalid_request_error", "param": "messages", "code": "x"}},
        {"message": "too long", "type": "invalid_request_error", "param": "messages", "code": "x"},
    ),
    "azure": (
        404,
        {"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}},
        {"message": "The API deployment does not exist.", "type": "not_found_error", "param": None, "code": "DeploymentNotFound"},
    ),
    "azure content filter": (
        400,
        {"error": {"message": "filtered", "type": None, "param": "prompt", "code": "content_filter", "status": 400,
                   "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True}}}}},
        {"message": "filtered", "type": "invalid_request_error", "param": "prompt", "code": "content_filter", "status": 400,
         "innererror": {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"hate": {"filtered": True}}}},
    ),
    "vertex": (
        429,
        [{"error": {"code": 429, "message": "Resource exhausted.", "status": "RESOURCE_EXHAUSTED", "details": [{"a": float("inf")}]}}],
        {"message": "Resource exhausted.", "type": "rate_limit_error", "param": None, "code": "RESOURCE_EXHAUSTED",
         "status": "RESOURCE_EXHAUSTED", "details": [{"a": float("inf")}]},
    ),
    "oci": (
        401,
        {"code": "NotAuthenticated", "message": "The required information was not provided."},
        {"message": "The required information was not provided.", "type": "authentication_error", "param": None, "code": "NotAuthenticated"},
    ),
    "vllm": (
        404,
        {"object": "error", "message": "The model `m` does not exist.", "type": "NotFoundError", "param": None, "code": 404},
        {"message": "The model `m` does not exist.", "type": "NotFoundError", "param": None, "code": "404", "object": "error"},
    ),
    "a word": (503, {"error": "overloaded"}, {"message": "overloaded", "type": "server_error", "param": None, "code": None}),
    "another map": (422, {"detail": "no"}, {"message": '{"detail": "no"}', "type": "invalid_request_error", "param": None, "code": None}),
    "html": (502, b"<html>\n Bad Gateway \xff\n</html>\n", {"message": "<html>\n Bad Gateway \ufffd\n</html>", "type": "server_error", "param": None, "code": None}),
    "nothing": (500, b"", {"message": "The target answered 500 and did not say why.", "type": "server_error", "param": None, "code": None}),
}  # fmt: skip


def body_of(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).replace("Infinity", "1e400").encode()


def answer_of(status: int, body: bytes, *more: str, chunked: bool = False) -> bytes:
    lines = [f"HTTP/1.1 {status} X", "content-type: text/x-vendor", *more]
    lines.append("transfer-encoding: chunked" if chunked else f"content-length: {len(body)}")
    pieces = [body[at : at + 7000] for at in range(0, len(body), 7000)]
    sent = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    return "\r\n".join([*lines, "", ""]).encode() + (sent if chunked else body)


@pytest.mark.parametrize("vendor", SHAPES)
def test_the_caller_reads_the_vendor_s_words_in_the_shape_of_openai(harness: Harness, vendor: str) -> None:
    status, body, expected = SHAPES[vendor]
    for server in harness.servers.values():
        server.mode, server.raw = "raw", answer_of(status, body_of(body))
    answer = harness.ask()
    assert (answer.status_code, answer.json()) == (status, {"error": expected})
    assert answer.headers["content-type"] == "application/json"
    trigger = status not in (400, 422)
    assert answer.headers["x-served-by"] == ("c" if trigger else "a")
    assert answer.headers["x-attempts"] == ("3" if trigger else "1")


def test_the_openai_client_has_message_and_code_of_vertex(harness: Harness) -> None:
    status, body, _ = SHAPES["vertex"]
    for server in harness.servers.values():
        server.mode, server.raw = "raw", answer_of(status, body_of(body), chunked=True)
    with (
        openai.OpenAI(
            base_url="http://anyport/v1", api_key="x", http_client=harness.client, max_retries=0
        ) as client,
        pytest.raises(openai.RateLimitError) as raised,
    ):
        client.chat.completions.create(model="chat", messages=[{"role": "user", "content": "hi"}])
    assert raised.value.code == "RESOURCE_EXHAUSTED"
    assert "Resource exhausted." in raised.value.message


def hostile(chance: random.Random) -> list[tuple[int, bytes, tuple[str, ...], bool]]:
    """Bodies around the edges of the two readers, and mutations of the documented ones."""
    deep = b'{"message":"m","x":' + b"[" * 63 + b"]" * 63 + b"}"
    edges = [
        b'{"message":"\\ud83d\\ude00 \\ud83d \\u00e9 \\/ \\b"}', b'{"message":"\xc3\xa9 \xe2\x82 \xf0\x9f\x98\x80"}',
        b'{"message":"\xed\xa0\x80 \xc0\x80 \xf5"}', b'{"message":"a\nb"}', b'{"message":"a\\x"}', b'{"message":"a',
        b'{"message":"a\x7f\x00b"}', b'{"message":"m","code":01}', b'{"message":"m","code":-0.5e+3}', b'{"message":"m","n":NaN}',
        b'{"message":"m","n":' + b"9" * 5000 + b"}", b'{"message":"m","message":"n","code":"a","code":2}',
        b'{"me\\u0073sage":"m"}', b'\xef\xbb\xbf{"message":"m"}', b'{"message":"m"} x', b"[]", b"[[]]", b"null", b'"x"', b"12",
        b'{"error":{}}', b'{"error":[]}', b'{"error":"e","message":"m"}', b'{"error":{"error":"e"}}', b'{"error":{"message":7}}',
        b'{"error":{"message":"m","type":3,"param":[],"code":true}}', b'{"error":{"message":"m"},"request_id":"r"}',
        deep, deep.replace(b"[" * 63 + b"]" * 63, b"[" * 64 + b"]" * 64), b"[" * 30000,
        b"x" * ERROR_BYTES, b"x" * (ERROR_BYTES + 1), b"\xe2\x82\xac" * 40000, b" " * 60000 + b"x" + b" " * 5000,
        b'{"message":"' + b"\xe2\x82\xac" * 2000 + b'"}', b'{"message":"m","x":"' + b"y" * (ERROR_BYTES - 22) + b'"}',
        b'{"message":"m","x":"' + b"y" * ERROR_BYTES + b'"}', b'{"message":"ends with data: [DONE]"}', b"   ",
    ]  # fmt: skip
    rows: list[tuple[int, bytes, tuple[str, ...], bool]] = [(503, edge, (), False) for edge in edges]
    rows += [(503, edge, (), True) for edge in edges]
    rows += [(400, body_of(body), ("content-encoding: gzip",), False) for _, body, _ in SHAPES.values()]
    for status, body, _ in SHAPES.values():
        raw = body_of(body)
        rows += [(status, raw, (), True), (status, raw, ("x-served-by: forged", "x-attempts: 9"), False)]
        for _ in range(8 if raw else 0):
            at, cut = chance.randrange(len(raw)), chance.choice([0, 1, 5])
            rows.append((status, raw[:at] + chance.choice([b'"', b"}", b"\\", b"\xe9", b","]) + raw[at + cut :], (), False))  # fmt: skip
    return rows


def read(content: bytes) -> Any:
    """With numbers as they are written: some are longer than what this Python reads."""
    return json.loads(content, parse_int=str, parse_float=str)


def test_the_gateway_says_the_very_same(harness: Harness, tmp_path: Path) -> None:
    given_contract = contract({"a": harness.servers["a"]})
    harness.use(given_contract)
    port, admin = reserve_ports(2)
    settings = GatewaySettings(port=port, admin_port=admin, secrets_dir=str(tmp_path / "s"))
    table = route_table(given_contract)
    write_credentials(table, tmp_path / "s")
    server = harness.servers["a"]
    server.mode = "raw"
    with envoy(table, settings, tmp_path) as url:
        for status, body, more, chunked in hostile(random.Random(7)):
            server.raw = answer_of(status, body, *more, chunked=chunked)
            there = httpx.post(f"{url}/chat/completions", json={"model": "chat"}, timeout=10, trust_env=False)
            here = harness.ask()
            said = read(here.content)
            assert said == read(there.content), (status, body[:200], chunked)
            assert len(there.content) < 2 * ERROR_BYTES
            for name in ("content-type", "x-served-by", "x-attempts", "content-encoding"):
                assert here.headers.get(name) == there.headers.get(name), name
            assert (here.status_code, there.status_code) == (status, status)
            assert set(said["error"]) >= {"message", "type", "param", "code"}


@given(st.sampled_from([400, 401, 404, 418, 429, 500, 503, 599]), st.binary(max_size=200))
def test_whatever_a_target_says_becomes_the_shape(status: int, raw: bytes) -> None:
    error = json.loads(openai_error(status, raw))["error"]
    assert isinstance(error["message"], str)
    assert isinstance(error["type"], str)
    assert error["param"] is None or isinstance(error["param"], str)
    assert error["code"] is None or isinstance(error["code"], str)
