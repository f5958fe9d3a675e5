"""The same charges in two exports: found by fingerprints per account, day and resource, not by file names.

Two exports of one month share the days that were settled when the older was written. Which of them holds cannot be
told from their rows, so such a run is refused. Parts of one export share no fingerprint.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ..errors import Problem
from .columns import found_columns
from .files import Export
from .scan import Group, shapes
from .select import SLICE_KEYS, slices_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["overlaps"]

_COMPARE = """
SELECT a.file, b.file, sum(a.n), min(a.day), max(a.day), count(*) FILTER (a.exact = b.exact), count(*)
FROM slices a JOIN slices b ON a.file < b.file AND a.day = b.day AND a.n = b.n AND a.keys = b.keys
 AND a.account IS NOT DISTINCT FROM b.account AND a.sub_account IS NOT DISTINCT FROM b.sub_account
 AND a.resource IS NOT DISTINCT FROM b.resource
WHERE a.exact = b.exact OR ?
GROUP BY 1, 2 ORDER BY 1, 2"""


def overlaps(
    connection: DuckDBPyConnection,
    exports: Sequence[Export],
    groups: Iterable[Group],
    providers: dict[int, str],
) -> list[Problem]:
    """One problem per file whose charges another file has too.

    Args:
        connection: the run's database.
        exports: all files.
        groups: their groups, which tell the files that could overlap at all.
        providers: file number → provider.
    """
    shared: dict[tuple[str | None, ...], set[int]] = defaultdict(set)
    for group in groups:
        shared[(providers[group.file], group.account, group.sub_account, str(group.month))].add(group.file)
    doubtful = {number for files in shared.values() if len(files) > 1 for number in files}
    problems: list[Problem] = []
    for provider in sorted({providers[number] for number in doubtful}):
        some = [
            export for export in exports if export.number in doubtful and providers[export.number] == provider
        ]
        problems += _compare(connection, some, provider)
    return problems


def _compare(connection: DuckDBPyConnection, exports: Sequence[Export], provider: str) -> list[Problem]:
    """Only columns that all of them have are compared, since one may be of an older FOCUS version."""
    words = set.intersection(*(set(found_columns(export.columns)) for export in exports))
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE slices "
        "(file INTEGER, account VARCHAR, sub_account VARCHAR, day VARCHAR, resource VARCHAR, n BIGINT, keys HUGEINT, exact HUGEINT)"
    )
    keys = tuple(word for word in SLICE_KEYS if word in words)
    for shape in shapes(exports):
        connection.execute(f"INSERT INTO slices {slices_sql(shape, keys, 'effective' in words)}")
    replaces = provider == "azure_openai" and bool({"resource", "sku"} & words)
    rows = connection.execute(_COMPARE, [replaces]).fetchall()
    shown = {export.number: export.path for export in exports}
    return [
        _problem(shown[first], shown[second], count, begin, end, exact, slices)
        for first, second, count, begin, end, exact, slices in rows
    ]


def _problem(first: str, second: str, rows: int, begin: str, end: str, exact: int, slices: int) -> Problem:
    days = begin if begin == end else f"{begin} to {end}"
    restated = "" if exact == slices else ", some of them with another cost"
    return Problem(
        "AP565",
        "",
        f"{rows} of its charges ({days}) stand in {first} too{restated}",
        fix="leave out the older of the two; every charge counts once",
        file=second,
    )
