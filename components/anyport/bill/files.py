"""Export files: found in folders, told apart by their first bytes, and judged by their headers before any row is read.

Every file is given to DuckDB under a numbered link in the working folder, so that no character of a name is taken
for a pattern and no folder's name for a column.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Literal

from ..errors import Problem
from .columns import found_columns, header_provider, missing, version_of
from .copying import Copies
from .remote import scheme_of

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

__all__ = ["ENDINGS", "Export", "Found", "find_files", "open_text", "read_headers"]

Format = Literal["csv", "csv.gz", "parquet"]
ENDINGS = (".csv", ".csv.gz", ".parquet")
"""Of names that are exports."""
_QUIET = ("manifest.json", "_success")


@dataclass(frozen=True)
class Export:
    """One export file.

    Attributes:
        number: its place in the run; also its link's name.
        path: as shown to the user.
        link: what DuckDB reads.
        format: by the first bytes, not by the name.
        columns: as spelled in the file.
        types: DuckDB's types of a Parquet file's columns; `VARCHAR` for text.
        provider: whose custom columns it has; None when only rows can tell.
        version: FOCUS version by its columns.
        without: FOCUS columns that it lacks and can be read without, and what follows.
    """

    number: int
    path: str
    link: Path
    format: Format
    columns: tuple[str, ...]
    types: tuple[str, ...]
    provider: str | None
    version: str
    without: dict[str, str]


@dataclass(frozen=True)
class Found:
    """Files of a run before their headers are read: path as shown and place; and what was left out, in words. `names` are
    those of files that are shown otherwise than by their place.
    """

    files: tuple[tuple[str, Path], ...]
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]
    names: Mapping[Path, str] = field(default_factory=dict)


def find_files(paths: Sequence[Path | str], copies: Copies | None = None) -> Found:
    """Exports by name, and all in folders below. The same bytes twice count once, and that is said.

    Args:
        paths: files, folders and addresses in object stores.
        copies: what the addresses hold, copied.
    """
    copies = copies or Copies()
    files: list[tuple[str, Path]] = []
    problems: list[Problem] = list(copies.problems)
    notes: list[str] = []
    for given in paths:
        if scheme_of(str(given)):
            if copied := copies.by_url.get(str(given)):
                files += copied.files
                notes += copied.notes
            continue
        path = Path(given)
        try:
            files += _in_folder(path, problems, notes) if path.is_dir() else [(str(path), path)]
            if not path.exists():
                raise FileNotFoundError(2, "No such file or directory")
        except OSError as error:
            problems.append(_unreadable(str(path), (error.strerror or str(error)).lower()))
            files = [known for known in files if known[1] != path]
    places = {path.resolve(): (shown, path) for shown, path in reversed(files)}
    once = [pair for pair in dict.fromkeys(files) if places[pair[1].resolve()] == pair]
    kept, twice = _told_apart(once, problems)
    notes += [f"{copy} holds the same bytes as {first}: counted once" for copy, first in twice]
    return Found(tuple(kept), tuple(problems), tuple(notes), copies.names)


def _in_folder(folder: Path, problems: list[Problem], notes: list[str]) -> list[tuple[str, Path]]:
    found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    exports = [path for path in found if path.name.lower().endswith(ENDINGS)]
    others = [p.name for p in found if p not in set(exports) and p.name.lower() not in _QUIET]
    if others:
        more = f" and {len(others) - 3} more" if len(others) > 3 else ""
        notes.append(f"{folder}: not read, being no export by name: {', '.join(others[:3])}{more}")
    if not exports:
        problems.append(_unreadable(str(folder), "the folder holds no export", allowed=", ".join(ENDINGS)))
    return [(str(path), path) for path in exports]


def _told_apart(
    files: Iterable[tuple[str, Path]], problems: list[Problem]
) -> tuple[list[tuple[str, Path]], list[tuple[str, str]]]:
    """Only files of one size are read for it."""
    sized: dict[int, list[tuple[str, Path]]] = {}
    order = []
    for shown, path in files:
        try:
            sized.setdefault(path.stat().st_size, []).append((shown, path))
            order.append((shown, path))
        except OSError as error:
            problems.append(_unreadable(shown, (error.strerror or str(error)).lower()))
    twice: dict[str, str] = {}
    for group in sized.values():
        seen: dict[str, str] = {}
        for shown, path in group if len(group) > 1 else ():
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            if first := seen.get(digest):
                twice[shown] = first
            seen.setdefault(digest, shown)
    return [pair for pair in order if pair[0] not in twice], list(twice.items())


def read_headers(
    files: Sequence[tuple[str, Path]], folder: Path, connection: DuckDBPyConnection
) -> tuple[list[Export], list[Problem]]:
    """Formats and columns of all files, and every problem of their headers at once."""
    exports: list[Export] = []
    problems: list[Problem] = []
    for number, (shown, path) in enumerate(files):
        try:
            export = _export(number, shown, path, folder, connection)
        except _RefusedError as refusal:
            problems.append(refusal.problem)
            continue
        gone, _ = missing(export.columns, export.provider)
        if gone:
            problems.append(_lacking(export, gone))
        else:
            exports.append(export)
    return exports, problems


class _RefusedError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def _export(number: int, shown: str, path: Path, folder: Path, connection: DuckDBPyConnection) -> Export:
    form = _format(shown, path)
    link = folder / f"{number:06d}.{form}"
    link.symlink_to(path.resolve())
    if form == "parquet":
        columns, types = _parquet_columns(shown, link, connection)
    else:
        columns = _csv_columns(shown, path, form)
        types = ("VARCHAR",) * len(columns)
    lowered = [name.lower() for name in columns]
    twice = sorted({name for name in columns if lowered.count(name.lower()) > 1})
    if twice and found_columns(columns):
        message = f"the header has a column twice: {', '.join(twice)}"
        raise _RefusedError(Problem("AP562", "", message, fix="export again", file=shown, line=1))
    provider = header_provider(columns)
    _, without = missing(columns, provider)
    return Export(number, shown, link, form, columns, types, provider, version_of(columns), without)


def _format(shown: str, path: Path) -> Format:
    try:
        with path.open("rb") as file:
            head = file.read(4)
            size = path.stat().st_size
    except OSError as error:
        raise _RefusedError(_unreadable(shown, (error.strerror or str(error)).lower())) from None
    if not head:
        fix = "export again; an export without charges still has a header"
        raise _RefusedError(_unreadable(shown, "the file is empty", fix=fix))
    if head == b"PAR1":
        if size < 12 or not _ends_with(path, b"PAR1"):
            raise _RefusedError(_cut(shown, "a Parquet file must end with PAR1, and this one does not"))
        return "parquet"
    if head[:2] == b"\x1f\x8b":
        return "csv.gz"
    if head[:2] == b"PK" or head[:1] in (b"{", b"[") or b"\x00" in head:
        raise _RefusedError(
            _unreadable(shown, "it is neither CSV, gzipped CSV nor Parquet", allowed=", ".join(ENDINGS))
        )
    return "csv"


def _ends_with(path: Path, tail: bytes) -> bool:
    with path.open("rb") as file:
        file.seek(-len(tail), io.SEEK_END)
        return file.read() == tail


def _parquet_columns(
    shown: str, link: Path, connection: DuckDBPyConnection
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    import duckdb

    try:
        rows = connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [str(link)]).fetchall()
    except duckdb.Error as error:
        raise _RefusedError(_cut(shown, f"the Parquet file cannot be read: {_first_line(error)}")) from None
    return tuple(row[0] for row in rows), tuple(row[1] for row in rows)


def _first_line(error: Exception) -> str:
    text = re.sub(r"/\S*/\d{6}\.\S+", "the file", str(error).splitlines()[0])
    return text.strip().rstrip(".")


def open_text(path: Path, form: Format) -> IO[str]:
    """A CSV as text, without its byte order mark."""
    raw = gzip.open(path, "rb") if form == "csv.gz" else path.open("rb")  # noqa: SIM115
    return io.TextIOWrapper(raw, encoding="utf-8-sig", newline="")


def _csv_columns(shown: str, path: Path, form: Format) -> tuple[str, ...]:
    try:
        with open_text(path, form) as file:
            row = next(csv.reader(iter(lambda: file.readline(4_000_000), ""), strict=True), [])
    except UnicodeDecodeError:
        raise _RefusedError(_unreadable(shown, "it is not UTF-8 text", fix="export as UTF-8")) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _RefusedError(_cut(shown, f"the gzip stream is broken: {str(error).lower()}")) from None
    except csv.Error as error:
        raise _RefusedError(_unreadable(shown, f"its header is no CSV: {error}")) from None
    except OSError as error:
        raise _RefusedError(_unreadable(shown, (error.strerror or str(error)).lower())) from None
    return tuple(name.strip() for name in row)


def _lacking(export: Export, gone: list[str]) -> Problem:
    # A file that was named by mistake may hold anything, so of its words only FOCUS's own are shown.
    have = list(found_columns(export.columns).values())
    return Problem(
        "AP562",
        "",
        f"this is no FOCUS export that costs can be read from: it lacks {', '.join(gone)}",
        got=", ".join(have[:6]) + (" …" if len(have) > 6 else "") or "none of FOCUS's columns",
        fix="export in FOCUS form, or leave the file out",
        file=export.path,
        line=1,
    )


def _unreadable(shown: str, why: str, allowed: str = "", fix: str = "") -> Problem:
    return Problem("AP561", "", f"cannot be read: {why}", allowed=allowed, fix=fix, file=shown)


def _cut(shown: str, why: str) -> Problem:
    return Problem(
        "AP564", "", f"the export is cut short or damaged: {why}", fix="fetch it again", file=shown
    )
