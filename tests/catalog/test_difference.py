"""Facts that came, went or changed between two states, told apart from facts that were only looked up again."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from anyport.catalog import Catalog, load
from anyport.catalog.difference import Change, difference
from anyport.catalog.folder import load_folder

STATES = Path(__file__).parent / "states"
OLD, NEW = load_folder(STATES / "old"), load_folder(STATES / "new")


def by_subject(old: Catalog, new: Catalog) -> dict[str, Change]:
    return {change.subject: change for change in difference(old, new)}


def test_the_same_catalog_does_not_differ() -> None:
    assert difference(load(), load()) == ()


def test_each_way_to_differ() -> None:
    found = by_subject(OLD, NEW)
    assert {subject: change.what for subject, change in found.items()} == {
        "API Old, dated; plane 2024-10-21 (data plane, other) of azure_openai": "added",
        "instance small": "confirmed",
        "model gone": "removed",
        "model née-β": "added",
        "offer alpha at azure_openai": "changed",
        "offer gone at azure_openai": "removed",
        "offer née-β at azure_openai": "added",
        "region westus of azure_openai": "removed",
    }
    facts = {f.name: (f.how, f.before, f.after) for f in found["offer alpha at azure_openai"].facts}
    assert facts == {
        "context_window": ("no longer known", 128000, None),
        "doubtful": ("no longer known", True, None),
        "max_output_tokens": ("learned", None, 8192),
        "note": ("no longer known", "seen once", None),
        "regions": ("changed", ["eastus2", "westus"], ["eastus2"]),
        "retirement_conflict": ("learned", None, "another list says 2027-09-01"),
        "retires_on": ("changed", "2027-03-01", "2027-02-01"),
    }


def test_each_side_has_its_source() -> None:
    change = by_subject(OLD, NEW)["offer alpha at azure_openai"]
    assert change.before is not None
    assert change.after is not None
    assert (change.before.source, str(change.before.collected_on)) == ("schedule of July", "2026-11-01")
    assert (change.after.source, str(change.after.collected_on)) == ("schedule of November", "2026-12-01")
    assert by_subject(OLD, NEW)["offer née-β at azure_openai"].before is None
    assert by_subject(OLD, NEW)["offer gone at azure_openai"].after is None


def test_a_no_and_a_zero_are_facts_and_unknown_is_none() -> None:
    offer = NEW.models["alpha"].offers["azure_openai"]
    told = offer.model_copy(
        update={"features": {**offer.features, "tools": False, "vision": False}, "input_usd_per_million": 0.0}
    )
    model = NEW.models["alpha"].model_copy(update={"offers": {"azure_openai": told}})
    other = NEW.model_copy(update={"models": {**NEW.models, "alpha": model}})
    (change,) = difference(NEW, other)
    assert [(f.name, f.how, f.before, f.after) for f in change.facts] == [
        ("features.tools", "changed", True, False),
        ("features.vision", "learned", None, False),
        ("input_usd_per_million", "changed", 1.0, 0.0),
    ]


NAMES = st.lists(st.sampled_from(sorted(load().models)), unique=True, min_size=1)


@settings(max_examples=40, deadline=None)
@given(NAMES, NAMES)
def test_what_comes_one_way_goes_the_other(before: list[str], after: list[str]) -> None:
    def only(names: list[str]) -> Catalog:
        return load().model_copy(update={"models": {name: load().models[name] for name in names}})

    there, back = difference(only(before), only(after)), difference(only(after), only(before))
    opposite = {"added": "removed", "removed": "added"}
    assert [(c.subject, opposite[c.what], c.before, c.after) for c in there] == [
        (c.subject, c.what, c.after, c.before) for c in back
    ]
    gone = {f"model {name}" for name in set(before) - set(after)}
    assert {c.subject for c in there if c.what == "removed" and c.subject.startswith("model ")} == gone
