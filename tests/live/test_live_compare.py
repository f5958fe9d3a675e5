"""One offer beside one list: what the row should say then. Nothing is ever taken out of it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from live_helpers import DAY

from anyport.catalog import Evidence, Offer, Serving
from anyport.live.compare import Listing, Outcome, compared
from anyport.live.questions import Listed

TITLE = "Azure models list (ARM 2025-09-01)"
OLD = date(2026, 11, 20)
REGIONS = frozenset({"eastus", "westus", "uksouth"})
ROW = Listed("azure_openai", "eastus", "gpt", "1", "OpenAI", ("standard", "global"), "ga", date(2027, 6, 1))


def offer(**more: Any) -> Offer:
    held: dict[str, Any] = {
        "provider": "azure_openai",
        "model_id": "gpt",
        "version": "1",
        "format": "OpenAI",
        "servings": (Serving(kind="standard"), Serving(kind="global")),
        "features": {},
        "lifecycle": "ga",
        "retires_on": date(2027, 6, 1),
        "retirement_basis": "documented",
        "evidence": Evidence(source="a page", collected_on=OLD),
    }
    return Offer(**{**held, **more})


def beside(made: Offer, *rows: Listed, places: tuple[str, ...] = ("eastus",)) -> Outcome:
    held = {place: tuple(row for row in rows if row.place == place) for place in places}
    return compared("m", made, Listing(TITLE, DAY, held, set(places) >= REGIONS, REGIONS))


EVIDENCE = {
    "collected_on": DAY,
    "source": f"a page; {TITLE}",
    "note": "features, limits and prices as of 2026-11-20",
}


def facts(outcome: Outcome) -> dict[str, Any]:
    return {key: value for key, value in outcome.values.items() if key not in EVIDENCE}


def test_what_agrees_gets_a_new_day_only() -> None:
    outcome = beside(offer(), ROW)
    assert (outcome.state, outcome.values) == ("confirmed", EVIDENCE)


def test_prices_keep_their_own_source_and_day() -> None:
    """Also those of a row whose day was moved before rows had a day of prices."""
    kept = {"price_source": "a page", "priced_on": OLD}
    priced = offer(input_usd_per_million=1.0)
    outcome = beside(priced, ROW)
    assert (outcome.state, outcome.values) == ("confirmed", {**EVIDENCE, **kept})
    moved = Evidence(source=EVIDENCE["source"], collected_on=date(2026, 11, 24), note=EVIDENCE["note"])
    assert beside(priced.model_copy(update={"evidence": moved}), ROW).values == {"collected_on": DAY, **kept}
    again = priced.model_copy(update={"evidence": moved, **kept})
    assert beside(again, ROW).values == {"collected_on": DAY}


def test_an_earlier_date_governs_and_the_old_one_is_kept() -> None:
    outcome = beside(offer(), replace(ROW, retires=date(2027, 2, 1)))
    assert facts(outcome) == {
        "retires_on": date(2027, 2, 1),
        "retirement_conflict": "what was known on 2026-11-20 said 2027-06-01",
    }


def test_a_later_date_stands_beside_the_old_one() -> None:
    outcome = beside(offer(retirement_conflict="LiteLLM says 2028"), replace(ROW, retires=date(2027, 9, 1)))
    assert facts(outcome) == {
        "retirement_conflict": f"LiteLLM says 2028; {TITLE} of 2026-11-25 says 2027-09-01"
    }


def test_a_conflict_that_is_gone_is_taken_back_and_that_of_others_stays() -> None:
    held = offer(retirement_conflict=f"LiteLLM says 2028; {TITLE} of 2026-11-01 says 2027-09-01")
    assert facts(beside(held, ROW)) == {"retirement_conflict": "LiteLLM says 2028"}


@pytest.mark.parametrize(("firm", "basis"), [(True, "documented"), (False, "inferred")])
def test_a_date_where_none_was_known(firm: bool, basis: str) -> None:
    held = offer(retires_on=None, retirement_basis="none found")
    assert facts(beside(held, replace(ROW, firm=firm))) == {
        "retires_on": date(2027, 6, 1),
        "retirement_basis": basis,
    }


def test_a_list_without_a_date_takes_none_away() -> None:
    outcome = beside(offer(), replace(ROW, retires=None))
    assert facts(outcome) == {}
    assert outcome.remarks[0] == "the list gives no date; 2027-06-01 stays"


def test_the_date_of_another_kind_is_said_and_not_written() -> None:
    held = offer(retires_servings=("global",))
    outcome = beside(
        held, replace(ROW, kind_retires={"standard": date(2026, 12, 24), "global": date(2027, 6, 1)})
    )
    assert facts(outcome) == {}
    assert "standard ends 2026-12-24" in outcome.remarks[0]


def test_a_retired_model_ends_today_at_the_latest() -> None:
    outcome = beside(offer(), replace(ROW, status="retired"))
    assert facts(outcome)["retires_on"] == DAY
    assert facts(outcome)["lifecycle"] == "deprecated"


@pytest.mark.parametrize(
    ("old", "told", "new"),
    [("ga", "deprecated", "deprecated"), ("deprecated", "ga", None), ("legacy", "ga", None), (None, "preview", "preview"), ("preview", "ga", None)],
)  # fmt: skip
def test_the_worse_state_stays(old: Any, told: Any, new: str | None) -> None:
    outcome = beside(offer(lifecycle=old), replace(ROW, status=told))
    assert facts(outcome).get("lifecycle") == new


def test_a_model_that_is_not_listed_is_marked_and_kept() -> None:
    outcome = beside(offer())
    assert outcome.state == "not_listed"
    assert outcome.values == {"doubtful": True, "note": f"not in {TITLE} of 2026-11-25 for eastus"}


def test_another_version_is_not_this_one() -> None:
    outcome = beside(offer(), replace(ROW, version="2"))
    assert outcome.state == "not_listed"
    assert outcome.remarks == ["other versions are listed: 2", "version 1 is not listed for eastus"]


def test_a_region_that_was_not_asked_proves_nothing() -> None:
    outcome = beside(offer(regions=("westus",)))
    assert (outcome.state, outcome.values) == ("not_listed", {})


def test_regions_are_added_and_never_removed() -> None:
    held = offer(regions=("westus", "uksouth"), regions_servings=("global",))
    rows = [ROW, replace(ROW, place="westus", kinds=("standard",)), replace(ROW, place="uksouth")]
    outcome = beside(held, *rows, places=("eastus", "westus", "uksouth"))
    assert outcome.values["regions"] == ["westus", "uksouth", "eastus"]
    assert outcome.values["doubtful"] is True
    assert outcome.values["note"].startswith(f"not in {TITLE} of 2026-11-25 for westus")


def test_a_list_of_some_regions_does_not_start_a_row_of_regions() -> None:
    """A row's regions are a ground for refusals, so a part of them would refuse the others."""
    assert "regions" not in beside(offer(), ROW).values


