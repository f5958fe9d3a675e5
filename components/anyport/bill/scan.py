"""DuckDB in this process: one pass over the files of one shape, within a stated amount of memory.

What does not fit into it is spilled to the working folder. Nothing is fetched: extensions are neither installed nor
loaded by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import Problem
from .files import Export
from .locate import locate, unreadable
from .select import groups_sql, table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["MEMORY", "Group", "connect", "scan", "shapes"]

MEMORY = "512MB"
"""Of DuckDB's buffers; the process takes some 150 MB more."""


class Group(NamedTuple):
    """Like charges of one file, summed. Columns in the order of `select.DIMENSIONS` and `select.MEASURES`."""

    file: int
    host: str | None
    provider: str | None
    seller: str | None
    issuer: str | None
    currency: str | None
    month: datetime | None
    category: str | None
    correction: bool | None
    account: str | None
    invoice: str | None
    sub_account: str | None
    service_category: str | None
    service: str | None
    meter_category: str | None
    negative: bool
    relevant: bool
    ai: bool
    meter: str | None
    sku: str | None
    description: str | None
    resource: str | None
    resource_name: str | None
    region: str | None
    zone: str | None
    compartment: str | None
    cluster: str | None
    plan: str | None
    family: str | None
    unit: str | None
    tags: str | None
    rows: int
    billed: Decimal | None
    attributed: Decimal | None
    stood_in: Decimal | None
    stood_in_rows: int
    list_cost: Decimal | None
    list_missing: int
    quantity: Decimal | None
    bad: int
    without_zone: int
    with_offset: int
    other_month: int
    first_day: datetime | None
    last_day: datetime | None


def connect(folder: Path, threads: int = 2, memory: str = MEMORY) -> DuckDBPyConnection:
    """A database of this run alone. `folder` takes what does not fit into memory."""
    import duckdb

    connection = duckdb.connect(
        config={
            "memory_limit": memory,
            "threads": threads,
            "temp_directory": str(folder / "spill"),
            "preserve_insertion_order": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
        }
    )
    connection.execute("SET TimeZone = 'UTC'; SET enable_progress_bar = false")
    return connection


def shapes(exports: Sequence[Export]) -> list[list[Export]]:
    """Files that one SELECT can read: one format, the same columns and types in the same order, one provider."""
    found: dict[tuple[Any, ...], list[Export]] = {}
    for export in exports:
        key = (export.format, export.columns, export.types, export.provider)
        found.setdefault(key, []).append(export)
    return list(found.values())


def scan(connection: DuckDBPyConnection, exports: Sequence[Export]) -> tuple[list[Group], list[Problem]]:
    """Groups of all files, or every problem of their rows.

    A file with a bad row gives no groups at all: half a bill is a wrong bill.
    """
    groups: list[Group] = []
    problems: list[Problem] = []
    for shape in shapes(exports):
        try:
            found = list(_rows(connection, groups_sql(shape)))
        except _READ_ERRORS() as error:
            found = []
            problems += _blame(connection, shape, error)
        bad = {group.file for group in found if group.bad}
        for export in shape:
            if export.number in bad:
                problems += locate(export, connection) or [
                    _unplaced(export, "a row has values that do not fit")
                ]
        groups += [group for group in found if group.file not in bad]
    return groups, problems


def _rows(connection: DuckDBPyConnection, sql: str) -> Iterator[Group]:
    result = connection.execute(sql)
    while chunk := result.fetchmany(10_000):
        yield from (Group._make(row) for row in chunk)


def _READ_ERRORS() -> tuple[type[Exception], ...]:  # noqa: N802
    import duckdb

    return (duckdb.Error,)


def _blame(connection: DuckDBPyConnection, shape: Sequence[Export], error: Exception) -> list[Problem]:
    """Which files an error is about: each is read by itself, which only happens when something is wrong."""
    import duckdb

    if isinstance(error, duckdb.OutOfMemoryException):
        return [_no_room(error)]
    problems: list[Problem] = []
    for export in shape:
        try:
            connection.execute(f"SELECT count(COLUMNS(*)) FROM {table([export])}").fetchall()  # noqa: S608
        except duckdb.OutOfMemoryException as more:
            return [_no_room(more)]
        except duckdb.Error as cause:
            problems += locate(export, connection) or [unreadable(export, cause)]
    if not problems:
        raise error
    return problems


def _no_room(error: Exception) -> Problem:
    return Problem(
        "AP570",
        "",
        f"DuckDB ran out of memory or of disk: {str(error).splitlines()[0]}",
        fix="give a bigger disk to TMPDIR, or more memory with --memory 2GB",
        file="bill",
    )


def _unplaced(export: Export, why: str) -> Problem:
    return Problem(
        "AP564", "", f"the export is cut short or damaged: {why}", fix="fetch it again", file=export.path
    )
