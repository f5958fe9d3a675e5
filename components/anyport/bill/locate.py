"""The line of a row that cannot be used. Slow and exact; runs only for files in which something is wrong."""

from __future__ import annotations

import csv
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import Problem
from .columns import found_columns
from .files import Export, open_text
from .select import bad_sql, own, quoted, table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["locate", "unreadable"]

MOST = 5
"""Rows named per file."""
_EMPTY = ("", "NULL")
_NUMBER = ("a plain number such as 12.5 or 35.2E-7", "export again; FOCUS allows no thousands separator")
_LARGE = ("a number below 1E15", "export again; such an amount cannot be added up")
_TIME = ("a time such as 2026-10-01T00:00:00Z", "export again in FOCUS form")
_ALLOWED = {
    **dict.fromkeys(("billed", "effective", "list", "quantity"), _NUMBER),
    **dict.fromkeys(("charge_start", "billing_start"), _TIME),
    "currency": ("a currency of three letters", "export again in FOCUS form"),
    "category": ("Usage, Purchase, Tax, Credit or Adjustment", "export again in FOCUS form"),
}
"""Word → what is allowed, and what to do."""
_PLAIN = re.compile(r"[+-]?[0-9]{1,14}(\.[0-9]{0,20})?([eE]-[0-9]{1,2})?")

Refuse = Callable[[str, str], bool]


def locate(export: Export, connection: DuckDBPyConnection) -> list[Problem]:
    """The first bad rows of a file, with line and value; empty when none is found."""
    if export.format == "parquet":
        return _in_parquet(export, connection)
    found: list[Problem] = []
    line = 1
    refuse = _refuser(export, connection)
    try:
        csv.field_size_limit(sys.maxsize)
        with open_text(export.link, export.format) as text:
            rows = csv.reader(text, strict=True)
            next(rows, None)
            line = rows.line_num + 1
            for row in rows:
                if row:
                    found += _row(export, row, line, refuse)
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


def _refuser(export: Export, connection: DuckDBPyConnection) -> Refuse:
    """The very tests of `select.py`, on one value; DuckDB is not asked for numbers that are plainly right."""
    tests = bad_sql(export)
    have = found_columns(export.columns)

    @lru_cache(maxsize=65536)
    def asked(word: str, value: str | None) -> bool:
        sql = f"SELECT {tests[word]} FROM (SELECT ?::VARCHAR AS {quoted(have[word])})"  # noqa: S608
        return connection.execute(sql, [value]).fetchall() == [(True,)]

    def refuse(word: str, value: str) -> bool:
        if word not in tests or (_ALLOWED[word] == _NUMBER and _PLAIN.fullmatch(value)):
            return False
        return asked(word, None if value in _EMPTY else value)

    return refuse


def _row(export: Export, row: list[str], line: int, refuse: Refuse) -> Iterator[Problem]:
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
        if refuse(word, value):
            allowed, fix = _allowed(word, value)
            yield Problem(
                "AP563", column, "the value cannot be used", got=value or "nothing", allowed=allowed, fix=fix,
                file=export.path, line=line,
            )  # fmt: skip


def _allowed(word: str, value: str | None) -> tuple[str, str]:
    if _ALLOWED[word] != _NUMBER:
        return _ALLOWED[word]
    try:
        large = 1e15 <= abs(float(value or "")) < float("inf")
    except ValueError:
        large = False
    return _LARGE if large else _NUMBER


def _in_parquet(export: Export, connection: DuckDBPyConnection) -> list[Problem]:
    """As above for columns; the row's number, counted from 1, stands where a line would."""
    import duckdb

    found: list[Problem] = []
    have, row = found_columns(export.columns), own(export, "row")
    rows = f"(SELECT *, row_number() OVER () AS {row} FROM {table([export])})"  # noqa: S608
    for word, test in bad_sql(export).items():
        column = quoted(have[word])
        sql = f"SELECT {row}, {column}::VARCHAR FROM {rows} WHERE {test} ORDER BY 1 LIMIT {MOST}"  # noqa: S608
        try:
            bad = connection.execute(sql).fetchall()
        except duckdb.Error as error:
            return [unreadable(export, error)]
        for number, value in bad:
            allowed, _ = _allowed(word, value)
            found.append(
                Problem(
                    "AP563", have[word], "the value cannot be used", got=value or "nothing", allowed=allowed,
                    fix=f"it is row {number}; export again", file=export.path, line=number,
                )
            )  # fmt: skip
    return sorted(found, key=lambda problem: problem.line)[:MOST]


def unreadable(export: Export, error: Exception) -> Problem:
    """What DuckDB says of a file that it cannot read; a question that it does not understand is no damage."""
    import duckdb

    why = str(error).splitlines()[0]
    if isinstance(error, (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException)):
        return Problem(
            "AP561", "", f"cannot be read: {why}", fix="export again in FOCUS form", file=export.path
        )
    return _cut(export, 0, why)


def _cut(export: Export, line: int, why: str) -> Problem:
    return Problem(
        "AP564",
        "",
        f"the export is cut short or damaged: {why}",
        fix="fetch it again",
        file=export.path,
        line=line,
    )
