"""Whole runs over the hand-made exports, against reports that a reviewer can read: tests/bill/expected/."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from conftest import HERE, Bill

CASES: dict[str, tuple[tuple[str, ...], int]] = {
    "all": (("exports", "--usage", "usage.csv", "--estimate", "estimate.json"), 1),
    "tags-only": (("exports/azure-1.0.csv", "exports/vendor-1.3.csv", "--stacks", "none"), 1),
    "clean": (("exports/coreweave-1.2.csv", "exports/oracle-usage-only.csv"), 0),
    "euro": (("exports/azure-1.2-preview.csv", "--month", "2026-10"), 1),
}


@pytest.fixture
def ready(exports: Path, place: Path) -> Path:
    for name in ("usage.csv", "estimate.json"):
        shutil.copy(HERE / name, place / name)
    lines = (exports / "oracle-1.0-preview.csv").read_text().splitlines(keepends=True)
    (exports / "oracle-usage-only.csv").write_text("".join(lines[:3]))
    return place


def arguments(case: str, ready: Path) -> list[str]:
    given, _ = CASES[case]
    if case == "all":
        (ready / "exports" / "oracle-usage-only.csv").unlink()
    if "none" in given:
        shutil.rmtree(ready / "stacks")
        return [word for word in given if word not in ("--stacks", "none")]
    return list(given)


@pytest.mark.parametrize("case", CASES)
def test_the_text_report_is_as_expected(case: str, ready: Path, bill: Bill) -> None:
    ran = bill(*arguments(case, ready))
    assert ran.err == ""
    assert ran.out == (HERE / "expected" / f"{case}.txt").read_text()
    assert ran.code == CASES[case][1]


@pytest.mark.parametrize("case", CASES)
def test_the_json_report_is_as_expected(case: str, ready: Path, bill: Bill) -> None:
    ran = bill(*arguments(case, ready), "--format", "json")
    assert ran.body == json.loads((HERE / "expected" / f"{case}.json").read_text())
    assert ran.code == CASES[case][1]


def test_every_row_is_in_one_line_and_every_billed_cent_in_one_total(ready: Path, bill: Bill) -> None:
    """Sums over the files as a spreadsheet would make them; the view by capacity plan is the one row left out."""
    body = bill(*arguments("all", ready), "--format", "json").body
    assert body["rows"] == sum(line["rows"] for line in body["lines"]) + 1
    billed = {
        currency: round(sum(total["billed"] for total in body["totals"] if total["currency"] == currency), 6)
        for currency in ("USD", "EUR")
    }
    assert billed == {"USD": 5106.75 + 13.0 + 102.0 + 28.5, "EUR": 36.0}
    for currency, whole in billed.items():
        lines = [line["billed"] for line in body["lines"] if line["currency"] == currency]
        assert round(sum(lines), 6) == whole
