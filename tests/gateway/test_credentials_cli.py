"""`anyport gateway-credentials`: writes what it can, says what it could not, and never a secret."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import yaml
from click.testing import CliRunner, Result
from exports_helpers import contract, contracts

from anyport.gateway.secrets import PLACEHOLDER
from anyport_cli.gateway_credentials import gateway_credentials

HUSH = "hush-secret-value-0123456789"


@pytest.fixture
def key(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "key").write_text(HUSH, "utf-8")
    return {"kind": "key_file", "path": str(tmp_path / "key")}


@pytest.fixture
def run(tmp_path: Path) -> Any:
    def run(sources: Any, *more: str) -> Result:
        text = sources if isinstance(sources, str) else yaml.safe_dump(sources)
        (tmp_path / "sources.yaml").write_text(text, "utf-8")
        named = ["--sources", str(tmp_path / "sources.yaml"), "--folder", str(tmp_path / "out")]
        return CliRunner().invoke(gateway_credentials, [*named, "--once", *more])

    return run


def test_once_writes_every_credential_and_says_so(run: Any, key: dict[str, str], tmp_path: Path) -> None:
    done = run({"targets": {"chat/a": key, "chat/b": key}})
    assert (done.exit_code, done.stdout, done.stderr) == (0, "chat/a: good\nchat/b: good\n", "")
    assert f"Bearer {HUSH}" in (tmp_path / "out" / "chat.b.yaml").read_text("utf-8")
    assert (tmp_path / "out").stat().st_mode & 0o777 == 0o700


def test_a_credential_that_cannot_be_had_leaves_a_placeholder_and_exit_1(
    run: Any, key: dict[str, str], tmp_path: Path
) -> None:
    absent = {"kind": "key_file", "path": str(tmp_path / "absent")}
    done = run({"targets": {"chat/a": absent, "chat/b": key}}, "--format", "json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)["targets"]
    assert {name: row["state"] for name, row in found.items()} == {"chat/a": "none", "chat/b": "good"}
    assert found["chat/a"]["problem"] == f"{tmp_path / 'absent'} cannot be read: no such file or directory"
    assert (tmp_path / "out" / "chat.a.yaml").read_text("utf-8") == PLACEHOLDER
    assert HUSH not in done.output


ENTRA = "kind: entra_client_secret, tenant_id: t, client_id: c, client_secret_file: /s"
MISTAKES = {
    "nothing": ("", "AP407", "should be a valid dictionary"),
    "no map": ("[1]", "AP407", "should be a valid dictionary"),
    "no target": ("targets: {}", "AP407", "at least 1 item"),
    "no YAML": ("targets: [", "AP002", ""),
    "a key twice": ("targets:\n  chat/a: {kind: key_file, path: a}\n  chat/a: {kind: key_file, path: b}", "AP003", ""),
    "no name of a target": ("targets:\n  chat: {kind: key_file, path: a}", "AP407", "write endpoint/target"),
    "a path for a name": ("targets:\n  ../x: {kind: key_file, path: a}", "AP407", "write endpoint/target"),
    "no kind": ("targets:\n  chat/a: {path: a}", "AP407", "entra_client_secret"),
    "another kind": ("targets:\n  chat/a: {kind: vault, path: a}", "AP407", "google_metadata"),
    "a secret itself": ("targets:\n  chat/a:\n    kind: key_file\n    path: a\n    key: " + HUSH, "AP407", "unknown key"),
    "a misspelt key": ("targets:\n  chat/a: {kind: key_file, path: a, paht: b}", "AP407", "did you mean path?"),
    "http": ("targets:\n  chat/a: {" + ENTRA + ", authority: 'http://login.test'}", "AP407", "must be https"),
    "a password": ("targets:\n  chat/a: {" + ENTRA + ", authority: 'https://u:" + HUSH + "@x'}", "AP407", "must be an https URL"),
    "no port": ("targets:\n  chat/a: {" + ENTRA + ", authority: 'https://x:99999'}", "AP407", "must be an https URL"),
    "another audience": (
        "targets:\n  chat/a: {kind: google_federation, audience: x, token_file: /t}", "AP407", "should match pattern",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_sources_that_cannot_be_used_are_told_with_their_line(run: Any, tmp_path: Path, mistake: str) -> None:
    text, code, words = MISTAKES[mistake]
    done = run(text)
    assert (done.exit_code, done.stdout) == (2, "")
    assert code in done.stderr
    assert words in done.stderr
    assert HUSH not in done.output
    if text.count("\n") > 1 or "chat/a: {" in text:
        assert (
            f"sources.yaml:{3 if mistake == 'a key twice' else 5 if mistake == 'a secret itself' else 2}"
            in done.stderr
        )
    assert not (tmp_path / "out").exists()
    assert json.loads(run(text, "--format", "json").stdout)["problems"][0]["code"] == code


def test_a_target_of_the_contract_without_a_source_is_refused(
    run: Any, key: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "contract.json").write_text(
        json.dumps(contracts(chat=contract("chat", "oci", "coreweave"))), "utf-8"
    )
    named = ("--contract", str(tmp_path / "contract.json"))
    done = run({"targets": {"chat/oci": key, "chat/coreweve": key}}, *named)
    assert done.exit_code == 2
    assert "AP408 targets.chat/coreweave" in done.stderr
    assert "did you mean chat/coreweave?" in done.stderr
    assert run({"targets": {"chat/oci": key, "chat/coreweave": key}}, *named).exit_code == 0


def test_a_folder_or_authorities_that_cannot_be_used_are_said(
    run: Any, key: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "out").write_text("a file", "utf-8")
    done = run({"targets": {"chat/a": key}})
    assert (done.exit_code, done.stdout) == (2, "")
    assert "AP409" in done.stderr
    done = run({"targets": {"chat/a": key}}, "--ca-file", str(tmp_path / "key"))
    assert (done.exit_code, "AP001" in done.stderr) == (2, True)


def test_it_goes_on_until_it_is_told_to_end(key: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "sources.yaml").write_text(yaml.safe_dump({"targets": {"chat/a": key}}), "utf-8")
    command = [str(Path(sys.executable).parent / "anyport"), "gateway-credentials", "--port", "0"]
    command += ["--sources", str(tmp_path / "sources.yaml"), "--folder", str(tmp_path / "out")]
    environment = {**os.environ, "NO_PROXY": "*"}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        watchdog = threading.Timer(60, process.kill)
        watchdog.start()
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            found = httpx.get(line.rpartition(" ")[2].strip(), trust_env=False).json()
            assert set(found["targets"]) == {"chat/a"}
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            assert HUSH not in line + process.stderr.read()
        finally:
            watchdog.cancel()
            process.kill()
