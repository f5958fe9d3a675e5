"""Credentials are had from where they come, in time, and kept while no new one comes; none of them is shown."""

from __future__ import annotations

import json
import logging
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import trustme
from gateway_helpers import Gateway, until
from token_servers import AUDIENCE, NOW, TokenServer

from anyport.gateway.credential_sources import Sources
from anyport.gateway.renew import Renewer
from anyport.gateway.renew_service import https_fetch, serve_until
from anyport.gateway.secrets import PLACEHOLDER, credential_text
from anyport.gateway.token_requests import Answer, Request

SECRETS = ("s3cret", "federated.sign", "entra-", "sts-", "account-", "machine-")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[TokenServer]:
    with TokenServer() as made:
        yield made


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("s3cret+/=\n", "utf-8")
    (tmp_path / "jwt").write_text("header.federated.sign", "utf-8")
    (tmp_path / "key").write_text("key-1\n", "utf-8")
    return tmp_path


def rows(url: str, files: Path) -> dict[str, dict[str, Any]]:
    entra = {"tenant_id": "tenant-1", "client_id": "app-1", "authority": url}
    pool = {"kind": "google_federation", "audience": AUDIENCE, "token_file": str(files / "jwt")}
    urls = {"token_url": f"{url}/v1/token", "iam_url": f"{url}/v1"}
    return {
        "secret": {"kind": "entra_client_secret", **entra, "client_secret_file": str(files / "secret")},
        "federated": {"kind": "entra_federated_token", **entra, "token_file": str(files / "jwt")},
        "pool": {**pool, **urls},
        "account": {**pool, **urls, "service_account": "gw@p.iam.gserviceaccount.com"},
        "machine": {"kind": "google_metadata", "url": url},
        "key": {"kind": "key_file", "path": str(files / "key")},
    }


def renewer(source: dict[str, Any], files: Path, clock: Clock | None = None, fetch: Any = None) -> Renewer:
    sources = Sources.model_validate({"targets": {"chat/a": source}})
    made = Renewer(sources, files / "out", fetch or https_fetch(), clock=clock or Clock(), wall=lambda: NOW)
    made.prepare()
    return made


def written(files: Path) -> str:
    text = (files / "out" / "chat.a.yaml").read_text("utf-8")
    if text == PLACEHOLDER:
        return ""
    [resource] = json.loads(text)["resources"]
    return str(resource["generic_secret"]["secret"]["inline_string"]).removeprefix("Bearer ")


@pytest.mark.parametrize(
    ("kind", "token", "requests"),
    [
        ("secret", "entra-secret-1", ["POST /tenant-1/oauth2/v2.0/token"]),
        ("federated", "entra-federated-1", ["POST /tenant-1/oauth2/v2.0/token"]),
        ("pool", "sts-1", ["POST /v1/token"]),
        (
            "account",
            "account-2",
            ["POST /v1/token", "POST /v1/projects/-/serviceAccounts/gw@p.iam.gserviceaccount.com:generateAccessToken"],
        ),
        ("machine", "machine-1", ["GET /computeMetadata/v1/instance/service-accounts/default/token"]),
    ],
)  # fmt: skip
def test_a_token_is_had_as_the_vendor_documents_it(
    server: TokenServer, files: Path, kind: str, token: str, requests: list[str]
) -> None:
    made = renewer(rows(server.url, files)[kind], files)
    assert written(files) == ""
    pause = made.renew("chat/a")
    assert (server.asked, server.wrong) == (requests, [])
    assert written(files) == token
    assert pause == 3599 - 600
    found = made.status()["chat/a"]
    assert (found["state"], found["seconds_left"], found["failures"]) == ("good", 3599, 0)
    assert (files / "out" / "chat.a.yaml").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("lifetime", "pause"), [(86400, 85800), (3600, 3000), (400, 300), (8, 6), (1, 1)])
def test_a_token_is_renewed_while_a_quarter_of_its_life_is_left(
    server: TokenServer, files: Path, lifetime: int, pause: float
) -> None:
    server.lifetime = lifetime
    assert renewer(rows(server.url, files)["machine"], files).renew("chat/a") == pause


def test_the_old_token_stays_until_it_ends_and_renewal_goes_on(server: TokenServer, files: Path) -> None:
    clock = Clock()
    made = renewer(rows(server.url, files)["secret"], files, clock)
    clock.now += made.renew("chat/a")
    server.broken = (503, "no")
    pauses = [made.renew("chat/a") for _ in range(9)]
    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert written(files) == "entra-secret-1"
    assert made.status()["chat/a"] == {
        "state": "failing", "seconds_left": 600, "failures": 9, "problem": "the token server answered 503",
    }  # fmt: skip
    clock.now += 600
    assert made.status()["chat/a"]["state"] == "expired"
    assert written(files) == "entra-secret-1"
    server.broken = None
    made.renew("chat/a")
    assert written(files) == "entra-secret-11"
    assert made.status()["chat/a"]["state"] == "good"