def test_kinds_are_added_and_never_removed() -> None:
    held = offer(servings=(Serving(kind="standard"), Serving(kind="ptu")))
    outcome = beside(held, replace(ROW, kinds=("global", "global_ptu")))
    assert facts(outcome) == {"servings": ["standard", "ptu", "global"]}
    assert "not listed for eastus: standard; kept" in outcome.remarks


def test_a_version_is_chosen_only_where_there_is_no_doubt() -> None:
    two = [replace(ROW, version="1"), replace(ROW, version="2")]
    assert facts(beside(offer(version=None), ROW))["version"] == "1"
    assert "version" not in facts(beside(offer(version=None), *two))
    assert facts(beside(offer(version=None), two[0], replace(two[1], default_version=True)))["version"] == "2"


def test_the_format_is_azures_own_word() -> None:
    outcome = beside(offer(), replace(ROW, format="OpenAI-OSS"))
    assert facts(outcome) == {"format": "OpenAI-OSS"}
    assert "the list has the format OpenAI-OSS, the catalog had OpenAI" in outcome.remarks


def test_googles_list_dates_nothing() -> None:
    """It tells no dates, regions or prices, so a row is no fresher for it."""
    held = offer(provider="vertex_ai", model_id="google/g", version=None, servings=(Serving(kind="gemini"),))
    row = Listed("vertex_ai", "google", "google/g", status="ga")
    outcome = compared("m", held, Listing("Google", DAY, {"google": (row,)}, True, REGIONS))
    assert (outcome.state, outcome.values) == ("confirmed", {})


def test_a_publisher_that_was_not_read_says_nothing() -> None:
    held = offer(provider="vertex_ai", model_id="meta/m", version=None, servings=(Serving(kind="maas"),))
    outcome = compared("m", held, Listing("Google", DAY, {"google": ()}, True, REGIONS))
    assert (outcome.state, outcome.values) == ("not_compared", {})


def test_oracles_date_for_one_kind_is_about_that_kind() -> None:
    held = offer(
        provider="oci_generative_ai",
        version=None,
        retires_on=None,
        servings=(Serving(kind="on_demand"), Serving(kind="dedicated")),
    )
    row = Listed("oci_generative_ai", "eastus", "gpt", kind_retires={"on_demand": date(2027, 1, 1)})
    outcome = beside(held, row)
    assert facts(outcome)["retires_servings"] == ["on_demand"]
