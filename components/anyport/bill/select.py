"""The SELECT that sums one shape of export files, in DuckDB's SQL. Text only; nothing is run here.

Every value is read as text and cast here, so that what does not fit becomes a count of bad rows and never a guess.
Money is a decimal of 15 places: sums of binary fractions drift.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from .columns import TAG_COLUMNS, found_columns
from .files import Export
from .sellers import AI_CATEGORY, AI_RESOURCES, AI_SERVICES

__all__ = [
    "DIMENSIONS",
    "MEASURES",
    "MONEY",
    "SLICE_KEYS",
    "bad_sql",
    "groups_sql",
    "own",
    "slices_sql",
    "table",
]

MONEY = "DECIMAL(30,15)"
"""Below 10^15 each, so that a hundred million of the largest still add up within DuckDB's 38 digits."""
_AMOUNT = "DECIMAL(38,15)"
"""Quantities beside money are never added, and byte-seconds grow larger than any money."""
DIMENSIONS = (
    "file", "host", "provider", "seller", "issuer", "currency", "month", "category", "correction", "account",
    "invoice", "sub_account", "service_category", "service", "meter_category", "negative", "relevant", "ai",
    "meter", "sku", "description", "resource", "resource_name", "region", "zone", "compartment", "cluster", "plan",
    "family", "unit", "tags",
)  # fmt: skip
MEASURES = (
    "rows", "billed", "attributed", "stood_in", "stood_in_rows", "list", "list_missing", "quantity", "bad",
    "without_zone", "with_offset", "other_month", "first_day", "last_day",
)  # fmt: skip
_ONLY_RELEVANT = (
    "meter", "sku", "description", "resource", "resource_name", "region", "zone", "compartment", "cluster", "plan",
    "family", "unit",
)  # fmt: skip
SLICE_KEYS = (
    "charge_start", "category", "charge_class", "account", "sub_account", "service", "meter", "sku", "description",
    "resource", "region", "compartment", "cluster", "plan", "exported_at", "reference",
)  # fmt: skip
"""What makes a charge this one and no other; those that two files both have are compared."""
_TIMES = ("TIMESTAMP", "DATE")
_BY_TEXT = ("BOOLEAN", "BLOB")
"""Types that become a number, or none, otherwise than their text does."""
_MOMENTS = ("charge_start", "exported_at")
_FIRST_YEAR, _LAST_YEAR = 1900, 9998
"""What Python's dates can hold, with room for time zones."""


def table(exports: Sequence[Export]) -> str:
    """The files as a table. All are of one format and have the same columns in the same order."""
    first = exports[0]
    names = ", ".join(_text(str(export.link)) for export in exports)
    if first.format == "parquet":
        return f"read_parquet([{names}], filename={_text(own(first, 'file'))}, hive_partitioning=false)"
    columns = ", ".join(f"{_text(name or own(first, 'nameless'))}: 'VARCHAR'" for name in first.columns)
    return (
        f"read_csv([{names}], auto_detect=false, columns={{{columns}}}, header=true, delim=',', quote='\"', "
        f"escape='\"', nullstr=['', 'NULL'], filename={_text(own(first, 'file'))}, hive_partitioning=false, "
        f"max_line_size=16777216, buffer_size=33554432, compression='{'gzip' if first.format == 'csv.gz' else 'none'}')"
    )


def quoted(name: str) -> str:
    """A column's name, so that no character of it is taken for SQL."""
    return '"' + name.replace('"', '""') + '"'


def own(export: Export, word: str) -> str:
    """A name of ours that no column of the file has."""
    taken = {name.lower() for name in export.columns}
    name = f"anyport_{word}"
    while name in taken:
        name += "_"
    return name


def groups_sql(exports: Sequence[Export]) -> str:
    """Sums per group of like charges; see `DIMENSIONS` and `MEASURES` for the columns, in that order."""
    inner = _rows_sql(exports)
    dimensions = ", ".join(DIMENSIONS)
    return f"""
SELECT {dimensions}, count(*), sum(billed),
       sum(CASE WHEN stands_in THEN billed ELSE effective END), sum(billed) FILTER (stands_in),
       count(*) FILTER (stands_in), sum(list), count(*) FILTER ((billed > 0 OR effective > 0) AND coalesce(list, 0) = 0),
       sum(quantity), count(*) FILTER (bad), count(*) FILTER (clock = 'none'), count(*) FILTER (clock = 'offset'),
       count(*) FILTER (other_month), min(day), max(coalesce(until, day))
FROM ({inner}) GROUP BY ALL"""  # noqa: S608


