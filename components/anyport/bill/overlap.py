"""The same charges in two exports: found by fingerprints per account, day and resource, not by file names.

Two exports of one month share the days that were settled when the older was written. Which of them holds cannot be
told from their rows, so such a run is refused. Parts of one export share no fingerprint.

Two files are compared by the columns that both have under one name: one may be of another FOCUS version, or cut down.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

from ..errors import Problem
from .columns import found_columns
from .files import Export
from .scan import Group, shapes
from .select import SLICE_KEYS, slices_sql

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["overlaps"]

Words = frozenset[tuple[str, str]]
"""What a file can be compared by: our words, each with the file's own name in lower case."""

_COMPARED = frozenset({*SLICE_KEYS, "quantity", "billed", "effective", "billing_start"})
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
    groups: Sequence[Group],
    providers: Mapping[int, str],
) -> list[Problem]:
    """One problem per pair of files that have charges in common.

    Args:
        connection: the run's database.
        exports: all files.
        groups: their groups, which tell the files that could overlap at all.
        providers: file number → provider; `unknown` may be any.
    """
    words = {export.number: _words(export) for export in exports if export.number in providers}
    found: dict[tuple[int, int], Problem] = {}
    for provider in sorted(set(providers.values()) - {"unknown"}) or ["unknown"]:
        own = {number: words[number] for number, name in providers.items() if name in (provider, "unknown")}
        pairs = combinations_with_replacement(sorted(set(own.values()), key=sorted), 2)
        for common in sorted({one & other for one, other in pairs}, key=sorted):
            doubtful = _doubtful(groups, {number for number, have in own.items() if have >= common}, common)
            some = [export for export in exports if export.number in doubtful]
            for (first, second), problem in _compare(connection, some, common, provider).items():
                if own[first] & own[second] == common:
                    found.setdefault((first, second), problem)
    return [problem for _, problem in sorted(found.items())]


def _words(export: Export) -> Words:
    return frozenset(
        (word, name.lower()) for word, name in found_columns(export.columns).items() if word in _COMPARED
    )


def _doubtful(groups: Iterable[Group], numbers: set[int], common: Words) -> set[int]:
    """Files of which another has the same account and month, as far as both say so."""
    have = {word for word, _ in common}
    shared: dict[tuple[str | None, ...], set[int]] = defaultdict(set)
    for group in groups:
        if group.file in numbers:
            account = group.account if "account" in have else None
            sub_account = group.sub_account if "sub_account" in have else None
            month = str(group.month) if "billing_start" in have else None
            shared[(account, sub_account, month)].add(group.file)
    return {number for files in shared.values() if len(files) > 1 for number in files}


def _compare(
    connection: DuckDBPyConnection, exports: Sequence[Export], common: Words, provider: str
) -> dict[tuple[int, int], Problem]:
    """What some files share, by pairs of their numbers, looking only at columns that all of them have."""
    words = {word for word, _ in common}
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE slices "
        "(file INTEGER, account VARCHAR, sub_account VARCHAR, day VARCHAR, resource VARCHAR, n BIGINT, keys HUGEINT, exact HUGEINT)"
    )
    for shape in shapes(exports):
        connection.execute(f"INSERT INTO slices {slices_sql(shape, words)}")
    replaces = provider == "azure_openai" and ("resource" in words or {"account", "sku"} <= words)
    rows = connection.execute(_COMPARE, [replaces]).fetchall()
    shown = {export.number: export.path for export in exports}
    return {
        (first, second): _problem(shown[first], shown[second], count, begin, end, exact, slices)
        for first, second, count, begin, end, exact, slices in rows
    }


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
