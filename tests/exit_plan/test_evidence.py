"""An exit plan as evidence: the same bytes from the same commit, even when the page is kept beside the sources."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from anyport_cli.main import cli

TEXT = """config:
  anyport:tier: dev
  anyport:providers: {vertex_ai: {project: some-project}}
  anyport:endpoints:
    chat:
      model: gpt-oss-120b
      apis: [chat_completions]
      targets:
        azure: {priority: 1, provider: azure_openai, region: eastus2}
        vertex: {priority: 2, provider: vertex_ai, region: us-central1}
"""


def git(folder: Path, *words: str) -> str:
    settings = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    command = ["git", *settings, "-C", str(folder), *words]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout of one commit, which is the working folder."""
    folder = tmp_path / "repo"
    (folder / "stacks").mkdir(parents=True)
    (folder / "evidence").mkdir()
    (folder / "stacks" / "Pulumi.x.yaml").write_text(TEXT)
    git(folder, "init", "-q", "-b", "main")
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "x")
    monkeypatch.chdir(folder)
    return folder


def write(output: str) -> dict[str, object]:
    """Run it; what the file says of the checkout."""
    words = ["exit-plan", "--all", "--today", "2026-11-25", "--format", "json", "--output", output]
    ended = CliRunner().invoke(cli, words)
    assert ended.exit_code in (0, 1), ended.output
    [checkout] = json.loads(Path(output).read_text())["checkouts"]
    assert checkout.pop("stacks") == ["stacks/Pulumi.x.yaml"]
    return dict(checkout)


@pytest.mark.parametrize("output", ["evidence/new page é.json", "top.json"])
def test_the_page_does_not_make_its_own_sources_dirty(checkout: Path, output: str) -> None:
    first, bytes_ = write(output), Path(output).read_bytes()
    assert first == {"commit": git(checkout, "rev-parse", "HEAD"), "dirty": False}
    assert write(output) == first
    assert Path(output).read_bytes() == bytes_


def test_a_page_that_is_kept_in_git_may_change(checkout: Path) -> None:
    write("evidence/plan.json")
    git(checkout, "add", "-A")
    git(checkout, "commit", "-q", "-m", "page")
    assert write("evidence/plan.json") == {"commit": git(checkout, "rev-parse", "HEAD"), "dirty": False}
    git(checkout, "mv", "evidence/plan.json", "evidence/other.json")
    assert write("evidence/other.json")["dirty"] is True


def test_anything_else_that_differs_is_said(checkout: Path) -> None:
    write("evidence/plan.json")
    (checkout / "evidence" / "note").write_text("x")
    assert write("evidence/plan.json")["dirty"] is True
    (checkout / "evidence" / "note").unlink()
    with (checkout / "stacks" / "Pulumi.x.yaml").open("a") as file:
        file.write("# changed\n")
    assert write("evidence/plan.json")["dirty"] is True


def test_a_page_outside_and_a_plan_outside(checkout: Path, tmp_path: Path) -> None:
    assert write(str(tmp_path / "out.json"))["dirty"] is False
    (checkout / "stray").write_text("x")
    assert write(str(tmp_path / "out.json"))["dirty"] is True


def test_each_checkout_that_stacks_are_from_is_named(checkout: Path, tmp_path: Path) -> None:
    """One is clean, another has changes, a third file is from none."""
    other, outside = tmp_path / "other", tmp_path / "outside"
    for folder in (other, outside):
        folder.mkdir()
        (folder / "Pulumi.x.yaml").write_text(TEXT)
    git(other, "init", "-q", "-b", "main")
    git(other, "add", "-A")
    git(other, "commit", "-q", "-m", "x")
    (other / "stray").write_text("x")
    places = ["stacks", str(other), str(outside)]
    words = ["exit-plan", "--without", "azure_openai", "--today", "2026-11-25"]
    text = CliRunner().invoke(cli, [*words, *places]).output
    said = [
        f"stacks/Pulumi.x.yaml from {git(checkout, 'rev-parse', 'HEAD')}",
        f"{other}/Pulumi.x.yaml from {git(other, 'rev-parse', 'HEAD')}, with changes not committed",
        f"{outside}/Pulumi.x.yaml from no checkout",
    ]
    assert f"As of 2026-11-25, {'; '.join(said)}; facts of the catalog" in text
    rows = [line.split(" | ")[1:3] for line in text.splitlines() if line.startswith("| provider")]
    assert rows == [[f"{place}/Pulumi.x.yaml", "chat"] for place in places]


def test_the_same_file_by_two_names_is_judged_once(checkout: Path) -> None:
    (checkout / "link").symlink_to("stacks")
    words = [
        "exit-plan",
        "--without",
        "azure_openai",
        "--format",
        "json",
        "stacks",
        "link",
        str(checkout / "stacks"),
    ]
    value = json.loads(CliRunner().invoke(cli, words).stdout)
    assert [row["stack"] for row in value["rows"]] == ["stacks/Pulumi.x.yaml"]


def test_an_empty_folder_of_drills_is_not_called_none_given(checkout: Path) -> None:
    words = ["exit-plan", "--without", "azure_openai"]
    assert "- none was given (--drills)" in CliRunner().invoke(cli, words).output
    assert "- evidence holds none" in CliRunner().invoke(cli, [*words, "--drills", "evidence"]).output
