"""Whatever stands in a stack file: one clear line and exit 2, never a traceback and never a pass."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from check_runs import OCI, ONE, SOUTH, Anyport, Checkout
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

GOOD = ONE.format(tier="prod") + OCI + SOUTH


def refused(anyport: Anyport, path: Path, *words: str) -> str:
    ended = anyport("check", path)
    assert ended.code == 2, ended
    assert "Traceback" not in ended.said
    for word in words:
        assert word in ended.err, ended.err
    return ended.err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("config: [", ("AP002",)),
        ("config:\n\tanyport:tier: prod\n", ("AP002", ":2:1")),
        (GOOD + GOOD.removeprefix("config:\n"), ("AP003", "given twice")),
        ("config: &a\n  anyport:endpoints: *a\n", ("AP002", "nested more than")),
        ("a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
            f"{k}: &{k} [{', '.join([f'*{j}'] * 10)}]\n" for j, k in zip("abcdefg", "bcdefgh", strict=True)
        ), ("AP002", "anchors expand")),
        ("config: {anyport:endpoints: " + "[" * 100 + "]" * 100 + "}", ("AP002", "levels deep")),
        ("config: {anyport:endpoints: " + "[" * 9000 + "]" * 9000 + "}", ("AP002",)),
        ("config: !!python/object/apply:os.system [id]", ("AP002",)),
        ("a: 1\n---\nb: 2\n", ("AP002",)),
        ("- 1\n", ("AP004",)),
        ("", ("AP004",)),
        ("config: {other:key: 1}\n", ("AP004",)),
        ("config: {? [a, b] : 1}\n", ("AP",)),
        ("config:\n  anyport:endpoints: {}\n", ("AP105",)),
        ("config:\n  anyport:spec: /etc/passwd\n", ("AP001", "leads out of the checkout")),
        ("config:\n  anyport:spec: ../../../../../../../../../../../../etc/passwd\n", ("AP001", "leads out of the checkout")),
        ("config:\n  anyport:spec: 'a\\0b'\n", ("AP",)),
        ('config:\n  anyport:spec: "a\\0b"\n', ("AP001",)),
        ("config:\n  anyport:spec: .\n", ("AP001", "directory")),
        ("config:\n  anyport:spec: https://example.com/spec.yaml\n", ("AP001", "does not exist")),
    ],
)  # fmt: skip
def test_text_that_is_no_stack_file(
    checkout_of: Checkout, anyport: Anyport, text: str, words: tuple[str, ...]
) -> None:
    refused(anyport, checkout_of.write("Pulumi.x.yaml", text), *words)


def test_anchors_and_merge_keys_mean_what_yaml_says(checkout_of: Checkout, anyport: Anyport) -> None:
    text = (
        GOOD.replace("azure: {", "azure: &azure {")
        + "        other: {<<: *azure, priority: 4, region: westus}\n"
    )
    assert anyport("check", checkout_of.write("Pulumi.x.yaml", text)).code == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x7fELF\x02\x01\x00\xff\xfe", ("AP001", "not UTF-8")),
        (b"config:\0", ("AP002",)),
        (b"#" * (50 * 2**20), ("AP001", "larger than")),
    ],
)
def test_bytes_that_are_no_text(
    checkout_of: Checkout, anyport: Anyport, content: bytes, words: tuple[str, ...]
) -> None:
    path = checkout_of.stacks / "Pulumi.x.yaml"
    path.write_bytes(content)
    refused(anyport, path, *words)


def test_what_is_no_file(checkout_of: Checkout, anyport: Anyport, tmp_path: Path) -> None:
    stacks = checkout_of.stacks
    (stacks / "Pulumi.folder.yaml").mkdir()
    (stacks / "Pulumi.loop.yaml").symlink_to("Pulumi.loop.yaml")
    (stacks / "Pulumi.gone.yaml").symlink_to("nowhere")
    (tmp_path / "outside.yaml").write_text(GOOD)
    (stacks / "Pulumi.outside.yaml").symlink_to("../../outside.yaml")
    os.mkfifo(stacks / "Pulumi.pipe.yaml")
    said = refused(anyport, stacks)
    lines = {line.split(":")[0]: line for line in said.splitlines() if line.startswith("stacks/")}
    assert sorted(lines) == [f"stacks/Pulumi.{n}.yaml" for n in ("folder", "gone", "loop", "outside", "pipe")]
    assert "not a regular file" in lines["stacks/Pulumi.pipe.yaml"]
    assert "leads out of the checkout" in lines["stacks/Pulumi.outside.yaml"]
    assert "symbolic links" in lines["stacks/Pulumi.loop.yaml"]


def test_a_link_inside_the_checkout_is_followed(checkout_of: Checkout, anyport: Anyport) -> None:
    (checkout_of.folder / "shared.yaml").write_text(GOOD)
    (checkout_of.stacks / "Pulumi.x.yaml").symlink_to("../shared.yaml")
    assert anyport("check").code == 0


def test_a_folder_that_leads_out_is_refused(checkout_of: Checkout, anyport: Anyport, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "Pulumi.x.yaml").write_text(GOOD)
    (checkout_of.folder / "linked").symlink_to(outside)
    refused(anyport, Path("linked"), "leads out of the checkout")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(checkout_of: Checkout, anyport: Anyport) -> None:
    path = checkout_of.write("Pulumi.x.yaml", GOOD)
    path.chmod(0)
    refused(anyport, path, "AP001", "permission denied")


@pytest.mark.parametrize("name", ["waivers.yaml", "policy-config.json"])
@pytest.mark.parametrize(
    ("text", "code"), [("waivers: [", "AP002"), ("[1]", "AW003"), ("{a: 1, a: 2}", "AP003")]
)
def test_files_that_steer_the_rules_are_checked_too(
    checkout_of: Checkout, anyport: Anyport, name: str, text: str, code: str
) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    checkout_of.write(name, text)
    refused(anyport, checkout_of.stacks, code, f"stacks/{name}")


@pytest.mark.parametrize(
    ("to", "words"), [("/etc/passwd", "leads out of the checkout"), ("gone", "does not exist")]
)
def test_waivers_that_lead_nowhere_are_no_missing_waivers(
    checkout_of: Checkout, anyport: Anyport, to: str, words: str
) -> None:
    checkout_of.write("Pulumi.x.yaml", GOOD)
    (checkout_of.stacks / "waivers.yaml").symlink_to(to)
    refused(anyport, checkout_of.stacks, "AP001", words)


TOKENS = st.sampled_from(
    [*"[]{}:,-?&*!|>'\"%@`#\n\t ", "config:", "anyport:endpoints:", "<<: ", "&a ", "*a ", "\x00", "\u2028", "\ud7ff", "~", "0x1"]
)  # fmt: skip


@settings(derandomize=True, max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(TOKENS | st.text(max_size=3), max_size=40).map("".join), st.integers(0, len(GOOD)))
def test_no_text_makes_a_traceback(checkout_of: Checkout, anyport: Anyport, junk: str, at: int) -> None:
    """Junk alone, and junk in the middle of a good file: the command says something and never breaks."""
    for text in (junk, GOOD[:at] + junk + GOOD[at:]):
        path = checkout_of.stacks / "Pulumi.x.yaml"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        ended = anyport("check", path, "--format", "json")
        assert ended.code in {0, 1, 2}, (text, ended)
        assert "Traceback" not in ended.said
