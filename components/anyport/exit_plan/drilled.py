"""Which targets of which endpoint a stored drill broke: the JSON that `anyport drill --format json` writes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..errors import AnyportError, Problem

__all__ = ["Drill", "read_drills", "undrilled"]


@dataclass(frozen=True, slots=True)
class Drill:
    """One stored result. Its own date is not in it, so none is given."""

    file: str
    endpoint: str
    kept: bool
    steps: tuple[str, ...]


def read_drills(texts: Mapping[str, bytes]) -> tuple[Drill, ...]:
    """Drills by file name.

    Raises:
        AnyportError: AP543, every file that is no drill result.
    """
    found, problems = [], []
    for name, text in sorted(texts.items()):
        drill = _read(name, text)
        if drill is None:
            problems.append(Problem(
                "AP543", "", "is no result of a drill", file=name,
                allowed="what `anyport drill --format json` writes", fix="run the drill again, or move the file away",
            ))  # fmt: skip
        else:
            found.append(drill)
    if problems:
        raise AnyportError(problems)
    return tuple(found)


def _read(name: str, text: bytes) -> Drill | None:
    try:
        value = json.loads(text)
        endpoint, kept, steps = value["endpoint"], value["kept"], [row["step"] for row in value["steps"]]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    if not (
        isinstance(endpoint, str) and isinstance(kept, bool) and all(isinstance(one, str) for one in steps)
    ):
        return None
    return Drill(name, endpoint, kept, tuple(steps))


def undrilled(endpoint: str, drills: Iterable[Drill]) -> str:
    """What no stored drill has shown of an endpoint; empty when a drill of it kept the guarantee."""
    own = [drill for drill in drills if drill.endpoint == endpoint and drill.steps]
    if not own:
        return "failover was never drilled: no stored result is of this endpoint"
    if not any(drill.kept for drill in own):
        return f"the guarantee was not kept in any stored drill: {', '.join(drill.file for drill in own)}"
    return ""
