"""From groups of charges to lines per owner, totals per account, and what there is to say of each file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from .attribute import Owner, owner_of
from .files import Export
from .model import ZERO, FileSeen, Line, Total
from .places import Place
from .prices import ListPrice, priced
from .scan import Group
from .sellers import provider_named
from .sku import Names, token_kind

__all__ = ["Tally", "group_provider", "month_of", "seen_files"]


def group_provider(group: Group, export: Export) -> str:
    """By the file's own columns, else by the names in the row."""
    names = (group.host, group.provider, group.seller, group.issuer)
    return export.provider or provider_named(names) or "unknown"


def month_of(group: Group) -> str:
    """The billing month, `YYYY-MM` in UTC; the charge's own where the export has no billing period."""
    return group.month.strftime("%Y-%m") if group.month else "unknown"


class Tally:
    """Adds groups up."""

    def __init__(self, places: Sequence[Place], names: Names, prices: Mapping[str, ListPrice]) -> None:
        self.places, self.names, self.prices = places, names, prices
        self.lines: dict[tuple[object, ...], Line] = {}
        self.totals: dict[tuple[str, ...], Total] = {}
        self.notes: dict[str, None] = {}
        self.days: dict[tuple[str, str], tuple[str, str]] = {}
        self._views: set[str] = set()

    def add_all(self, groups: Iterable[tuple[Group, str]]) -> None:
        """Add groups, each with its provider."""
        pairs = list(groups)
        located = {month_of(g) for g, p in pairs if p == "coreweave_vllm" and g.cluster}
        for group, provider in pairs:
            if (
                provider == "coreweave_vllm"
                and group.plan
                and not group.cluster
                and month_of(group) in located
            ):
                text = "CoreWeave: the view by capacity plan repeats the one by location and is not counted"
                self.notes[text] = None
                continue
            self._add(group, provider)

    def _add(self, group: Group, provider: str) -> None:
        month, currency = month_of(group), (group.currency or "").upper()
        owner = owner_of(group, provider, self.places, self.names)
        cost, listed = group.attributed, False
        if cost is None and group.billed is None:
            cost, listed = priced(group, self.prices), True
            currency = currency or "USD"
            self._say_price(group, cost)
        line = self._line(group, provider, month, currency, owner)
        line.rows += group.rows
        line.rules.add(owner.rule)
        if owner.model:
            line.models.add(owner.model)
        cost = cost or ZERO
        if group.negative:
            line.credits += cost
        else:
            line.charges += cost
        line.billed += group.billed or ZERO
        line.stood_in += group.stood_in or ZERO
        line.list_priced += cost if listed else ZERO
        if line.list_cost is not None:
            unknown = group.list_missing or listed
            line.list_cost = None if unknown else line.list_cost + (group.list_cost or ZERO)
        kind = token_kind(group.meter) or token_kind(group.description)
        if kind:
            line.by_kind[kind] = line.by_kind.get(kind, ZERO) + cost
        self._total(group, provider, month, currency)
        self._day(group, provider, month)

    def _line(self, group: Group, provider: str, month: str, currency: str, owner: Owner) -> Line:
        service = (group.service or group.meter_category or "unnamed service") if owner.rule == "none" else ""
        if owner.rule == "other":
            service = group.category if group.category in ("tax", "purchase", "credit", "adjustment") else ""
        nobody = f"{owner.rule} {owner.model or ''}" if not owner.endpoint else ""
        owned = (owner.tier, owner.endpoint, owner.target, owner.candidates, service or "")
        key = (month, currency, provider, *owned, nobody)
        if key not in self.lines:
            self.lines[key] = Line(month, currency, provider, *owned)
        return self.lines[key]

    def _total(self, group: Group, provider: str, month: str, currency: str) -> None:
        if group.billed is None:
            return
        key = (month, currency, provider, group.account or "", group.invoice or "")
        total = self.totals.setdefault(key, Total(*key))
        total.billed += group.billed
        total.rows += group.rows
        category = group.category or "unknown"
        total.by_category[category] = total.by_category.get(category, ZERO) + group.billed

    def _day(self, group: Group, provider: str, month: str) -> None:
        if group.first_day is None or group.last_day is None:
            return
        if group.category != "usage":
            return
        first, last = (day.strftime("%Y-%m-%d") for day in (group.first_day, group.last_day))
        before = self.days.get((provider, month), (first, last))
        self.days[(provider, month)] = (min(before[0], first), max(before[1], last))

    def _say_price(self, group: Group, cost: Decimal | None) -> None:
        if cost is None:
            what = group.sku or group.meter or "a machine without a name"
            self.notes[
                f"CoreWeave: {what} ({group.unit or 'no unit'}) has no known price: left out of all sums"
            ] = None
        else:
            oldest = min(price.collected_on for price in self.prices.values())
            self.notes[
                f"CoreWeave exports no money: its hours are shown at the catalog's list prices (USD, read {oldest} or "
                "later), which is no invoice"
            ] = None


def seen_files(exports: Sequence[Export], groups: Iterable[tuple[Group, str]]) -> tuple[FileSeen, ...]:
    """Every file with its rows and what had to be done to them."""
    sums: dict[int, dict[str, int]] = {export.number: {} for export in exports}
    providers: dict[int, dict[str, None]] = {export.number: {} for export in exports}
    costs: dict[int, Decimal] = {}
    for group, provider in groups:
        counts = sums[group.file]
        providers[group.file][provider] = None
        costs[group.file] = costs.get(group.file, ZERO) + (group.stood_in or ZERO)
        for word in ("rows", "stood_in_rows", "without_zone", "with_offset", "other_month"):
            counts[word] = counts.get(word, 0) + getattr(group, word)
    return tuple(
        FileSeen(
            path=export.path,
            format=export.format,
            provider=", ".join(sorted(providers[export.number])) or export.provider or "unknown",
            version=export.version,
            rows=sums[export.number].get("rows", 0),
            without=dict(export.without),
            remarks=tuple(_remarks(sums[export.number])),
        )
        for export in exports
    )


def _remarks(counts: Mapping[str, int]) -> Iterable[str]:
    said = {
        "stood_in_rows": "rows with a BilledCost and no EffectiveCost, for which BilledCost stands in: {}",
        "without_zone": "times without a zone, taken for UTC as FOCUS says: {}",
        "with_offset": "local times, converted to UTC: {}",
        "other_month": "charges of another month that are billed in this one: {}",
    }
    if not counts.get("rows"):
        yield "it has a header and no rows"
    for word, text in said.items():
        if counts.get(word):
            yield text.format(f"{counts[word]:,}")