def slices_sql(exports: Sequence[Export], words: Collection[str]) -> str:
    """Fingerprints of a file's charges per account, day and resource: what two exports of the same charges share.

    `exact` covers the costs, `keys` leaves them out: a restated charge has the same keys and another cost.

    Args:
        exports: files of one shape.
        words: the only columns to look at, besides the charge's start.
    """
    reader = _Reader(exports[0])
    keys = [word for word in SLICE_KEYS if word in words]
    parts = [reader.same(key) for key in keys] or ["0"]
    parts += [reader.number(word) for word in ("quantity",) if word in words]
    money = [reader.number(word) for word in ("billed", "effective") if word in words]
    told = {
        word: reader.text(word) if word in words else "NULL"
        for word in ("account", "sub_account", "resource")
    }
    return f"""
SELECT {_file(exports[0])}, {told["account"]}, {told["sub_account"]},
       strftime(({reader.time("charge_start")})::DATE, '%Y-%m-%d'), {told["resource"]}, count(*),
       sum(hash({", ".join(parts)})::HUGEINT), sum(hash({", ".join([*parts, *money])})::HUGEINT)
FROM {table(exports)} GROUP BY ALL"""  # noqa: S608


def bad_sql(export: Export) -> dict[str, str]:
    """Word → the test, as SQL, that its value cannot be used; true or false, never NULL."""
    reader = _Reader(export)
    money = export.provider != "coreweave_vllm"
    tests = {word: f"{reader.number(word)} IS NULL" for word in ("billed", "effective", "list", "quantity")}
    tests |= {word: f"{reader.time(word)} IS NULL" for word in ("charge_start", "billing_start")}
    needed = {"charge_start"}
    if money:
        needed |= {"billed", "currency", "category"}
        tests["currency"] = (
            f"NOT coalesce(regexp_full_match({reader.text('currency')}, '[A-Za-z]{{3}}'), false)"
        )
        tests["category"] = f"{reader.text('category')} IS NULL"
    return {
        word: test if word in needed else f"({reader.given(word)} IS NOT NULL AND {test})"
        for word, test in tests.items()
        if word in reader.have
    }


def _file(export: Export) -> str:
    return f"CAST(regexp_extract({own(export, 'file')}, '(\\d{{6}})\\.[a-z.]+$', 1) AS INTEGER)"


def _rows_sql(exports: Sequence[Export]) -> str:
    export, reader = exports[0], _Reader(exports[0])
    relevant, ai = own(export, "relevant"), own(export, "ai")
    billed, quantity = reader.number("billed"), reader.number("quantity")
    effective = reader.number("effective") if "effective" in reader.have else "NULL"
    category = f"lower({reader.text('category')})"
    start = reader.time("charge_start")
    month = f"coalesce({reader.time('billing_start')}, {start})" if "billing_start" in reader.have else start
    plain = {
        word: reader.text(word)
        for word in DIMENSIONS
        if word not in ("file", "month", "correction", "negative", "relevant", "ai", "tags", "category")
    }
    seen = ", ".join(
        f"CASE WHEN {relevant} THEN {sql} END AS {word}" if word in _ONLY_RELEVANT else f"{sql} AS {word}"
        for word, sql in plain.items()
    )
    cost = effective if effective != "NULL" else billed
    stands_in = (
        f"coalesce({category} <> 'purchase' AND coalesce({effective}, 0) = 0 AND {billed} <> 0, false)"
        if effective != "NULL"
        else f"{billed} IS NOT NULL"
    )
    moneyless = f"coalesce({effective}, {billed}) IS NULL"
    below = f"{cost} < 0 OR {billed} < 0 OR ({moneyless} AND {quantity} < 0)"
    return f"""
SELECT {_file(export)} AS file, {seen}, date_trunc('month', {month}) AS month, {category} AS category,
       lower({reader.text("charge_class")}) = 'correction' AS correction,
       coalesce({below}, false) OR {category} = 'credit' AS negative,
       {relevant} AS relevant, {ai} AS ai,
       CASE WHEN {relevant} THEN {reader.tags()} END AS tags,
       {billed} AS billed, {effective} AS effective,
       {stands_in} AS stands_in,
       {reader.number("list")} AS list, CASE WHEN {relevant} AND {moneyless} THEN {quantity} END AS quantity,
       {" OR ".join(bad_sql(export).values())} AS bad, {reader.clock("charge_start")} AS clock,
       date_trunc('month', {start}) <> date_trunc('month', {month}) AS other_month, {start} AS day, {reader.time("charge_end")} - INTERVAL 1 SECOND AS until
FROM (SELECT *, {_relevant(reader, export)} AS {relevant}, {_ai(reader)} AS {ai} FROM {table(exports)})"""  # noqa: S608


def _ai(reader: _Reader) -> str:
    parts = [f"lower({reader.text('service_category')}) = {_text(AI_CATEGORY)}"]
    parts += [
        f"regexp_matches(lower({reader.text(word)}), {_text(AI_SERVICES)})"
        for word in ("service", "meter_category")
        if word in reader.have
    ]
    if "resource" in reader.have:
        parts += [f"contains(lower({reader.text('resource')}), {_text(part)})" for part in AI_RESOURCES]
    return "coalesce(" + " OR ".join(f"coalesce({part}, false)" for part in parts) + ", false)"


