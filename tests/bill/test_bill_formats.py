"""The same charges in every form that clouds deliver them in give the same answer."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import HERE, Bill

SOURCE = HERE / "exports" / "azure-1.0.csv"


def rows() -> list[dict[str, str]]:
    with SOURCE.open(newline="") as file:
        return list(csv.DictReader(file))


def write(path: Path, found: list[dict[str, str]], **options: Any) -> None:
    with path.open("w", newline="", encoding=options.pop("encoding", "utf-8")) as file:
        writer = csv.DictWriter(file, list(found[0]), **options)
        writer.writeheader()
        writer.writerows(found)


def as_gzip(folder: Path) -> None:
    (folder / "part.csv.gz").write_bytes(gzip.compress(SOURCE.read_bytes(), mtime=0))


def as_gzip_by_another_name(folder: Path) -> None:
    (folder / "part.csv").write_bytes(gzip.compress(SOURCE.read_bytes(), mtime=0))


def with_byte_order_marks(folder: Path) -> None:
    """Azure's classic exports had one at the start and one before the first row."""
    head, _, rest = SOURCE.read_bytes().partition(b"\n")
    (folder / "part.csv").write_bytes(b"\xef\xbb\xbf" + head + b"\n\xef\xbb\xbf" + rest)


def with_windows_line_ends(folder: Path) -> None:
    (folder / "part.csv").write_bytes(SOURCE.read_bytes().replace(b"\n", b"\r\n"))


def without_a_last_line_end(folder: Path) -> None:
    (folder / "part.csv").write_bytes(SOURCE.read_bytes().rstrip(b"\n"))


def with_literal_nulls(folder: Path) -> None:
    write(folder / "part.csv", [{k: v or "NULL" for k, v in row.items()} for row in rows()])


def all_quoted_with_line_breaks_in_fields(folder: Path) -> None:
    found = [{**row, "ResourceName": row["ResourceName"] + '\nsecond "line"'} for row in rows()]
    write(folder / "part.csv", found, quoting=csv.QUOTE_ALL)


def with_columns_in_another_order_and_case(folder: Path) -> None:
    write(folder / "part.csv", [{k.lower(): row[k] for k in sorted(row, reverse=True)} for row in rows()])


def with_exponents(folder: Path) -> None:
    def plain(value: str) -> str:
        return f"{int(float(value) * 100)}E-2" if value else value

    money = ("BilledCost", "EffectiveCost", "ListCost")
    write(folder / "part.csv", [{k: plain(v) if k in money else v for k, v in row.items()} for row in rows()])


def with_tags_without_braces(folder: Path) -> None:
    write(folder / "part.csv", [{**row, "Tags": row["Tags"].strip("{}")} for row in rows()])


def in_two_parts_with_a_name_like_a_pattern(folder: Path) -> None:
    found = rows()
    (folder / "month=10").mkdir()
    write(folder / "month=10" / "part [0]*?.csv", found[:3])
    write(folder / "month=10" / "it's {a,b}.csv", found[3:])


def with_a_column_that_nobody_knows(folder: Path) -> None:
    words = ("file", "relevant", "ai", "rows", "anyport_other", "x_\"quoted'")
    write(folder / "part.csv", [{**row, **dict.fromkeys(words, "x,y")} for row in rows()])


def _parquet(folder: Path, select: str) -> None:
    import duckdb

    source = f"read_csv('{SOURCE}', all_varchar=true)"
    duckdb.connect().execute(
        f"SET TimeZone='UTC'; COPY (SELECT {select} FROM {source}) TO '{folder / 'part.parquet'}' (FORMAT parquet)"
    )


def as_parquet_of_text(folder: Path) -> None:
    _parquet(folder, "*")


def as_parquet_with_types(folder: Path) -> None:
    money = ", ".join(f"{c}::DOUBLE AS {c}" for c in ("EffectiveCost", "ListCost", "PricingQuantity"))
    times = ", ".join(f"{c}::TIMESTAMPTZ AS {c}" for c in ("ChargePeriodEnd", "BillingPeriodStart"))
    _parquet(
        folder,
        f"* REPLACE ({money}, BilledCost::DECIMAL(20,4) AS BilledCost, {times}, "
        "ChargePeriodStart::TIMESTAMP AS ChargePeriodStart)",
    )


def as_parquet_with_a_map_of_tags(folder: Path) -> None:
    _parquet(folder, "* REPLACE (from_json(Tags, '\"MAP(VARCHAR, VARCHAR)\"') AS Tags)")