BAD = [
    (401, '{"error":"invalid_client","error_description":"s3cret","error_codes":[7000215]}', "401 (invalid_client, AADSTS7000215)"),
    (403, '{"error":{"code":403,"message":"s3cret","status":"PERMISSION_DENIED"}}', "403 (PERMISSION_DENIED)"),
    (400, '{"error":"s3cret s3cret"}', "answered 400"),
    (302, "", "answered 302"),
    (200, "<html>s3cret", "not a JSON object"),
    (200, "[" * 100000, "not a JSON object"),
    (200, '{"access_token":7,"expires_in":3599}', "no token"),
    (200, '{"access_token":"a b","expires_in":3599}', "visible ASCII"),
    (200, '{"access_token":"a\\r\\nx: y","expires_in":3599}', "visible ASCII"),
    (200, '{"access_token":"a"}', "how long"),
    (200, '{"access_token":"a","expires_in":-1}', "how long"),
    (200, '{"access_token":"a","expires_in":"soon"}', "how long"),
    (200, '{"access_token":"a","expires_in":1e999}', "how long"),
    (200, '{"access_token":"a","expires_in":true}', "how long"),
    (200, '{"access_token":"a","expires_in":9,"token_type":"mac"}', "another type"),
    (200, '{"access_token":"' + "a" * 70000 + '","expires_in":9}', "not a JSON object"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "problem"), BAD)
def test_whatever_a_token_server_says_is_told_without_a_secret(
    server: TokenServer, files: Path, status: int, body: str, problem: str, caplog: pytest.LogCaptureFixture
) -> None:
    server.broken = (status, body)
    made = renewer(rows(server.url, files)["secret"], files)
    assert made.renew("chat/a") == 1
    assert written(files) == ""
    found = made.status()["chat/a"]
    assert found["state"] == "none"
    assert problem in found["problem"]
    assert problem in caplog.text
    assert not any(secret in caplog.text + str(found) for secret in SECRETS)
    assert len(server.asked) == 1, "a redirect is not followed"


def test_a_scope_of_one_s_own_is_asked_of_the_account_and_not_of_the_exchange(files: Path) -> None:
    """The exchanged token only serves to ask for the account's, which needs the whole platform's scope."""
    asked: list[Request] = []

    def fetch(request: Request) -> Answer:
        asked.append(request)
        said = {
            "access_token": "a",
            "expires_in": 9,
            "accessToken": "b",
            "expireTime": "2026-09-21T14:13:20.123456789Z",
        }
        return Answer(200, json.dumps(said).encode())

    source = {**rows("http://127.0.0.1:1", files)["account"], "scope": "https://narrow.test/scope"}
    made = renewer(source, files, fetch=fetch)
    assert made.renew("chat/a") > 0, made.status()
    first, second = (request.body.decode() for request in asked)
    assert "cloud-platform" in first
    assert "narrow" not in first
    assert json.loads(second)["scope"] == ["https://narrow.test/scope"]


def test_a_token_that_ends_at_a_time_nobody_knows_is_refused(server: TokenServer, files: Path) -> None:
    for ends in ("2026-13-01T00:00:00Z", "2027-01-01T00:00:00", "", None, "2020-01-01T00:00:00Z"):

        def fetch(request: Request, ends: Any = ends) -> Answer:
            first = {"access_token": "a", "expires_in": 9}
            said = {"accessToken": "a", "expireTime": ends} if "generate" in request.url else first
            return Answer(200, json.dumps(said).encode())

        made = renewer(rows("http://127.0.0.1:1", files)["account"], files, fetch=fetch)
        made.renew("chat/a")
        assert "how long" in made.status()["chat/a"]["problem"], ends


def test_a_server_that_is_not_there_is_a_failure_like_any_other(files: Path) -> None:
    made = renewer(rows("http://127.0.0.1:9", files)["secret"], files)
    assert made.renew("chat/a") == 1
    assert "did not answer" in made.status()["chat/a"]["problem"]


