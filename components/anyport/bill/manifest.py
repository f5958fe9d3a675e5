"""What tells that an export is whole: Azure's manifest.json beside the parts of one run, and the end of a CSV.

Azure writes the whole month so far at every run, so of two runs of one export over one period only the newest counts.
Form as Microsoft's FinOps toolkit documents it (2026-05-20). Other providers write none, so all that tells a cut within
the last value of their CSV is that no line end follows.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import Problem
from .files import Found

__all__ = ["Run", "settle", "short_runs"]


_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Run:
    """One run of an export.

    Attributes:
        shown: the manifest's path.
        key: scope, name and month; of its own when the manifest does not say all three.
        said: its submittedTime as written; empty when there is none.
        parts: paths as shown.
        sized: those whose size in bytes the manifest says.
        rows: of all parts; None when it does not say.
    """

    shown: str
    key: tuple[str, str, str]
    said: str
    parts: tuple[str, ...]
    sized: tuple[str, ...]
    rows: int | None

    @property
    def submitted(self) -> datetime:
        """In UTC, which a time without a zone is taken for; the first of all times when it cannot be read."""
        try:
            moment = datetime.fromisoformat(self.said)
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            return _NEVER


def settle(found: Found) -> tuple[Found, list[Run]]:
    """Leave out older runs, and name parts that are missing or cut. Returns what is left and the runs that count."""
    folders = sorted({place.parent for _, place in found.files})
    problems, runs = list(found.problems), []
    for folder in folders:
        manifest = folder / "manifest.json"
        if manifest.is_file():
            shown = found.names.get(manifest, str(manifest))
            run, wrong = _read(manifest, shown, [pair for pair in found.files if pair[1].parent == folder])
            problems += wrong
            runs += [run] if run else []
    newest, unclear = _newest(runs)
    old = [run for run in runs if newest[run.key] is not run]
    gone = {part for run in old for part in run.parts}
    notes = [
        f"{run.shown}: an older run than {newest[run.key].shown}: its parts are not counted" for run in old
    ]
    files = tuple(pair for pair in found.files if pair[0] not in gone)
    kept = [run for run in runs if run not in old]
    sized = {part for run in kept for part in run.sized}
    notes += [
        f"{shown}: no line end after its last row: if the file was cut there, its last value is cut too"
        for shown, place in files
        if shown not in sized and _ends_open(place)
    ]
    return replace(found, files=files, problems=(*problems, *unclear), notes=(*found.notes, *notes)), kept


def _newest(runs: Iterable[Run]) -> tuple[dict[tuple[str, str, str], Run], list[Problem]]:
    """The newest run of each export and month, and one problem for each of which that cannot be told."""
    newest: dict[tuple[str, str, str], Run] = {}
    problems = []
    same: dict[tuple[str, str, str], list[Run]] = defaultdict(list)
    for run in runs:
        same[run.key].append(run)
    for key, several in same.items():
        by_time = sorted(several, key=lambda run: (run.submitted, run.shown))
        newest[key] = by_time[-1]
        if len(several) > 1 and (
            by_time[0].submitted == _NEVER or by_time[-1].submitted == by_time[-2].submitted
        ):
            pair = (by_time[0], by_time[-1]) if by_time[0].submitted == _NEVER else (by_time[-2], by_time[-1])
            problems.append(_unclear(*pair))
    return newest, problems


def _unclear(first: Run, second: Run) -> Problem:
    return Problem(
        "AP569", "submittedTime", f"which run is newer, this one or that of {first.shown}, cannot be told",
        got=f"{second.said or 'nothing'}, and there {first.said or 'nothing'}",
        allowed="two times such as 2026-10-02T03:00:00Z", fix="leave out the older of the two", file=second.shown,
    )  # fmt: skip


def _ends_open(path: Path) -> bool:
    """Whether a plain CSV ends without a line end; gzip and Parquet have marks of their own."""
    try:
        with path.open("rb") as file:
            head = file.read(4)
            if not head or head == b"PAR1" or head[:2] == b"\x1f\x8b":
                return False
            file.seek(-1, os.SEEK_END)
            return file.read() not in (b"\n", b"\r")
    except OSError:
        return False


def _read(path: Path, name: str, files: Sequence[tuple[str, Path]]) -> tuple[Run | None, list[Problem]]:
    try:
        body = json.loads(path.read_text("utf-8-sig"))
        config, run, blobs = body["exportConfig"], body["runInfo"], body.get("blobs") or []
        parts = [(Path(str(blob["blobName"])).name, blob.get("byteCount")) for blob in blobs]
        scope, export, start = config.get("resourceId"), config.get("exportName"), run.get("startDate")
        submitted, rows = str(run.get("submittedTime") or ""), _count(body, blobs)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        fix = "fetch it again, or leave it out to read the parts as they are"
        return None, [_wrong(name, "it is no manifest of an export run", fix)]
    key = (str(scope), str(export), str(start)[:7]) if scope and export and start else ("", "", name)
    shown = {place.name: (given, place) for given, place in files}
    problems = list(_parts(name, parts, shown))
    own = {part: (shown[part][0], size) for part, size in parts if part in shown}
    sized = tuple(given for given, size in own.values() if isinstance(size, int) and size)
    return Run(name, key, submitted, tuple(given for given, _ in own.values()), sized, rows), problems


def _parts(
    manifest: str, parts: Iterable[tuple[str, Any]], shown: dict[str, tuple[str, Path]]
) -> Iterable[Problem]:
    for name, size in parts:
        if name not in shown:
            yield _wrong(manifest, f"the part {name} is not there", "fetch the whole folder of the run")
        elif isinstance(size, int) and size and shown[name][1].stat().st_size != size:
            got = shown[name][1].stat().st_size
            yield _wrong(shown[name][0], f"it has {got} bytes and its manifest says {size}", "fetch it again")


def _count(body: Any, blobs: Any) -> int | None:
    """Rows of the run: of the whole, else of all parts; None when any does not say."""
    whole = body.get("dataRowCount")
    counts = [blob.get("dataRowCount") for blob in blobs]
    if isinstance(whole, int):
        return whole
    return sum(counts) if counts and all(isinstance(count, int) for count in counts) else None


def short_runs(runs: Iterable[Run], rows: dict[str, int]) -> list[Problem]:
    """Runs of which not every row arrived. `rows` is what was read, by path as shown."""
    problems = []
    for run in runs:
        read = sum(rows.get(part, 0) for part in run.parts)
        if (
            run.rows is not None
            and run.parts
            and all(part in rows for part in run.parts)
            and read != run.rows
        ):
            problems.append(
                _wrong(run.shown, f"its parts have {read} rows and it says {run.rows}", "fetch them again")
            )
    return problems


def _wrong(shown: str, why: str, fix: str) -> Problem:
    return Problem("AP569", "", f"the export is not what its manifest says: {why}", fix=fix, file=shown)
