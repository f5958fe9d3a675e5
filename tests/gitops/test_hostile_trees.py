"""What a pull request that means harm finds closed: imports from its tree, and words for later steps."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from test_scripts import pulumi, script


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    (folder / "stacks").mkdir(parents=True)
    return folder


def test_a_previewed_program_cannot_speak_for_the_steps_after_it(checkout: Path, repo: Path) -> None:
    names = ("GITHUB_ENV", "GITHUB_PATH", "GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "ACTIONS_RUNTIME_TOKEN")
    given = {**dict.fromkeys(names, str(repo / "file")), "ANYPORT_TOKEN": "secret"}
    same = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_REPOSITORY": "a/b", "ANYPORT_HEAD_REPOSITORY": "a/b"}
    path = pulumi(repo, "env > seen")
    done = script(checkout, "preview.sh", repo, PATH=path, ANYPORT_PREVIEW_STACKS="x", **given, **same)
    assert done.returncode == 0, done.stderr
    seen = {line.partition("=")[0] for line in (repo / "seen").read_text().splitlines()}
    assert "GITHUB_REPOSITORY" in seen
    assert not seen & set(given)


def test_modules_in_the_checked_tree_are_not_run_by_the_installation(checkout: Path, repo: Path) -> None:
    """The script of a copy without packages: it fails at the first of them, after the place where modules count."""
    copy = repo.parent / "anyport"
    (copy / "gitops" / "scripts").mkdir(parents=True)
    for name in ("install.sh", "lock_of.py"):
        (copy / "gitops" / "scripts" / name).write_bytes(
            (checkout / "gitops" / "scripts" / name).read_bytes()
        )
    (copy / "requirements.lock").write_text("")
    for name in ("venv", "pip", "re", "json"):
        (repo / f"{name}.py").write_text(f"open({str(repo / 'ran')!r}, 'w')\n")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANYPORT", "PYTHON"))}
    done = subprocess.run(
        ["bash", copy / "gitops" / "scripts" / "install.sh"],
        cwd=repo, env={**kept, "PYTHON": sys.executable, "PYTHONPATH": str(repo), "ANYPORT_PREVIEW_STACKS": "x"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "does not appear to be a Python project" in done.stderr, "both modules were really used"
    assert not (repo / "ran").exists()