FORMS: list[Callable[[Path], None]] = [
    as_gzip,
    as_gzip_by_another_name,
    with_byte_order_marks,
    with_windows_line_ends,
    without_a_last_line_end,
    with_literal_nulls,
    all_quoted_with_line_breaks_in_fields,
    with_columns_in_another_order_and_case,
    with_exponents,
    with_tags_without_braces,
    in_two_parts_with_a_name_like_a_pattern,
    with_a_column_that_nobody_knows,
    as_parquet_of_text,
    as_parquet_with_types,
    as_parquet_with_a_map_of_tags,
]


@pytest.fixture
def wanted(exports: Path, bill: Bill) -> dict[str, Any]:
    body = bill(str(exports / "azure-1.0.csv"), "--format", "json").body
    assert body["rows"] == 7
    return body


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_form_gives_the_same_answer(
    form: Callable[[Path], None], wanted: dict[str, Any], place: Path, bill: Bill
) -> None:
    folder = place / "other"
    folder.mkdir()
    form(folder)
    ran = bill("other", "--format", "json")
    assert ran.err == ""
    for part in ("months", "rows", "lines", "totals", "findings"):
        assert ran.body[part] == wanted[part], part


def test_the_same_bytes_twice_count_once(
    exports: Path, place: Path, bill: Bill, wanted: dict[str, Any]
) -> None:
    copy = place / "copy.csv"
    copy.write_bytes(SOURCE.read_bytes())
    body = bill("exports/azure-1.0.csv", "copy.csv", "exports/azure-1.0.csv", "--format", "json").body
    assert body["totals"] == wanted["totals"]
    assert "copy.csv holds the same bytes as exports/azure-1.0.csv: counted once" in body["notes"]


def test_money_is_added_exactly(place: Path, bill: Bill) -> None:
    """Ten million tenths of a cent would drift as binary fractions; here a thousand, to the last place."""
    row = {
        "BilledCost": "0.1", "EffectiveCost": "0.2", "BillingCurrency": "USD", "ChargeCategory": "Usage",
        "ChargePeriodStart": "2026-10-01T00:00:00Z", "ProviderName": "Google Cloud", "ServiceName": "Storage",
    }  # fmt: skip
    write(place / "part.csv", [row] * 1000)
    (line,) = bill("part.csv", "--format", "json").body["lines"]
    assert (line["billed"], line["net"]) == (100.0, 200.0)


@pytest.mark.parametrize(
    ("start", "month"),
    [
        ("2026-11-01T00:30:00+02:00", "2026-10"),
        ("2026-10-31T23:30:00-08:00", "2026-11"),
        ("2026-10-31T23:59:59Z", "2026-10"),
        ("2026-10-31 23:59:59", "2026-10"),
        ("2026-11-01", "2026-11"),
        ("2026-10-01T00:00Z", "2026-10"),
    ],
)
def test_months_are_those_of_utc(start: str, month: str, place: Path, bill: Bill) -> None:
    row = {
        "BilledCost": "1", "EffectiveCost": "1", "BillingCurrency": "USD", "ChargeCategory": "Usage",
        "ChargePeriodStart": start, "ProviderName": "Microsoft", "ServiceName": "Storage",
    }  # fmt: skip
    write(place / "part.csv", [row])
    assert bill("part.csv", "--format", "json").body["months"] == [month]


def test_an_unknown_cloud_is_shown_by_its_name(place: Path, bill: Bill) -> None:
    row = {
        "BilledCost": "1", "EffectiveCost": "1", "BillingCurrency": "USD", "ChargeCategory": "Usage",
        "ChargePeriodStart": "2026-10-01T00:00:00Z", "ProviderName": "AWS", "ServiceName": "Amazon Bedrock",
    }  # fmt: skip
    write(place / "part.csv", [row])
    ran = bill("part.csv", "--format", "json")
    assert [line["provider"] for line in ran.body["lines"]] == ["AWS"]
    assert [finding["kind"] for finding in ran.body["findings"]] == ["untagged"]
    assert ran.code == 1


def test_the_answer_is_the_same_every_time(exports: Path, bill: Bill) -> None:
    assert exports.is_dir()
    first, *others = [bill("exports", "--format", "json").out for _ in range(4)]
    assert all(other == first for other in others)
    assert json.loads(first)["rows"] > 0