def test_the_certificate_of_a_token_server_is_checked(files: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(files / "ca.pem")
    for name, right in (("localhost", True), ("other.test", False)):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(name).configure_cert(context)
        with TokenServer(context) as secure:
            for fetch, trusted in ((https_fetch(str(files / "ca.pem")), True), (https_fetch(), False)):
                made = renewer(rows(secure.url, files)["secret"], files, fetch=fetch)
                made.renew("chat/a")
                assert (made.status()["chat/a"]["state"] == "good") is (right and trusted)


@pytest.mark.parametrize("content", ["", " \n", "two\nlines", "caf\u00e9", "a" * 70000, None])
def test_a_file_that_holds_no_credential_is_told_by_its_name(files: Path, content: str | None) -> None:
    key = files / "key"
    key.unlink() if content is None else key.write_text(content, "utf-8")
    made = renewer({"kind": "key_file", "path": str(key)}, files)
    made.renew("chat/a")
    found = made.status()["chat/a"]
    assert found["state"] == "none"
    assert found["problem"]
    assert "caf" not in found["problem"]


def test_a_key_is_taken_over_when_its_file_changes(files: Path) -> None:
    made = renewer({"kind": "key_file", "path": str(files / "key")}, files)
    assert made.renew("chat/a") == 10
    assert written(files) == "key-1"
    before = (files / "out" / "chat.a.yaml").stat().st_ino
    made.renew("chat/a")
    assert (files / "out" / "chat.a.yaml").stat().st_ino == before, "an unchanged one is not written again"
    (files / "key").write_text("key-2", "utf-8")
    made.renew("chat/a")
    assert written(files) == "key-2"


def test_a_file_in_envoy_s_form_is_taken_over_as_it_is(files: Path) -> None:
    given = files / "given.yaml"
    made = renewer({"kind": "envoy_file", "path": str(given)}, files)
    for wrong in ("", "{}", '{"resources": []}', "[1]", '{"resources": 7}'):
        given.write_text(wrong, "utf-8")
        made.renew("chat/a")
        assert "not in Envoy's form" in made.status()["chat/a"]["problem"]
    given.write_text(credential_text("chat", "a", "key-3"), "utf-8")
    made.renew("chat/a")
    assert written(files) == "key-3"


def test_a_credential_of_an_earlier_run_is_not_replaced_by_a_placeholder(files: Path) -> None:
    made = renewer({"kind": "key_file", "path": str(files / "key")}, files)
    made.renew("chat/a")
    (files / "key").unlink()
    again = renewer({"kind": "key_file", "path": str(files / "key")}, files)
    again.renew("chat/a")
    assert written(files) == "key-1"


def test_the_real_envoy_takes_renewed_tokens_without_a_restart(
    gateway: Gateway, server: TokenServer, files: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The life of the tokens is four seconds here, so each is renewed after three."""
    caplog.set_level(logging.DEBUG)
    server.lifetime = 4
    sources = Sources.model_validate({"targets": {"chat/a": rows(server.url, files)["secret"]}})
    import time

    made = Renewer(sources, gateway.folder / "secrets", https_fetch(), clock=time.monotonic, wall=time.time)
    stop, at = threading.Event(), []
    thread = threading.Thread(target=serve_until, args=(stop, made, "127.0.0.1", 0, at.append))
    thread.start()

    def sent() -> str:
        assert gateway.ask().status_code == 200
        return gateway.targets["a"].hits[-1].headers["authorization"].removeprefix("Bearer ")

    try:
        seen: dict[str, None] = {}
        until(lambda: seen.update({sent(): None}) is None and len(seen) >= 4, 30)
        url = f"http://127.0.0.1:{at[0]}"
        pages = {
            page: httpx.get(f"{url}/{page}", trust_env=False)
            for page in ("started", "healthz", "status", "metrics", "x")
        }
    finally:
        stop.set()
        thread.join(10)
    tokens = [each for each in seen if each != "token-of-a"]
    assert len(tokens) >= 3
    assert tokens == sorted(tokens)
    assert all(token.startswith("entra-secret-") for token in tokens)
    assert [page.status_code for page in pages.values()] == [200, 200, 200, 200, 404]
    assert pages["status"].json()["targets"]["chat/a"]["state"] == "good"
    assert 'anyport_credential_failures{endpoint="chat",target="a"} 0' in pages["metrics"].text
    shown = caplog.text + "".join(page.text for page in pages.values())
    assert not any(secret in shown for secret in SECRETS)


def test_a_token_server_that_hangs_holds_up_its_own_target_only(files: Path) -> None:
    import time

    hanging = threading.Event()

    def fetch(_: Any) -> Any:
        hanging.wait(60)
        raise OSError

    targets = {"chat/a": rows("http://127.0.0.1:1", files)["machine"], "chat/b": rows("x", files)["key"]}
    made = Renewer(
        Sources.model_validate({"targets": targets}),
        files / "out",
        fetch,
        clock=time.monotonic,
        wall=time.time,
    )
    made.prepare()
    stop, at = threading.Event(), []
    thread = threading.Thread(target=serve_until, args=(stop, made, "127.0.0.1", 0, at.append))
    thread.start()
    try:
        until(lambda: made.status()["chat/b"]["state"] == "good", 10)
        assert httpx.get(f"http://127.0.0.1:{at[0]}/started", trust_env=False).status_code == 503
        assert made.status()["chat/a"]["state"] == "none"
    finally:
        stop.set()
        hanging.set()
        thread.join(10)
