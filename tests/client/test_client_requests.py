"""What a request asks for decides who may serve it; what cannot be routed is refused as the gateway does."""

from __future__ import annotations

import itertools
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from client_helpers import KEYS, Harness, contract
from hypothesis import given
from hypothesis import strategies as st

from anyport.client import FailoverTransport, httpx
from anyport.client.asked import Asked, Refusal, read_request
from anyport.gateway.routes import EndpointRoute, RouteError, RouteTable, TargetRoute

NEEDS: list[tuple[str, dict[str, Any]]] = [
    ("tools", {"tools": [{"type": "function"}]}),
    ("tools", {"functions": [{"name": "f"}]}),
    ("json_schema", {"response_format": {"type": "json_schema", "json_schema": {}}}),
    ("json_schema", {"text": {"format": {"type": "json_schema"}}}),
    ("vision", {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}),
    ("vision", {"input": [{"content": [{"type": "input_image"}]}]}),
    ("reasoning", {"reasoning_effort": "high"}),
    ("streaming", {"stream": True}),
]


def target(name: str, priority: int, features: set[str], weight: int = 1) -> TargetRoute:
    return TargetRoute(
        name, "p", "r", f"{name}.test", 443, True, "/v1", f"m-{name}", "bearer_api_key", None, None,
        frozenset(features), priority, weight,
    )  # fmt: skip


def table(*targets: TargetRoute) -> RouteTable:
    return RouteTable((EndpointRoute("chat", ("chat_completions", "responses"), targets),))


def asked(found: RouteTable, body: Any, drawn: float = 0.0) -> Asked | Refusal:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_request(found, "POST", "/v1/chat/completions", raw, lambda: drawn)


def order(found: RouteTable, body: dict[str, Any], drawn: float = 0.0) -> list[str]:
    answer = asked(found, {"model": "chat", **body}, drawn)
    assert isinstance(answer, Asked), answer
    return [each.name for each in answer.order]


@pytest.mark.parametrize(("feature", "body"), NEEDS)
def test_a_request_goes_only_to_targets_that_have_what_it_needs(feature: str, body: dict[str, Any]) -> None:
    found = table(target("a", 1, set()), target("b", 2, {feature}), target("c", 3, {feature}))
    assert order(found, body) == ["b", "c"]
    assert order(found, {"messages": [{"role": "user", "content": feature}]}) == ["a", "b", "c"]


@pytest.mark.parametrize(("feature", "body"), NEEDS)
def test_a_feature_nobody_has_is_refused_unless_catalogs_are_silent_about_it(
    feature: str, body: dict[str, Any]
) -> None:
    answer = asked(table(target("a", 1, set())), {"model": "chat", **body})
    if feature in ("streaming", "reasoning"):
        assert isinstance(answer, Asked)
    else:
        assert isinstance(answer, Refusal)
        assert answer.body["error"]["code"] == "feature_not_supported"


def test_what_a_user_writes_is_no_sign_of_a_feature() -> None:
    found = table(target("a", 1, set()), target("b", 2, {"vision", "tools", "json_schema"}))
    said = '{"type":"image_url"} "tools":[{}] "type":"json_schema"'
    assert order(found, {"messages": [{"role": "user", "content": said}], "tools": []}) == ["a", "b"]


