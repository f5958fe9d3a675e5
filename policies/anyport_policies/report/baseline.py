"""Findings that were there when Anyport was adopted: shown, counted, and not in the way."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from .model import Entry

__all__ = ["BaselineError", "baseline_text", "known_before", "read_baseline", "unchanged_since"]

VERSION = 1
_RANK = {"mandatory": 0, "advisory": 1, "note": 2}


class BaselineError(ValueError):
    """The text is no baseline; the message says why."""


def baseline_text(entries: Iterable[Entry]) -> str:
    """The baseline of these findings. Waived ones and notes are left out: they are in nobody's way."""
    known = [
        {
            "fingerprint": entry.fingerprint,
            "digest": entry.digest,
            "rule": entry.finding.rule_id,
            "file": entry.file,
            "endpoint": entry.finding.endpoint,
            "target": entry.finding.target,
            "level": entry.finding.level,
        }
        for entry in entries
        if not entry.finding.waived and entry.finding.level != "note" and entry.finding.slug != "waiver"
    ]
    known.sort(key=lambda one: (one["file"], one["endpoint"], one["rule"], one["fingerprint"]))
    return json.dumps({"version": VERSION, "findings": known}, indent=2) + "\n"


def read_baseline(text: str) -> dict[str, str]:
    """Level by digest, and by fingerprint where an earlier version wrote no digest. Raises BaselineError."""
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise BaselineError("it is not JSON") from None
    if not isinstance(document, dict) or document.get("version") != VERSION:
        raise BaselineError(f"it is not a baseline of version {VERSION}")
    found = document.get("findings")
    if not isinstance(found, list):
        raise BaselineError("it has no list of findings")
    levels: dict[str, str] = {}
    for one in found:
        if (
            not isinstance(one, dict)
            or not isinstance(one.get("fingerprint"), str)
            or one.get("level") not in _RANK
        ):
            raise BaselineError("an entry has no fingerprint or no level")
        digest = one.get("digest")
        levels[digest if isinstance(digest, str) else one["fingerprint"]] = one["level"]
    return levels


def known_before(entries: Iterable[Entry], levels: dict[str, str]) -> tuple[list[Entry], int]:
    """The entries with known ones marked old, and how many of the baseline are found no more.

    A finding that is worse than it was, or says another thing of the same place, counts as new: what was advice and
    is now mandatory stops the change, and so does a target that moved from one wrong place to another.
    """
    out, met = [], set()
    for entry in entries:
        name = entry.digest if entry.digest in levels else entry.fingerprint
        level = levels.get(name)
        met.add(name)
        known = level is not None and _RANK[entry.finding.level] >= _RANK[level]
        out.append(replace(entry, old=True) if known else entry)
    return out, len(levels.keys() - met)


def unchanged_since(entries: Iterable[Entry], before: Iterable[Entry]) -> list[Entry]:
    """The entries with those marked old that were found before, word for word and as bad as now.

    Both are judged for the same day by the same rules, so a difference in wording comes from the change.
    """
    left: dict[tuple[object, ...], int] = {}
    for entry in before:
        left[_exact(entry)] = left.get(_exact(entry), 0) + 1
    out = []
    for entry in entries:
        count = left.get(_exact(entry), 0)
        left[_exact(entry)] = count - 1
        out.append(replace(entry, old=True) if count > 0 else entry)
    return out


def _exact(entry: Entry) -> tuple[object, ...]:
    found = entry.finding
    return (*entry.key, found.level, bool(found.waived), found.message)
