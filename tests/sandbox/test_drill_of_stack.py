"""The drill that ends `make sandbox`, on the real Envoy; and what is said when it cannot run."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from anyport_cli.drill_recipe import EXAMPLE
from anyport_sandbox import run
from anyport_sandbox.drill_of_stack import drill_stack, drillable
from anyport_sandbox.workspace import SandboxError, Workspace

OUTPUTS: dict[str, Any] = {"endpoints": {"chat": EXAMPLE}}
ALONE: dict[str, Any] = {"endpoints": {"chat": {**EXAMPLE, "targets": EXAMPLE["targets"][:1]}}}
VECTORS: dict[str, Any] = {"endpoints": {"chat": {**EXAMPLE, "apis": ["embeddings"]}}}


@pytest.fixture
def workspace(tmp_path: Path, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.setenv("ANYPORT_WORK_AREA", str(tmp_path))
    made = Workspace(checkout)
    made.prepare()
    return made


@pytest.mark.slow
@pytest.mark.envoy
def test_a_row_per_fault_and_a_page(workspace: Workspace) -> None:
    text, kept = drill_stack(workspace, OUTPUTS, "chat")
    assert kept, text
    rows = [line.split("  ")[0] for line in text.splitlines() if line.startswith("east: ")]
    assert rows == ["east: refuse", "east: 503", "east: cut mid-stream"]
    page = workspace.area / "sandbox" / "drill.html"
    assert str(page) in text
    assert "cut mid-stream" in page.read_text("utf-8")


def test_nothing_to_drill() -> None:
    assert drillable(OUTPUTS) == "chat"
    assert drillable(ALONE) is None
    assert drillable(VECTORS) is None


def test_a_drill_that_cannot_run_says_why(workspace: Workspace) -> None:
    with pytest.raises(
        SandboxError, match="the drill did not run: Endpoint chat has 1 target: there is nothing"
    ):
        drill_stack(workspace, ALONE, "chat")


@pytest.mark.parametrize(("returncode", "kept"), [(0, True), (1, False)])
def test_the_exit_code_of_the_drill_is_the_verdict(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, returncode: int, kept: bool
) -> None:
    asked: list[list[str]] = []

    def command(words: list[str], *, quiet: bool) -> subprocess.CompletedProcess[str]:
        assert quiet
        asked.append(words)
        return subprocess.CompletedProcess(words, returncode, "the table\n", "")

    monkeypatch.setattr(workspace, "command", command)
    text, found = drill_stack(workspace, OUTPUTS, "chat")
    assert found is kept
    assert text.startswith("the table\nTimelines: ")
    contracts = Path(asked[0][asked[0].index("--contract") + 1])
    assert json.loads(contracts.read_text("utf-8")) == OUTPUTS


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (
            {run.MODEL: "gpt"},
            "ANYPORT_SANDBOX_MODEL is 'gpt'; give real or simulated (make sandbox MODEL=real).",
        ),
        ({run.MODEL: "real", run.KUBERNETES: "real"}, "give one of the two."),
    ],
)
def test_a_model_that_is_none_is_told_before_anything_is_built(
    values: dict[str, str],
    says: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ANYPORT_WORK_AREA", str(tmp_path))
    monkeypatch.setenv("ANYPORT_SANDBOX_PORT", "0")
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    assert run.main(["up"]) == 3
    assert says in capfd.readouterr().err
