"""Which targets of which endpoint stored drills broke, and how: the JSON that `anyport drill --format json` writes.

A drill is matched by the endpoint's name and its targets' names; whether the spec was the same then cannot be told.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..errors import AnyportError, Problem

__all__ = ["LIKE", "Drill", "Step", "read_drills", "undrilled"]

_PLACE = ("refuse", "blackhole", "reset", "hang", "500", "503")
_PROVIDER = (*_PLACE, "401", "403")
LIKE: dict[str, tuple[str, ...]] = {
    "domain": _PLACE,
    "region": _PLACE,
    "provider": _PROVIDER,
    "operator": _PROVIDER,
    "owner": ("404", "410"),
}
"""Kind of loss → faults that look like it to a gateway: a place that is out does not answer or answers 5xx, an ended
contract also refuses the keys, and a withdrawn model is not found. Anyport's own judgement."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step: fault by target, and whether every proof of it was kept."""

    faults: Mapping[str, str]
    kept: bool


@dataclass(frozen=True, slots=True)
class Drill:
    """One stored result; `on` is None where the file holds no date."""

    file: str
    endpoint: str
    kept: bool
    on: date | None
    steps: tuple[Step, ...]

    def to_dict(self) -> dict[str, object]:
        """JSON, without the steps."""
        return {
            "file": self.file, "endpoint": self.endpoint, "kept": self.kept,
            "date": None if self.on is None else str(self.on), "steps": len(self.steps),
        }  # fmt: skip


def read_drills(texts: Mapping[str, bytes]) -> tuple[Drill, ...]:
    """Drills by file name.

    Raises:
        AnyportError: AP543, every file that is no drill result.
    """
    found, problems = [], []
    for name, text in sorted(texts.items()):
        try:
            found.append(_read(name, json.loads(text)))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            problems.append(Problem(
                "AP543", "", "is no result of a failover drill", file=name,
                allowed="what `anyport drill --format json` writes", fix="run the drill again, or move the file away",
            ))  # fmt: skip
    if problems:
        raise AnyportError(problems)
    return tuple(found)


def _read(file: str, value: Any) -> Drill:
    endpoint, kept = value["endpoint"], value["kept"]
    if not isinstance(endpoint, str) or not isinstance(kept, bool):
        raise TypeError
    broken = {row["step"] for row in value.get("verdicts", []) if row["kept"] is not True}
    steps = []
    for row in value["steps"]:
        said = row["step"]
        faults = {}
        for one in said.split(", "):
            target, _, fault = one.partition(": ")
            faults[target] = fault
        steps.append(Step(faults, said not in broken if "verdicts" in value else kept))
    return Drill(file, endpoint, kept, _day(value.get("date")), tuple(steps))


def _day(said: object) -> date | None:
    try:
        return date.fromisoformat(said[:10]) if isinstance(said, str) else None
    except ValueError:
        return None


def undrilled(
    endpoint: str,
    kind: str,
    dead: Sequence[str],
    left: Sequence[str],
    needed: Sequence[str],
    drills: Iterable[Drill],
) -> tuple[str, ...]:
    """What no stored drill has shown of an endpoint's loss, in sentences; empty when all of it was.

    Args:
        endpoint: its name.
        kind: kind of the loss.
        dead: warm targets that die.
        left: warm targets that must take the calls; a step that breaks all of them too shows nothing.
        needed: cold targets that must be built where no warm one is left; no drill builds any.
        drills: every stored result.
    """
    if needed:
        return (f"building {', '.join(needed)} was never drilled: a drill breaks targets and builds none",)
    if not dead or not left:
        return ()
    own = [drill for drill in drills if drill.endpoint == endpoint and drill.steps]
    if not own:
        return ("failover was never drilled: no stored result is of this endpoint",)
    steps = [step for drill in own for step in drill.steps if not set(left) <= set(step.faults)]
    return (*_stale(own, {*dead, *left}), *_targets(kind, dead, steps), *_together(dead, steps))


def _stale(drills: Iterable[Drill], names: Collection[str]) -> Iterator[str]:
    for drill in drills:
        gone = sorted({name for step in drill.steps for name in step.faults} - set(names))
        if gone:
            yield f"{drill.file} broke {', '.join(gone)}, which this endpoint does not have warm: it may be out of date"


def _targets(kind: str, dead: Iterable[str], steps: Sequence[Step]) -> Iterator[str]:
    for target in dead:
        faults = {step.faults[target] for step in steps if target in step.faults}
        kept = [
            fault
            for fault in sorted(faults)
            if all(step.kept for step in steps if step.faults.get(target) == fault)
        ]
        like = [fault for fault in kept if fault in LIKE[kind]]
        if not faults:
            yield f"{target} was never broken"
        elif not kept:
            yield f"{target} was broken, and the guarantee was never kept: {', '.join(sorted(faults))}"
        elif not like:
            yield (
                f"{target} was never broken as the loss of its {kind} would do it and the guarantee kept: kept were "
                f"{', '.join(sorted(kept))}; like it are {', '.join(LIKE[kind])}"
            )


def _together(dead: Sequence[str], steps: Iterable[Step]) -> Iterator[str]:
    if len(dead) > 1 and not any(step.kept and set(dead) <= set(step.faults) for step in steps):
        yield f"{', '.join(dead)} were never broken together with the guarantee kept"
