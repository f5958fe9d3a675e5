"""Who may call, and how much, on the real Envoy: keys by their hashes, tokens by their signatures."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2 as httpx
import jwt
import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from gateway_helpers import Gateway, contract, until
from pydantic import ValidationError
from test_component import build

from anyport.errors import BuildError
from anyport.gateway.envoy import envoy_yaml
from anyport.gateway.routes import RouteError, route_table
from anyport.gateway.secrets import caller_line
from anyport.gateway.settings import CallerLimit, CallerTokens, GatewaySettings

HOSTS = {name: f"{name}.example.test" for name in "abc"}
SECRETS = {name: name[0] * 40 for name in ("shop", "search")}
ISSUER, AUDIENCE = "https://login.example.test/v2.0", "api://gateway"


def ask(gateway: Gateway, key: str | None, **headers: str) -> httpx.Response:
    named = {**({} if key is None else {"authorization": f"Bearer {key}"}), **headers}
    body = {"model": "chat", "messages": []}
    return httpx.post(
        f"{gateway.url}/chat/completions", json=body, headers=named, timeout=10, trust_env=False
    )


def limited(**limits: int) -> dict[str, CallerLimit]:
    return {name: CallerLimit(requests_per_minute=number) for name, number in limits.items()}


def test_one_caller_s_limit_is_nobody_else_s(make_gateway: Callable[..., Gateway], tmp_path: Path) -> None:
    lines = [caller_line(name, secret) for name, secret in SECRETS.items()]
    (tmp_path / "callers").write_text("\n".join(lines) + "\n", "utf-8")
    gateway = make_gateway(callers_file=str(tmp_path / "callers"), caller_limits=limited(shop=2))
    shop, search = (f"{name}.{secret}" for name, secret in SECRETS.items())
    assert [ask(gateway, shop).status_code for _ in range(4)] == [200, 200, 429, 429]
    assert [ask(gateway, search).status_code for _ in range(6)] == [200] * 6
    forged = ask(gateway, shop, **{"x-anyport-caller": "search"})
    assert forged.status_code == 429, "a caller cannot say that it is another one"
    assert gateway.targets["a"].take() == 8, "what is over the limit reaches no target"
    stranger = ask(gateway, f"nobody.{SECRETS['shop']}")
    assert (stranger.status_code, stranger.json()["error"]["code"]) == (401, "invalid_api_key")


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def key_set(key: rsa.RSAPrivateKey) -> str:
    """As a provider publishes it (JWKS)."""
    public = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return json.dumps({"keys": [{**public, "kid": "k1", "use": "sig", "alg": "RS256"}]})


@pytest.fixture(scope="module")
def published(key: rsa.RSAPrivateKey) -> str:
    return key_set(key)


def claims(**changes: Any) -> dict[str, Any]:
    made = {"iss": ISSUER, "aud": AUDIENCE, "sub": "shop", "exp": int(time.time()) + 600, **changes}
    return {name: value for name, value in made.items() if value is not None}


def signed(key: Any, algorithm: str = "RS256", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers={"kid": "k1"})


@pytest.fixture
def guarded(make_gateway: Callable[..., Gateway], tmp_path: Path, published: str) -> Gateway:
    (tmp_path / "keys.json").write_text(published, "utf-8")
    tokens = CallerTokens(issuer=ISSUER, audiences=(AUDIENCE,), keys_file=str(tmp_path / "keys.json"))
    return make_gateway(caller_tokens=tokens, caller_limits=limited(limited=2))


def test_a_good_token_lets_in_and_goes_no_further(guarded: Gateway, key: rsa.RSAPrivateKey) -> None:
    token = signed(key)
    assert ask(guarded, token).status_code == 200
    [hit] = guarded.targets["a"].hits
    assert hit.headers["authorization"] == "Bearer token-of-a"
    assert token not in str(hit.headers)
    assert not [name for name in hit.headers if name.startswith("x-anyport")]
    log = guarded.folder / "access.log"
    until(lambda: '"caller":"shop"' in log.read_text("utf-8"))
    assert token not in log.read_text("utf-8")


BAD: dict[str, dict[str, Any]] = {
    "another audience": {"aud": "api://other"},
    "another issuer": {"iss": "https://evil.example.test"},
    "expired": {"exp": 1_000_000},
    "without an end": {"exp": None},
    "not yet": {"nbf": 9_000_000_000},
}


@pytest.mark.parametrize("wrong", BAD)
def test_a_token_that_is_not_for_here_or_now_is_refused(
    guarded: Gateway, key: rsa.RSAPrivateKey, wrong: str
) -> None:
    answer = ask(guarded, signed(key, **BAD[wrong]))
    expected = (403, "caller_not_allowed") if wrong == "another audience" else (401, "invalid_api_key")
    assert (answer.status_code, answer.json()["error"]["code"]) == expected
    assert guarded.targets["a"].take() == 0


def b64(published: str) -> bytes:
    """The public key as the secret of a signature that needs one, which checkers have fallen for."""
    return base64.urlsafe_b64decode(json.loads(published)["keys"][0]["n"] + "==")


def test_a_token_that_somebody_else_signed_is_refused(
    guarded: Gateway, key: rsa.RSAPrivateKey, published: str
) -> None:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    head, body, _ = signed(key).split(".")
    forged = [
        signed(other),
        jwt.encode(claims(), None, algorithm="none"),
        jwt.encode(claims(), b64(published), algorithm="HS256", headers={"kid": "k1"}),
        f"{head}.{body}.",
        f"{head}.{body}",
        "x",
    ]
    for token in (*forged, None):
        assert ask(guarded, token).status_code == 401, token
    assert ask(guarded, None, **{"x-anyport-caller": "shop"}).status_code == 401
    assert guarded.targets["a"].take() == 0


def test_limits_are_by_the_claim_that_names_the_caller(guarded: Gateway, key: rsa.RSAPrivateKey) -> None:
    mine, theirs = signed(key, sub="limited"), signed(key, sub="free")
    assert [ask(guarded, mine).status_code for _ in range(3)] == [200, 200, 429]
    assert ask(guarded, mine, **{"x-anyport-caller": "free"}).status_code == 429
    assert [ask(guarded, theirs).status_code for _ in range(3)] == [200] * 3


def test_a_token_without_a_name_cannot_be_given_one_by_a_header(
    guarded: Gateway, key: rsa.RSAPrivateKey
) -> None:
    nameless = signed(key, sub=None)
    forged = [ask(guarded, nameless, **{"x-anyport-caller": "limited"}).status_code for _ in range(4)]
    assert forged == [200] * 4
    assert ask(guarded, signed(key, sub="limited")).status_code == 200


@dataclass
class Provider:
    """An identity provider that publishes `keys`; None is out of order."""

    keys: str | None
    port: int = 0
    asked: int = 0


@pytest.fixture
def provider(published: str, authority: trustme.CA) -> Iterator[Provider]:
    """One that publishes its key."""
    state = Provider(published)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked += 1
            if state.keys is None:
                self.send_error(503)
                return
            body = state.keys.encode()
            self.send_response(200 if self.path == "/keys" else 404)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any, **__: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("login.example.test").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    state.port = server.server_address[1]
    yield state
    server.shutdown()
    server.server_close()
    thread.join(10)


@pytest.fixture
def fetching(make_gateway: Callable[..., Gateway], targets: Any) -> Callable[..., Gateway]:
    """A gateway that fetches its keys from a port."""

    def make(port: int, **more: Any) -> Gateway:
        url = "https://login.example.test/keys"
        tokens = CallerTokens(issuer=ISSUER, audiences=(AUDIENCE,), keys_url=url, **more)
        addresses = {HOSTS[name]: f"127.0.0.1:{target.port}" for name, target in targets.items()}
        addresses["login.example.test"] = f"127.0.0.1:{port}"
        return make_gateway(caller_tokens=tokens, addresses=addresses)

    return make


@pytest.mark.parametrize("there", [True, False])
def test_keys_are_fetched_from_the_provider(
    fetching: Callable[..., Gateway], provider: Provider, key: rsa.RSAPrivateKey, there: bool
) -> None:
    """Without them nobody gets in, and the gateway runs all the same."""
    gateway = fetching(provider.port if there else 9)
    if there:
        until(lambda: ask(gateway, signed(key)).status_code == 200)
    assert ask(gateway, signed(key, aud="api://other")).status_code == 403
    assert ask(gateway, signed(key)).status_code == (200 if there else 401)


def test_keys_that_the_provider_changes_are_followed(
    fetching: Callable[..., Gateway], provider: Provider, key: rsa.RSAPrivateKey
) -> None:
    """A new key counts and one taken back does not, without a restart; while the provider is away the last ones do."""
    gateway = fetching(provider.port, keys_refresh_seconds=1)
    until(lambda: ask(gateway, signed(key)).status_code == 200)
    new = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    provider.keys = None
    asked = provider.asked
    until(lambda: provider.asked >= asked + 2)
    assert ask(gateway, signed(key)).status_code == 200
    assert ask(gateway, signed(new)).status_code == 401
    provider.keys = key_set(new)
    until(lambda: ask(gateway, signed(new)).status_code == 200)
    assert ask(gateway, signed(key)).status_code == 401


def test_what_cannot_go_together_is_refused() -> None:
    tokens = {"issuer": ISSUER, "audiences": [AUDIENCE], "keys_url": "https://x.test/keys"}
    with pytest.raises(ValidationError, match="two ways"):
        GatewaySettings(callers_file="/x", caller_tokens=tokens)
    for change in (
        {"keys_file": "/x"},
        {"keys_url": None},
        {"audiences": []},
        {"keys_url": "http://x.test/keys"},
    ):
        with pytest.raises(ValidationError):
            CallerTokens.model_validate({**tokens, **change})
    with pytest.raises(RouteError, match="AP410"):
        envoy_yaml(route_table(contract(HOSTS)), GatewaySettings(caller_limits=limited(a=1)))


def test_prod_takes_tokens_for_keys_but_not_both() -> None:
    tokens = CallerTokens(
        issuer=ISSUER, audiences=(AUDIENCE,), keys_url="https://login.example.test:8443/keys"
    )
    settings = GatewaySettings(caller_tokens=tokens)
    found = build(settings=settings, callers={})
    [policy] = [each.inputs["spec"] for each in found if each.name == "gateway-east-network"]
    assert 8443 in [port["port"] for rule in policy["egress"] for port in rule["ports"]]
    with pytest.raises(BuildError, match="keys and tokens"):
        build(settings=settings)
    in_a_file = tokens.model_copy(update={"keys_url": None, "keys_file": "/keys"})
    with pytest.raises(BuildError, match="keys_file"):
        build(settings=GatewaySettings(caller_tokens=in_a_file), callers={})
