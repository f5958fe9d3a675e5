"""Bad exports: what is said, where, and that nothing is totalled over what is left."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import HERE, Bill

SOURCE = HERE / "exports" / "azure-1.0.csv"
CASES: list[dict[str, Any]] = yaml.safe_load((HERE / "refusals.yaml").read_text())


def content(case: dict[str, Any]) -> str:
    text: str = case.get("text", SOURCE.read_text())
    for old, new in case.get("replace", ()):
        assert old in text
        text = text.replace(old, new, 1)
    return text[: case["cut"]] if "cut" in case else text


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_what_is_said_of_a_bad_export(case: dict[str, Any], place: Path, bill: Bill) -> None:
    (place / "part.csv").write_text(content(case))
    ran = bill("part.csv")
    assert ran.code == 2
    assert ran.out == ""
    assert ran.err.rsplit("\n\n", 1)[0] + "\n" == case["said"]


@pytest.mark.parametrize("case", [c for c in CASES if c.get("replace")], ids=lambda case: case["name"])
def test_gzip_and_parquet_name_the_same_column(case: dict[str, Any], place: Path, bill: Bill) -> None:
    """Row 2 of the text is row 1 of a Parquet file, which has no header line."""
    import duckdb

    if "twice" in case["name"]:
        pytest.skip("Parquet writers refuse it")
    (place / "part.csv").write_text(content(case))
    source = f"read_csv('{place / 'part.csv'}', all_varchar=true)"
    duckdb.connect().execute(f"COPY (SELECT * FROM {source}) TO '{place / 'p.parquet'}' (FORMAT parquet)")
    (place / "part.csv.gz").write_bytes(gzip.compress((place / "part.csv").read_bytes()))
    said = [(p["path"], p["line"]) for p in json.loads(bill("part.csv", "--format", "json").out)["problems"]]
    zipped = json.loads(bill("part.csv.gz", "--format", "json").out)["problems"]
    assert [(p["path"], p["line"]) for p in zipped] == said
    columnar = json.loads(bill("p.parquet", "--format", "json").out)["problems"]
    assert [(p["path"], p["line"] + 1) for p in columnar] == said


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_cut_gzip_stream_is_said(kept: float, place: Path, bill: Bill) -> None:
    whole = gzip.compress(SOURCE.read_bytes() + SOURCE.read_bytes().partition(b"\n")[2] * 50, mtime=0)
    (place / "part.csv.gz").write_bytes(whole[: int(len(whole) * kept)])
    ran = bill("part.csv.gz")
    assert (ran.code, ran.out) == (2, "")
    assert "part.csv.gz" in ran.err
    assert "AP564 the export is cut short or damaged: the gzip stream" in ran.err


@pytest.mark.parametrize("kept", [4, 200, -4])
def test_a_cut_parquet_file_is_said(kept: int, exports: Path, place: Path, bill: Bill) -> None:
    (place / "part.parquet").write_bytes((exports / "google-1.2.parquet").read_bytes()[:kept])
    ran = bill("part.parquet")
    assert (ran.code, ran.out) == (2, "")
    assert (
        "part.parquet: AP564 the export is cut short or damaged: a Parquet file must end with PAR1" in ran.err
    )


def test_a_parquet_file_damaged_inside_is_said(exports: Path, place: Path, bill: Bill) -> None:
    whole = bytearray((exports / "google-1.2.parquet").read_bytes())
    whole[-60:-20] = b"\xff" * 40
    (place / "part.parquet").write_bytes(bytes(whole))
    ran = bill("part.parquet")
    assert (ran.code, ran.out) == (2, "")
    assert "part.parquet: AP564" in ran.err
    assert "/tmp" not in ran.err.replace(str(place), "")


def test_bytes_that_are_no_text_are_said_with_their_line(place: Path, bill: Bill) -> None:
    (place / "part.csv").write_bytes(SOURCE.read_bytes().replace(b"shadow", b"sh\xffdow", 1))
    ran = bill("part.csv")
    assert (ran.code, ran.out) == (2, "")
    assert "part.csv:" in ran.err
    assert "not UTF-8 text" in ran.err


def test_all_bad_files_are_named_at_once_and_good_ones_are_not_totalled(
    exports: Path, place: Path, bill: Bill
) -> None:
    (exports / "bad-1.csv").write_text(SOURCE.read_text().replace("30.00,ba-1", "x,ba-1", 1))
    (exports / "bad-2.csv").write_text("a,b\n")
    (exports / "bad-3.parquet").write_bytes(b"PAR1 and no more")
    ran = bill("exports", "missing.csv", "ftp://bucket/focus/", "--format", "json")
    assert ran.code == 2
    assert [(p["code"], p["file"]) for p in ran.body["problems"]] == [
        ("AP563", "exports/bad-1.csv"),
        ("AP562", "exports/bad-2.csv"),
        ("AP564", "exports/bad-3.parquet"),
        ("AP568", "ftp://bucket/focus"),
        ("AP561", "missing.csv"),
    ]
    assert set(ran.body) == {"problems"}


def test_many_bad_rows_are_not_all_listed(place: Path, bill: Bill) -> None:
    (place / "part.csv").write_text(SOURCE.read_text().replace("USD", "dollars"))
    ran = bill("part.csv", "--format", "json")
    assert [problem["line"] for problem in ran.body["problems"]] == [2, 3, 4, 5, 6]


def test_a_month_that_is_not_there_is_said(exports: Path, bill: Bill) -> None:
    ran = bill("exports", "--month", "2026-09")
    assert (ran.code, ran.out) == (2, "")
    assert "AP571 the exports hold no charges of 2026-09" in ran.err
    assert "allowed: 2026-10" in ran.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("exports", "--month", "October"), "is no month; write YYYY-MM"),
        (("exports", "--memory", "lots"), "is no size; write 512MB or 2GB"),
        (("exports", "--stacks", "nowhere"), "nowhere"),
        ((), "Missing argument"),
    ],
)
def test_wrong_options_are_one_sentence(
    arguments: tuple[str, ...], said: str, exports: Path, bill: Bill
) -> None:
    ran = bill(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err


def test_an_empty_folder_is_said(place: Path, bill: Bill) -> None:
    (place / "empty").mkdir()
    assert "empty: AP561 cannot be read: the folder holds no export" in bill("empty").err


def test_a_header_without_rows_is_no_mistake(place: Path, bill: Bill) -> None:
    (place / "part.csv").write_text(SOURCE.read_text().splitlines(keepends=True)[0])
    ran = bill("part.csv", "--format", "json")
    assert ran.code == 0
    assert ran.body["files"][0]["remarks"] == ["it has a header and no rows"]


def test_nothing_is_left_behind(
    exports: Path, place: Path, bill: Bill, monkeypatch: pytest.MonkeyPatch
) -> None:
    import tempfile

    scratch = place / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    before = sorted(place.rglob("*"))
    assert bill("exports").code == 1
    (exports / "bad.csv").write_text("a\n")
    assert bill("exports").code == 2
    (exports / "bad.csv").unlink()
    assert sorted(place.rglob("*")) == before
