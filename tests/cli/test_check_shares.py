"""A target that no stack builds is no fallback: shares of a spec, judged over all stacks that have one."""

from __future__ import annotations

import json

import pytest
from check_runs import OCI, ONE, SOUTH, Anyport, Checkout, Ended

GOOD = ONE.format(tier="prod") + OCI + SOUTH
SPEC = "".join(line[2:].replace("anyport:", "") + "\n" for line in GOOD.splitlines()[1:])
SHARE = "config:\n  anyport:spec: {spec}\n  anyport:build: {build}\n"


def missing(ended: Ended) -> list[tuple[str | None, str, int]]:
    """Target, level and line of what AR011 says."""
    found = json.loads(ended.out)["findings"]
    return [(f["target"], f["level"], f["line"]) for f in found if f["rule_id"] == "AR011"]


@pytest.mark.parametrize("build", ["{targets: [chat/azure, chat/south]}", "{providers: [azure_openai]}"])
def test_a_share_of_a_spec_in_the_same_file_is_refused(
    checkout_of: Checkout, anyport: Anyport, build: str
) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD + f"  anyport:build: {build}\n")
    ended = anyport("check")
    assert ended.code == 2
    assert "stacks/Pulumi.x.yaml:10:3: AP305 anyport:build: the share leaves out chat/oci" in ended.err


def test_a_share_that_leaves_out_only_what_nobody_builds(checkout_of: Checkout, anyport: Anyport) -> None:
    cold = SOUTH.replace(
        "region: southcentralus", "region: southcentralus, standby: cold, restore_minutes: 9"
    )
    spec = GOOD.replace(SOUTH, cold) + "  anyport:build: {targets: [chat/azure, chat/oci]}\n"
    checkout_of.write("Pulumi.x.yaml", spec)
    assert anyport("check").code in {0, 1}


def test_what_no_stack_of_the_folder_builds_fails(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("spec.yaml", SPEC)
    for name, build in (("a", "{targets: [chat/azure]}"), ("b", "{targets: [chat/south]}")):
        checkout_of.write(f"Pulumi.{name}.yaml", SHARE.format(spec="spec.yaml", build=build))
    ended = anyport("check", "--format", "json")
    assert ended.code == 1
    assert missing(ended) == [("oci", "mandatory", 7)]
    checkout_of.write("spec.yaml", SPEC.replace("prod", "dev"))
    assert missing(anyport("check", "--format", "json")) == [("oci", "advisory", 7)]


def test_stacks_of_several_folders_build_one_spec(checkout_of: Checkout, anyport: Anyport) -> None:
    (checkout_of.folder / "spec.yaml").write_text(SPEC)
    for name in ("azure_openai", "oci_generative_ai"):
        (checkout_of.folder / name).mkdir()
        share = SHARE.format(spec="../spec.yaml", build=f"{{providers: [{name}]}}")
        (checkout_of.folder / name / "Pulumi.x.yaml").write_text(share)
    assert missing(anyport("check", "azure_openai", "oci_generative_ai", "--format", "json")) == []
    assert missing(anyport("check", "azure_openai", "--format", "json")) == [("oci", "mandatory", 7)]


def test_one_stack_alone_is_told_what_others_must_build(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("spec.yaml", SPEC)
    for name, build in (("a", "{targets: [chat/azure]}"), ("b", "{targets: [chat/south]}")):
        checkout_of.write(f"Pulumi.{name}.yaml", SHARE.format(spec="spec.yaml", build=build))
    ended = anyport("check", "stacks/Pulumi.a.yaml", "--format", "json")
    assert ended.code == 0
    assert missing(ended) == [(None, "note", 3)]


def test_a_placement_that_no_stack_builds_whole(checkout_of: Checkout, anyport: Anyport) -> None:
    head, _, _ = GOOD.partition("      targets:")
    placed = head + "      placement: {}\n  anyport:build: {providers: [azure_openai]}\n"
    checkout_of.write("Pulumi.x.yaml", placed)
    found = missing(anyport("check", "--format", "json"))
    assert {(level, line) for _, level, line in found} == {("mandatory", 4)}


def test_such_a_finding_can_be_waived(checkout_of: Checkout, anyport: Anyport) -> None:
    checkout_of.write("spec.yaml", SPEC)
    share = SHARE.format(spec="spec.yaml", build="{providers: [azure_openai]}")
    checkout_of.write("Pulumi.a.yaml", share)
    assert anyport("check").code == 1
    checkout_of.write(
        "waivers.yaml",
        "waivers:\n  - {rule: AR011, endpoint: chat, reason: the other account is being opened, owner: ai,\n"
        "     ticket: T-1, category: waiver, granted: 2026-11-20, expires: 2026-12-20}\n",
    )
    ended = anyport("check")
    assert ended.code == 0, ended
    assert "AR011 built-as-planned  endpoints.chat.targets.oci  (waived)" in ended.out
