"""Questions to clouds, answers, and the rows that answers are read into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

__all__ = ["Answer", "Item", "Listed", "Question", "Quota", "What", "number", "objects", "words"]

What = Literal["models", "model", "service", "quota", "usage", "limit", "nodes", "pods", "node_pools"]
Item = dict[str, Any]
Status = Literal["ga", "preview", "deprecated", "retired"]


@dataclass(frozen=True, slots=True, order=True)
class Question:
    """One listing of one cloud.

    Attributes:
        provider: as in the catalog.
        what: which listing.
        place: region, zone, publisher, or `global` where the listing has none.
        detail: name of a limit or a model, where one is asked for by name; for `usage` metric and base model.
        scope: subscription, project or compartment; never saved.
    """

    provider: str
    what: What
    place: str
    detail: str = ""
    scope: str = ""

    def __str__(self) -> str:
        return f"{self.provider} {self.what}{' ' + self.detail if self.detail else ''} in {self.place}"


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: items of all pages, cut down to what is read from them.

    Attributes:
        question: what was asked.
        items: as the cloud spells them.
        collected_on: the day it was asked, UTC.
        source: which API of which version, for a catalog row.
    """

    question: Question
    items: tuple[Item, ...]
    collected_on: date
    source: str


@dataclass(frozen=True, slots=True)
class Listed:
    """One version of a model at one place, as a cloud lists it.

    Attributes:
        model_id: what the provider calls it.
        version: None where the cloud names none.
        kinds: the catalog's kinds of deployment; empty where the listing names none.
        retires: the earliest day for any kind.
        kind_retires: the day for one kind, where they are told apart.
        firm: False for a date that the cloud calls an estimate.
        usage_names: kind to name of the quota that it takes from.
        steps: kind to least, most and step of capacity; None where not told.
    """

    provider: str
    place: str
    model_id: str
    version: str | None = None
    format: str | None = None
    kinds: tuple[str, ...] = ()
    status: Status | None = None
    retires: date | None = None
    kind_retires: Mapping[str, date] = field(default_factory=dict)
    firm: bool = True
    default_version: bool = False
    usage_names: Mapping[str, str] = field(default_factory=dict)
    steps: Mapping[str, tuple[int | None, int | None, int | None]] = field(default_factory=dict)

    def retires_for(self, kind: str) -> date | None:
        """The day for one kind of deployment, else the one for all."""
        return self.kind_retires.get(kind, self.retires if not self.kind_retires else None)


@dataclass(frozen=True, slots=True)
class Quota:
    """A quota: the most, and how much of it is taken; None is "not told", and a negative limit is "no limit"."""

    name: str
    limit: float | None
    used: float | None
    unit: str = ""

    @property
    def unlimited(self) -> bool:
        """Google writes -1 for no limit."""
        return self.limit is not None and self.limit < 0


def words(item: Any, *path: str) -> str | None:
    """Text at a path of keys; None for anything else, and for an empty text."""
    for key in path:
        item = item.get(key) if isinstance(item, dict) else None
    return item if isinstance(item, str) and item else None


def number(item: Any, *path: str) -> float | None:
    """A finite number at a path of keys, also one written as text (Google's int64); None for anything else."""
    for key in path:
        item = item.get(key) if isinstance(item, dict) else None
    if isinstance(item, bool) or not isinstance(item, (int, float, str)):
        return None
    try:
        found = float(item)
    except (ValueError, OverflowError):
        return None
    return found if abs(found) < 1e15 else None


def objects(item: Any, *path: str) -> list[Item]:
    """The objects of a list at a path of keys; none for anything else."""
    for key in path:
        item = item.get(key) if isinstance(item, dict) else None
    return [one for one in item if isinstance(one, dict)] if isinstance(item, list) else []
