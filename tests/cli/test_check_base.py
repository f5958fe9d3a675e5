"""What a change adds, told apart from what was there: against a commit, and against a baseline."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from check_runs import OCI, ONE, SOUTH, Anyport, Checkout, Ended

BAD = ONE.format(tier="prod")
GOOD = BAD + OCI + SOUTH


def findings(ended: Ended, level: str = "mandatory") -> set[tuple[str, str, str]]:
    return {
        (f["rule_id"], f["endpoint"], f["state"])
        for f in json.loads(ended.out)["findings"]
        if f["level"] == level
    }


def test_old_debt_is_shown_and_does_not_fail(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", BAD)
    base = checkout_of.commit()
    checkout_of.write(
        "Pulumi.x.yaml", "# a comment moves every line\n" + BAD + "    two:\n" + GOOD.partition("chat:\n")[2]
    )
    ended = anyport("check", "stacks", "--base", base, "--format", "json")
    assert ended.code == 0
    assert {("AR001", "chat", "old"), ("AR002", "chat", "old")} <= findings(ended)
    assert {state for _, _, state in findings(ended)} == {"old"}
    text = anyport("check", "stacks", "--base", base)
    assert re.search(r"0 failing, .* [1-9][0-9]* old$", text.out.strip())
    assert ":5  CRITICAL  AR001 fallback-region  endpoints.chat  (old)" in text.out


def test_what_the_change_adds_fails(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    checkout_of.commit()
    checkout_of.git("checkout", "-q", "-b", "change")
    checkout_of.write("Pulumi.x.yaml", GOOD.replace(OCI, ""))
    ended = anyport("check", "stacks", "--base", "main", "--format", "json")
    assert ended.code == 1
    assert ("AR002", "chat", "new") in findings(ended)
    changes = json.loads(ended.out)["changes"]
    assert [(c["file"], c["endpoint"]) for c in changes] == [("stacks/Pulumi.x.yaml", "chat")]
    assert len(changes[0]["before"]) == 3
    assert len(changes[0]["after"]) == 2


def test_the_same_debt_is_new_where_it_got_worse(checkout_of: Checkout, anyport: Anyport) -> None:
    """From dev to prod nothing of the endpoint changes, and yet what was advice now stops callers."""
    checkout_of.write("Pulumi.x.yaml", ONE.format(tier="dev"))
    base = checkout_of.commit()
    checkout_of.write("Pulumi.x.yaml", BAD)
    ended = anyport("check", "--base", base, "--format", "json")
    assert ended.code == 1
    assert ("AR001", "chat", "new") in findings(ended)


def test_it_compares_with_the_merge_base_and_not_with_the_tip(
    checkout_of: Checkout, anyport: Anyport
) -> None:
    checkout_of.write("Pulumi.x.yaml", BAD)
    checkout_of.commit()
    checkout_of.git("checkout", "-q", "-b", "change")
    checkout_of.git("checkout", "-q", "main")
    checkout_of.write("Pulumi.x.yaml", GOOD)
    checkout_of.commit()
    checkout_of.git("checkout", "-q", "change")
    assert anyport("check", "--base", "main").code == 0


def test_new_removed_and_moved_stacks(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.a.yaml", GOOD)
    base = checkout_of.commit()
    (checkout_of.stacks / "Pulumi.a.yaml").rename(checkout_of.stacks / "Pulumi.b.yaml")
    ended = anyport("check", "--base", base, "--format", "json")
    changes = {c["file"]: (c["before"] is None, c["after"] is None) for c in json.loads(ended.out)["changes"]}
    assert changes == {"stacks/Pulumi.a.yaml": (False, True), "stacks/Pulumi.b.yaml": (True, False)}
    (checkout_of.stacks / "Pulumi.b.yaml").unlink()
    gone = anyport("check", "--base", base)
    assert gone.code == 0, gone
    assert "holds no stack files any more" in gone.out
    assert anyport("check", "stacks/Pulumi.a.yaml", "--base", base).code == 0
    assert anyport("check", "stacks/Pulumi.never.yaml", "--base", base).code == 2


def test_a_shared_spec_is_read_from_the_base_too(checkout_of: Checkout, anyport: Anyport) -> None:
    (checkout_of.folder / "specs").mkdir()
    shared = checkout_of.folder / "specs" / "all.yaml"
    body = "".join(line[2:].replace("anyport:", "") + "\n" for line in GOOD.splitlines()[1:])
    shared.write_text(body)
    for name in ("one", "two"):
        checkout_of.write(f"Pulumi.{name}.yaml", "config:\n  anyport:spec: ../specs/all.yaml\n")
    base = checkout_of.commit()
    shared.write_text(body.replace(OCI[2:], ""))
    ended = anyport("check", "--base", base, "--format", "json")
    assert ended.code == 1
    assert [c["file"] for c in json.loads(ended.out)["changes"]] == ["specs/all.yaml"]
    found = [f for f in json.loads(ended.out)["findings"] if f["rule_id"] == "AR002"]
    assert [(f["file"], f["line"]) for f in found] == [("specs/all.yaml", 3)]


def test_changes_of_the_files_that_steer_are_said(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", BAD)
    base = checkout_of.commit()
    checkout_of.write("policy-config.json", '{"all": "advisory"}')
    ended = anyport("check", "--base", base)
    assert ended.code == 0
    assert "this change alters stacks/policy-config.json" in ended.out


def test_a_base_that_cannot_be_judged_hides_nothing(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", "config: [")
    base = checkout_of.commit()
    checkout_of.write("Pulumi.x.yaml", BAD)
    ended = anyport("check", "--base", base)
    assert ended.code == 1
    assert "stacks/Pulumi.x.yaml could not be judged at the base" in ended.out


def test_links_at_the_base_are_not_followed(checkout_of: Checkout, anyport: Anyport, tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text(BAD)
    (checkout_of.stacks / "Pulumi.x.yaml").symlink_to("../../outside.yaml")
    base = checkout_of.commit()
    (checkout_of.stacks / "Pulumi.x.yaml").unlink()
    checkout_of.write("Pulumi.x.yaml", BAD)
    assert anyport("check", "--base", base).code == 1


def test_nothing_of_the_checked_tree_is_run(checkout_of: Checkout, anyport: Anyport, tmp_path: Path) -> None:
    """Hooks, filters, text conversions and a monitor that leave a mark if git ever runs them."""
    mark, trap = tmp_path / "ran", tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\ntouch {mark}\ncat\n")
    trap.chmod(0o755)
    checkout_of.write("Pulumi.x.yaml", BAD)
    (checkout_of.folder / ".gitattributes").write_text("*.yaml diff=trap\n")
    base = checkout_of.commit()
    (checkout_of.folder / ".gitattributes").write_text("*.yaml filter=trap diff=trap\n")
    for key in (
        "filter.trap.smudge",
        "filter.trap.clean",
        "diff.trap.textconv",
        "diff.trap.command",
        "core.fsmonitor",
    ):
        checkout_of.git("config", key, str(trap))
    for hook in ("post-checkout", "post-index-change", "reference-transaction"):
        path = checkout_of.folder / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(trap.read_text())
        path.chmod(0o755)
    (checkout_of.stacks / "__main__.py").write_text(f"open({str(mark)!r}, 'w')\n")
    (checkout_of.folder / "sitecustomize.py").write_text(f"open({str(mark)!r}, 'w')\n")
    (checkout_of.folder / "yaml.py").write_text(f"open({str(mark)!r}, 'w')\n")
    before = sorted(checkout_of.folder.rglob("*"))
    assert anyport("check", "--base", base).code == 0
    assert not mark.exists()
    assert sorted(checkout_of.folder.rglob("*")) == before


def test_the_installed_command_imports_nothing_from_the_working_folder(
    checkout_of: Checkout, checkout: Path
) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    (checkout_of.folder / "yaml.py").write_text("raise SystemExit(77)\n")
    done = subprocess.run(
        [checkout / ".venv" / "bin" / "anyport", "check", "--today", "2026-11-25"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done


@pytest.mark.parametrize(
    "revision", ["nowhere", "-x", "--all", "main:stacks", "", " ", "a\nb", "@{upstream}"]
)
def test_a_revision_that_is_none_is_one_sentence(
    checkout_of: Checkout, anyport: Anyport, revision: str
) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    checkout_of.commit()
    ended = anyport("check", "--base", revision)
    assert ended.code == 2, ended
    assert "Traceback" not in ended.err
    assert "base" in ended.err or "commit" in ended.err


def test_no_common_commit_and_no_checkout(
    checkout_of: Checkout, anyport: Anyport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    base = checkout_of.commit()
    checkout_of.git("checkout", "-q", "--orphan", "other")
    checkout_of.write("Pulumi.y.yaml", GOOD)
    checkout_of.commit()
    ended = anyport("check", "--base", base)
    assert ended.code == 2
    assert "no common commit" in ended.err
    (tmp_path / "Pulumi.x.yaml").write_text(GOOD)
    monkeypatch.chdir(tmp_path)
    ended = anyport("check", tmp_path, "--base", base)
    assert ended.code == 2
    assert "git checkout" in ended.err


def test_a_baseline_is_written_and_lets_old_debt_through(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", BAD)
    assert anyport("check").code == 1
    assert anyport("check", "--baseline", "known.json", "--write-baseline").code == 0
    assert anyport("check", "--baseline", "known.json").code == 0
    assert "  (old)" in anyport("check", "--baseline", "known.json").out
    checkout_of.write("Pulumi.x.yaml", BAD + "    two:\n" + BAD.partition("chat:\n")[2])
    ended = anyport("check", "--baseline", "known.json", "--format", "json")
    assert ended.code == 1
    assert ("AR001", "chat", "old") in findings(ended)
    assert ("AR001", "two", "new") in findings(ended)


def test_a_baseline_never_hides_what_got_worse_and_says_what_is_gone(
    checkout_of: Checkout, anyport: Anyport
) -> None:
    checkout_of.write("Pulumi.x.yaml", ONE.format(tier="dev"))
    anyport("check", "--baseline", "known.json", "--write-baseline")
    checkout_of.write("Pulumi.x.yaml", BAD)
    worse = anyport("check", "--baseline", "known.json", "--format", "json")
    assert worse.code == 1
    assert ("AR001", "chat", "new") in findings(worse)
    checkout_of.write("Pulumi.x.yaml", GOOD)
    assert "of the baseline are found no more" in anyport("check", "--baseline", "known.json").out


@pytest.mark.parametrize(
    "text",
    ["", "[", "[]", "{}", '{"version": 2}', '{"version": 1, "findings": [1]}', "[" * 100_000, "\udcff"],
)
def test_a_file_that_is_no_baseline(checkout_of: Checkout, anyport: Anyport, text: str) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    (checkout_of.folder / "known.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    ended = anyport("check", "--baseline", "known.json")
    assert ended.code == 2, ended
    assert "Traceback" not in ended.err
    assert "--baseline known.json: " in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("--baseline", "missing.json"),
        ("--write-baseline",),
        ("--baseline", "/nowhere/known.json", "--write-baseline"),
        ("--baseline", "stacks", "--write-baseline"),
    ],
)
def test_wrong_use_of_a_baseline(checkout_of: Checkout, anyport: Anyport, arguments: tuple[str, ...]) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    ended = anyport("check", *arguments)
    assert ended.code == 2
    assert "Traceback" not in ended.err
