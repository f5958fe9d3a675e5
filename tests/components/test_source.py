"""Reading YAML from people: positions kept, nothing run, one clear sentence for what is no spec."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from anyport.errors import SpecError
from anyport.source import Position, read_yaml
from anyport.stackfile import load_stack_file

BOMB = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [
        (b"a: 1\nb: 2\na: 3\n", "AP003", 3),
        (b"a: [1\n", "AP002", 2),
        (b"a:\n\t- 1\n", "AP002", 2),
        (b"a: !!python/object/apply:os.system [ls]\n", "AP002", 1),
        (b"a: *missing\n", "AP002", 1),
        (b"\xff\xfe\x00", "AP001", 0),
        (b"[" * 100, "AP002", None),
        (BOMB.encode(), "AP002", 0),
        (b"? [a, b]\n: 1\n", "AP002", None),
    ],
)
def test_what_is_no_spec_is_one_problem(tmp_path: Path, content: bytes, code: str, line: int | None) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_bytes(content)
    with pytest.raises(SpecError) as caught:
        read_yaml(path)
    (problem,) = caught.value.problems
    assert problem.code == code
    assert line is None or problem.line == line


def test_a_missing_file_a_folder_and_a_loop(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (tmp_path / "none.yaml", tmp_path, loop):
        with pytest.raises(SpecError) as caught:
            read_yaml(path)
        assert caught.value.problems[0].code == "AP001"


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024)
    with pytest.raises(SpecError, match="larger than 4 MiB"):
        read_yaml(path)


def test_positions_are_those_of_the_keys(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("config:\n  anyport:endpoints:\n    chat: {model: m, apis: [x]}\n")
    source = read_yaml(path)[1].under("config").renamed({"anyport:endpoints": "endpoints"})
    assert source.at(("endpoints", "chat", "model")) == Position(3, 12)
    assert source.at(("endpoints", "chat", "apis", 0)) == Position(3, 29)
    assert source.at(("endpoints", "chat", "not", "there")) == Position(3, 5)


@pytest.mark.parametrize("content", ["", "x: 1\n", "config: 5\n", "config: {aws:region: x}\n", "- 1\n"])
def test_a_file_without_anyport_keys(tmp_path: Path, content: str) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(content)
    with pytest.raises(SpecError) as caught:
        load_stack_file(path)
    assert caught.value.problems[0].code == "AP004"


SHARED = """\
tier: dev
endpoints:
  chat:
    model: gpt-oss-120b
    targets:
      azure: {priority: 1, provider: azure_openai, region: eastus2}
      vertex: {priority: 2, provider: vertex_ai, region: us-central1}
"""


def test_a_shared_spec_and_a_build_share(tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text(SHARED)
    path = tmp_path / "Pulumi.azure.yaml"
    path.write_text("config:\n  anyport:spec: shared.yaml\n  anyport:build: {providers: [azure_openai]}\n")
    stack = load_stack_file(path)
    assert stack.spec.tier == "dev"
    assert stack.build.includes("chat", "azure", "azure_openai")
    assert not stack.build.includes("chat", "vertex", "vertex_ai")


def test_a_shared_spec_mixed_with_inline_keys_and_a_wrong_share(tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text(SHARED)
    path = tmp_path / "Pulumi.azure.yaml"
    path.write_text(
        "config:\n  anyport:spec: shared.yaml\n  anyport:tier: prod\n  anyport:build: {providers: [azure], targets: [chat/x]}\n"
    )
    with pytest.raises(SpecError) as caught:
        load_stack_file(path)
    assert [(p.code, p.path, p.line) for p in caught.value.problems] == [
        ("AP301", "anyport:tier", 3),
        ("AP302", "anyport:build.providers.0", 4),
        ("AP302", "anyport:build.targets.0", 4),
    ]


def test_a_mistake_in_the_shared_spec_names_that_file(tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text(SHARED.replace("eastus2", "eastus22"))
    path = tmp_path / "Pulumi.azure.yaml"
    path.write_text("config:\n  anyport:spec: shared.yaml\n")
    with pytest.raises(SpecError) as caught:
        load_stack_file(path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.line) == ("AP202", 6)
    assert problem.file.endswith("shared.yaml")


def test_a_share_of_the_stacks_own_spec_holds_every_warm_target(tmp_path: Path) -> None:
    inline = "".join(
        f"  anyport:{line}\n" if line[0] != " " else f"  {line}\n" for line in SHARED.splitlines()
    )
    path = tmp_path / "Pulumi.azure.yaml"
    path.write_text("config:\n" + inline + "  anyport:build: {targets: [chat/azure]}\n")
    with pytest.raises(SpecError) as caught:
        load_stack_file(path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.path, problem.line) == ("AP305", "anyport:build", 9)
    assert "leaves out chat/vertex, which" in problem.message
    path.write_text("config:\n" + inline + "  anyport:build: {targets: [chat/azure, chat/vertex]}\n")
    assert load_stack_file(path).build.targets


@pytest.mark.parametrize(
    "scalar",
    [
        "2026-02-30",
        "2026-01-01 10:00:00 +99:99",
        "9" * 5000,
        "!!bool x",
        "!!int x",
        "!!int ''",
        "!!timestamp x",
    ],
)
def test_a_value_that_is_none_of_its_kind_is_text_for_the_model(tmp_path: Path, scalar: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(f"a: &a {scalar}\nb: *a\nc: 2026-02-28\n")
    value, _ = read_yaml(path)
    text = scalar.split(" ")[-1].strip("'") if scalar.startswith("!!") else scalar
    assert value == {"a": text, "b": text, "c": date(2026, 2, 28)}


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        ("a: 1\nb: " + "[" * 100 + "]" * 100, 2, 64),
        ("a: 1\n\nb: x\x1b[31m\n", 3, 5),
        ("a: 1\r\nb: \0\n", 2, 4),
        ("a: &a {b: *a}\n", 1, 4),
    ],
)
def test_what_yaml_refuses_has_its_place(tmp_path: Path, content: str, line: int, column: int) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(content, newline="")
    with pytest.raises(SpecError) as caught:
        read_yaml(path)
    (problem,) = caught.value.problems
    assert (problem.code, problem.line, problem.column) == ("AP002", line, column)


def test_names_with_brackets_keep_their_place(tmp_path: Path) -> None:
    path = tmp_path / "Pulumi.x.yaml"
    path.write_text(
        "config:\n  anyport:endpoints:\n    'chat[1]':\n      model: gpt-oss-120b\n      targets:\n"
        "        TargetOptions: {priority: 1, provider: azure_openai, region: eastus2,\n"
        "          regoin: x, options: 5}\n"
    )
    with pytest.raises(SpecError) as caught:
        load_stack_file(path)
    above = "anyport:endpoints.chat[1]"
    assert {("AP107", above, 3), ("AP107", f"{above}.targets.TargetOptions", 6)} <= (
        found := {(p.code, p.path, p.line) for p in caught.value.problems}
    )
    assert ("AP101", f"{above}.targets.TargetOptions.regoin", 7) in found
    assert ("AP103", f"{above}.targets.TargetOptions.options", 7) in found
