"""One charge in two exports: seen whatever the files are called, and never where parts only stand side by side."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from conftest import HERE, Bill

SOURCE = HERE / "exports" / "azure-1.0.csv"
HEAD, *ROWS = SOURCE.read_text().splitlines(keepends=True)


def put(path: Path, rows: list[str], head: str = HEAD) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(head + "".join(rows))


def codes(bill: Bill, *paths: str) -> list[tuple[str, str]]:
    return [(p["code"], p["file"]) for p in bill(*paths, "--format", "json").body["problems"]]


def test_a_later_export_of_the_same_month_is_refused(place: Path, bill: Bill) -> None:
    put(place / "x" / "early.csv", ROWS[:3])
    put(place / "x" / "late.csv", ROWS)
    ran = bill("x")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(
        "x/late.csv: AP565 3 of its charges (2026-09-30 to 2026-10-31) stand in x/early.csv too\n"
        "    fix:     leave out the older of the two; every charge counts once"
    )


def test_a_restated_charge_of_azure_is_the_same_charge(place: Path, bill: Bill) -> None:
    put(place / "a.csv", ROWS[:1])
    put(place / "b.csv", [ROWS[0].replace("30.00", "31.00")])
    assert (
        "1 of its charges (2026-10-01) stand in a.csv too, some of them with another cost"
        in bill("a.csv", "b.csv").err
    )


@pytest.mark.parametrize("cut", range(1, len(ROWS)))
def test_parts_of_one_export_are_no_overlap(cut: int, place: Path, bill: Bill) -> None:
    put(place / "x" / "0.csv", ROWS[:cut])
    put(place / "x" / "1.csv", ROWS[cut:])
    assert codes(bill, "x") == []


def test_another_format_version_and_name_hide_nothing(place: Path, bill: Bill) -> None:
    """The older file has fewer columns, in another order, and is Parquet."""
    import duckdb

    put(place / "a.csv", ROWS)
    duckdb.connect().execute(
        f"COPY (SELECT * EXCLUDE (ConsumedQuantity, ContractedCost, x_SkuMeterCategory) FROM read_csv('{place / 'a.csv'}', "
        f"all_varchar=true) ORDER BY SkuId) TO '{place / 'b.parquet'}' (FORMAT parquet)"
    )
    assert codes(bill, "a.csv", "b.parquet") == [("AP565", "b.parquet")]


def test_other_accounts_and_months_are_no_overlap(place: Path, bill: Bill) -> None:
    put(place / "a.csv", ROWS)
    put(place / "b.csv", [row.replace("ba-1", "ba-2") for row in ROWS])
    put(place / "c.csv", [row.replace("2026-1", "2025-1").replace("2026-0", "2025-0") for row in ROWS])
    assert codes(bill, "a.csv", "b.csv", "c.csv") == []


def test_a_correction_that_google_appends_is_no_overlap(place: Path, bill: Bill) -> None:
    """The same keys with another cost, exported later, are a new row and not a restated one."""
    rows = json.loads((HERE / "exports" / "google-1.2.json").read_text())
    plain = [{k: "" if v is None or isinstance(v, list) else v for k, v in row.items()} for row in rows]
    for name, change in (
        ("a", {}),
        ("b", {"BilledCost": -1.0, "EffectiveCost": -1.0, "x_ExportTime": "2026-11-09T00:00:00Z"}),
    ):
        with (place / f"{name}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, list(plain[0]))
            writer.writeheader()
            writer.writerows({**row, **change} for row in plain)
    body = bill("a.csv", "b.csv", "--format", "json").body
    assert body["problems"] == []
    assert sum(line["credits"] for line in body["lines"]) == -3.0


class TestManifest:
    """Azure's manifest.json: runs of one export replace one another."""

    def run(self, place: Path, name: str, rows: list[str], submitted: str, **other: object) -> None:
        folder = place / "x" / name
        put(folder / "part_0.csv", rows)
        size = (folder / "part_0.csv").stat().st_size
        body = {
            "exportConfig": {"exportName": "focus", "resourceId": "/subscriptions/1111", "type": "FocusCost"},
            "runInfo": {"submittedTime": submitted, "startDate": "2026-10-01T00:00:00"},
            "blobs": [{"blobName": f"out/{name}/part_0.csv", "byteCount": size}],
            **other,
        }
        (folder / "manifest.json").write_text(json.dumps(body))

    def test_the_newest_run_counts(self, place: Path, bill: Bill) -> None:
        self.run(place, "zz", ROWS[:3], "2026-10-20T03:00:00")
        self.run(place, "aa", ROWS, "2026-11-02T03:00:00", dataRowCount=7)
        body = bill("x", "--format", "json").body
        assert body["problems"] == []
        assert [file["path"] for file in body["files"]] == ["x/aa/part_0.csv"]
        assert (
            "x/zz/manifest.json: an older run than x/aa/manifest.json: its parts are not counted"
            in body["notes"]
        )

    def test_what_a_manifest_says_must_be_there(self, place: Path, bill: Bill) -> None:
        self.run(place, "aa", ROWS, "2026-11-02T03:00:00", dataRowCount=8)
        assert "x/aa/manifest.json: AP569" in bill("x").err
        assert "its parts have 7 rows and it says 8" in bill("x").err
        put(place / "x" / "aa" / "part_0.csv", ROWS[:5])
        assert "x/aa/part_0.csv: AP569 the export is not what its manifest says: it has" in bill("x").err
        (place / "x" / "aa" / "part_0.csv").rename(place / "x" / "aa" / "part_1.csv")
        assert "the part part_0.csv is not there" in bill("x").err

    @pytest.mark.parametrize("text", ["", "{}", "[]", "{", '{"exportConfig": 1, "runInfo": {}}'])
    def test_what_is_no_manifest_is_said(self, text: str, place: Path, bill: Bill) -> None:
        put(place / "x" / "part.csv", ROWS)
        (place / "x" / "manifest.json").write_text(text)
        assert codes(bill, "x") == [("AP569", "x/manifest.json")]
