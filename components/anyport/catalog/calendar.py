"""Days on which something ends that endpoints hang on: models and API versions, from the catalog.

Where sources disagree the earliest day is the event and the other is said. What has no day is listed too,
since a calendar that leaves it out would read like a promise. Pure; the day it is does not matter here.
Waivers and other dated things are added by whoever knows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from .models import ApiVersion, Catalog, Evidence, Offer

if TYPE_CHECKING:
    from ..plan import Plan, PlannedTarget

__all__ = ["Calendar", "Event", "Undated", "catalog_calendar", "merged", "plan_calendar", "undated_lines"]

Kind = Literal["model_retirement", "api_retirement", "waiver_expiry"]
OWN_MACHINES = "vllm"
"""Weights on machines of one's own end when their owner says so."""


@dataclass(frozen=True, slots=True)
class Event:
    """One end with its day.

    Attributes:
        key: what it is about, the same whatever its day and whoever is touched; calendars know it by this.
        day: the earliest that any source gives.
        kind: what ends.
        title: one line.
        conflict: what another source says; empty when none disagrees.
        certain: a provider's own text gives the day, and nothing disputes it.
        source: where the day is from, and when that was read.
        touches: what hangs on it, as `file endpoint/target`; empty for the catalog as a whole.
    """

    key: str
    day: date
    kind: Kind
    title: str
    conflict: str
    certain: bool
    source: str
    touches: tuple[str, ...] = ()

    def to_dict(self, today: date) -> dict[str, Any]:
        """Plain values; the keys are part of the interface."""
        return {
            "key": self.key,
            "day": self.day.isoformat(),
            "days_left": (self.day - today).days,
            "kind": self.kind,
            "title": self.title,
            "conflict": self.conflict,
            "certain": self.certain,
            "source": self.source,
            "touches": list(self.touches),
        }


@dataclass(frozen=True, slots=True)
class Undated:
    """Something that will end or may end, on a day nobody published.

    Attributes:
        kind: what it is.
        provider: where.
        what: its name, with the kind of deployment where that matters.
        touches: what hangs on it.
    """

    kind: Literal["model", "api", "commitment"]
    provider: str
    what: str
    touches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Calendar:
    """Events by day, then by key; and what has no day."""

    events: tuple[Event, ...] = ()
    undated: tuple[Undated, ...] = field(default=())


def merged(events: Iterable[Event], undated: Iterable[Undated]) -> Calendar:
    """One entry per thing, with all that it touches."""
    by_key: dict[str, Event] = {}
    touched: dict[str, dict[str, None]] = {}
    for event in events:
        known = by_key.setdefault(event.key, event)
        if event.day < known.day:
            by_key[event.key] = event
        touched.setdefault(event.key, {}).update(dict.fromkeys(event.touches))
    nobody: dict[Undated, dict[str, None]] = {}
    for one in undated:
        nobody.setdefault(replace(one, touches=()), {}).update(dict.fromkeys(one.touches))
    found = [replace(event, touches=tuple(sorted(touched[key]))) for key, event in by_key.items()]
    days = [replace(one, touches=tuple(sorted(names))) for one, names in nobody.items()]
    return Calendar(
        tuple(sorted(found, key=lambda event: (event.day, event.key))),
        tuple(sorted(days, key=lambda one: (one.kind, one.provider, one.what))),
    )


def undated_lines(calendar: Calendar) -> Iterator[str]:
    """What has no day, for people: a line per model or commitment, and one for all API versions of a provider."""
    apis: dict[str, list[str]] = {}
    for one in calendar.undated:
        if one.kind == "api":
            apis.setdefault(one.provider, []).append(one.what)
            continue
        touches = f" ({', '.join(one.touches)})" if one.touches else ""
        yield f"{one.kind} at {one.provider}: {one.what}{touches}"
    for provider, names in apis.items():
        yield f"API versions at {provider}: {', '.join(names)}"


