"""What changed between two states of the catalog, fact by fact, with the source of each side.

A fact is one field of one row. Three ways to change are told apart, because they mean different things: it
became known, it is no longer known, or it has another value. Where and when it was found is not a fact: a
row that was only looked up again is told as `confirmed`. Pure, and the order is that of subjects and fields.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import BaseModel

from .models import ApiVersion, Catalog, Evidence, Model, Provider

__all__ = ["Change", "FactChange", "difference"]

What = Literal["added", "removed", "changed", "confirmed"]
_UNKNOWN: tuple[Any, ...] = ("", [], {}, "none found")
How = Literal["learned", "no longer known", "changed"]


@dataclass(frozen=True, slots=True)
class FactChange:
    """One field: plain values before and after; None where the fact was or is not known."""

    name: str
    how: How
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the catalog.

    Attributes:
        subject: kind of row and its name, such as `offer gpt-5.4 at azure_openai`.
        what: `added` and `removed` rows carry what they say or said; `confirmed` ones only their evidence.
        facts: fields that differ, or all known fields of a row that came or went.
        before: where the old row is from; None for a new one.
        after: where the new row is from; None for one that is gone.
    """

    subject: str
    what: What
    facts: tuple[FactChange, ...]
    before: Evidence | None
    after: Evidence | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the keys are part of the interface."""
        return {
            "subject": self.subject,
            "what": self.what,
            "facts": [
                {"name": f.name, "how": f.how, "before": f.before, "after": f.after} for f in self.facts
            ],
            "before": self.before.model_dump(mode="json") if self.before else None,
            "after": self.after.model_dump(mode="json") if self.after else None,
        }


def difference(old: Catalog, new: Catalog) -> tuple[Change, ...]:
    """Rows that differ, by subject."""
    was, now = dict(_rows(old)), dict(_rows(new))
    found = (_change(subject, was.get(subject), now.get(subject)) for subject in sorted({*was, *now}))
    return tuple(change for change in found if change is not None)


@dataclass(frozen=True)
class _Row:
    facts: Mapping[str, Any] = field(default_factory=dict)
    evidence: Evidence | None = None


def _rows(catalog: Catalog) -> Iterator[tuple[str, _Row]]:
    for model in catalog.models.values():
        yield f"model {model.name}", _Row(_plain(model, "name", "offers"), _oldest(model))
        for offer in model.offers.values():
            yield (
                f"offer {model.name} at {offer.provider}",
                _row(offer, "provider", "price_source", "priced_on"),
            )
    for provider in catalog.providers.values():
        yield from _provider(provider)
    for regions in catalog.regions.values():
        for region in regions.values():
            yield f"region {region.name} of {region.provider}", _row(region, "provider", "name")
    for instance in catalog.instances.values():
        yield f"instance {instance.name}", _row(instance, "name")


def _provider(provider: Provider) -> Iterator[tuple[str, _Row]]:
    yield f"provider {provider.name}", _row(provider, "name", "kinds", "api_versions", "data_zones")
    for kind in provider.kinds.values():
        yield f"kind {kind.name} of {provider.name}", _Row(_plain(kind, "name"), provider.evidence)
    for zone in provider.data_zones.values():
        yield f"data zone {zone.name} of {provider.name}", _row(zone, "name")
    for one in provider.api_versions:
        yield (
            f"API {one.title} ({_words(one)}) of {provider.name}",
            _row(one, "api", "version", "plane", "use"),
        )


def _words(one: ApiVersion) -> str:
    return f"{one.plane} plane, {one.use.replace('_', ' ')}"


def _oldest(model: Model) -> Evidence:
    """A model's own facts (owner, licence) have the evidence of its offers; the stalest speaks for them."""
    return min((o.evidence for o in model.offers.values()), key=lambda e: (e.collected_on, e.source))


def _row(row: Any, *without: str) -> _Row:
    """A remark and a doubt are facts, unlike where and when they were found."""
    marks = {"doubtful": row.evidence.doubtful or None, "note": row.evidence.note or None}
    said = {name: value for name, value in marks.items() if value is not None}
    return _Row({**_plain(row, "evidence", *without), **said}, row.evidence)


def _plain(row: BaseModel, *without: str) -> dict[str, Any]:
    """Known fields; what is not known (None, empty) is left out, so that it equals a field never written."""
    dumped = row.model_dump(mode="json", exclude=set(without))
    flat: dict[str, Any] = {}
    for name, value in dumped.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            flat[name] = value
    return {name: value for name, value in flat.items() if value is not None and value not in _UNKNOWN}


def _change(subject: str, was: _Row | None, now: _Row | None) -> Change | None:
    if was is None or now is None:
        row = now or was or _Row()
        facts = tuple(
            FactChange(name, "learned", None, value)
            if was is None
            else FactChange(name, "no longer known", value, None)
            for name, value in row.facts.items()
        )
        what: What = "added" if was is None else "removed"
        return Change(subject, what, facts, was.evidence if was else None, now.evidence if now else None)
    facts = tuple(_facts(was.facts, now.facts))
    if facts:
        return Change(subject, "changed", facts, was.evidence, now.evidence)
    if was.evidence != now.evidence and not subject.startswith(("model ", "kind ")):
        return Change(subject, "confirmed", (), was.evidence, now.evidence)
    return None


def _facts(was: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[FactChange]:
    for name in sorted({*was, *now}):
        before, after = was.get(name), now.get(name)
        if before != after:
            how: How = "learned" if before is None else "no longer known" if after is None else "changed"
            yield FactChange(name, how, before, after)
