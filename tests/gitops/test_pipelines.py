"""The pipelines are what their hosts take, pin what they use, and ask for no more rights than they need."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

PLACEHOLDER = "<owner>/anyport@<commit>"
"""Stands in the workflow alone and cannot be taken for a pin; everything else is judged with it filled in."""
ACTION, WORKFLOW, GITLAB = "action.yml", "gitops/github/anyport.yml", "gitops/gitlab/anyport.gitlab-ci.yml"


def filled(checkout: Path, name: str) -> str:
    """A file as its user has it after the command in docs/pull-requests.md."""
    return (checkout / name).read_text().replace(PLACEHOLDER, f"our-org/anyport@{'3d3c42e5' * 5}")


def read(checkout: Path, name: str) -> Any:
    return yaml.safe_load(filled(checkout, name))


def test_only_the_workflow_leaves_a_place_to_fill_in_and_no_hash_is_made_up(checkout: Path) -> None:
    files = [checkout / ACTION, *(path for path in (checkout / "gitops").rglob("*.yml"))]
    for path in files:
        text = path.read_text()
        assert text.count(PLACEHOLDER) == (path == checkout / WORKFLOW), path
        for pin in re.findall(r"@([0-9a-fA-F]{40})", text):
            assert len(set(pin)) > 4, f"{path} pins by a hash that no commit has"
    shown = re.search(r"\$ sed (.*?)\n```", (checkout / "docs" / "pull-requests.md").read_text(), re.DOTALL)
    assert shown is not None
    assert f"s|{PLACEHOLDER}|" in shown[1]


@pytest.mark.parametrize(
    ("schema", "name"),
    [("github-actions", ACTION), ("github-workflows", WORKFLOW), ("gitlab-ci", GITLAB)],
)
def test_they_have_the_form_that_their_hosts_take(
    checkout: Path, schema: str, name: str, tmp_path: Path
) -> None:
    tool = checkout / ".venv" / "bin" / "check-jsonschema"
    file = tmp_path / Path(name).name
    file.write_text(filled(checkout, name))
    done = subprocess.run(
        [tool, "--builtin-schema", f"vendor.{schema}", file],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_passes_actionlint(checkout: Path) -> None:
    obtained = subprocess.run(
        [sys.executable, checkout / "tools" / "validators" / "obtain.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert obtained.returncode == 0, obtained.stderr
    lint = [Path(obtained.stdout.strip()) / "actionlint", "-shellcheck=", "-pyflakes="]
    good = filled(checkout, WORKFLOW)
    done = subprocess.run([*lint, "-"], input=good, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")
    broken = good.replace("github.ref }}", "github.reff }}")
    noticed = subprocess.run([*lint, "-"], input=broken, capture_output=True, text=True, check=False)
    assert noticed.returncode == 1


@pytest.mark.parametrize("name", [ACTION, WORKFLOW])
def test_every_action_is_pinned_by_commit_and_says_its_version(checkout: Path, name: str) -> None:
    uses = [line.strip() for line in filled(checkout, name).splitlines() if re.match(r"\s*(- )?uses:", line)]
    assert uses
    for line in uses:
        assert re.search(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # (v\d+\.\d+\.\d+$|the commit)", line), line


def test_the_workflow_asks_for_the_least_rights(checkout: Path) -> None:
    workflow = read(checkout, WORKFLOW)
    assert workflow["permissions"] == {}
    assert workflow["jobs"]["check"]["permissions"] == {
        "contents": "read", "pull-requests": "write", "security-events": "write",
    }  # fmt: skip
    assert set(workflow[True]) == {"pull_request", "push"}  # YAML 1.1 reads `on` as true
    assert workflow["jobs"]["check"]["steps"][0]["with"]["persist-credentials"] is False


def test_nothing_of_a_pull_request_is_put_into_a_shell_command(checkout: Path) -> None:
    """Expressions in `run:` are pasted as text; a branch named `$(id)` would be run."""
    steps = read(checkout, ACTION)["runs"]["steps"]
    runs = [step["run"] for step in steps if "run" in step]
    assert len(runs) == 5
    assert not any("${{" in run for run in runs)


def test_only_the_comment_gets_the_token(checkout: Path) -> None:
    steps = read(checkout, ACTION)["runs"]["steps"]
    given = [
        step.get("name") for step in steps if "token" in str(step.get("env", "")) + str(step.get("with", ""))
    ]
    assert given == ["Comment"]


def test_python_never_looks_into_the_checked_tree_for_modules(checkout: Path) -> None:
    """`python -m` and `-c` put the working folder first on the path, and that is the tree of the pull request."""
    scripts = "".join(path.read_text() for path in (checkout / "gitops" / "scripts").glob("*.sh"))
    commands = scripts + "".join((checkout / name).read_text() for name in (ACTION, GITLAB))
    starts = re.findall(r'(?:^|[\s("|])(?:"\$python"|\S*python3?"?) (-\S+|"\$)', commands, re.MULTILINE)
    assert len(starts) == 6
    assert set(starts) == {"-I"}


def test_the_comment_and_the_verdict_do_not_hang_on_the_preview(checkout: Path) -> None:
    steps = {step.get("name"): step for step in read(checkout, ACTION)["runs"]["steps"]}
    for name in ("Check", "Upload to code scanning", "Comment", "Verdict"):
        assert steps[name]["if"].startswith("always()"), name
    assert list(steps).index("Preview") < list(steps).index("Check") < list(steps).index("Comment")
    reports = read(checkout, GITLAB)["anyport-check"]["artifacts"]
    assert reports["when"] == "always"


def test_inputs_and_environment_of_the_action_fit_its_scripts(checkout: Path) -> None:
    action = read(checkout, ACTION)
    text = (checkout / ACTION).read_text()
    for name in action["inputs"]:
        assert f"inputs.{name}" in text, name
    scripts = "".join(
        path.read_text() for path in (checkout / "gitops" / "scripts").iterdir() if path.is_file()
    )
    for step in action["runs"]["steps"]:
        for name in step.get("env", ()):
            assert name in scripts or name in step["run"], name


def test_the_documents_name_options_and_files_that_exist(checkout: Path) -> None:
    page = (checkout / "docs" / "pull-requests.md").read_text()
    shown = subprocess.run(
        [checkout / ".venv" / "bin" / "anyport", "check", "--help"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for option in set(re.findall(r"`(--[a-z-]+)", page)):
        assert option in shown, option
    for path in re.findall(r"\]\(\.\./([^)#]+)", page):
        assert (checkout / path).exists(), path