def catalog_calendar(catalog: Catalog) -> Calendar:
    """Every end that the catalog knows, and every offer and API version whose end it does not."""
    events, undated = [], []
    for name in catalog.names:
        for provider, offer in sorted(catalog.models[name].offers.items()):
            if offer.retires_on is not None:
                events.append(_model(name, offer, offer.retires_on, ()))
            elif offer.kinds != (OWN_MACHINES,):
                undated.append(Undated("model", provider, name))
    for provider in sorted(catalog.providers):
        versions = catalog.providers[provider].api_versions
        events += [_api(provider, one, one.retires_on, ()) for one in versions if one.retires_on]
        undated += [_no_day(provider, one, ()) for one in versions if not one.retires_on]
    return merged(events, undated)


def plan_calendar(plan: Plan, catalog: Catalog, stack: str) -> Calendar:
    """The ends that targets of a plan hang on.

    Args:
        plan: a resolved spec.
        catalog: the facts it was resolved against.
        stack: how entries name the stack file.
    """
    events, undated = [], []
    for endpoint in plan.endpoints:
        for target in endpoint.targets:
            name = f"{stack} {endpoint.name}/{target.name}"
            for found in _target(target, catalog, name):
                if isinstance(found, Event):
                    events.append(found)
                else:
                    undated.append(found)
    return merged(events, undated)


def _target(target: PlannedTarget, catalog: Catalog, name: str) -> Iterator[Event | Undated]:
    provider = catalog.providers[target.provider]
    offer, kind = catalog.models[target.model].offers[target.provider], target.deployment_kind
    ends = offer.retires(kind)
    if ends is not None:
        yield _model(target.model, offer, ends, (name,))
    elif kind != OWN_MACHINES:
        yield Undated("model", target.provider, f"{target.model} ({kind})", (name,))
    for one in provider.api_versions:
        if one.use == "other" or (one.kinds and kind not in one.kinds):
            continue
        if one.retires_on is not None:
            yield _api(target.provider, one, one.retires_on, (name,))
        else:
            yield _no_day(target.provider, one, (name,))
    if _committed(target, catalog):
        yield Undated("commitment", target.provider, f"{kind}, counted from the day it is made", (name,))


def _committed(target: PlannedTarget, catalog: Catalog) -> bool:
    """Whether capacity is bought for a time; the spec says that it is, never since when."""
    billing = catalog.providers[target.provider].kinds[target.deployment_kind].billing
    acknowledged = getattr(target.options, "minimum_commitment_acknowledged", False)
    return billing == "reserved_units" or (billing == "machine_hours" and bool(acknowledged))


def _model(name: str, offer: Offer, day: date, touches: tuple[str, ...]) -> Event:
    only = f" ({', '.join(offer.retires_servings)})" if offer.retires_servings else ""
    return Event(
        key=f"model-retirement {offer.provider} {name}",
        day=day,
        kind="model_retirement",
        title=f"{name} retires at {offer.provider}{only}",
        conflict=offer.retirement_conflict or "",
        certain=_certain(offer.retirement_basis, offer.retirement_conflict, offer.evidence),
        source=_source(offer.evidence, offer.retirement_basis),
        touches=touches,
    )


def _api(provider: str, one: ApiVersion, day: date, touches: tuple[str, ...]) -> Event:
    return Event(
        key=f"api-retirement {provider} {one.plane} {one.api} {one.version}",
        day=day,
        kind="api_retirement",
        title=f"{one.title} ({one.plane} plane) ends at {provider}",
        conflict=one.retirement_conflict or "",
        certain=_certain(one.retirement_basis, one.retirement_conflict, one.evidence),
        source=_source(one.evidence, one.retirement_basis),
        touches=touches,
    )


def _no_day(provider: str, one: ApiVersion, touches: tuple[str, ...]) -> Undated:
    where = ", where it runs" if one.use == "runs_on" else ""
    return Undated("api", provider, f"{one.title} ({one.plane} plane{where})", touches)


def _certain(basis: str, conflict: str | None, evidence: Evidence) -> bool:
    return basis == "documented" and conflict is None and not evidence.doubtful


def _source(evidence: Evidence, basis: str) -> str:
    doubt = ", doubtful" if evidence.doubtful else ""
    return f"{evidence.source} ({basis}, collected on {evidence.collected_on}{doubt})"
