"""Answers of any JSON: rows, or a failure with a code, and never anything else."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from live_helpers import DAY

from anyport.errors import SpecError
from anyport.live import azure, coreweave, google, oci
from anyport.live.clouds import MODULES
from anyport.live.failure import LiveError
from anyport.live.paging import cut
from anyport.live.questions import Answer, Question
from anyport.live.saved import SavedAnswers, file_name, file_text

KEYS = sorted(
    {"name", "value", "gpt"}
    | {key for module in MODULES.values() for shape in module.SHAPES.values() for key in shape}
    | {
        "skus",
        "capacity",
        "deprecation",
        "inference",
        "labels",
        "containers",
        "resources",
        "requests",
        "details",
    }
)
_leaves = st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats() | st.sampled_from(
    ["", "gpt", "publishers/a/models/b", "2027-01-01T00:00:00Z", "ACTIVE", "1e400", "Standard", "-1", "\x00"]
)  # fmt: skip
_json = st.recursive(
    _leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=25,
)
_items = st.lists(st.dictionaries(st.sampled_from(KEYS), _json, max_size=8), max_size=4)


def readers(items: list[dict[str, Any]]) -> list[Any]:
    def made(provider: str, what: str) -> Answer:
        shape = MODULES[provider].SHAPES[what]
        return Answer(Question(provider, what, "p", "x"), tuple(cut(item, shape) for item in items), DAY, "s")  # type: ignore[arg-type]

    return [
        lambda: azure.models(made("azure_openai", "models")),
        lambda: azure.quotas(made("azure_openai", "quota")),
        lambda: google.models(made("vertex_ai", "models")),
        lambda: google.limit_of(made("vertex_ai", "quota"), "gpt", "r"),
        lambda: google.rates(made("vertex_ai", "quota"), "gpt", "r"),
        lambda: oci.models(made("oci_generative_ai", "models")),
        lambda: oci.quota(made("oci_generative_ai", "limit")),
        lambda: coreweave.machines(made("coreweave_vllm", "nodes"), made("coreweave_vllm", "pods")),
        lambda: [coreweave.tidy(dict(item)) for item in items],
    ]


@settings(max_examples=300, deadline=None)
@given(_items)
def test_any_answer(items: list[dict[str, Any]]) -> None:
    for read in readers(items):
        with contextlib.suppress(LiveError):
            read()


@settings(max_examples=100, deadline=None)
@given(_json)
def test_any_saved_answer(tmp_path_factory: pytest.TempPathFactory, held: Any) -> None:
    folder = tmp_path_factory.mktemp("answers")
    (folder / "x.json").write_text(json.dumps(held))
    with pytest.raises(SpecError) as caught:
        SavedAnswers(folder)
    assert [problem.code for problem in caught.value.problems] == ["AP522"]


def test_a_saved_answer_is_read_back(tmp_path: Path) -> None:
    question = Question("azure_openai", "models", "eastus2", scope="sub")
    answer = Answer(question, ({"model": {"name": "gpt"}},), DAY, "s")
    (tmp_path / file_name(question)).write_text(file_text(answer))
    saved = SavedAnswers(tmp_path)
    for scope in ("sub", ""):
        found = saved.ask(Question("azure_openai", "models", "eastus2", scope=scope))
        assert (found.items, found.collected_on) == (answer.items, DAY)
    with pytest.raises(LiveError) as caught:
        saved.ask(Question("azure_openai", "models", "eastus2", scope="other"))
    assert caught.value.problem.code == "AP530"


def test_two_accounts_lie_in_one_folder(tmp_path: Path) -> None:
    for scope in ("one", "two"):
        question = Question("azure_openai", "quota", "eastus2", scope=scope)
        (tmp_path / file_name(question)).write_text(file_text(Answer(question, ({"unit": scope},), DAY, "s")))
    saved = SavedAnswers(tmp_path)
    assert saved.ask(Question("azure_openai", "quota", "eastus2", scope="two")).items == ({"unit": "two"},)
    with pytest.raises(LiveError):
        saved.ask(Question("azure_openai", "quota", "eastus2"))
