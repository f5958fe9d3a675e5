"""`anyport catalog show`: every fact with its source, and unknown said as such."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from check_runs import Anyport

from anyport.catalog import load

CATALOG = load()
DAY = ("--today", "2026-11-25")


def shown(anyport: Anyport, *arguments: str) -> str:
    ended = anyport("catalog", "show", *arguments, *DAY)
    assert (ended.code, ended.err) == (0, "")
    return ended.out


def plain(anyport: Anyport, *arguments: str) -> Any:
    return json.loads(shown(anyport, *arguments, "--format", "json"))


@pytest.mark.parametrize("model", CATALOG.names)
def test_every_model_is_shown_with_source_and_date_of_each_offer(anyport: Anyport, model: str) -> None:
    text = shown(anyport, model)
    for offer in CATALOG.models[model].offers.values():
        block = re.search(rf"^{offer.provider}(  \(doubtful\))?\n(  .*\n)+", text, re.MULTILINE)
        assert block is not None
        assert (block.group(1) is not None) == offer.evidence.doubtful
        assert f"{offer.evidence.source} ({offer.evidence.collected_on}" in block.group(0)
        assert (str(offer.retires_on) if offer.retires_on else "no date known") in block.group(0)
        unknown = [name for name, has in offer.features.items() if has is None]
        assert all(f"{name} unknown" in block.group(0) for name in unknown)
        for one in CATALOG.providers[offer.provider].apis("data"):
            assert one.version in block.group(0)


def test_a_conflict_and_a_past_date_are_said(anyport: Anyport) -> None:
    text = shown(anyport, "gpt-4.1")
    assert (
        "2026-10-14 (past) (standard, datazone, global, ptu), documented; the earliest date governs, " in text
    )
    assert "LiteLLM 1.106.10 says 2027-04-14" in text


def test_unknown_is_a_word(anyport: Anyport) -> None:
    text = shown(anyport, "gpt-oss-120b", "--provider", "azure_openai")
    assert "  kinds:             unknown\n" in text
    assert "  regions:           unknown in full\n" in text
    assert "vertex_ai" not in text
    assert "json_schema unknown" in shown(anyport, "gpt-oss-120b", "--provider", "oci_generative_ai")
    assert "price:             unknown in, unknown out" in shown(anyport, "bge-m3")


@pytest.mark.parametrize("provider", sorted(CATALOG.providers))
def test_a_provider_is_shown_with_kinds_apis_models_and_regions(anyport: Anyport, provider: str) -> None:
    text = shown(anyport, provider)
    about = CATALOG.providers[provider]
    for word in (*about.kinds, *(one.version for one in about.api_versions), about.operator):
        assert word in text
    served = [m.name for m in CATALOG.models.values() if provider in m.offers]
    assert all(f"\n{name} " in text for name in (*served, *CATALOG.regions[provider]))


def test_a_region_tells_served_from_unknown_and_leaves_out_no(anyport: Anyport) -> None:
    text = shown(anyport, "us-central1")
    rows = {line.split()[0]: line for line in text.splitlines() if line and not line.startswith(" ")}
    assert re.search(r" yes +no date known$", rows["gpt-oss-120b"])
    assert re.search(r" unknown +", rows["gemini-3.8-flash"])
    assert "llama-4-maverick" not in rows, "known to be served elsewhere only"
    offers = plain(anyport, "--region", "us-central1")["models"]
    assert offers["gpt-oss-120b"]["offers"]["vertex_ai"]["in_region"] == "yes"
    assert offers["gemini-3.8-flash"]["offers"]["vertex_ai"]["in_region"] == "unknown"
    assert "llama-4-maverick" not in offers
    assert all(set(model["offers"]) == {"vertex_ai"} for model in offers.values())


def test_one_name_in_regions_of_two_providers_is_told_apart(anyport: Anyport) -> None:
    double = [r for r in CATALOG.regions["azure_openai"] if r in CATALOG.regions["vertex_ai"]]
    for region in double:
        assert f"{region} of azure_openai" in shown(anyport, region)
        assert f"{region} of vertex_ai" in shown(anyport, region)


def test_json_has_all_of_what_was_asked_for_and_nothing_else(anyport: Anyport) -> None:
    everything = plain(anyport)
    assert set(everything["models"]) == set(CATALOG.models)
    assert set(everything["providers"]) == set(CATALOG.providers)
    one = plain(anyport, "gpt-5.4")
    assert set(one["models"]) == {"gpt-5.4"}
    offer = one["models"]["gpt-5.4"]["offers"]["azure_openai"]
    assert offer["evidence"]["collected_on"] == "2026-11-23"
    assert offer["retires_on"] == "2027-03-05"
    provider = plain(anyport, "vertex_ai")
    assert set(provider["providers"]) == {"vertex_ai"}
    assert len(provider["regions"]) == len(CATALOG.regions["vertex_ai"])
    assert {api["version"] for api in provider["providers"]["vertex_ai"]["api_versions"]} == {
        "v1",
        "v1beta1",
        "v3",
    }


def test_no_offer_is_no_proof(anyport: Anyport) -> None:
    text = shown(anyport, "gpt-5.4", "--provider", "coreweave_vllm")
    assert "No offer is recorded at coreweave_vllm: not a proof that there is none." in text


@pytest.mark.parametrize(
    ("arguments", "code", "fix"),
    [
        (("gpt5.4",), "AP501", "gpt-5.4"),
        (("vertex",), "AP501", "vertex_ai"),
        (("--model", "gpt-5"), "AP203", "gpt-5"),
        (("--provider", "azure"), "AP201", ""),
        (("--region", "us-east-04"), "AP202", "US-EAST-04"),
        (("gpt-5.4", "--provider", "vertex_ai", "--region", "eastus2"), "AP202", ""),
    ],
)
def test_unknown_names(anyport: Anyport, arguments: tuple[str, ...], code: str, fix: str) -> None:
    ended = anyport("catalog", "show", *arguments, *DAY)
    assert (ended.code, ended.out) == (2, "")
    assert code in ended.err
    assert fix in ended.err
    answer = json.loads(anyport("catalog", "show", *arguments, "--format", "json").out)
    assert [problem["code"] for problem in answer["problems"]] == [code]


@pytest.mark.parametrize("arguments", [("gpt-5.4", "--model", "gpt-5.5"), ("--today", "x"), ("a", "b")])
def test_wrong_use(anyport: Anyport, arguments: tuple[str, ...]) -> None:
    ended = anyport("catalog", "show", *arguments)
    assert ended.code == 2
    assert "Traceback" not in ended.err


def test_help_imports_no_command_and_a_misspelt_one_is_offered(anyport: Anyport) -> None:
    ended = anyport("catalog", "calender")
    assert ended.code == 2
    assert "did you mean calendar?" in ended.err
    assert "successors" in anyport("catalog", "--help").out
