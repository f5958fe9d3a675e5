"""Where reports go, and what waivers, previews and configuration do to them, through the command."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click
import pytest
from check_runs import OCI, ONE, SOUTH, Anyport, Checkout

from anyport_cli.output import NAMES, write
from anyport_policies.report import FORMATS

BAD = ONE.format(tier="prod")
GOOD = BAD + OCI + SOUTH
WAIVER = """\
waivers:
  - rule: {rule}
    endpoint: {endpoint}
    reason: the second vendor's contract is being signed
    owner: ai-platform
    ticket: PLAT-1
    category: waiver
    granted: 2026-11-20
    expires: {expires}
"""


def test_the_command_and_the_renderers_know_the_same_formats() -> None:
    assert tuple(FORMATS) == NAMES


def test_several_formats_in_one_run(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", BAD)
    wanted = [word for name in NAMES for word in ("--format", f"{name}=out.{name}")]
    ended = anyport("check", *wanted)
    assert ended.code == 1
    assert ended.out.endswith(" waived\n")
    for name in NAMES:
        assert "AR001" in (checkout_of.folder / f"out.{name}").read_text("utf-8"), name
    again = anyport("check", "--format", "json")
    assert again.out == (checkout_of.folder / "out.json").read_text()


def test_output_names_the_file_of_the_one_format(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    ended = anyport("check", "--format", "sarif", "--output", "x.sarif")
    assert (ended.code, ended.out) == (0, "")
    assert json.loads((checkout_of.folder / "x.sarif").read_text())["version"] == "2.1.0"
    assert anyport("check", "--format", "json", "--output", "/dev/null").code == 0
    assert Path("/dev/null").is_char_device()


def test_a_link_in_place_of_a_report_is_replaced_and_not_followed(
    checkout_of: Checkout, anyport: Anyport, tmp_path: Path
) -> None:
    """A pull request may bring such a link, to have the pipeline overwrite something else."""
    precious = tmp_path / "precious"
    precious.write_text("keep")
    (checkout_of.folder / "x.sarif").symlink_to(precious)
    checkout_of.write("Pulumi.x.yaml", GOOD)
    assert anyport("check", "--format", "sarif=x.sarif").code == 0
    assert precious.read_text() == "keep"
    assert not (checkout_of.folder / "x.sarif").is_symlink()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--format", "sarif="), "names no file"),
        (("--format", "json", "--format", "text"), "only one format"),
        (("--format", "json=a", "--output", "b"), "names its file already"),
        (("--format", "json=/nowhere/x"), "cannot be written"),
        (("--format", "json=stacks"), "cannot be written"),
        (("--preview", "missing.jsonl"), "cannot be read"),
        (("--preview", "stacks"), "cannot be read"),
        (("--waivers", "missing.yaml"), "does not exist"),
        (("--policy-config", "missing.json"), "does not exist"),
    ],
)
def test_wrong_use_is_one_sentence(
    checkout_of: Checkout, anyport: Anyport, arguments: tuple[str, ...], words: str
) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    ended = anyport("check", *arguments)
    assert ended.code == 2, ended
    assert words in ended.err
    assert "Traceback" not in ended.err
    assert list(checkout_of.folder.glob(".*.*")) == []


def test_a_report_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("before")
    with pytest.raises(click.UsageError, match="cannot be written"):
        write(tmp_path / "x", "\ud800")
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_text() == "before"


def test_a_waived_finding_is_shown_with_its_reason_and_fails_nothing(
    checkout_of: Checkout, anyport: Anyport
) -> None:
    checkout_of.write("Pulumi.x.yaml", BAD + SOUTH)
    assert anyport("check").code == 1
    failing = {
        f["rule_id"] for f in json.loads(anyport("check", "--format", "json").out)["findings"] if f["fails"]
    }
    text = "".join(
        WAIVER.format(rule=rule, endpoint="chat", expires="2027-01-31").removeprefix("waivers:\n")
        for rule in sorted(failing)
    )
    checkout_of.write("waivers.yaml", "waivers:\n" + text)
    ended = anyport("check")
    assert ended.code == 0, ended
    assert "waived by ai-platform until 2027-01-31 (PLAT-1)" in ended.out
    assert "0 failing, " in ended.out
    assert f"{len(failing)} waived" in ended.out
    later = anyport("check", "--today", "2027-02-05")
    assert later.code == 1
    assert "expired 5 days ago" in later.out


def test_a_waiver_nobody_needs_is_said_where_it_is_written(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    checkout_of.write("waivers.yaml", WAIVER.format(rule="AR002", endpoint="chat", expires="2027-01-31"))
    assert "stacks/waivers.yaml:2  LOW  AR002 waiver" in anyport("check").out
    part = anyport("check", "stacks/Pulumi.x.yaml")
    assert part.code == 0
    checkout_of.write("Pulumi.y.yaml", GOOD.replace("chat:", "talk:"))
    assert "waiver" not in anyport("check", "stacks/Pulumi.y.yaml").out


def test_a_waiver_of_an_unknown_endpoint_is_wrong_input(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    checkout_of.write("waivers.yaml", WAIVER.format(rule="AR002", endpoint="chatt", expires="2027-01-31"))
    ended = anyport("check")
    assert ended.code == 2
    assert "stacks/waivers.yaml:3:" in ended.err
    assert "did you mean chat?" in ended.err


def test_a_shared_spec_is_reported_once(checkout_of: Checkout, anyport: Anyport) -> None:
    body = "".join(line[2:].replace("anyport:", "") + "\n" for line in BAD.splitlines()[1:])
    checkout_of.write("all.yaml", body)
    for name in ("one", "two"):
        checkout_of.write(f"Pulumi.{name}.yaml", "config:\n  anyport:spec: all.yaml\n")
    found = json.loads(anyport("check", "--format", "json").out)["findings"]
    assert [(f["file"], f["line"]) for f in found if f["rule_id"] == "AR001"] == [("stacks/all.yaml", 3)]


def test_lines_are_those_of_the_endpoint_and_the_target(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", "# a comment\n\n" + GOOD)
    found = json.loads(anyport("check", "--format", "json").out)["findings"]
    places = {f["path"]: (f["line"], f["end_line"], f["column"]) for f in found}
    assert places["endpoints.chat"] == (6, 11, 5)
    assert places["endpoints.chat.targets.oci"] == (10, 10, 9)
    checkout_of.write(
        "Pulumi.x.yaml", GOOD.replace("oci: {priority: 2, ", "oci:\n          {priority: 2,\n           ")
    )
    found = json.loads(anyport("check", "--format", "json").out)["findings"]
    assert {(f["line"], f["end_line"]) for f in found if f["target"] == "oci"} == {(8, 10)}


def test_the_working_folder_does_not_change_what_is_reported(
    checkout_of: Checkout, anyport: Anyport, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = checkout_of.write("Pulumi.x.yaml", BAD)
    here = anyport("check", path, "--format", "sarif").out
    monkeypatch.chdir(checkout_of.stacks)
    assert anyport("check", "Pulumi.x.yaml", "--format", "sarif").out == here
    monkeypatch.chdir("/")
    assert anyport("check", os.path.relpath(path, "/"), "--format", "sarif").out == here
