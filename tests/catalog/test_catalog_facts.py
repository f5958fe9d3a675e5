"""Facts that rules and the planner lean on, and how the catalog answers what it does not know."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from pydantic import ValidationError

from anyport.catalog import Catalog, CatalogError, Offer, Region, independent, load, loader

CATALOG: Catalog = load()
AZURE, VERTEX, OCI, COREWEAVE = "azure_openai", "vertex_ai", "oci_generative_ai", "coreweave_vllm"


def offer(model: str, provider: str) -> Offer:
    found = CATALOG.offer(model, provider)
    assert found is not None
    return found


def region(provider: str, name: str) -> Region:
    found = CATALOG.region(provider, name)
    assert found is not None
    return found


def test_load_reads_once() -> None:
    assert load() is load()


def test_unknown_things_are_none_or_empty() -> None:
    assert CATALOG.model("no-such-model") is None
    assert CATALOG.offer("no-such-model", AZURE) is None
    assert CATALOG.offer("gpt-5.4", COREWEAVE) is None
    assert CATALOG.region("no_such_provider", "eastus") is None
    assert CATALOG.region(AZURE, "EastUS") is None
    assert CATALOG.regions_of("no_such_provider") == ()


def test_names_are_sorted() -> None:
    assert list(CATALOG.names) == sorted(CATALOG.models)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        ("us-virginia", "us-texas", True),
        ("us-virginia", "us-virginia", False),
        ("none", "us-virginia", False),
        ("unknown", "us-virginia", False),
        ("none", "unknown", False),
        ("unknown", "unknown", False),
        ("", "us-texas", False),
    ],
)
def test_independent(a: str, b: str, expected: bool) -> None:
    assert independent(a, b) is expected
    assert independent(b, a) is expected


def test_neighbouring_names_can_be_one_place_and_distant_names_too() -> None:
    assert region(AZURE, "eastus").failure_domain == region(AZURE, "eastus2").failure_domain == "us-virginia"
    assert region(AZURE, "westeurope").failure_domain == region(VERTEX, "europe-west4").failure_domain
    assert region(OCI, "us-ashburn-1").failure_domain == region(COREWEAVE, "US-EAST-04").failure_domain


@pytest.mark.parametrize("name", ["global", "us", "eu"])
def test_multi_regions_have_no_place(name: str) -> None:
    assert region(VERTEX, name).failure_domain == "none"
    assert not independent(region(VERTEX, name).failure_domain, "us-iowa")


def test_norway_is_text_and_not_in_the_eu() -> None:
    norway = region(AZURE, "norwayeast")
    assert (norway.country, norway.failure_domain, norway.geography) == ("NO", "no", "no")


@pytest.mark.parametrize(
    ("model", "day", "other"),
    [
        ("gpt-5.4", date(2027, 3, 5), "2027-09-02"),
        ("gpt-5.5", date(2027, 4, 23), "2027-10-26"),
        ("gpt-4.1", date(2026, 10, 14), "2027-04-14"),
        ("text-embedding-3-large", date(2027, 4, 15), "2028-02-09"),
    ],
)
def test_the_earliest_date_governs_and_the_other_is_kept(model: str, day: date, other: str) -> None:
    row = offer(model, AZURE)
    assert row.retires() == row.retires_on == day
    assert other in (row.retirement_conflict or "")


def test_sources_that_agree_leave_no_conflict() -> None:
    row = offer("gpt-5.1", AZURE)
    assert (row.retires_on, row.retirement_conflict) == (date(2027, 5, 15), None)


def test_unknown_deployment_kinds_are_empty_and_doubtful() -> None:
    row = offer("gpt-oss-120b", AZURE)
    assert row.servings == ()
    assert row.model_id == "gpt-oss-120b"
    assert row.evidence.doubtful


@pytest.mark.parametrize(
    "model", ["llama-3.3-70b-instruct", "deepseek-v3.2", "gpt-oss-20b", "multilingual-e5-large"]
)
def test_managed_id_retires_and_self_deployment_goes_on(model: str) -> None:
    row = offer(model, VERTEX)
    assert row.retires("maas") == date(2026, 10, 21)
    assert row.retires("model_garden") is None
    assert row.retires_servings == ("maas",)


def test_each_serving_has_its_own_id_where_they_differ() -> None:
    row = offer("gpt-oss-120b", VERTEX)
    assert row.model_id_for("maas") == row.model_id == "openai/gpt-oss-120b-maas"
    assert row.model_id_for("model_garden") == "publishers/openai/models/gpt-oss@gpt-oss-120b"
    assert offer("multilingual-e5-large", VERTEX).model_id_for("maas") is None


def test_regions_speak_only_for_the_kinds_they_were_collected_for() -> None:
    row = offer("gpt-oss-120b", VERTEX)
    assert row.regions_for("maas") == ("global", "us-central1")
    assert row.regions_for("model_garden") == ()
    assert offer("gpt-5.4", AZURE).regions_for("datazone") == ()
    assert "swedencentral" in offer("gpt-5.4", AZURE).regions_for("global")


def test_features_are_yes_no_or_not_known() -> None:
    row = offer("gpt-oss-120b", OCI)
    assert row.features["streaming"] is True
    assert row.features["vision"] is False
    assert row.features["json_schema"] is None


def test_gemini_on_oci_is_really_google() -> None:
    row = offer("gemini-2.5-pro", OCI)
    assert row.passes_to == VERTEX
    assert row.retires_on == offer("gemini-2.5-pro", VERTEX).retires_on == date(2026, 10, 16)


def test_previews_are_marked() -> None:
    assert offer("gemini-3.1-pro-preview", VERTEX).lifecycle == "preview"
    assert offer("gpt-4o", AZURE).lifecycle == "deprecated"


def test_vllm_sizing() -> None:
    row = offer("gpt-oss-120b", COREWEAVE)
    assert (row.min_gpu_memory_gb, row.tool_call_parser, row.reasoning_parser) == (
        96,
        "openai",
        "openai_gptoss",
    )
    assert CATALOG.instances["gd-8xh100ib-i128"].total_memory_gb == 640
    assert CATALOG.instances["gb300-4x"].total_memory_gb is None
    zone = region(COREWEAVE, "US-EAST-04").instance_types["US-EAST-04A"]
    assert "gd-8xh100ib-i128" in zone


def test_reach_of_the_kinds() -> None:
    kinds = CATALOG.providers[AZURE].kinds
    assert [kinds[k].reach for k in ("standard", "datazone", "global")] == ["regional", "data_zone", "global"]
    assert {p.operator for p in CATALOG.providers.values()} == {"Microsoft", "Google", "Oracle", "CoreWeave"}


def test_facts_cannot_be_changed_or_extended() -> None:
    with pytest.raises(ValidationError):
        offer("gpt-5.4", AZURE).version = "x"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Region.model_validate({**region(AZURE, "eastus").model_dump(), "typo": 1})


@pytest.mark.parametrize(
    "text", ["a: [", "a: 2026-13-45", "name: x\nkind: chat\noffers: {azure_openai: {typo: 1}}", "", "[1]"]
)
def test_a_broken_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(text)
    with pytest.raises(CatalogError, match=r"broken\.yaml"):
        loader._read(file, loader._model)
