"""`anyport init` gives a project that the other commands and Pulumi take as it is."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from anyport_cli.init import project_files
from anyport_cli.main import cli
from syntax import parsed

CHECKOUT = Path(__file__).resolve().parents[2]


def run(*words: str) -> Result:
    return CliRunner().invoke(cli, ["init", *words])


def written(folder: Path) -> dict[str, str]:
    return {str(f.relative_to(folder)): f.read_text() for f in folder.rglob("*") if f.is_file()}


def test_the_project_is_whole_and_passes_its_own_check(tmp_path: Path) -> None:
    done = run(str(tmp_path / "ai"))
    assert done.exit_code == 0, done.output
    assert written(tmp_path / "ai") == project_files("ai", "dev")
    assert yaml.safe_load((tmp_path / "ai" / "Pulumi.yaml").read_text())["name"] == "ai"
    judged = CliRunner().invoke(cli, ["check", str(tmp_path / "ai" / "stacks"), "--today", "2026-11-25"])
    assert judged.exit_code == 0, judged.output
    assert "0 failing" in judged.output


@pytest.mark.parametrize(
    "path",
    ["stacks/__main__.py", "policies/resilience/PulumiPolicy.yaml", "policies/baseline/PulumiPolicy.yaml"],
)
def test_what_is_said_twice_says_the_same(path: str) -> None:
    assert project_files("x", "dev")[path] == (CHECKOUT / path).read_text()


def test_the_packs_do_what_ours_do() -> None:
    for pack in ("resilience", "baseline"):
        ours = (CHECKOUT / "policies" / pack / "__main__.py").read_text()
        made = project_files("x", "dev")[f"policies/{pack}/__main__.py"]
        assert [ast.dump(node) for node in parsed(made).body[1:]] == [
            ast.dump(node) for node in parsed(ours).body[1:]
        ]


def test_nothing_is_touched_where_something_is(tmp_path: Path) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "__main__.py").write_text("mine")
    done = run(str(tmp_path))
    assert done.exit_code == 2
    assert "stacks/__main__.py already" in done.output
    assert written(tmp_path) == {"stacks/__main__.py": "mine"}


@pytest.mark.parametrize("words", [("--name", "Not a name"), ("--stack", "../x"), ("--stack", "")])
def test_a_name_that_is_none_is_refused(words: tuple[str, ...], tmp_path: Path) -> None:
    done = run(str(tmp_path / "a"), *words)
    assert done.exit_code == 2
    assert "is no name" in done.output
    assert not (tmp_path / "a").exists()


def test_a_folder_of_any_name_gives_a_usable_project_name(tmp_path: Path) -> None:
    assert run(str(tmp_path / "Größe 1")).exit_code == 0
    assert yaml.safe_load((tmp_path / "Größe 1" / "Pulumi.yaml").read_text())["name"] == "gr-e-1"


def test_the_example_of_a_waiver_is_one(tmp_path: Path) -> None:
    assert run(str(tmp_path)).exit_code == 0
    path = tmp_path / "stacks" / "waivers.yaml"
    example = [line.removeprefix("# ") for line in path.read_text().splitlines() if line.startswith("#   ")]
    path.write_text("waivers:\n" + "\n".join(example))
    judged = CliRunner().invoke(cli, ["check", str(tmp_path / "stacks"), "--today", "2026-11-25"])
    assert judged.exit_code == 0, judged.output
    assert "AW0" not in judged.output


def test_a_folder_with_a_name_too_long_is_one_sentence(tmp_path: Path) -> None:
    done = run(str(tmp_path / ("x" * 300)))
    assert done.exit_code == 2
    assert "cannot be written: file name too long" in done.output