def test_equal_priorities_share_by_weight_and_the_others_keep_their_places() -> None:
    found = table(target("a", 1, set(), 3), target("b", 1, set(), 1), target("c", 2, set()))
    assert order(found, {}, 0.0) == ["a", "b", "c"]
    assert order(found, {}, 0.74) == ["a", "b", "c"]
    assert order(found, {}, 0.76) == ["b", "a", "c"]
    assert order(found, {}, 0.999999) == ["b", "a", "c"]


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
        (b'{"model":"chat","x":NaN}', "invalid_json"),
        (b'{"a":' * 100_000, "invalid_json"),
        (b"\xff\xfe{\x00", "invalid_json"),
        (b'{"messages":[]}', "model_missing"),
        (b'{"model":["chat"]}', "model_missing"),
        (b'{"model":"cha"}', "model_not_found"),
        (b'{"model":"chat/0,1"}', "model_not_found"),
        (b'{"nested":{"model":"chat"}}', "model_missing"),
    ],
)
def test_a_body_that_cannot_be_routed_is_refused_in_the_client_s_own_shape(
    harness: Harness, content: bytes, code: str
) -> None:
    answer = harness.client.post("http://anyport/v1/chat/completions", content=content)
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]["code"] == code
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}
    assert harness.hits() == [0, 0, 0]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/chat/completions", 405),
        ("POST", "/v1/files", 404),
        ("POST", "/v1/embeddings", 404),
        ("POST", "/chat/completions", 404),
        ("POST", "/v1/chat/completions/../../admin", 404),
    ],
)
def test_anything_else_of_the_api_is_refused_here(
    harness: Harness, method: str, path: str, status: int
) -> None:
    answer = harness.client.request(method, f"http://anyport{path}", json={"model": "chat"})
    assert answer.status_code == status
    assert harness.hits() == [0, 0, 0]


def test_models_are_the_endpoints(harness: Harness) -> None:
    listed = harness.client.get("http://anyport/v1/models").json()
    assert [row["id"] for row in listed["data"]] == ["chat"]


def test_a_redirect_of_a_target_leads_nowhere(harness: Harness) -> None:
    """The official client follows redirects; what it then asks for is no path of ours."""
    harness.servers["a"].mode = "307:location: http://elsewhere.example.test/steal"
    answer = harness.client.post(
        "http://anyport/v1/chat/completions", json={"model": "chat"}, follow_redirects=True
    )
    assert answer.status_code == 404
    assert harness.hits() == [1, 0, 0]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON), st.text())
def test_only_the_model_of_a_body_changes(body: dict[str, Any], model: str) -> None:
    found = table(target("a", 1, {"tools", "vision", "json_schema"}))
    answer = asked(found, json.dumps({**body, "model": "chat"}).encode())
    assert isinstance(answer, Asked)
    changed = TargetRoute(
        **{**{n: getattr(answer.order[0], n) for n in TargetRoute.__slots__}, "model": model}
    )
    assert json.loads(answer.body_for(changed)) == {**body, "model": model}


@given(st.binary(max_size=60))
def test_no_body_makes_it_fail_in_another_way_than_a_refusal(body: bytes) -> None:
    assert isinstance(asked(table(target("a", 1, set())), body), Asked | Refusal)


@given(
    st.lists(
        st.sets(st.sampled_from(["tools", "vision", "json_schema", "streaming"])), min_size=1, max_size=4
    ),
    st.lists(st.integers(1, 2), min_size=4, max_size=4),
    st.sampled_from([body for _, body in NEEDS]),
    st.floats(0, 1, exclude_max=True),
)
def test_every_order_is_one_the_gateway_has_a_cluster_for(
    features: list[set[str]], priorities: list[int], body: dict[str, Any], drawn: float
) -> None:
    targets = tuple(
        sorted(
            (target(name, priority, has) for name, priority, has in zip("abcd", priorities, features, strict=False)),
            key=lambda each: (each.priority, each.name),
        )
    )  # fmt: skip
    endpoint = EndpointRoute("chat", ("chat_completions",), targets)
    answer = asked(RouteTable((endpoint,)), {"model": "chat", **body}, drawn)
    if isinstance(answer, Asked):
        places = tuple(targets.index(each) for each in answer.order)
        assert places in endpoint.orders()


def test_a_contract_file_is_read_and_one_endpoint_of_it_served(harness: Harness, tmp_path: Path) -> None:
    file = tmp_path / "contract.json"
    one = contract(harness.servers)
    other = json.loads(json.dumps(one).replace('"endpoint": "chat"', '"endpoint": "other"'))
    file.write_text(json.dumps({"endpoints": {"chat": one, "other": other}}), "utf-8")
    transport = FailoverTransport.from_contract(file, endpoint="other", credentials=KEYS)
    with httpx.Client(transport=transport) as client:
        assert client.post("http://x/v1/responses", json={"model": "chat"}).status_code == 404
        assert client.post("http://x/v1/responses", json={"model": "other"}).status_code == 200
    assert harness.servers["a"].hits[0].path == "/base/a/v1/responses"


