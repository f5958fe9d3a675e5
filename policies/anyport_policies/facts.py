"""Plain facts about an endpoint, read from a plan or from a component's inputs.

The reader is total: whatever it is given, it returns facts. A value that is missing, of the wrong type or
not yet known becomes None and is listed in `unknowns`; rules treat None as bad, never as good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

from anyport.plan import Plan, endpoint_facts

__all__ = ["EndpointFacts", "TargetFacts", "from_mapping", "from_plan"]


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What rules know of one target; None is not known.

    `passes_to` is `unknown` when whether calls are handed on, and to whom, cannot be read.
    """

    name: str
    provider: str | None
    operator: str | None
    region: str | None
    failure_domain: str | None
    geography: str | None
    reach: str | None
    standby: str | None
    restore_minutes: int | None
    model: str | None
    passes_to: str | None
    retires_on: date | None
    retirement_known: bool
    retirement_conflict: str | None

    @property
    def counts(self) -> bool:
        """Whether the target can take over: warm, or cold with a stated time to restore."""
        return self.standby == "warm" or (self.standby == "cold" and self.restore_minutes is not None)


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """What rules know of one endpoint. `unknowns` are the paths of what could not be read."""

    name: str
    tier: str | None
    model: str | None
    residency: tuple[str, ...]
    targets: tuple[TargetFacts, ...]
    unknowns: tuple[str, ...]

    @property
    def mandatory(self) -> bool:
        """Findings are advisory in dev only; an unknown tier is treated as prod."""
        return self.tier != "dev"


def from_plan(plan: Plan) -> list[EndpointFacts]:
    """Facts of every endpoint of a plan."""
    return [from_mapping(endpoint_facts(endpoint)) for endpoint in plan.endpoints]


def from_mapping(mapping: Any, name: str = "?") -> EndpointFacts:
    """Facts from plain values such as a component's inputs. `name` stands in for a missing name."""
    reader = _Reader([])
    endpoint = mapping if isinstance(mapping, Mapping) else {}
    if not isinstance(mapping, Mapping):
        reader.unknowns.append("facts")
    targets = endpoint.get("targets")
    if not _is_list(targets) or not targets:
        reader.unknowns.append("targets")
        targets = []
    return EndpointFacts(
        name=reader.text(endpoint, "name", "") or name,
        tier=reader.text(endpoint, "tier", ""),
        model=reader.text(endpoint, "model", ""),
        residency=_residency(endpoint.get("residency")),
        targets=tuple(_target(reader, item, index) for index, item in enumerate(targets)),
        unknowns=tuple(reader.unknowns),
    )


def _residency(value: Any) -> tuple[str, ...]:
    """Only advice depends on it, so what cannot be read allows no place rather than every place."""
    if not _is_list(value):
        return () if value is None else ("unknown",)
    return tuple(item if isinstance(item, str) else "unknown" for item in value)


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _target(reader: _Reader, item: Any, index: int) -> TargetFacts:
    target = item if isinstance(item, Mapping) else {}
    name = target.get("name") if isinstance(target.get("name"), str) else f"targets[{index}]"
    where = f"targets.{name}."
    if not target:
        reader.unknowns.append(f"targets[{index}]")
    passes_to = reader.text(target, "passes_to", where, needed=False)
    return TargetFacts(
        name=str(name),
        provider=reader.text(target, "provider", where),
        operator=reader.text(target, "operator", where),
        region=reader.text(target, "region", where),
        failure_domain=reader.text(target, "failure_domain", where),
        geography=reader.text(target, "geography", where),
        reach=reader.text(target, "reach", where),
        standby=reader.text(target, "standby", where),
        restore_minutes=reader.number(target, "restore_minutes", where),
        model=reader.text(target, "model", where),
        passes_to="unknown" if f"{where}passes_to" in reader.unknowns else passes_to,
        retires_on=reader.day(target, "retires_on", where),
        retirement_known=f"{where}retires_on" not in reader.unknowns,
        retirement_conflict=reader.text(target, "retirement_conflict", where, needed=False),
    )


@dataclass(slots=True)
class _Reader:
    unknowns: list[str]

    def text(self, mapping: Mapping[str, Any], key: str, where: str, *, needed: bool = True) -> str | None:
        value = mapping.get(key)
        if isinstance(value, str) and value:
            return value
        if needed or value is not None:
            self.unknowns.append(where + key)
        return None

    def number(self, mapping: Mapping[str, Any], key: str, where: str) -> int | None:
        value = mapping.get(key)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and value > 0:
            return int(value)
        self.unknowns.append(where + key)
        return None

    def day(self, mapping: Mapping[str, Any], key: str, where: str) -> date | None:
        value = mapping.get(key)
        if value is None:
            return None
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            self.unknowns.append(where + key)
            return None
