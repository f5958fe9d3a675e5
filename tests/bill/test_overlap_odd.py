"""The same charges in two exports of which one lacks a column, and runs of which the newer is hard to tell."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from conftest import Bill

ROW = {
    "BillingAccountId": "ba-1", "SubAccountId": "s-1", "ResourceId": "r-1", "SkuId": "k-1", "ProviderName": "Microsoft",
    "ServiceName": "Azure OpenAI", "ChargeCategory": "Usage", "BillingCurrency": "USD", "BilledCost": "10",
    "EffectiveCost": "10", "PricingQuantity": "2", "ConsumedQuantity": "2000",
    "BillingPeriodStart": "2026-10-01T00:00:00Z", "ChargePeriodStart": "2026-10-01T00:00:00Z",
}  # fmt: skip
SECOND = {**ROW, "ResourceId": "r-2", "BilledCost": "20", "EffectiveCost": "20"}


def put(path: Path, rows: list[dict[str, str]], without: tuple[str, ...] = ()) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(
            file, [name for name in rows[0] if name not in without], extrasaction="ignore"
        )
        writer.writeheader()
        writer.writerows(rows)


def said(bill: Bill, *paths: str) -> list[tuple[str, str, str]]:
    problems = bill(*paths, "--format", "json").body["problems"]
    return [(problem["code"], problem["file"], problem["message"]) for problem in problems]


@pytest.mark.parametrize(
    "without",
    [
        ("BillingAccountId",),
        ("SubAccountId",),
        ("ResourceId",),
        ("BillingAccountId", "SubAccountId", "ResourceId"),
        ("PricingQuantity",),
        ("PricingQuantity", "ConsumedQuantity"),
        ("EffectiveCost",),
        ("ProviderName",),
        ("BillingPeriodStart",),
    ],
    ids="-".join,
)
def test_a_column_that_one_export_lacks_hides_nothing(
    without: tuple[str, ...], place: Path, bill: Bill
) -> None:
    put(place / "a.csv", [ROW, SECOND])
    put(place / "b.csv", [ROW, SECOND], without)
    assert said(bill, "a.csv", "b.csv") == [
        ("AP565", "b.csv", "2 of its charges (2026-10-01) stand in a.csv too")
    ]


def test_a_third_export_with_fewer_columns_makes_the_others_no_more_alike(place: Path, bill: Bill) -> None:
    """Two accounts may have equal charges; only what lacks the account cannot tell them apart."""
    put(place / "a.csv", [ROW])
    put(place / "b.csv", [{**ROW, "BillingAccountId": "ba-2"}])
    put(place / "c.csv", [{**ROW, "ResourceId": "r-3"}], ("BillingAccountId",))
    assert said(bill, "a.csv", "b.csv", "c.csv") == []


def test_equal_use_at_another_cost_is_no_restatement_where_no_resource_is_told(
    place: Path, bill: Bill
) -> None:
    put(place / "a.csv", [ROW])
    put(place / "b.csv", [SECOND], ("ResourceId", "BillingAccountId"))
    assert said(bill, "a.csv", "b.csv") == []


def test_a_charge_billed_in_a_later_month_is_found_where_one_export_names_no_month(
    place: Path, bill: Bill
) -> None:
    late = {**ROW, "ChargePeriodStart": "2026-09-30T00:00:00Z"}
    put(place / "a.csv", [late])
    put(place / "b.csv", [late], ("BillingPeriodStart",))
    assert [code for code, _, _ in said(bill, "a.csv", "b.csv")] == ["AP565"]


def test_a_time_of_export_is_one_moment_in_every_format(place: Path, bill: Bill) -> None:
    import duckdb

    put(place / "a.csv", [{**ROW, "ProviderName": "Google Cloud", "x_ExportTime": "2026-10-02T03:00:00Z"}])
    duckdb.connect().execute(
        "SET TimeZone = 'UTC'; "
        f"COPY (SELECT * REPLACE (x_ExportTime::TIMESTAMPTZ AS x_ExportTime) FROM read_csv('{place / 'a.csv'}', "
        f"all_varchar=true)) TO '{place / 'b.parquet'}' (FORMAT parquet)"
    )
    assert [code for code, _, _ in said(bill, "a.csv", "b.parquet")] == ["AP565"]


def run(place: Path, name: str, cost: str, **info: object) -> None:
    """One run of an Azure export over October, with a cost by which it is known."""
    put(place / "x" / name / "part_0.csv", [{**ROW, "BilledCost": cost, "EffectiveCost": cost}])
    body = {
        "exportConfig": {"exportName": "focus", "resourceId": "/subscriptions/1111"},
        "runInfo": {"startDate": "2026-10-01T00:00:00", **info},
        "blobs": [{"blobName": f"out/{name}/part_0.csv"}],
    }
    (place / "x" / name / "manifest.json").write_text(json.dumps(body))


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("2026-10-02T00:00:00Z", "2026-10-02T00:00:00.5Z"),
        ("2026-10-02T00:00:00.1234567Z", "2026-10-02T00:00:00.2Z"),
        ("2026-10-02T01:00:00+02:00", "2026-10-02T00:00:00Z"),
        ("2026-10-02T00:00:00", "2026-10-02 03:00:00"),
    ],
)
@pytest.mark.parametrize("names", [("a", "b"), ("b", "a")])
def test_the_newer_run_is_told_by_its_moment(
    older: str, newer: str, names: tuple[str, str], place: Path, bill: Bill
) -> None:
    run(place, names[0], "1", submittedTime=older)
    run(place, names[1], "2", submittedTime=newer)
    body = bill("x", "--format", "json").body
    assert [total["billed"] for total in body["totals"]] == [2.0]


@pytest.mark.parametrize(
    ("times", "got"),
    [
        ((None, "2026-10-02T00:00:00Z"), "2026-10-02T00:00:00Z, and there nothing"),
        (("soon", "2026-10-02T00:00:00Z"), "2026-10-02T00:00:00Z, and there soon"),
        (
            ("2026-10-02T00:00:00Z", "2026-10-02T02:00:00+02:00"),
            "2026-10-02T02:00:00+02:00, and there 2026-10-02T00:00:00Z",
        ),
    ],
)
def test_which_of_two_runs_is_newer_is_not_guessed(
    times: tuple[str | None, str], got: str, place: Path, bill: Bill
) -> None:
    run(place, "a", "1", submittedTime=times[0])
    run(place, "b", "2", submittedTime=times[1])
    ran = bill("x", "--format", "json")
    assert ran.code == 2
    assert [(p["code"], p["file"], p["got"]) for p in ran.body["problems"]] == [
        ("AP569", "x/b/manifest.json", got)
    ]


def test_only_the_newest_run_needs_a_time_of_its_own(place: Path, bill: Bill) -> None:
    for name, day in (("a", "02"), ("b", "02"), ("c", "03")):
        run(place, name, {"a": "1", "b": "2", "c": "3"}[name], submittedTime=f"2026-10-{day}T00:00:00Z")
    body = bill("x", "--format", "json").body
    assert [total["billed"] for total in body["totals"]] == [3.0]


def test_one_run_needs_no_time(place: Path, bill: Bill) -> None:
    run(place, "a", "1")
    assert bill("x", "--format", "json").body["problems"] == []


def test_runs_that_name_no_export_replace_nothing(place: Path, bill: Bill) -> None:
    for name, resource in (("a", "r-1"), ("b", "r-2")):
        run(place, name, "1", submittedTime=f"2026-10-0{1 + (name == 'b')}T00:00:00Z")
        put(place / "x" / name / "part_0.csv", [{**ROW, "ResourceId": resource}])
        manifest = place / "x" / name / "manifest.json"
        manifest.write_text(manifest.read_text().replace('"exportName": "focus", ', ""))
    body = bill("x", "--format", "json").body
    assert [total["billed"] for total in body["totals"]] == [20.0]


def test_a_manifest_of_a_hundred_thousand_brackets_is_said(place: Path, bill: Bill) -> None:
    put(place / "x" / "part.csv", [ROW])
    (place / "x" / "manifest.json").write_text("[" * 100_000)
    assert [(code, file) for code, file, _ in said(bill, "x")] == [("AP569", "x/manifest.json")]