def _relevant(reader: _Reader, export: Export) -> str:
    """Only such rows keep what tells one resource from another: everything else is one line per service."""
    if export.provider == "coreweave_vllm":
        return "true"
    tags = [f"contains(lower({sql}), 'anyport')" for sql in reader.tag_texts()]
    providers = [
        f"coalesce(contains(lower({reader.text(w)}), 'coreweave'), false)"
        for w in ("provider", "seller", "host")
        if w in reader.have
    ]
    return " OR ".join([_ai(reader), *(f"coalesce({tag}, false)" for tag in tags), *providers])


class _Reader:
    """Columns of one shape of file as SQL, by our words; what a file does not have is NULL."""

    def __init__(self, export: Export) -> None:
        self.have = found_columns(export.columns)
        self._types = dict(zip(export.columns, export.types, strict=True))
        self._first = export.columns[0] if export.columns else ""
        self._csv = export.format != "parquet"
        self._moneyless = export.provider == "coreweave_vllm"

    def raw(self, word: str) -> str:
        """As it stands; a second byte order mark before the first value of a CSV is dropped."""
        return self._column(self.have[word]) if word in self.have else "NULL"

    def _column(self, name: str) -> str:
        column = quoted(name)
        return f"nullif(ltrim({column}, chr(65279)), '')" if self._csv and name == self._first else column

    def _kind(self, word: str) -> str:
        return self._types[self.have[word]]

    def text(self, word: str) -> str:
        """As text, empty ones as NULL."""
        if word not in self.have:
            return "NULL::VARCHAR"
        return self.given(word) if self._kind(word) == "VARCHAR" else f"CAST({self.raw(word)} AS VARCHAR)"

    def given(self, word: str) -> str:
        """As it stands, empty ones as NULL."""
        text = word in self.have and not self._csv and self._kind(word) == "VARCHAR"
        return f"nullif({self.raw(word)}, '')" if text else self.raw(word)

    def number(self, word: str) -> str:
        """As a decimal; NULL for what is no number, or too large to be added."""
        kind = _AMOUNT if word == "quantity" and not self._moneyless else MONEY
        if word not in self.have:
            return f"NULL::{kind}"
        value = self.text(word) if self._kind(word) in _BY_TEXT else self.raw(word)
        return f"try_cast({value} AS {kind})"

    def time(self, word: str) -> str:
        """As a moment in UTC; NULL for what is not written `YYYY-MM-DD…`, and for what no bill is of."""
        if word not in self.have:
            return "NULL::TIMESTAMP"
        raw, kind = self.raw(word), self._kind(word)
        if kind.startswith(_TIMES):
            moment = (
                f"timezone('UTC', {raw})" if "WITH TIME ZONE" in kind else f"try_cast({raw} AS TIMESTAMP)"
            )
            return (
                f"CASE WHEN {moment} BETWEEN '{_FIRST_YEAR}-01-01' AND '{_LAST_YEAR}-12-31' THEN {moment} END"
            )
        text = self.text(word)
        written = f"{text}[5] = '-' AND {text} BETWEEN '{_FIRST_YEAR}' AND '{_LAST_YEAR}'"
        return f"CASE WHEN {written} THEN timezone('UTC', try_cast({text} AS TIMESTAMPTZ)) END"

    def same(self, word: str) -> str:
        """What a charge has in common in every format: moments as moments, all else in lower case."""
        text = f"lower({self.text(word)})"
        return f"coalesce({self.time(word)}::VARCHAR, {text})" if word in _MOMENTS else text

    def clock(self, word: str) -> str:
        """`utc`, `offset` or `none`: how a text says its time zone."""
        if word not in self.have or self._types[self.have[word]].startswith(_TIMES):
            return "'utc'"
        raw = self.text(word)
        zero = "'[+-]00:?(00)?$'"
        return (
            f"CASE WHEN ends_with({raw}, 'Z') OR regexp_matches({raw}, {zero}) THEN 'utc' "
            f"WHEN regexp_matches({raw}, ':[0-9.]+[+-][0-9]{{2}}:?([0-9]{{2}})?$') THEN 'offset' ELSE 'none' END"
        )

    def tag_texts(self) -> list[str]:
        """The tag columns as JSON text."""
        spelled = {name.lower(): name for name in self._types}
        found = [spelled[name.lower()] for name in TAG_COLUMNS if name.lower() in spelled]
        return [
            self._column(name)
            if self._types[name] == "VARCHAR"
            else f"CASE WHEN {self._column(name)} IS NOT NULL THEN to_json({self._column(name)})::VARCHAR END"
            for name in found
        ]

    def tags(self) -> str:
        """All tag columns in one text, a unit separator between them."""
        texts = self.tag_texts()
        if not texts:
            return "NULL::VARCHAR"
        return texts[0] if len(texts) == 1 else f"concat_ws(chr(31), {', '.join(texts)})"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
