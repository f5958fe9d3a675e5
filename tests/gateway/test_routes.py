"""Which targets may serve a request and in which order; what cannot become routes; what a rendering may hold."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import trustme
from gateway_helpers import Gateway, contract, until
from running_envoy import validate, write_credentials

from anyport.gateway.envoy import envoy_yaml
from anyport.gateway.lua_text import literal
from anyport.gateway.routes import RouteError, route_table
from anyport.gateway.secrets import caller_line, write_credential
from anyport.gateway.settings import CallerLimit, GatewaySettings

HOSTS = {name: f"{name}.example.test" for name in "abc"}
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
IMAGE = [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:x"}}]}]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "schema": {}}}


@pytest.mark.parametrize(
    ("body", "served"),
    [
        ({}, "a"),
        ({"tools": TOOLS}, "b"),
        ({"tools": []}, "a"),
        ({"messages": IMAGE}, "c"),
        ({"messages": IMAGE, "tools": TOOLS}, "c"),
        ({"response_format": SCHEMA}, "b"),
        ({"response_format": {"type": "text"}}, "a"),
        ({"messages": [{"role": "user", "content": 'say "type":"image_url"'}]}, "a"),
    ],
)
def test_a_request_goes_to_the_first_target_that_has_what_it_needs(
    make_gateway: Callable[..., Gateway], body: dict[str, Any], served: str
) -> None:
    features = {"a": [], "b": ["tools", "json_schema"], "c": ["tools", "vision"]}
    gateway = make_gateway(contract(HOSTS, features))
    assert gateway.ask(**body).headers["x-served-by"] == served


def test_a_request_never_falls_back_to_a_target_without_what_it_needs(
    make_gateway: Callable[..., Gateway],
) -> None:
    features = {"a": ["tools"], "b": [], "c": ["tools"]}
    gateway = make_gateway(contract(HOSTS, features))
    gateway.targets["a"].mode = gateway.targets["c"].mode = "503"
    answer = gateway.ask(tools=TOOLS)
    assert answer.status_code == 503
    assert answer.headers["x-served-by"] == "c"
    assert gateway.targets["b"].take() == 0
    assert gateway.ask().headers["x-served-by"] == "b"


def test_a_need_that_no_target_meets_is_refused_with_its_name(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway(contract(HOSTS, {name: [] for name in HOSTS}))
    answer = gateway.ask(tools=TOOLS)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "feature_not_supported"
    assert "tools" in answer.json()["error"]["message"]


def test_equal_priorities_share_by_weight_and_fall_back_to_each_other(
    make_gateway: Callable[..., Gateway],
) -> None:
    body = contract(HOSTS)
    for target, (priority, weight) in zip(
        body["endpoints"]["chat"]["targets"], [(1, 3), (1, 1), (2, None)], strict=True
    ):
        target |= {"priority": priority, "weight": weight}
    gateway = make_gateway(body)
    served = Counter(gateway.ask().headers["x-served-by"] for _ in range(200))
    assert set(served) == {"a", "b"}
    assert 110 < served["a"] < 190
    gateway.targets["a"].mode = "503"
    assert {gateway.ask().headers["x-served-by"] for _ in range(20)} == {"b"}
    gateway.targets["b"].mode = "503"
    assert gateway.ask().headers["x-served-by"] == "c"


def test_callers_are_known_by_the_hash_of_their_key(
    make_gateway: Callable[..., Gateway], tmp_path: Path
) -> None:
    secret = "0123456789abcdef0123456789abcdef"
    (tmp_path / "callers").write_text(caller_line("shop", secret) + "\n", "utf-8")
    limits = {"shop": CallerLimit(requests_per_minute=3)}
    gateway = make_gateway(callers_file=str(tmp_path / "callers"), caller_limits=limits)

    def ask(key: str) -> httpx.Response:
        body = {"model": "chat", "messages": []}
        headers = {"authorization": f"Bearer {key}"}
        return httpx.post(f"{gateway.url}/chat/completions", json=body, headers=headers, trust_env=False)

    for wrong in ("x", "shop", f"shop.{secret[:-1]}", f"other.{secret}", secret):
        answer = ask(wrong)
        assert answer.status_code == 401, wrong
        assert answer.json()["error"]["code"] == "invalid_api_key"
    assert gateway.targets["a"].take() == 0
    answers = [ask(f"shop.{secret}") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json()["error"]["code"] == "rate_limit_exceeded"
    assert all(secret not in str(hit.headers) for hit in gateway.targets["a"].hits)


def test_a_changed_credential_is_used_without_a_restart(gateway: Gateway) -> None:
    write_credential(gateway.folder / "secrets", "chat", "a", "renewed")
    until(
        lambda: (
            bool(gateway.ask()) and gateway.targets["a"].hits[-1].headers["authorization"] == "Bearer renewed"
        )
    )


@pytest.mark.parametrize("wide", [False, True])
def test_envoy_finds_nothing_wrong_with_a_rendering(tmp_path: Path, wide: bool) -> None:
    table = route_table(contract(HOSTS))
    write_credentials(table, tmp_path / "secrets")
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")
    (tmp_path / "callers").write_text(caller_line("a", "x" * 32), "utf-8")
    more: dict[str, Any] = {
        "metrics_port": 9902,
        "address": "0.0.0.0",
        "callers_file": str(tmp_path / "callers"),
        "caller_limits": {"a": CallerLimit(requests_per_minute=1)},
    }
    settings = GatewaySettings(
        ca_file=str(tmp_path / "ca.pem"), secrets_dir=str(tmp_path / "secrets"), **(more if wide else {})
    )
    done = validate(table, settings, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Deprecated" not in done.stderr


def test_a_rendering_holds_no_secret_value_and_shuts_the_admin_interface_in(tmp_path: Path) -> None:
    text = envoy_yaml(route_table(contract(HOSTS)), GatewaySettings(address="0.0.0.0"))
    assert "token-of" not in text
    assert not re.search(r"Bearer [A-Za-z0-9]", text.replace("Bearer token", ""))
    admin = text[text.index("admin:") : text.index("bootstrap_extensions")]
    assert "127.0.0.1" in admin


WRONG: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "no map": (lambda body: ["x"], "AP401"),
    "no JSON": (lambda body: "{", "AP401"),
    "no endpoint": (lambda body: {"endpoints": {}}, "AP401"),
    "no target": (lambda body: body["endpoints"]["chat"].update(targets=[]), "AP401"),
    "a field too many": (lambda body: body["endpoints"]["chat"].update(extra=1), "AP401"),
    "no URL": (lambda body: first(body).update(base_url="nowhere"), "AP402"),
    "a password in the URL": (lambda body: first(body).update(base_url="https://u:p@x/v1"), "AP402"),
    "one address twice": (
        lambda body: body["endpoints"]["chat"]["targets"][1].update(
            base_url=first(body)["base_url"], model=first(body)["model"]
        ),
        "AP403",
    ),
    "a feature nobody has": (lambda body: body["endpoints"]["chat"].update(features=["vision"]), "AP404"),
    "a secret nobody has": (
        lambda body: first(body)["auth"].update(kind="bearer_api_key", secret="config:secrets:gone"),
        "AP405",
    ),
}


def first(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["endpoints"]["chat"]["targets"][0]
    return found


@pytest.mark.parametrize("mistake", WRONG)
def test_a_contract_that_cannot_be_routed_is_refused(mistake: str) -> None:
    change, code = WRONG[mistake]
    body = contract(HOSTS)
    changed = change(body)
    with pytest.raises(RouteError) as caught:
        route_table(changed if isinstance(changed, list | str | dict) and changed else body, known_secrets=[])
    assert [problem.code for problem in caught.value.problems] == [code]
    assert "contract" in str(caught.value)


CYCLES = [
    ("http://127.0.0.1:8080/v1", {}),
    ("http://localhost:8080/v1", {}),
    ("http://LOCALHOST.:8080/v1", {}),
    ("http://127.9.9.9:8080/v1", {}),
    ("http://[::1]:8080/v1", {"address": "::"}),
    ("http://127.0.0.1:8080/v1", {"address": "0.0.0.0"}),
    ("http://10.0.0.7:8080/v1", {"address": "10.0.0.7"}),
    ("https://a.example.test/v1", {"addresses": {"a.example.test": "127.0.0.1:8080"}}),
    ("http://127.0.0.1:9901/v1", {"address": "10.0.0.7"}),
    ("http://localhost:9902/v1", {"metrics_port": 9902}),
]
NO_CYCLES = [
    ("http://127.0.0.1:8000/v1", {}),
    ("http://10.0.0.8:8080/v1", {"address": "10.0.0.7"}),
    ("http://127.0.0.1:8080/v1", {"address": "10.0.0.7"}),
    ("http://localhost.example.test:8080/v1", {}),
    ("http://127.0.0.1:8080/v1", {"addresses": {"127.0.0.1": "10.0.0.9:8080"}}),
]


@pytest.mark.parametrize(("url", "settings"), CYCLES)
def test_a_target_that_is_the_gateway_itself_is_refused(url: str, settings: dict[str, Any]) -> None:
    body = contract(HOSTS)
    first(body).update(base_url=url)
    with pytest.raises(RouteError) as caught:
        envoy_yaml(route_table(body), GatewaySettings(**settings))
    [problem] = caught.value.problems
    assert (problem.code, problem.path) == ("AP406", "endpoints.chat.targets.a.base_url")


@pytest.mark.parametrize(("url", "settings"), NO_CYCLES)
def test_a_neighbour_is_no_cycle(url: str, settings: dict[str, Any]) -> None:
    body = contract(HOSTS)
    first(body).update(base_url=url)
    assert envoy_yaml(route_table(body), GatewaySettings(**settings))


def test_words_of_a_contract_cannot_become_code() -> None:
    text = literal({'"]] os.exit() --': '\\"\n]]'})
    assert "os.exit" in text
    assert re.fullmatch(r'\{\["[^"\\\n]*(\\\d{3}[^"\\\n]*)*"\] = "[^"\\\n]*(\\\d{3}[^"\\\n]*)*"\}', text), (
        text
    )


def test_the_table_is_the_same_whatever_form_the_contract_comes_in() -> None:
    body = contract(HOSTS)
    chat = body["endpoints"]["chat"]
    forms = [body, body["endpoints"], chat, json.dumps(body), {"endpoints": json.dumps(body["endpoints"])}]
    assert len({str(route_table(form)) for form in forms}) == 1
