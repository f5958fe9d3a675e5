"""What a checked file says reaches terminals and logs as text, and its mistakes are said where they stand."""

from __future__ import annotations

import pytest
from check_runs import OCI, ONE, SOUTH, Anyport, Checkout

GOOD = ONE.format(tier="prod") + OCI + SOUTH
ACTS = "\\n::error::hi\\u202e\\e[31m"


@pytest.mark.parametrize("command", ["check", "plan"])
@pytest.mark.parametrize(
    ("was", "now"), [("model: gpt-oss-120b", f'model: "{ACTS}"'), ("    chat:", f'    "chat{ACTS}":')]
)
def test_problems_hold_no_commands(
    checkout_of: Checkout, anyport: Anyport, command: str, was: str, now: str
) -> None:
    path = checkout_of.write("Pulumi.x.yaml", GOOD.replace(was, now))
    ended = anyport(command, path)
    assert ended.code == 2
    assert "\\u{202e}\\u{1b}[31m" in ended.err
    assert not {"\u202e", "\x1b"} & set(ended.said)
    assert not [line for line in ended.said.splitlines() if line.startswith("::")]


@pytest.mark.parametrize("words", [("check",), ("plan",), ("plan", "--explain"), ("plan", "--pin")])
def test_names_of_files_hold_no_commands(
    checkout_of: Checkout, anyport: Anyport, words: tuple[str, ...]
) -> None:
    placed = GOOD.partition("      targets:")[0] + "      placement: {}\n"
    checkout_of.write("Pulumi.a\n::error::hi.yaml", placed)
    checkout_of.write("Pulumi.b\n::error::hi.yaml", GOOD)
    checkout_of.write("Pulumi.c\n::error::hi.yaml", GOOD.replace("eastus2", "mars"))
    checkout_of.write("Pulumi.d\n::error::hi.yaml", "config: {}\n")
    checkout_of.write("Pulumi.e\n::error::hi.yml", GOOD)
    ended = anyport(*words, "stacks")
    assert "Pulumi.c ::error::hi.yaml" in ended.err
    assert not [line for line in ended.said.splitlines() if line.startswith("::")]


def test_a_file_named_like_a_command(
    checkout_of: Checkout, anyport: Anyport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout_of.stacks)
    checkout_of.write("::error::hi", "config: [")
    assert not anyport("plan", "::error::hi").err.startswith("::")


EQUIVALENT = """\
        vertex: {priority: 4, provider: vertex_ai, region: mars,
          model: llama-4-maverick, equivalence: {reason: as good in our evaluation, evaluated_on: 2026-02-30}}
"""


def test_a_day_that_is_none_has_its_line_and_hides_nothing(checkout_of: Checkout, anyport: Anyport) -> None:
    ended = anyport("check", checkout_of.write("Pulumi.x.yaml", GOOD + EQUIVALENT))
    assert ended.code == 2
    assert (
        "stacks/Pulumi.x.yaml:11:85: AP103 anyport:endpoints.chat.targets.vertex.equivalence.evaluated_on"
        in (ended.err)
    )
    assert "got:     2026-02-30" in ended.err
    assert "stacks/Pulumi.x.yaml:10:52: AP202" in ended.err


def test_a_waiver_until_a_day_that_is_none(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    checkout_of.write(
        "waivers.yaml",
        "waivers:\n  - rule: AR002\n    endpoint: chat\n    reason: the contract is being signed\n    owner: ai\n"
        "    ticket: T-1\n    category: waiver\n    granted: 2026-11-20\n    expires: 2026-11-31\n",
    )
    ended = anyport("check")
    assert ended.code == 2
    assert "stacks/waivers.yaml:9:5: AW003 waivers.0.expires: must be a day" in ended.err


def test_another_programs_stack_in_the_folder_is_passed_over(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    checkout_of.write("Pulumi.gateway.yaml", "# not for anyport: itself\nconfig: {gw:replicas: 2}\n")
    checkout_of.write("Pulumi.fresh.yaml", "encryptionsalt: v1:x\n")
    checkout_of.write("Pulumi.other.yml", GOOD)
    for command in ("check", "plan"):
        ended = anyport(command, "stacks")
        assert ended.code == 0, ended
        assert ended.err == (
            "note: stacks/Pulumi.fresh.yaml has no anyport: keys and is passed over\n"
            "note: stacks/Pulumi.gateway.yaml has no anyport: keys and is passed over\n"
            "note: stacks/Pulumi.other.yml is not read; stack files end in .yaml\n"
        )
    assert "AP004" in anyport("check", "stacks/Pulumi.gateway.yaml").err


def test_unused_waivers_are_found_beside_another_programs_stack(
    checkout_of: Checkout, anyport: Anyport
) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    checkout_of.write("Pulumi.gateway.yaml", "config: {gw:replicas: 2}\n")
    checkout_of.write(
        "waivers.yaml",
        "waivers:\n  - {rule: AR002, endpoint: gone, reason: the contract is being signed, owner: ai,\n"
        "     ticket: T-1, category: waiver, granted: 2026-11-20, expires: 2026-12-20}\n",
    )
    assert "AW005" in anyport("check").err


def test_a_folder_of_other_programs_stacks_alone(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.gateway.yaml", "config: {gw:replicas: 2}\n")
    ended = anyport("check")
    assert ended.code == 2
    assert "stacks holds no stack files with anyport: keys" in ended.err


def test_another_programs_stack_at_the_base(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    checkout_of.write("Pulumi.gateway.yaml", "config: {gw:replicas: 2}\n")
    base = checkout_of.commit()
    assert "could not be judged" not in anyport("check", "--base", base).out
    (checkout_of.stacks / "Pulumi.x.yaml").unlink()
    gone = anyport("check", "--base", base)
    assert gone.code == 0, gone
    assert "stacks holds no stack files any more" in gone.out


def test_a_baseline_lets_through_only_what_it_was_written_for(
    checkout_of: Checkout, anyport: Anyport
) -> None:
    spec = GOOD.replace("      targets:", "      residency: [us]\n      targets:")
    wrong = spec.replace("southcentralus", "swedencentral")
    checkout_of.write("Pulumi.x.yaml", wrong)
    assert anyport("check", "--baseline", "known.json", "--write-baseline").code == 0
    assert anyport("check", "--baseline", "known.json").code == 0
    checkout_of.write("Pulumi.x.yaml", wrong.replace("swedencentral", "japaneast"))
    ended = anyport("check", "--baseline", "known.json")
    assert ended.code == 1
    assert "AR007 residency  endpoints.chat.targets.south\n" in ended.out


def test_a_baseline_of_an_earlier_version_goes_by_place(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("Pulumi.x.yaml", ONE.format(tier="prod"))
    anyport("check", "--baseline", "known.json", "--write-baseline")
    known = checkout_of.folder / "known.json"
    known.write_text("\n".join(line for line in known.read_text().splitlines() if "digest" not in line))
    assert anyport("check", "--baseline", "known.json").code == 0
