"""The line of a row that cannot be used. Slow and exact; runs only for files in which something is wrong."""

from __future__ import annotations

import csv
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import Problem
from .columns import found_columns
from .files import Export, open_text
from .select import MONEY

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["locate"]

MOST = 5
"""Rows named per file; the rest is counted in the last one's message."""
_NUMBERS = ("billed", "effective", "list", "quantity")
_EMPTY = ("", "NULL")


def locate(export: Export, connection: DuckDBPyConnection) -> list[Problem]:
    """The first bad rows of a file, with line and value; empty when none is found."""
    if export.format == "parquet":
        return _in_parquet(export, connection)
    found: list[Problem] = []
    line = 1

    @lru_cache(maxsize=4096)
    def is_time(value: str) -> bool:
        sql = "SELECT try_cast(? AS TIMESTAMPTZ) IS NOT NULL"
        return bool(re.match(r"\d{4}-", value)) and connection.execute(sql, [value]).fetchall() == [(True,)]

    try:
        csv.field_size_limit(sys.maxsize)
        with open_text(export.link, export.format) as text:
            rows = csv.reader(text, strict=True)
            next(rows, None)
            line = rows.line_num + 1
            for row in rows:
                if row:
                    found += _row(export, row, line, is_time)
                line = rows.line_num + 1
                if len(found) >= MOST:
                    break
    except UnicodeDecodeError as error:
        found.append(_cut(export, line, f"bytes from here on are not UTF-8 text ({error.reason})"))
    except csv.Error as error:
        found.append(_cut(export, line, f"the row that starts here does not end ({error})"))
    except (EOFError, zlib.error, OSError) as error:
        found.append(
            _cut(export, line, f"the gzip stream ends or breaks after this line ({str(error).lower()})")
        )
    return found[:MOST]


def _row(export: Export, row: list[str], line: int, is_time: Callable[[str], bool]) -> Iterator[Problem]:
    if len(row) != len(export.columns):
        what = f"the row has {len(row)} fields and the header {len(export.columns)}"
        shown = ",".join(row)
        yield Problem(
            "AP564", "", f"the export is cut short or damaged: {what}",
            got=shown[:120] + ("…" if len(shown) > 120 else ""), fix="fetch it again", file=export.path, line=line,
        )  # fmt: skip
        return
    values = dict(zip(export.columns, row, strict=True))
    for word, column in found_columns(export.columns).items():
        value = values[column].lstrip("\ufeff")
        if problem := _wrong(export, word, value, is_time):
            allowed, fix = problem
            yield Problem(
                "AP563", column, "the value cannot be used", got=value or "nothing", allowed=allowed, fix=fix,
                file=export.path, line=line,
            )  # fmt: skip


def _wrong(export: Export, word: str, value: str, is_time: Callable[[str], bool]) -> tuple[str, str] | None:
    """What is allowed and what to do, or None when the value is right; the same tests as in `select.py`."""
    empty = value in _EMPTY
    moneyless = export.provider == "coreweave_vllm"
    if word in _NUMBERS:
        if (empty and (word != "billed" or moneyless)) or (not empty and _is_number(value)):
            return None
        return "a plain number such as 12.5 or 35.2E-7", "export again; FOCUS allows no thousands separator"
    if word in ("charge_start", "billing_start"):
        if (empty and word == "billing_start") or is_time(value):
            return None
        return "a time such as 2026-10-01T00:00:00Z", "export again in FOCUS form"
    if word == "currency" and not moneyless and not re.fullmatch("[A-Za-z]{3}", value):
        return "a currency of three letters", "export again in FOCUS form"
    if word == "category" and empty and not moneyless:
        return "Usage, Purchase, Tax, Credit or Adjustment", "export again in FOCUS form"
    return None


def _is_number(value: str) -> bool:
    try:
        number = Decimal(value.strip())
    except InvalidOperation:
        return False
    return number.is_finite() and abs(number) < Decimal(10) ** 23


def _in_parquet(export: Export, connection: DuckDBPyConnection) -> list[Problem]:
    """Parquet has rows and no lines: the row's number, counted from 1, stands where a line would."""
    import duckdb

    found: list[Problem] = []
    have = found_columns(export.columns)
    for word in (
        "billed",
        "effective",
        "list",
        "quantity",
        "currency",
        "charge_start",
        "billing_start",
        "category",
    ):
        if word not in have:
            continue
        column = '"' + have[word].replace('"', '""') + '"'
        test = f"try_cast({column} AS {MONEY}) IS NULL" if word in _NUMBERS else f"{column} IS NULL"
        if word in ("charge_start", "billing_start"):
            test = f"(try_cast({column} AS TIMESTAMPTZ) IS NULL OR coalesce(({column}::VARCHAR)[5] <> '-', false))"
        if word == "currency":
            test = f"NOT coalesce(regexp_full_match({column}, '[A-Za-z]{{3}}'), false)"
        if word not in ("billed", "currency", "charge_start", "category"):
            test = f"{column} IS NOT NULL AND {test}"
        sql = (
            f"SELECT file_row_number + 1, {column}::VARCHAR FROM read_parquet(?, file_row_number=true) "  # noqa: S608
            f"WHERE {test} ORDER BY 1 LIMIT {MOST}"
        )
        try:
            rows = connection.execute(sql, [str(export.link)]).fetchall()
        except duckdb.Error as error:
            return [_cut(export, 0, str(error).splitlines()[0])]
        found += [_in_row(export, have[word], number, value) for number, value in rows]
    return sorted(found, key=lambda problem: problem.line)[:MOST]


def _in_row(export: Export, column: str, number: int, value: str | None) -> Problem:
    return Problem(
        "AP563", column, "the value cannot be used", got=value if value is not None else "nothing",
        allowed="what FOCUS says of the column", fix=f"it is row {number}; export again", file=export.path, line=number,
    )  # fmt: skip


def _cut(export: Export, line: int, why: str) -> Problem:
    return Problem(
        "AP564",
        "",
        f"the export is cut short or damaged: {why}",
        fix="fetch it again",
        file=export.path,
        line=line,
    )
