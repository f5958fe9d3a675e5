"""A credential that is not there on the real Envoy: a dead target, never a dead gateway."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from gateway_helpers import Gateway, contract, until
from running_envoy import validate, write_credentials

from anyport.gateway.routes import route_table
from anyport.gateway.secrets import (
    PLACEHOLDER,
    caller_line,
    credential_text,
    prepare_folder,
    write_credential,
    write_file,
)
from anyport.gateway.settings import CallerLimit, GatewaySettings

HOSTS = {name: f"{name}.example.test" for name in "abc"}
NAMES = [f"chat/{name}" for name in HOSTS]


def without(*targets: str) -> Callable[[Path], None]:
    """Take the credentials of targets away before the gateway starts."""

    def change(folder: Path) -> None:
        for target in targets:
            (folder / f"chat.{target}.yaml").unlink()
        prepare_folder(folder, NAMES)

    return change


def test_a_target_without_a_credential_is_dead_until_it_comes(make_gateway: Callable[..., Gateway]) -> None:
    gateway = make_gateway(before=without("a"))
    served = [gateway.ask().headers for _ in range(3)]
    assert [(each["x-served-by"], each["x-attempts"]) for each in served] == [
        ("b", "2"),
        ("b", "2"),
        ("b", "1"),
    ]
    assert gateway.targets["a"].take() == 0, "nothing goes out without its credential"
    write_credential(gateway.folder / "secrets", "chat", "a", "at-last")
    until(lambda: gateway.ask().headers["x-served-by"] == "a")
    assert gateway.targets["a"].hits[-1].headers["authorization"] == "Bearer at-last"


def test_with_no_credential_at_all_the_gateway_answers_and_says_why(
    make_gateway: Callable[..., Gateway],
) -> None:
    gateway = make_gateway(before=without("a", "b", "c"))
    answer = gateway.ask()
    assert answer.status_code == 401
    assert answer.json()["error"] == {
        "message": "Failed to inject credential.", "type": "server_error", "param": None, "code": "credential_missing",
    }  # fmt: skip
    assert answer.headers["x-served-by"] == "c"
    assert not any(target.take() for target in gateway.targets.values())


def test_a_credential_that_is_damaged_later_leaves_the_old_one_in_use(gateway: Gateway) -> None:
    path = gateway.folder / "secrets" / "chat.a.yaml"
    for damage in (PLACEHOLDER, "", "{", credential_text("chat", "other", "x")):
        write_file(path, damage)
        assert {gateway.ask().headers["x-served-by"] for _ in range(5)} == {"a"}
    assert {hit.headers["authorization"] for hit in gateway.targets["a"].hits} == {"Bearer token-of-a"}


def test_placeholders_take_no_credential_away(tmp_path: Path) -> None:
    write_credential(tmp_path, "chat", "a", "kept")
    prepare_folder(tmp_path, NAMES)
    assert "kept" in (tmp_path / "chat.a.yaml").read_text("utf-8")
    assert [(tmp_path / f"chat.{name}.yaml").read_text("utf-8") for name in "bc"] == [PLACEHOLDER] * 2
    assert not list(tmp_path.glob(".credential-*"))


def weighted() -> dict[str, Any]:
    body = contract(HOSTS, {"a": ["tools"], "b": ["tools", "vision"], "c": ["json_schema"]})
    for target, row in zip(body["endpoints"]["chat"]["targets"], [(1, 3), (1, 1), (2, None)], strict=True):
        target |= {"priority": row[0], "weight": row[1]}
    return body


def several() -> dict[str, Any]:
    chat = contract(HOSTS)["endpoints"]["chat"]
    rows = [{**target, "endpoint": "embed", "model": ""} for target in chat["targets"][:1]]
    embed = {**chat, "endpoint": "embed", "apis": ["embeddings"], "targets": rows}
    return {"endpoints": {"chat": chat, "embed": embed}}


def one() -> dict[str, Any]:
    return contract({"a": "[::1]:8443"})


@pytest.mark.parametrize("given", [weighted, several, one])
@pytest.mark.parametrize("wide", [False, True])
def test_envoy_finds_nothing_wrong_with_a_rendering(
    tmp_path: Path, given: Callable[[], dict[str, Any]], wide: bool
) -> None:
    table = route_table(given())
    write_credentials(table, tmp_path / "s")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    made = authority.issue_cert("gateway.test")
    made.private_key_pem.write_to_path(tmp_path / "tls.key")
    made.cert_chain_pems[0].write_to_path(tmp_path / "tls.crt")
    (tmp_path / "callers").write_text(caller_line("a", "x" * 32) + "\n", "utf-8")
    more: dict[str, Any] = {
        "metrics_port": 9902, "address": "0.0.0.0", "callers_file": str(tmp_path / "callers"), "failures": 1,
        "caller_limits": {"a": CallerLimit(requests_per_minute=1)}, "tls_key_file": str(tmp_path / "tls.key"),
        "tls_certificate_file": str(tmp_path / "tls.crt"), "addresses": {"a.example.test": "127.0.0.1:1"},
        "first_byte_seconds": 0.001, "request_seconds": 3600, "largest_body_bytes": 1024,
    }  # fmt: skip
    named = {"ca_file": str(tmp_path / "ca.pem"), "secrets_dir": str(tmp_path / "s")}
    done = validate(table, GatewaySettings(**named, **(more if wide else {})), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Deprecated" not in done.stderr
