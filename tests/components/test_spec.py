"""The spec's own promise: every mistake of a file at once, with its place, and never a traceback."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from anyport.errors import CODES, SpecError, nearest
from anyport.spec import StackSpec, parse
from anyport.stackfile import load_stack_file

SPECS = Path(__file__).parent / "specs"

GOOD: dict[str, Any] = {
    "tier": "dev",
    "endpoints": {
        "chat": {
            "model": "gpt-oss-120b",
            "targets": {
                "a": {"priority": 1, "provider": "azure_openai", "region": "eastus2"},
                "b": {"priority": 2, "provider": "vertex_ai", "region": "us-central1"},
            },
        }
    },
}


def codes(mapping: Any) -> list[tuple[str, str]]:
    with pytest.raises(SpecError) as caught:
        parse(mapping)
    return [(problem.code, problem.path) for problem in caught.value.problems]


def changed(path: str, value: Any) -> dict[str, Any]:
    mapping = copy.deepcopy(GOOD)
    here: Any = mapping
    *parents, last = path.split("/")
    for part in parents:
        here = here[part]
    here[last] = value
    return mapping


A = "endpoints/chat/targets/a"
P = "endpoints.chat.targets.a"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("tier", "production", [("AP106", "tier")]),
        ("teir", "prod", [("AP101", "teir")]),
        ("endpoints", {}, [("AP105", "endpoints")]),
        ("endpoints", None, [("AP103", "endpoints")]),
        ("endpoints/chat/targets", {}, [("AP105", "endpoints.chat.targets")]),
        ("endpoints/chat/apis", [], [("AP105", "endpoints.chat.apis")]),
        ("endpoints/chat/model", "gpt-oss-12b", [("AP203", "endpoints.chat.model")]),
        ("endpoints/chat/residency", ["usa"], [("AP106", "endpoints.chat.residency.0")]),
        (
            "endpoints/chat/traffic",
            {"tokens_per_minute": "5"},
            [("AP103", "endpoints.chat.traffic.tokens_per_minute")],
        ),
        (f"{A}/provider", "azure", [("AP201", f"{P}.provider")]),
        (f"{A}/region", "eastus9", [("AP202", f"{P}.region")]),
        (f"{A}/priority", 2, [("AP205", "endpoints.chat.targets.b.priority")]),
        (f"{A}/priority", True, [("AP103", f"{P}.priority")]),
        (f"{A}/priority", 0, [("AP104", f"{P}.priority")]),
        (f"{A}/replicas", 2, [("AP101", f"{P}.replicas")]),
        (f"{A}/model", "gpt-5.1", [("AP207", f"{P}.model")]),
        (f"{A}/model", "qwen3-99b", [("AP203", f"{P}.model")]),
        (f"{A}/options", {"capcity": 1}, [("AP101", f"{P}.options.capcity")]),
        (f"{A}/options", {"capacity": 0}, [("AP104", f"{P}.options.capacity")]),
        (f"{A}/options", [], [("AP103", f"{P}.options")]),
        ("providers", {"aws": {}}, [("AP201", "providers.aws")]),
        ("endpoints/Chat", GOOD["endpoints"]["chat"], [("AP107", "endpoints.Chat")]),
    ],
)
def test_one_mistake(path: str, value: Any, expected: list[tuple[str, str]]) -> None:
    assert codes(changed(path, value)) == expected


@pytest.mark.parametrize(
    "garbage", [None, [], "x", 5, {"endpoints": 5}, {"endpoints": {"a": 5}}, {1: 2}, {"endpoints": {5: {}}}]
)
def test_garbage_is_a_problem_and_never_another_exception(garbage: Any) -> None:
    assert codes(garbage)


def test_a_required_key_is_named() -> None:
    mapping = copy.deepcopy(GOOD)
    del mapping["endpoints"]["chat"]["targets"]["a"]["region"]
    assert codes(mapping) == [("AP102", f"{P}.region")]


def test_equal_priorities_are_fine_when_both_have_weights() -> None:
    mapping = copy.deepcopy(GOOD)
    for target in mapping["endpoints"]["chat"]["targets"].values():
        target.update(priority=1, weight=50)
    assert isinstance(parse(mapping), StackSpec)


def test_a_good_spec_is_frozen() -> None:
    spec = parse(GOOD)
    with pytest.raises(ValueError, match="frozen"):
        spec.tier = "prod"  # type: ignore[misc]


def test_every_mistake_of_a_file_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compared with a file that a reviewer can read."""
    monkeypatch.chdir(SPECS)
    with pytest.raises(SpecError) as caught:
        load_stack_file(Path("every_mistake.yaml"))
    assert str(caught.value) + "\n" == (SPECS / "every_mistake.expected.txt").read_text()


def test_nearest_ignores_case_hyphens_and_underscores() -> None:
    assert nearest("AzureOpenAI", ["vertex_ai", "azure_openai"]) == "azure_openai"
    assert nearest("zzz", ["vertex_ai"]) == ""


def test_every_code_has_a_section_in_the_docs(checkout: Path) -> None:
    text = (checkout / "docs" / "errors.md").read_text()
    assert [code for code in CODES if f"| {code} |" not in text] == []
