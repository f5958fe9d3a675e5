"""What every data file of the catalog must hold, row by row."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import pytest

from anyport.catalog import FEATURES, Catalog, Offer, Region, load, loader
from anyport.source import read_yaml

DATA = Path(loader.__file__).parent / "data"
FILES = sorted(DATA.rglob("*.yaml"))
CATALOG: Catalog = load()
OFFERS = [(m.name, o.provider) for m in CATALOG.models.values() for o in m.offers.values()]
REGIONS = [r for of_provider in CATALOG.regions.values() for r in of_provider.values()]
PROVIDERS = ("azure_openai", "coreweave_vllm", "oci_generative_ai", "vertex_ai")
REQUIRED = [
    "gpt-oss-120b",
    "gpt-oss-20b",
    "gpt-5.1",
    "gpt-5.4",
    "gpt-5.5",
    "llama-3.3-70b-instruct",
    "llama-4-maverick",
    "qwen3-32b",
    "mistral-large-3",
    "deepseek-v3.2",
    "text-embedding-3-large",
    "text-embedding-3-small",
    "bge-m3",
    "multilingual-e5-large",
    "embed-v4",
    "gpt-4o",
    "gpt-4.1",
    "gemini-2.5-pro",
    "gemini-2.5-flash",
    "gemini-3.1-flash-lite",
    "gemini-3.5-flash",
    "gemini-3.8-flash",
    "gemini-3.1-pro-preview",
]
GEOGRAPHIES = {
    "us",
    "ca",
    "latam",
    "eu",
    "uk",
    "ch",
    "no",
    "me",
    "in",
    "apac",
    "au",
    "jp",
    "kr",
    "af",
    "none",
    "unknown",
}
EU = {
    "AT",
    "BE",
    "BG",
    "CY",
    "CZ",
    "DE",
    "DK",
    "EE",
    "ES",
    "FI",
    "FR",
    "GR",
    "HR",
    "HU",
    "IE",
    "IT",
    "LT",
    "LU",
    "LV",
    "MT",
    "NL",
    "PL",
    "PT",
    "RO",
    "SE",
    "SI",
    "SK",
}


def offer(model: str, provider: str) -> Offer:
    found = CATALOG.offer(model, provider)
    assert found is not None
    return found


def ids(path: Path) -> str:
    return str(path.relative_to(DATA))


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_file_says_what_empty_means_and_when_it_was_collected(path: Path) -> None:
    head = "".join(line for line in path.read_text("utf-8").splitlines(keepends=True)[:6] if line[0] == "#")
    assert '"not known", never "no"' in head
    assert re.search(r"Collected on 20\d\d-\d\d-\d\d", head)


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_file_has_no_key_twice_and_no_private_path(path: Path) -> None:
    read_yaml(path)
    text = path.read_text("utf-8")
    assert not re.search(
        r"/work\b|\bshared\b|(azure|gcp|oci|coreweave_vllm|models|regions)\.(md|csv)\b", text
    )


def test_files_are_named_by_what_they_hold() -> None:
    assert {p.stem for p in (DATA / "models").glob("*.yaml")} == set(CATALOG.models)
    assert {p.stem for p in (DATA / "providers").glob("*.yaml")} == set(CATALOG.providers) == set(PROVIDERS)
    assert {p.stem for p in (DATA / "regions").glob("*.yaml")} == set(CATALOG.regions) == set(PROVIDERS)


@pytest.mark.parametrize("name", REQUIRED)
def test_required_model_is_there(name: str) -> None:
    assert CATALOG.model(name) is not None


def test_every_key_is_the_name_of_its_value() -> None:
    assert all(key == model.name for key, model in CATALOG.models.items())
    assert all(key == instance.name for key, instance in CATALOG.instances.items())
    for provider in CATALOG.providers.values():
        assert all(key == kind.name for key, kind in provider.kinds.items())


@pytest.mark.parametrize(("model", "provider"), OFFERS)
def test_offer_refers_only_to_what_exists(model: str, provider: str) -> None:
    row = offer(model, provider)
    kinds = CATALOG.providers[row.provider].kinds
    assert set(row.kinds) <= set(kinds)
    assert len(set(row.kinds)) == len(row.kinds)
    assert set(row.retires_servings) | set(row.regions_servings) <= set(row.kinds)
    assert all(CATALOG.region(row.provider, region) for region in row.regions)
    assert row.regions or not row.regions_servings
    assert row.passes_to is None or row.passes_to in CATALOG.providers


@pytest.mark.parametrize(("model", "provider"), OFFERS)
def test_offer_is_complete_and_sourced(model: str, provider: str) -> None:
    row = offer(model, provider)
    assert row.model_id
    assert set(row.features) == set(FEATURES)
    assert row.features["streaming"] is (CATALOG.models[model].kind == "chat")
    assert (row.retires_on is None) == (row.retirement_basis == "none found")
    assert row.retirement_conflict is None or row.retires_on
    if row.evidence.doubtful:
        assert row.evidence.note, "a doubtful row says why"


@pytest.mark.parametrize(("model", "provider"), OFFERS)
def test_no_date_in_the_conflict_is_earlier_than_the_one_that_governs(model: str, provider: str) -> None:
    row = offer(model, provider)
    dates = re.findall(r"\d{4}-\d\d-\d\d", row.retirement_conflict or "")
    assert all(date.fromisoformat(other) >= (row.retires_on or date.min) for other in dates)


def test_every_fact_has_a_source_and_a_date() -> None:
    evidence = [offer(m, p).evidence for m, p in OFFERS] + [r.evidence for r in REGIONS]
    evidence += [x.evidence for x in (*CATALOG.providers.values(), *CATALOG.instances.values())]
    evidence += [one.evidence for p in CATALOG.providers.values() for one in p.api_versions]
    evidence += [zone.evidence for p in CATALOG.providers.values() for zone in p.data_zones.values()]
    assert all(e.source.strip() and e.collected_on >= date(2026, 11, 1) for e in evidence)
    assert min(e.collected_on for e in evidence) == CATALOG.collected_on


def test_all_regions_are_there() -> None:
    assert {p: len(r) for p, r in CATALOG.regions.items()} == {
        "azure_openai": 28,
        "vertex_ai": 49,
        "oci_generative_ai": 11,
        "coreweave_vllm": 55,
    }


@pytest.mark.parametrize("region", REGIONS, ids=lambda r: f"{r.provider}-{r.name}")
def test_region_row(region: Region) -> None:
    assert re.fullmatch(r"none|unknown|[a-z]{2}(-[a-z]+)*", region.failure_domain)
    assert region.geography in GEOGRAPHIES
    assert region.country is None or re.fullmatch("[A-Z]{2}", region.country)
    if region.country:
        assert (region.geography == "eu") == (region.country in EU)
    if region.failure_domain not in ("none", "unknown") and region.country:
        assert region.failure_domain[:2] == region.country.lower().replace("gb", "uk")


@pytest.mark.parametrize("region", CATALOG.regions_of("coreweave_vllm"), ids=lambda r: r.name)
def test_coreweave_region_is_its_zones_without_the_last_letter(region: Region) -> None:
    assert region.zones
    assert {zone[:-1] for zone in region.zones} == {region.name}
    assert set(region.instance_types) <= set(region.zones)
    assert {t for types in region.instance_types.values() for t in types} <= set(CATALOG.instances)
