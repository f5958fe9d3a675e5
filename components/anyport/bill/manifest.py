"""Azure's manifest.json beside the parts of one export run: what belongs to it, and which of several runs holds.

Azure writes the whole month so far at every run, so of two runs of one export over one period only the newest counts.
Form as Microsoft's FinOps toolkit documents it (2026-05-20). Other providers write none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import Problem
from .files import Found

__all__ = ["Run", "settle", "short_runs"]


@dataclass(frozen=True)
class Run:
    """One run of an export: its key is scope, name and period; `parts` are paths as shown; `rows` if it says."""

    shown: str
    key: tuple[str, str, str]
    submitted: str
    parts: tuple[str, ...]
    rows: int | None


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
    newest: dict[tuple[str, str, str], Run] = {}
    for run in sorted(runs, key=lambda run: (run.submitted, run.shown)):
        newest[run.key] = run
    old = [run for run in runs if newest[run.key] is not run]
    gone = {part for run in old for part in run.parts}
    notes = [
        f"{run.shown}: an older run than {newest[run.key].shown}: its parts are not counted" for run in old
    ]
    files = tuple(pair for pair in found.files if pair[0] not in gone)
    kept = [run for run in runs if run not in old]
    return replace(found, files=files, problems=tuple(problems), notes=(*found.notes, *notes)), kept


def _read(path: Path, name: str, files: Sequence[tuple[str, Path]]) -> tuple[Run | None, list[Problem]]:
    try:
        body = json.loads(path.read_text("utf-8-sig"))
        config, run, blobs = body["exportConfig"], body["runInfo"], body.get("blobs") or []
        parts = [(Path(str(blob["blobName"])).name, blob.get("byteCount")) for blob in blobs]
        key = (str(config.get("resourceId")), str(config.get("exportName")), str(run.get("startDate"))[:7])
        submitted, rows = str(run.get("submittedTime")), _count(body, blobs)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        fix = "fetch it again, or leave it out to read the parts as they are"
        return None, [_wrong(name, "it is no manifest of an export run", fix)]
    shown = {place.name: (name, place) for name, place in files}
    problems = list(_parts(name, parts, shown))
    own = tuple(shown[name][0] for name, _ in parts if name in shown)
    return Run(name, key, submitted, own, rows), problems


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
