"""What our targets register is what the clouds' own descriptions of their APIs accept."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from entry import Entry, Request, entries
from field import Field
from mutate import KINDS, Mistake, mistakes
from recorded import found, requests
from report import fidelity_markdown, unused_exceptions

CHECKOUT = Path(__file__).parents[2]
DESCRIBED = [entry for entry in entries().values() if not entry.undescribed]


def test_every_resource_is_accepted() -> None:
    refused = [
        f"{case}: {resource.name} ({resource.type}): {problem}"
        for case, resource, request in requests()
        for problem in request.problems()
    ]
    assert refused == [], "\n" + "\n".join(sorted(set(refused)))


def test_every_type_has_an_entry() -> None:
    assert sorted({resource.type for _, resource in found()} - set(entries())) == [], (
        "add it to tests/fidelity/maps"
    )


def test_every_argument_is_checked_or_excused() -> None:
    """A place where the description takes anything needs a reason in `loose`."""
    for _, _, request in requests():
        entry = request.entry
        assert request.exceptions() <= set(entry.only_pulumi) | set(entry.supplied) | set(entry.loose), (
            entry.type
        )


def test_no_exception_is_stale() -> None:
    assert unused_exceptions() == []


@pytest.mark.parametrize("entry", DESCRIBED, ids=lambda entry: entry.type)
def test_an_entry_points_at_fields_that_exist(entry: Entry) -> None:
    described = entry.described
    assert described.api_version
    assert set(entry.path) <= set(described.parameters)
    for source, target in entry.rename.items():
        known = described.body.children
        for step in [*source.split(".")[:-1], *target.split(".")]:
            field = known[step.removesuffix("[]")]
            assert field.type == "array" or not step.endswith("[]")
            known = _all_members(field.item or field)
    for name in entry.supplied:
        assert name in described.body.children or name in described.parameters or name == "subscriptionId"


def _all_members(field: Field) -> dict[str, Field]:
    return {
        **field.children,
        **{name: f for variant in field.variants.values() for name, f in variant().items()},
    }


@pytest.mark.parametrize("package", ["azure_native", "gcp", "oci"])
def test_every_mistake_is_found(package: str) -> None:
    """The good requests of `test_every_resource_is_accepted`, each with one thing spoilt at a time."""
    made: Counter[str] = Counter()
    for mistake in _mistakes(package):
        made[mistake.kind] += 1
        said = list(mistake.request.problems())
        assert said, f"{mistake.request.entry.type}: {mistake.kind} at {mistake.path} went unnoticed"
    assert set(made) >= set(KINDS) - EMPTY[package], made


EMPTY = {
    "azure_native": set(),
    "gcp": set(),
    "oci": {"pattern", "length", "parameter"},
}
"""Kinds of mistakes that cannot be made because the cloud's description has no such bound."""


def _mistakes(package: str) -> list[Mistake]:
    seen: dict[str, Request] = {}
    for _, _, request in requests():
        if request.entry.package == package:
            seen.setdefault(f"{request.entry.type} {sorted(request.arguments)}", request)
    return [mistake for request in seen.values() for mistake in mistakes(request)]


def test_the_page_is_current() -> None:
    assert (CHECKOUT / "docs" / "fidelity.md").read_text("utf-8") == fidelity_markdown(), "make docs"
