"""`anyport catalog diff`: folders and revisions, three formats, and input that is neither."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from check_runs import Anyport, Checkout

STATES = Path(__file__).parents[1] / "catalog" / "states"
EXPECTED = Path(__file__).parent / "expected_catalog"
DATA = "components/anyport/catalog/data"


@pytest.mark.parametrize(("name", "suffix"), [("text", "txt"), ("json", "json"), ("markdown", "md")])
def test_two_folders(
    anyport: Anyport, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, suffix: str
) -> None:
    monkeypatch.chdir(STATES)
    ended = anyport("catalog", "diff", "old", "new", "--format", name)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == (EXPECTED / f"diff.{suffix}").read_text("utf-8")
    written = anyport("catalog", "diff", "old", "new", "--format", name, "--output", tmp_path / "x")
    assert (written.code, written.out) == (0, "")
    assert (tmp_path / "x").read_text("utf-8") == ended.out


def test_exit_code_says_whether_they_differ(anyport: Anyport) -> None:
    assert anyport("catalog", "diff", STATES / "old", STATES / "old", "--exit-code").code == 0
    assert anyport("catalog", "diff", STATES / "old", STATES / "new", "--exit-code").code == 1
    assert anyport("catalog", "diff", STATES / "old", STATES / "new").code == 0


def test_the_installed_catalog_is_the_new_one_when_none_is_named(anyport: Anyport, checkout: Path) -> None:
    ended = anyport("catalog", "diff", checkout / DATA, "--exit-code")
    assert ended.code == 0
    assert ended.out.endswith("-> the installed catalog: 0 added, 0 removed, 0 changed, 0 confirmed\n")


def put(checkout: Checkout, state: str, at: str = DATA) -> str:
    shutil.rmtree(checkout.folder / at, ignore_errors=True)
    shutil.copytree(STATES / state, checkout.folder / at)
    checkout.git("rm", "-r", "-q", "--cached", "--ignore-unmatch", "--", at)  # same size, same time of change
    return checkout.commit()


def test_revisions(checkout_of: Checkout, anyport: Anyport) -> None:
    old = put(checkout_of, "old")
    put(checkout_of, "new")
    ended = anyport("catalog", "diff", "HEAD~1", "HEAD", "--format", "json")
    assert ended.code == 0, ended
    found = json.loads(ended.out)
    assert found["old"]["name"] == f"HEAD~1 ({old[:12]})"
    wanted = json.loads((EXPECTED / "diff.json").read_text("utf-8"))
    assert found["changes"] == wanted["changes"]
    mixed = anyport("catalog", "diff", old, checkout_of.folder / DATA, "--format", "json")
    assert json.loads(mixed.out)["changes"] == wanted["changes"]


def test_a_revision_is_read_as_it_was_committed_and_not_as_it_lies_there(
    checkout_of: Checkout, anyport: Anyport
) -> None:
    put(checkout_of, "old")
    (checkout_of.folder / DATA / "models" / "alpha.yaml").write_text("broken: [")
    assert anyport("catalog", "diff", "HEAD", "HEAD", "--exit-code").code == 0


def test_a_folder_wins_over_a_revision_of_its_name(checkout_of: Checkout, anyport: Anyport) -> None:
    put(checkout_of, "old")
    shutil.copytree(STATES / "new", checkout_of.folder / "main")
    assert anyport("catalog", "diff", "main", checkout_of.folder / DATA, "--exit-code").code == 1
    assert anyport("catalog", "diff", "git:main", checkout_of.folder / DATA, "--exit-code").code == 0


def test_data_elsewhere_in_the_checkout(checkout_of: Checkout, anyport: Anyport) -> None:
    put(checkout_of, "old", "facts")
    assert anyport("catalog", "diff", "HEAD", "HEAD").code == 2
    assert anyport("catalog", "diff", "HEAD", "HEAD", "--data", "facts/").code == 0


def test_links_of_a_revision_are_not_followed(
    checkout_of: Checkout, anyport: Anyport, tmp_path: Path
) -> None:
    put(checkout_of, "old")
    outside = tmp_path / "outside.yaml"
    outside.write_text((STATES / "old" / "models" / "gone.yaml").read_text())
    (checkout_of.folder / DATA / "models" / "gone.yaml").unlink()
    (checkout_of.folder / DATA / "models" / "gone.yaml").symlink_to(outside)
    checkout_of.commit()
    ended = anyport("catalog", "diff", "HEAD", STATES / "old", "--format", "json")
    assert "model gone" in {change["subject"] for change in json.loads(ended.out)["changes"]}


@pytest.mark.parametrize(
    "revision", ["nowhere", "-x", "--all", "HEAD:stacks", "", " ", "a\nb", "git:", "git:-x"]
)
def test_neither_folder_nor_revision_is_one_sentence(
    checkout_of: Checkout, anyport: Anyport, revision: str
) -> None:
    put(checkout_of, "old")
    ended = anyport("catalog", "diff", "--", revision)
    assert ended.code == 2, ended
    assert "AP502" in ended.err
    assert "Traceback" not in ended.err


def test_a_file_that_is_too_large_at_a_revision_is_said(checkout_of: Checkout, anyport: Anyport) -> None:
    put(checkout_of, "old")
    (checkout_of.folder / DATA / "models" / "alpha.yaml").write_text("#" * (5 * 2**20))
    checkout_of.commit()
    ended = anyport("catalog", "diff", "HEAD")
    assert ended.code == 2
    assert f"HEAD:{DATA}/models/alpha.yaml: AP001 is larger than 4 MiB" in ended.err


def test_both_sides_are_judged_and_nothing_is_written(anyport: Anyport, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(STATES / "old", tmp_path / "broken"))
    (broken / "instances.yaml").write_text("instances: [")
    out = tmp_path / "report"
    ended = anyport("catalog", "diff", broken, tmp_path, "--output", out, "--format", "json")
    assert ended.code == 2
    assert [p["code"] for p in json.loads(ended.out)["problems"]] == ["AP002", "AP502"]
    assert not out.exists()


def test_what_a_file_says_is_no_command_to_a_terminal_or_a_page(anyport: Anyport, tmp_path: Path) -> None:
    hostile = Path(shutil.copytree(STATES / "old", tmp_path / "hostile"))
    text = (hostile / "models" / "alpha.yaml").read_text()
    nasty = '"\\x1b[31m@team <img src=x> [a](http://b) `c`"'
    (hostile / "models" / "alpha.yaml").write_text(text.replace("title: Alpha", f"title: {nasty}"))
    shown = anyport("catalog", "diff", STATES / "old", hostile)
    assert "title: Alpha -> \\u{1b}[31m@team" in shown.out
    page = anyport("catalog", "diff", STATES / "old", hostile, "--format", "markdown")
    line = next(line for line in page.out.splitlines() if "@team" in line)
    assert line.startswith("  - `` title: ")
    assert line.endswith("``")
