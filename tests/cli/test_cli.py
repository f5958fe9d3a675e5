"""The command line as a user meets it: a process, its exit code and its words."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

GOOD = """\
config:
  anyport:tier: {tier}
  anyport:endpoints:
    chat:
      model: gpt-oss-120b
      targets:
        azure: {{priority: 1, provider: azure_openai, region: eastus2}}
"""
SECOND = (
    "        oci: {priority: 2, provider: oci_generative_ai, region: us-chicago-1}\n"
    "        south: {priority: 3, provider: azure_openai, region: southcentralus}\n"
)


def run(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from anyport_cli.main import main; main()", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        cwd=cwd,
        check=False,
    )


def stack(folder: Path, text: str, name: str = "x") -> Path:
    path = folder / f"Pulumi.{name}.yaml"
    path.write_text(text)
    return path


def test_a_good_stack_is_ok(tmp_path: Path) -> None:
    done = run("check", str(stack(tmp_path, GOOD.format(tier="prod") + SECOND)), "--today", "2026-11-25")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1].startswith("1 files, 1 endpoints: 0 failing, ")


def test_a_finding_in_prod_is_exit_1_and_in_dev_it_is_not(tmp_path: Path) -> None:
    prod = run("check", str(stack(tmp_path, GOOD.format(tier="prod"))), "--today", "2026-11-25")
    assert prod.returncode == 1
    assert "Pulumi.x.yaml:4  CRITICAL  AR002 fallback-provider  endpoints.chat\n" in prod.stdout
    dev = run("check", str(stack(tmp_path, GOOD.format(tier="dev"))), "--today", "2026-11-25")
    assert dev.returncode == 0
    assert "AR001 fallback-region  endpoints.chat  (advisory)\n" in dev.stdout


def test_bad_input_is_exit_2_and_wins_over_findings(tmp_path: Path) -> None:
    stack(tmp_path, GOOD.format(tier="prod"), "a")
    stack(tmp_path, "config: [", "b")
    done = run("check", str(tmp_path), "--today", "2026-11-25")
    assert done.returncode == 2
    assert "AP002" in done.stderr
    assert "AR001" in done.stdout


def test_json_carries_findings_and_problems(tmp_path: Path) -> None:
    stack(tmp_path, GOOD.format(tier="prod"), "a")
    stack(tmp_path, GOOD.format(tier="prod").replace("eastus2", "eastus22"), "b")
    done = run("check", str(tmp_path), "--format", "json", "--today", "2026-11-25")
    answer = json.loads(done.stdout)
    failing = {finding["rule_id"] for finding in answer["findings"] if finding["fails"]}
    assert {"AR001", "AR002"} <= failing
    assert [(p["code"], p["line"]) for p in answer["problems"]] == [("AP202", 7)]


def test_plan_shows_targets_and_notes(tmp_path: Path) -> None:
    done = run("plan", str(stack(tmp_path, GOOD.format(tier="prod") + SECOND)), "--today", "2026-11-25")
    assert done.returncode == 0
    assert "us-illinois" in done.stdout
    assert "note: azure, south: " in done.stdout
    machine = run("plan", str(tmp_path), "--format", "json", "--today", "2026-11-25")
    (plan,) = json.loads(machine.stdout)["plans"].values()
    assert [t["name"] for t in plan["endpoints"][0]["targets"]] == ["azure", "oci", "south"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("chek",), "did you mean check?"),
        (("check", "--today", "soon"), "write YYYY-MM-DD"),
        (("check", "--format", "xml"), "not one of text, json"),
        (("plan", "--format", "xml"), "'text', 'json'"),
        (("check", "no-such-file.yaml"), "does not exist"),
    ],
)
def test_wrong_use_is_one_sentence(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_folder_is_said(tmp_path: Path) -> None:
    done = run("check", str(tmp_path))
    assert done.returncode == 2
    assert "holds no stack files" in done.stderr


def test_doctor_says_what_is_here(tmp_path: Path) -> None:
    done = run("doctor", "--format", "json", cwd=tmp_path)
    checks = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert checks["python"]["ok"]
    assert checks["pulumi-oci"]["found"] == "5.5.0"


@pytest.mark.parametrize(
    ("command", "heavy"), [("--help", ("pulumi", "pydantic", "yaml")), ("check", ("pulumi",))]
)
def test_commands_import_only_what_they_need(tmp_path: Path, command: str, heavy: tuple[str, ...]) -> None:
    """Speed by construction: `anyport --help` must answer at once."""
    probe = (
        "import sys; sys.argv = ['anyport', *sys.argv[1:]]\n"
        "from anyport_cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print('LOADED', [m for m in sys.modules if m.split('.')[0] in ('pulumi', 'pydantic', 'yaml', 'pulumi_policy')])"
    )
    stack(tmp_path, GOOD.format(tier="dev"))
    arguments = [command] if command.startswith("-") else [command, str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-c", probe, *arguments], capture_output=True, text=True, timeout=60, check=False
    )
    loaded = done.stdout.split("LOADED")[1]
    assert [name for name in heavy if f"'{name}'" in loaded] == []