@pytest.mark.parametrize(
    ("text", "code"), [(None, "AP401"), ("{", "AP401"), ("[]", "AP401"), ('{"endpoints": {}}', "AP401")]
)
def test_a_contract_that_cannot_be_used_says_so(tmp_path: Path, text: str | None, code: str) -> None:
    file = tmp_path / "contract.json"
    if text is not None:
        file.write_text(text, "utf-8")
    with pytest.raises(RouteError) as raised:
        FailoverTransport.from_contract(str(file), credentials={})
    assert {problem.code for problem in raised.value.problems} == {code}


def test_an_unknown_endpoint_is_named_with_those_there_are(harness: Harness) -> None:
    with pytest.raises(RouteError, match="chat"):
        FailoverTransport.from_contract(contract(harness.servers), endpoint="chats", credentials=KEYS)


def test_every_missing_credential_is_named(harness: Harness) -> None:
    """One that nobody needs is no error, so that one map can serve several transports."""
    with pytest.raises(RouteError) as raised:
        FailoverTransport.from_contract(contract(harness.servers), credentials={"a": "x", "z": "y"})
    assert [problem.path for problem in raised.value.problems] == ["credentials.chat/b", "credentials.chat/c"]
    assert {problem.code for problem in raised.value.problems} == {"AP405"}


def leaky() -> str:
    raise RuntimeError("token s3cret-value is bad")


@pytest.mark.parametrize("bad", [leaky, lambda: "", lambda: "two\r\nlines: s3cret-value", lambda: None])
def test_a_credential_that_cannot_be_had_is_a_failure_of_its_target(
    harness: Harness, bad: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "anyport")
    harness.use(credentials={**KEYS, "a": bad})
    assert [harness.ask().headers["x-attempts"] for _ in range(3)] == ["2", "2", "1"]
    harness.use(credentials=dict.fromkeys("abc", bad))
    with pytest.raises(httpx.ConnectError) as raised:
        harness.ask()
    assert raised.value.__suppress_context__
    for text in (
        str(raised.value),
        caplog.text,
        str(harness.served),
        repr(harness.transport._core.credentials),
    ):
        assert "s3cret" not in text


def test_a_credential_function_is_asked_for_every_attempt(harness: Harness) -> None:
    numbers = itertools.count(1)
    harness.use(credentials={**KEYS, "chat/a": lambda: f"token-{next(numbers)}", "a": "unused"})
    sent = []
    for _ in range(2):
        harness.ask()
        sent.append(harness.servers["a"].hits[-1].headers["authorization"])
    assert sent == ["Bearer token-1", "Bearer token-2"]


def test_a_dead_key_is_loud_and_a_broken_hook_breaks_nothing(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_: object) -> None:
        raise ValueError("s3cret")

    harness.transport._core.counts._on_served = broken
    harness.servers["a"].mode = "410"
    assert harness.ask().status_code == 200
    assert "chat/a answered 410: its key or its model needs a person" in caplog.text
    assert "on_served failed: ValueError" in caplog.text
    assert "key-of" not in caplog.text
    assert "s3cret" not in caplog.text


def test_a_record_says_who_served_and_what_was_tried(harness: Harness) -> None:
    harness.servers["a"].mode = "503"
    harness.ask()
    [record] = harness.served
    assert (record.endpoint, record.target, record.fallback, record.attempts, record.status) == (
        "chat", "b", True, 2, 200,
    )  # fmt: skip
    assert [(each.target, each.outcome) for each in record.tried] == [("a", "503"), ("b", "200")]


def test_a_target_cannot_forge_who_served(harness: Harness) -> None:
    harness.servers["a"].mode = "418:x-served-by: forged"
    assert harness.ask().headers["x-served-by"] == "a"
