"""Values, names and types that exports should not have, and some do: each counts rightly or is one sentence."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from conftest import HERE, Bill

SOURCE = HERE / "exports" / "azure-1.0.csv"
ROW = {
    "BilledCost": "10", "EffectiveCost": "10", "ListCost": "12", "BillingCurrency": "USD", "ChargeCategory": "Usage",
    "ChargePeriodStart": "2026-10-01T00:00:00Z", "BillingPeriodStart": "2026-10-01T00:00:00Z",
    "ProviderName": "Microsoft", "ServiceCategory": "AI and Machine Learning", "ServiceName": "Azure OpenAI",
    "Tags": '{"anyport-endpoint": "chat", "anyport-target": "azure-east", "anyport-tier": "prod"}',
}  # fmt: skip


def put(path: Path, *changes: dict[str, str]) -> None:
    rows = [{**ROW, **change} for change in changes or ({},)]
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def parquet(place: Path, select: str) -> None:
    """`part.csv` as Parquet; what is selected is SQL."""
    import duckdb

    source = f"read_csv('{place / 'part.csv'}', all_varchar=true)"
    duckdb.connect().execute(
        f"SET TimeZone = 'UTC'; COPY (SELECT {select} FROM {source}) TO '{place / 'part.parquet'}' (FORMAT parquet)"
    )


def refused(bill: Bill, path: str) -> list[tuple[str, str, int, str]]:
    ran = bill(path, "--format", "json")
    assert ran.code == 2
    return [(p["code"], p["path"], p["line"], p["got"]) for p in ran.body["problems"]]


def lines(bill: Bill, path: str) -> list[dict[str, Any]]:
    body = bill(path, "--format", "json").body
    assert body["problems"] == []
    found: list[dict[str, Any]] = body["lines"]
    return found


@pytest.mark.parametrize(
    "value", ["11/01/2026", "oops", "infinity", "2026-13-01", "0000-01-01", "9999-12-31T23:59:59-12:00"]
)
@pytest.mark.parametrize("column", ["BillingPeriodStart", "ChargePeriodStart"])
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_time_that_cannot_be_read_is_said(
    value: str, column: str, form: str, place: Path, bill: Bill
) -> None:
    put(place / "part.csv", {}, {column: value})
    parquet(place, "*")
    line = {"csv": 3, "parquet": 2}[form]
    assert refused(bill, f"part.{form}") == [("AP563", column, line, value)]


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_no_billing_period_means_the_month_of_the_charge(form: str, place: Path, bill: Bill) -> None:
    put(place / "part.csv", {"BillingPeriodStart": ""})
    parquet(place, "* REPLACE (coalesce(BillingPeriodStart, '') AS BillingPeriodStart)")
    assert [line["month"] for line in lines(bill, f"part.{form}")] == ["2026-10"]


@pytest.mark.parametrize("column", ["BillingPeriodStart", "ChargePeriodStart"])
@pytest.mark.parametrize(
    "value",
    ["1759276800000::BIGINT", "20261001::INTEGER", "1e9::DOUBLE", "TIMESTAMP 'infinity'", "TIMESTAMP '20000-01-01'",
     "DATE '5000000-01-01'", "[2026]", "{'year': 2026}", "TIME '10:00'"],
)  # fmt: skip
def test_a_column_of_times_with_another_type_is_said(
    column: str, value: str, place: Path, bill: Bill
) -> None:
    put(place / "part.csv")
    parquet(place, f"* REPLACE ({value} AS {column})")
    ((code, path, line, got),) = refused(bill, "part.parquet")
    assert (code, path, line) == ("AP563", column, 1)
    assert got


@pytest.mark.parametrize("column", ["BilledCost", "EffectiveCost", "ListCost"])
@pytest.mark.parametrize("value", ["true", "DATE '2026-10-01'", "[1]", "'inf'::DOUBLE"])
def test_what_only_looks_like_a_number_to_a_database_is_said(
    column: str, value: str, place: Path, bill: Bill
) -> None:
    put(place / "part.csv")
    parquet(place, f"* REPLACE ({value} AS {column})")
    assert [problem[:3] for problem in refused(bill, "part.parquet")] == [("AP563", column, 1)]


@pytest.mark.parametrize(
    "charge", [{"BilledCost": "0", "EffectiveCost": "5"}, {"BilledCost": "5", "EffectiveCost": "0"}]
)
@pytest.mark.parametrize("listed", ["", "0"])
def test_a_list_cost_that_one_charge_lacks_is_not_known(
    charge: dict[str, str], listed: str, place: Path, bill: Bill
) -> None:
    put(place / "part.csv", {}, {**charge, "ListCost": listed})
    (line,) = lines(bill, "part.csv")
    assert (line["list_cost"], line["net"]) == (None, 15.0)


def test_hours_below_zero_are_credits(place: Path, bill: Bill) -> None:
    """CoreWeave exports hours and no money."""
    head, *rows = (HERE / "exports" / "coreweave-1.2.csv").read_text().splitlines()
    assert ",8,GPU Hours" in rows[0]
    (place / "part.csv").write_text(
        "\n".join([head, rows[0], rows[0].replace(",8,GPU Hours", ",-2,GPU Hours"), ""])
    )
    (line,) = lines(bill, "part.csv")
    assert line["credits"] == pytest.approx(-line["charges"] / 4)
    assert line["credits"] < 0


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_amounts_too_large_to_be_added_are_said(form: str, place: Path, bill: Bill) -> None:
    put(place / "part.csv", *({"BilledCost": cost} for cost in ("1e22", "9e22", "9e22")))
    parquet(place, "*")
    first = {"csv": 2, "parquet": 1}[form]
    assert refused(bill, f"part.{form}") == [
        ("AP563", "BilledCost", first + row, cost) for row, cost in enumerate(("1e22", "9e22", "9e22"))
    ]
    assert "a number below 1E15" in bill(f"part.{form}").err


def test_the_largest_amounts_add_up(place: Path, bill: Bill) -> None:
    put(place / "part.csv", *[{"BilledCost": "999999999999999"}] * 3)
    assert [line["billed"] for line in lines(bill, "part.csv")] == [2999999999999997.0]


def test_quantities_beside_money_may_be_larger_than_any_money(place: Path, bill: Bill) -> None:
    """Google counts storage in byte-seconds."""
    put(place / "part.csv", *[{"ConsumedQuantity": "9e22"}] * 3)
    assert [line["net"] for line in lines(bill, "part.csv")] == [30.0]


def test_tags_nested_thousands_deep_are_no_tags(place: Path, bill: Bill) -> None:
    put(place / "part.csv", {"Tags": '{"anyport-endpoint":' * 3000})
    assert [line["endpoint"] for line in lines(bill, "part.csv")] == [None]


def test_half_a_character_in_a_tag_can_be_printed(place: Path, bill: Bill) -> None:
    put(place / "part.csv", {"Tags": r'{"anyport-endpoint": "chat\ud800"}'})
    assert [line["endpoint"] for line in lines(bill, "part.csv")] == ["chat?"]
    assert "chat?" in bill("part.csv").out


@pytest.mark.parametrize("name", ["anyport_file", "Anyport_Relevant", "anyport_ai", "anyport_row", "file_row_number", "filename"])  # fmt: skip
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_no_name_of_a_column_is_taken(name: str, form: str, place: Path, bill: Bill) -> None:
    put(place / "part.csv", {name: "x"})
    parquet(place, "*")
    assert [line["net"] for line in lines(bill, f"part.{form}")] == [10.0]
    put(place / "part.csv", {name: "x"}, {name: "x", "EffectiveCost": "oops"})
    parquet(place, "*")
    line = {"csv": 3, "parquet": 2}[form]
    assert refused(bill, f"part.{form}") == [("AP563", "EffectiveCost", line, "oops")]


@pytest.mark.parametrize("name", ["column1", "anyport_nameless"])
def test_a_column_without_a_name_is_no_damage(name: str, place: Path, bill: Bill) -> None:
    put(place / "part.csv", {name: "x", "": "y"})
    assert [line["net"] for line in lines(bill, "part.csv")] == [10.0]


def test_bad_rows_far_into_a_parquet_file_are_named_by_their_number(place: Path, bill: Bill) -> None:
    import duckdb

    put(place / "part.csv")
    source = f"read_csv('{place / 'part.csv'}', all_varchar=true)"
    duckdb.connect().execute(
        f"COPY (SELECT * REPLACE (CASE WHEN i IN (70000, 190000) THEN 'x' ELSE BilledCost END AS BilledCost) FROM {source}, "
        f"range(1, 200001) t(i) ORDER BY i) TO '{place / 'part.parquet'}' (FORMAT parquet, ROW_GROUP_SIZE 20000)"
    )
    assert [problem[2] for problem in refused(bill, "part.parquet")] == [70000, 190000]


class TestTheEndOfACsv:
    """A file that is cut within its last value looks whole, but for the line end that is not there."""

    NOTE = "part.csv: no line end after its last row: if the file was cut there, its last value is cut too"

    def notes(self, bill: Bill, *paths: str) -> list[str]:
        return [note for note in bill(*paths, "--format", "json").body["notes"] if "no line end" in note]

    def test_a_last_row_without_a_line_end_is_remarked(self, place: Path, bill: Bill) -> None:
        (place / "part.csv").write_bytes(SOURCE.read_bytes().rstrip(b"\n"))
        assert self.notes(bill, "part.csv") == [self.NOTE]

    @pytest.mark.parametrize("end", [b"\n", b"\r\n"])
    def test_with_one_nothing_is_said(self, end: bytes, place: Path, bill: Bill) -> None:
        (place / "part.csv").write_bytes(SOURCE.read_bytes().replace(b"\n", end))
        assert self.notes(bill, "part.csv") == []

    def test_forms_that_say_themselves_where_they_end_need_none(self, exports: Path, bill: Bill) -> None:
        (exports / "part.csv.gz").write_bytes(gzip.compress(SOURCE.read_bytes().rstrip(b"\n")))
        assert self.notes(bill, "exports/part.csv.gz", "exports/google-1.2.parquet") == []

    @pytest.mark.parametrize("said", [True, False])
    def test_a_manifest_that_says_the_size_is_believed(self, said: bool, place: Path, bill: Bill) -> None:
        (place / "x").mkdir()
        (place / "x" / "part.csv").write_bytes(SOURCE.read_bytes().rstrip(b"\n"))
        blob = {"blobName": "part.csv"} | ({"byteCount": SOURCE.stat().st_size - 1} if said else {})
        body = {"exportConfig": {}, "runInfo": {}, "blobs": [blob]}
        (place / "x" / "manifest.json").write_text(json.dumps(body))
        assert self.notes(bill, "x") == ([] if said else [f"x/{self.NOTE}"])
