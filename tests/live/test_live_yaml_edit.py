"""Edits of data files as text: what is wanted changes, and nothing else."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from anyport.errors import SpecError
from anyport.live.yaml_edit import changed_text

DATA = Path(__file__).parents[2] / "components/anyport/catalog/data/models"
FILES = sorted(DATA.glob("*.yaml"))

TEXT = """\
# top
offers:
  azure_openai:  # who
    model_id: gpt   # an id
    servings: [
      a, b
    ]
    # about the end
    retires_on: 2027-01-01  # a day
    note: "last"
  vertex_ai: {model_id: x, source: "y, z"}
  oci:
    source: plain
"""


def test_values_change_and_comments_stay() -> None:
    values = {
        "retires_on": date(2026, 12, 1),
        "servings": ["a", "b", "c"],
        "lifecycle": "ga",
        "doubtful": True,
    }
    assert changed_text(TEXT, ("offers", "azure_openai"), values, "f") == TEXT.replace(
        "[\n      a, b\n    ]", "[a, b, c]"
    ).replace(
        "    retires_on: 2027-01-01  # a day\n",
        "    retires_on: 2026-12-01  # a day\n    lifecycle: ga\n    doubtful: true\n",
    )


def test_a_map_on_one_line() -> None:
    found = changed_text(TEXT, ("offers", "vertex_ai"), {"doubtful": True, "source": "a: b"}, "f")
    assert '  vertex_ai: {model_id: x, source: "a: b", doubtful: true}\n' in found


def test_the_first_key_and_the_end_of_the_file() -> None:
    found = changed_text(TEXT.rstrip("\n"), ("offers", "oci"), {"model_id": "m", "note": "n"}, "f")
    assert found.endswith("  oci:\n    model_id: m\n    source: plain\n    note: n\n")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (TEXT, ("offers", "nobody")),
        (TEXT.replace("servings: [\n      a, b\n    ]", "servings:\n      - a"), ("offers", "azure_openai")),
        (TEXT.replace("      a, b\n", "      a, # why\n      b\n"), ("offers", "azure_openai")),
        ("offers:\n  a: {servings: [k], servings: [z]}\n", ("offers", "a")),
        ("offers:\n  a: &x {servings: [k]}\n  b: *x\n", ("offers", "a")),
    ],
)
def test_what_cannot_be_changed_safely_is_left_alone(text: str, path: tuple[str, ...]) -> None:
    with pytest.raises(SpecError) as caught:
        changed_text(text, path, {"servings": ["n"]}, "f")
    assert [problem.code for problem in caught.value.problems] == ["AP532"]


_words = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), min_size=1, max_size=40)
_values = st.fixed_dictionaries(
    {},
    optional={
        "version": _words,
        "note": _words,
        "source": _words,
        "retirement_conflict": _words,
        "retires_on": st.dates(date(2020, 1, 1), date(2035, 1, 1)),
        "doubtful": st.booleans(),
        "regions": st.lists(st.from_regex(r"[a-z]{2,12}[0-9]?", fullmatch=True), min_size=1, max_size=40),
        "retires_servings": st.lists(st.sampled_from(["global", "ptu", "maas"]), min_size=1, max_size=3),
    },
)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(FILES), st.integers(0, 3), _values)
def test_any_values_in_any_shipped_file(file: Path, index: int, values: dict[str, Any]) -> None:
    """Whatever is written is read back, all else stays, and only lines of the row differ."""
    text = file.read_text("utf-8")
    document = yaml.safe_load(text)
    provider = list(document["offers"])[index % len(document["offers"])]
    found = changed_text(text, ("offers", provider), values, file.name)
    document["offers"][provider].update(values)
    assert yaml.safe_load(found) == document
    comments = [line for line in text.splitlines() if line.lstrip().startswith("#")]
    assert [line for line in found.splitlines() if line.lstrip().startswith("#")][: len(comments)] == comments
