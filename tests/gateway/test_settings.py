"""Settings that no gateway could run with are refused with their name, and those that are taken are taken by Envoy too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from exports_helpers import contracts
from running_envoy import validate, write_credentials

from anyport.gateway.routes import route_table
from anyport.gateway.settings import GatewaySettings
from anyport_cli.render import render


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Renders for Envoy with a settings file of this text."""

    def run(settings: str, given: Any = None) -> Result:
        (tmp_path / "contract.json").write_text(json.dumps(given or contracts()), "utf-8")
        (tmp_path / "settings.yaml").write_text(settings, "utf-8")
        files = ["--contract", str(tmp_path / "contract.json"), "--settings", str(tmp_path / "settings.yaml")]
        return CliRunner().invoke(render, ["envoy", *files, "--format", "json"])

    return run


def refused(done: Result) -> list[tuple[str, str]]:
    """Code and path of every problem."""
    assert (done.exit_code, done.exception and type(done.exception)) == (2, SystemExit)
    said = json.loads(done.stdout)
    assert said["rendered"] is None
    return [(problem["code"], problem["path"]) for problem in said["problems"]]


@pytest.mark.parametrize(
    ("settings", "path"),
    [
        ("addresses: {chat.example.test: 10.0.0.1}", "addresses.chat.example.test"),
        ("addresses: {chat.example.test: '10.0.0.1:http'}", "addresses.chat.example.test"),
        ("addresses: {chat.example.test: '10.0.0.1:0'}", "addresses.chat.example.test"),
        ("addresses: {chat.example.test: '10.0.0.1:65536'}", "addresses.chat.example.test"),
        ("addresses: {chat.example.test: '10.0.0.256:80'}", "addresses.chat.example.test"),
        ("addresses: {chat.example.test: 'fd00::1:80'}", "addresses.chat.example.test"),
        ("addresses: {chat.example.test: 'other.example.test:80'}", "addresses.chat.example.test"),
        ("address: gateway.local", "address"),
        ("address: '[::]'", "address"),
        ("connect_seconds: 0.00001", "connect_seconds"),
        ("first_byte_seconds: 0.0001", "first_byte_seconds"),
        ("cooldown_seconds: .nan", "cooldown_seconds"),
        ("tls_key_file: /tls.key", ""),
        ("tls_certificate_file: /tls.crt", ""),
        ("first_byte_seconds: 121", ""),
        ("stream_idle_seconds: 14", ""),
    ],
)
def test_a_setting_that_envoy_would_refuse_or_nobody_could_mean_is_refused(
    run: Any, settings: str, path: str
) -> None:
    assert refused(run(settings)) == [("AP103", path)]


@pytest.mark.parametrize("text", ["[" * 5000, "address: 2026-13-45", "a: &a {a: *a}"])
def test_a_settings_file_that_cannot_be_read_is_a_problem(run: Any, text: str) -> None:
    [(code, _)] = refused(run(text))
    assert code in ("AP002", "AP101")


def test_envoy_takes_every_time_that_is_taken(tmp_path: Path) -> None:
    table = route_table(contracts())
    write_credentials(table, tmp_path / "secrets")
    times = {
        "connect_seconds": 0.001,
        "stream_idle_seconds": 100 / 3,
        "answer_seconds": 0.0014,
        "first_byte_seconds": 0.001,
        "request_headers_seconds": 1 / 3,
        "request_seconds": 3600,
    }
    done = validate(table, GatewaySettings(secrets_dir=str(tmp_path / "secrets"), **times), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_text_that_no_encoding_has_is_refused(run: Any) -> None:
    given = contracts()
    given["endpoints"]["chat"]["targets"][0]["model"] = "\ud800"
    [(code, _)] = refused(run("", given))
    assert code == "AP401"
