"""`anyport render`: text on standard output or problems and exit 2, never half of both, and never a secret."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from exports_helpers import contract, contracts
from running_envoy import ENVOY, write_credentials

from anyport.gateway.routes import route_table
from anyport_cli.render import KINDS, render

HUSH = "hush-secret-value-0123456789"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs it; a map becomes the contract file, a text the settings file."""
    for name in ("VLLM_API_KEY", "ANYPORT_CHAT_OCI_KEY", "LITELLM_MASTER_KEY", "PULUMI_CONFIG_PASSPHRASE"):
        monkeypatch.setenv(name, HUSH)

    def run(kind: str, given: Any = None, settings: str | None = None, *more: str) -> Result:
        file = tmp_path / "contract.json"
        file.write_text(given if isinstance(given, str) else json.dumps(given or contracts()), "utf-8")
        arguments = [kind, "--contract", str(file), *more]
        if settings is not None:
            (tmp_path / "settings.yaml").write_text(settings, "utf-8")
            arguments += ["--settings", str(tmp_path / "settings.yaml")]
        return CliRunner().invoke(render, arguments)

    return run


@pytest.mark.parametrize("kind", KINDS)
def test_a_rendering_is_the_whole_output_and_holds_no_secret(run: Any, kind: str) -> None:
    done = run(kind)
    assert (done.exit_code, done.stderr) == (0, "")
    assert list(yaml.safe_load_all(done.stdout))
    assert HUSH not in done.stdout
    assert run(kind).stdout == done.stdout, "the same contract gives the same text"


@pytest.mark.parametrize("kind", KINDS)
def test_a_secret_in_a_field_of_the_contract_that_has_no_place_for_it_is_refused(run: Any, kind: str) -> None:
    """`auth` has a reference and no value: a contract with one is no contract, and its value is not repeated."""
    given = contracts(chat=contract(oci={"auth": {"kind": "oci_api_key", "key": HUSH}}))
    done = run(kind, given)
    assert done.exit_code == 2
    assert HUSH not in done.output
    given = contracts(chat=contract(oci={"base_url": f"https://u:{HUSH}@host.test/v1"}))
    done = run(kind, given)
    assert (done.exit_code, done.stdout) == (2, "")


def test_envoy_accepts_the_rendering(run: Any, tmp_path: Path) -> None:
    settings = f"{{port: 18080, secrets_dir: {tmp_path}, ca_file: /etc/ssl/certs/ca-certificates.crt}}"
    write_credentials(route_table(contracts()), tmp_path)
    path = tmp_path / "envoy.yaml"
    path.write_text(run("envoy", None, settings).stdout, "utf-8")
    command = [str(ENVOY), "--mode", "validate", "-c", str(path), "-l", "error"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("given", "settings", "code"),
    [
        ("{", None, "AP401"),
        ("[1]", None, "AP401"),
        ('"text"', None, "AP401"),
        ("[" * 100_000, None, "AP401"),
        ('{"endpoints": {}}', None, "AP401"),
        ('{"endpoints": {"chat": 3}}', None, "AP401"),
        (None, "port: [", "AP002"),
        (None, "- 1", "AP103"),
        (None, "nothing_such: 1", "AP101"),
        (None, "answer_seconds: 0", "AP103"),
    ],
)
def test_a_problem_writes_nothing_and_has_a_code(
    run: Any, kind: str, given: Any, settings: str | None, code: str
) -> None:
    done = run(kind, given, settings)
    assert (done.exit_code, done.stdout) == (2, "")
    assert code in done.stderr
    assert "Traceback" not in done.output


def test_a_misspelt_setting_is_named_with_the_nearest_one(run: Any) -> None:
    done = run("envoy", None, "cooldown_second: 3\nfailures: 0\n")
    assert "did you mean cooldown_seconds?" in done.stderr
    assert "2 problem(s)" in done.stderr


def test_a_forbidden_version_is_refused_in_the_settings(run: Any) -> None:
    done = run("litellm", None, "version: 1.107.0")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "compromised" in done.stderr


def test_one_endpoint_can_be_chosen(run: Any) -> None:
    given = contracts(chat=contract(), other=contract("other"))
    done = run("litellm", given, None, "--endpoint", "other")
    assert {row["model_name"].split("/")[0] for row in yaml.safe_load(done.stdout)["model_list"]} == {"other"}
    done = run("litellm", given, None, "--endpoint", "othr")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "did you mean other?" in done.stderr


def test_contracts_of_several_stacks_come_together(run: Any, tmp_path: Path) -> None:
    """One stack per provider is the advised form in prod; the gateway needs them all."""
    first, second = contract("chat", "azure-east"), contract("chat", "oci", oci={"priority": 2})
    (tmp_path / "second.json").write_text(json.dumps({"endpoints": {"chat": json.dumps(second)}}), "utf-8")
    more = ("--contract", str(tmp_path / "second.json"))
    done = run("litellm", contracts(chat=first), None, *more)
    names = [row["model_name"] for row in yaml.safe_load(done.stdout)["model_list"]]
    assert names == ["chat", "chat/oci"]
    done = run("litellm", contracts(chat=second), None, *more)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "is in two contracts" in done.stderr


def test_problems_can_be_read_by_a_program(run: Any) -> None:
    done = run("envoy", "{", None, "--format", "json")
    assert done.exit_code == 2
    found = json.loads(done.stdout)
    assert (found["rendered"], [p["code"] for p in found["problems"]]) == (None, ["AP401"])


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    done = CliRunner().invoke(render, ["envoy", "--contract", str(tmp_path / "none.json")])
    assert (done.exit_code, done.stdout) == (2, "")
    assert "AP401" in done.stderr


def test_the_command_is_registered() -> None:
    from anyport_cli.main import cli

    done = CliRunner().invoke(cli, ["render", "--help"])
    assert done.exit_code == 0
    assert "envoy-ai-gateway" in done.stdout
