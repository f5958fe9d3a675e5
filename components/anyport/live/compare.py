"""An offer of the catalog beside a cloud's own list: what the row should say, and what only a person can decide.

Nothing is ever taken out. A model that is not listed is marked and kept; a date that differs stands beside the other,
and the earlier one governs; a kind or a region that is not listed any more is said. What the list does not tell
(features, limits, prices) keeps the day it was collected on, in the row's note; prices keep their source too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from ..catalog import Offer
from .offers import covers, ids_of, listed_as
from .questions import Listed

__all__ = ["Listing", "Outcome", "compared"]

State = Literal["confirmed", "changed", "not_listed", "not_compared"]
_WORST = ("retired", "deprecated", "preview", "ga")
_LIFECYCLES = ("deprecated", "legacy", "preview", "ga")
_REST = "features, limits and prices as of "
_MISSING = "not in "


@dataclass(frozen=True, slots=True)
class Listing:
    """What one cloud said, over all places that answered.

    Attributes:
        title: the list, such as `Azure models list (ARM 2025-09-01)`.
        day: when it was asked.
        rows: place to its models.
        whole: whether every region of the catalog answered.
        regions: regions of the catalog.
    """

    title: str
    day: date
    rows: Mapping[str, tuple[Listed, ...]]
    whole: bool
    regions: frozenset[str]


@dataclass
class Outcome:
    """What became of one offer.

    Attributes:
        state: `not_compared` where the catalog has no id to look for, or the list was not read.
        values: keys of the row with their new values.
        remarks: what is said to the reader and not written.
    """

    model: str
    state: State
    values: dict[str, Any] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def compared(model: str, offer: Offer, listing: Listing) -> Outcome:
    """One offer beside the list. Pure."""
    ids = ids_of(offer)
    if not ids:
        return Outcome(model, "not_compared", remarks=["the catalog has no id that the list could hold"])
    rows = [r for held in listing.rows.values() for r in held if any(listed_as(r, one) for one in ids)]
    if offer.provider == "vertex_ai" and not rows and not _asked_for(ids, listing):
        return Outcome(model, "not_compared", remarks=["its publisher's list was not read"])
    outcome = Outcome(model, "confirmed")
    rows = _of_version(offer, rows, outcome)
    if not rows:
        _not_listed(offer, listing, outcome)
        return outcome
    _retirement(offer, rows, listing, outcome)
    _lifecycle(offer, rows, outcome)
    if offer.provider == "azure_openai":
        _format(offer, rows, outcome)
        _servings(offer, rows, listing, outcome)
    if offer.provider != "vertex_ai":
        _regions(offer, rows, listing, outcome)
        _evidence(offer, listing, outcome)
    changed = set(outcome.values) - {"source", "collected_on", "note", "price_source", "priced_on"}
    outcome.state = "changed" if changed else "confirmed"
    return outcome


def _asked_for(ids: tuple[str, ...], listing: Listing) -> bool:
    return any(one.removeprefix("publishers/").split("/")[0] in listing.rows for one in ids)


def _put(outcome: Outcome, key: str, value: Any, old: Any) -> None:
    if value != old:
        outcome.values[key] = value


def _of_version(offer: Offer, rows: list[Listed], outcome: Outcome) -> list[Listed]:
    if offer.provider != "azure_openai" or not rows:
        return rows
    versions = sorted({row.version or "" for row in rows})
    if offer.version is not None:
        found = [row for row in rows if row.version == offer.version]
        others = [version for version in versions if version != offer.version]
        if others:
            outcome.remarks.append(f"other versions are listed: {', '.join(others)}")
        return found
    chosen = versions if len(versions) == 1 else sorted({r.version or "" for r in rows if r.default_version})
    if len(chosen) != 1 or not chosen[0]:
        outcome.remarks.append(f"which of these versions is meant is not known: {', '.join(versions)}")
        return rows
    outcome.values["version"] = chosen[0]
    return [row for row in rows if row.version == chosen[0]]


def _not_listed(offer: Offer, listing: Listing, outcome: Outcome) -> None:
    """Marked, never removed; an answer of a few regions says nothing of the others."""
    outcome.state = "not_listed"
    what = f"version {offer.version} is " if offer.version and outcome.remarks else ""
    where = "any region" if listing.whole else ", ".join(sorted(listing.rows))
    outcome.remarks.append(f"{what}not listed for {where}")
    if offer.regions and not listing.whole and not set(offer.regions) & set(listing.rows):
        outcome.remarks.append("no region of its row was asked")
        return
    _put(outcome, "doubtful", True, offer.evidence.doubtful)
    said = f"{_MISSING}{listing.title} of {listing.day} for {where}"
    _put(
        outcome,
        "note",
        _joined(_without(offer.evidence.note, _MISSING + listing.title), said),
        offer.evidence.note,
    )


def _retirement(offer: Offer, rows: list[Listed], listing: Listing, outcome: Outcome) -> None:
    about = offer.retires_servings or offer.kinds
    ends: dict[str, date] = {}
    beside: dict[str, date] = {}
    for row in rows:
        for kind, day in row.kind_retires.items():
            into = ends if not offer.retires_servings or covers(about, kind) else beside
            into[kind] = min(day, into.get(kind, day))
        if row.retires and not row.kind_retires:
            ends[""] = min(row.retires, ends.get("", row.retires))
        if row.status == "retired":
            ends[""] = min(listing.day, ends.get("", listing.day))
    for kind, day in sorted(beside.items()):
        outcome.remarks.append(f"{kind} ends {day} by the list; the row's date is not about that kind")
    if not ends:
        if offer.retires_on:
            outcome.remarks.append(f"the list gives no date; {offer.retires_on} stays")
        return
    firm = all(row.firm for row in rows)
    _date(offer, min(ends.values()), firm, listing, outcome)
    partial = sorted(kind for kind in ends if kind)
    left = [kind for kind in offer.kinds if not covers(partial, kind) and kind not in partial]
    if offer.retires_on is None and partial and "" not in ends and left and offer.provider != "azure_openai":
        outcome.values["retires_servings"] = partial
    if len(set(ends.values())) > 1:
        text = ", ".join(f"{kind or 'as a whole'} {day}" for kind, day in sorted(ends.items()))
        outcome.remarks.append(f"the list gives several dates: {text}")


def _date(offer: Offer, found: date, firm: bool, listing: Listing, outcome: Outcome) -> None:
    """The earliest day governs, and the other is kept beside it."""
    old, basis = offer.retires_on, "documented" if firm else "inferred"
    conflict = _without(offer.retirement_conflict or "", listing.title)
    if old is not None and found > old:
        conflict = _joined(conflict, f"{listing.title} of {listing.day} says {found}")
        outcome.remarks.append(f"the list says {found}, the catalog {old}: the earlier one governs")
    else:
        if old is not None and found < old:
            said = f"what was known on {offer.evidence.collected_on} said {old}"
            conflict = _joined(conflict, said)
            outcome.remarks.append(f"the list says {found}, the catalog {old}: the earlier one governs")
        _put(outcome, "retires_on", found, old)
        _put(outcome, "retirement_basis", basis, offer.retirement_basis)
    _put(outcome, "retirement_conflict", conflict, offer.retirement_conflict or "")


def _lifecycle(offer: Offer, rows: list[Listed], outcome: Outcome) -> None:
    told = [status for status in _WORST if any(row.status == status for row in rows)]
    if not told:
        return
    found = "deprecated" if told[0] == "retired" else told[0]
    old = offer.lifecycle
    if old and _LIFECYCLES.index(old) < _LIFECYCLES.index(found):
        outcome.remarks.append(f"the list calls it {found}, the catalog {old}: the worse one stays")
        return
    _put(outcome, "lifecycle", found, old)
    if told[0] == "retired":
        outcome.remarks.append("the list calls it retired")


def _format(offer: Offer, rows: list[Listed], outcome: Outcome) -> None:
    formats = sorted({row.format for row in rows if row.format})
    if len(formats) == 1:
        if offer.format and formats[0] != offer.format:
            outcome.remarks.append(f"the list has the format {formats[0]}, the catalog had {offer.format}")
        _put(outcome, "format", formats[0], offer.format)
    elif formats and offer.format not in formats:
        outcome.remarks.append(f"the list has several formats: {', '.join(formats)}")


def _servings(offer: Offer, rows: list[Listed], listing: Listing, outcome: Outcome) -> None:
    found = list(dict.fromkeys(kind for row in rows for kind in row.kinds))
    more = [kind for kind in found if not covers(offer.kinds, kind)]
    if more and any(serving.model_id is not None for serving in offer.servings):
        outcome.remarks.append(f"more kinds are listed: {', '.join(more)}")
    elif more:
        outcome.values["servings"] = [*offer.kinds, *more]
    gone = [k for k in offer.kinds if not any(covers((k,), kind) for kind in found)]
    if gone:
        where = "any region" if listing.whole else ", ".join(sorted(listing.rows))
        outcome.remarks.append(f"not listed for {where}: {', '.join(gone)}; kept")


def _regions(offer: Offer, rows: list[Listed], listing: Listing, outcome: Outcome) -> None:
    about = offer.regions_servings
    there = {
        r.place for r in rows if not about or not r.kinds or any(covers(about, kind) for kind in r.kinds)
    }
    if not offer.regions:
        outcome.remarks.append(
            f"listed in {', '.join(sorted(there)) or 'no region for these kinds'}; the row keeps no regions"
        )
        return
    more = sorted((there & listing.regions) - set(offer.regions))
    if more:
        outcome.values["regions"] = [*offer.regions, *more]
    gone = sorted((set(listing.rows) & set(offer.regions)) - there)
    if gone:
        outcome.remarks.append(f"no longer listed in {', '.join(gone)}; kept")
        said = f"{_MISSING}{listing.title} of {listing.day} for {', '.join(gone)}"
        outcome.values["doubtful"] = True
        outcome.values["note"] = _joined(_without(offer.evidence.note, _MISSING + listing.title), said)


def _evidence(offer: Offer, listing: Listing, outcome: Outcome) -> None:
    held = offer.evidence
    note = outcome.values.get("note", _without(held.note, _MISSING + listing.title))
    if _REST not in note and held.collected_on != listing.day:
        note = _joined(note, f"{_REST}{held.collected_on}")
    _put(outcome, "note", note, held.note)
    _put(outcome, "source", _joined(_without(held.source, listing.title), listing.title), held.source)
    _put(outcome, "collected_on", max(listing.day, held.collected_on), held.collected_on)
    is_priced = offer.input_usd_per_million is not None or offer.output_usd_per_million is not None
    if is_priced and offer.priced_on is None and {"source", "collected_on"} & set(outcome.values):
        outcome.values["price_source"] = offer.price_source or _without(held.source, listing.title)
        outcome.values["priced_on"] = _rest_day(held.note) or held.collected_on


def _rest_day(note: str) -> date | None:
    """The day that an earlier refresh kept for what the list does not tell."""
    found = re.search(rf"{re.escape(_REST)}(\d{{4}}-\d\d-\d\d)", note)
    return date.fromisoformat(found[1]) if found else None


def _without(text: str, start: str) -> str:
    """The text without the part that begins so, which a refresh wrote before."""
    return re.sub(rf"(^|; ){re.escape(start)}[^;]*", "", text).removeprefix("; ")


def _joined(*parts: str) -> str:
    return "; ".join(part for part in parts if part)
