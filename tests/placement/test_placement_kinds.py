"""The planner keeps away from kinds of deployment that the check of a spec would refuse."""

from __future__ import annotations

from typing import Any

from placement_cases import SHARED, placing, spec_of

MACHINE = {"machine_type": "a3-highgpu-2g", "accelerator_type": "NVIDIA_H100_80GB", "accelerator_count": 2}


def refusals(**asked: Any) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Kind and place of every candidate, and kind and code of what was refused."""
    found = placing(spec_of(**asked)).found
    return (
        {(one.target.deployment_kind, one.place) for one in found.candidates},
        {(one.kind, one.code) for one in found.refused},
    )


def test_a_kind_without_the_api_is_not_chosen() -> None:
    shared = {
        **SHARED,
        "vertex_ai": {"project": "anyport-tests", "deployment_kind": "model_garden", **MACHINE},
    }
    _, refused = refusals(shared=shared, apis=["responses"])
    assert ("model_garden", "api_missing") in refused
    candidates, _ = refusals(shared=shared)
    assert "model_garden" in {kind for kind, _ in candidates}


def test_a_data_zone_counts_with_all_its_countries() -> None:
    some, refused = refusals(model="gpt-5.1", residency=["eu"])
    assert "datazone" not in {kind for kind, _ in some}
    assert ("datazone", "residency") in refused
    all_of_it, refused = refusals(model="gpt-5.1", residency=["eu", "ch", "no"])
    assert ("datazone", "swedencentral") in all_of_it
    assert ("datazone", "data_zone") in refused


def test_without_residency_a_region_must_still_lie_in_a_zone() -> None:
    candidates, _ = refusals(model="gpt-5.4")
    places = {place for kind, place in candidates if kind == "datazone"}
    assert {"eastus2", "norwayeast"} <= places
    assert not {"brazilsouth", "japaneast", "uksouth"} & places
