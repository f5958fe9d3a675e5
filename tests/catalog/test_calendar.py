"""Ends by day: what is listed for a catalog and for a plan, and what is said to have no day."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from anyport.catalog import Catalog, Evidence, load
from anyport.catalog.calendar import (
    Calendar,
    Event,
    Undated,
    catalog_calendar,
    merged,
    plan_calendar,
    undated_lines,
)
from anyport.catalog.folder import load_folder
from anyport.plan import Plan, resolve
from anyport.spec import StackSpec, parse

STATES = Path(__file__).parent / "states"
NEVER = date.min
DOUBTFUL = Evidence(source="s", collected_on=date(2026, 11, 1), doubtful=True, note="n")


def plan_of(model: str, **targets: dict[str, object]) -> Plan:
    made = {
        name: {"priority": number, **target} for number, (name, target) in enumerate(targets.items(), start=1)
    }
    spec: StackSpec = parse({"endpoints": {"chat": {"model": model, "targets": made}}})
    return resolve(spec, None, NEVER)


def with_end(catalog: Catalog, provider: str, api: str, **facts: object) -> Catalog:
    """The catalog with one API version that ends."""
    about = catalog.providers[provider]
    versions = tuple(one.model_copy(update=facts) if one.title == api else one for one in about.api_versions)
    assert versions != about.api_versions
    changed = about.model_copy(update={"api_versions": versions})
    return catalog.model_copy(update={"providers": {**catalog.providers, provider: changed}})


def test_a_catalog_lists_models_and_apis_with_and_without_a_day() -> None:
    found = catalog_calendar(load_folder(STATES / "new"))
    assert [(str(e.day), e.kind, e.title, e.conflict, e.certain) for e in found.events] == [
        (
            "2027-02-01",
            "model_retirement",
            "alpha retires at azure_openai (standard, global)",
            "another list says 2027-09-01",
            False,
        ),
        (
            "2027-06-30",
            "api_retirement",
            "Old, dated; plane 2024-10-21 (data plane) ends at azure_openai",
            "",
            True,
        ),
    ]
    assert found.undated == (
        Undated("api", "azure_openai", "Data plane v1 (data plane)"),
        Undated("model", "azure_openai", "née-β"),
    )


def test_every_offer_and_api_version_of_the_catalog_is_accounted_for() -> None:
    catalog = load()
    found = catalog_calendar(catalog)
    offers = sum(len(m.offers) for m in catalog.models.values())
    own = sum(o.kinds == ("vllm",) for m in catalog.models.values() for o in m.offers.values())
    apis = sum(len(p.api_versions) for p in catalog.providers.values())
    assert len(found.events) + len(found.undated) == offers - own + apis
    assert [e.day for e in found.events] == sorted(e.day for e in found.events)
    assert len({e.key for e in found.events}) == len(found.events)


def test_only_what_the_kind_of_deployment_hangs_on_is_listed() -> None:
    """The managed id retired; the same model on machines of one's own did not."""
    vertex = {"provider": "vertex_ai", "region": "us-central1"}
    managed = plan_calendar(plan_of("llama-3.3-70b-instruct", vertex=vertex), load(), "x.yaml")
    assert [(e.key, str(e.day)) for e in managed.events] == [
        ("model-retirement vertex_ai llama-3.3-70b-instruct", "2026-10-21")
    ]
    machines = {
        "machine_type": "a3-highgpu-8g",
        "accelerator_type": "NVIDIA_H100_80GB",
        "accelerator_count": 8,
    }
    own = plan_calendar(
        plan_of(
            "llama-3.3-70b-instruct",
            vertex={**vertex, "options": {"deployment_kind": "model_garden", **machines}},
        ),
        load(),
        "x.yaml",
    )
    assert own.events == ()
    assert "llama-3.3-70b-instruct (model_garden)" in {one.what for one in own.undated}


def test_an_api_touches_the_kinds_that_speak_it() -> None:
    catalog = with_end(
        load(),
        "vertex_ai",
        "Vertex AI data plane v1beta1",
        retires_on=date(2027, 5, 1),
        retirement_basis="documented",
    )
    vertex = {"provider": "vertex_ai", "region": "us-central1"}
    assert plan_calendar(plan_of("gpt-oss-120b", vertex=vertex), catalog, "x").events == ()
    catalog = with_end(
        load(),
        "vertex_ai",
        "Vertex AI data plane v1",
        retires_on=date(2027, 5, 1),
        retirement_basis="documented",
        retirement_conflict="a blog says 2028-01-01",
    )
    (event,) = plan_calendar(plan_of("gpt-oss-120b", vertex=vertex), catalog, "x").events
    assert (event.kind, event.touches, event.conflict) == (
        "api_retirement",
        ("x chat/vertex",),
        "a blog says 2028-01-01",
    )
    assert not event.certain


@pytest.mark.parametrize(
    ("facts", "certain"),
    [
        ({"retirement_basis": "documented"}, True),
        ({"retirement_basis": "catalogue"}, False),
        ({"retirement_basis": "documented", "retirement_conflict": "a blog says 2028-01-01"}, False),
        ({"retirement_basis": "documented", "evidence": DOUBTFUL}, False),
    ],
)
def test_only_an_undisputed_day_from_the_provider_itself_is_certain(
    facts: dict[str, object], certain: bool
) -> None:
    catalog = with_end(
        load(), "azure_openai", "Azure OpenAI data plane v1", retires_on=date(2027, 5, 1), **facts
    )
    (event,) = [e for e in catalog_calendar(catalog).events if e.kind == "api_retirement"]
    assert event.certain is certain


def test_versions_that_callers_elsewhere_use_touch_no_plan() -> None:
    catalog = with_end(
        load(), "azure_openai", "Azure OpenAI data plane 2024-10-21", retires_on=date(2027, 5, 1)
    )
    plan = plan_of("gpt-oss-120b", azure={"provider": "azure_openai", "region": "eastus2"})
    assert plan_calendar(plan, catalog, "x").events == ()
    assert "Azure OpenAI data plane 2024-10-21 (data plane)" not in {
        one.what for one in plan_calendar(plan, catalog, "x").undated
    }


def test_one_retirement_names_all_that_it_touches_and_the_earliest_day_governs() -> None:
    one = Event("k", date(2027, 2, 1), "model_retirement", "t", "", True, "s", ("b chat/x",))
    two = Event("k", date(2027, 1, 1), "model_retirement", "t", "", True, "s", ("a chat/x",))
    assert merged([one, two], []).events == (
        Event("k", date(2027, 1, 1), "model_retirement", "t", "", True, "s", ("a chat/x", "b chat/x")),
    )


def test_a_commitment_has_no_day_and_is_said() -> None:
    plan = plan_of(
        "gpt-5.1",
        azure={
            "provider": "azure_openai",
            "region": "eastus2",
            "options": {"deployment_kind": "ptu", "capacity": 50},
        },
    )
    lines = list(undated_lines(plan_calendar(plan, load(), "x.yaml")))
    assert "commitment at azure_openai: ptu, counted from the day it is made (x.yaml chat/azure)" in lines


def test_api_versions_without_a_day_are_one_line_per_provider() -> None:
    found = Calendar(
        (), (Undated("api", "p", "a 1"), Undated("api", "p", "b 2"), Undated("model", "p", "m", ("x",)))
    )
    assert list(undated_lines(found)) == ["model at p: m (x)", "API versions at p: a 1, b 2"]
