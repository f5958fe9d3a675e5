"""What a finding can advise to add: places where the catalog has the endpoint's model.

Advice, not judgement: it never makes a rule pass. It offers no place that hands calls on to another
provider, none that is open to reserved customers only, and none that ends soon.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from anyport.catalog import Catalog, Offer, load

from .facts import EndpointFacts

__all__ = ["RETIREMENT_DAYS", "Place", "operator_of", "places"]

RETIREMENT_DAYS = 90
"""A model that ends within so many days is neither good enough to keep nor worth advising."""

_MOST = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A provider and region that could serve a model.

    `confirmed` says the catalog lists the model for this very region.
    """

    provider: str
    operator: str
    region: str
    failure_domain: str
    confirmed: bool

    def __str__(self) -> str:
        about = [self.operator, "" if self.failure_domain == "none" else self.failure_domain]
        about.append("" if self.confirmed else "to be confirmed")
        return f"provider: {self.provider}, region: {self.region} ({', '.join(filter(None, about))})"


def places(
    endpoint: EndpointFacts, today: date, wanted: Callable[[Place], bool], *, regional: bool
) -> tuple[Place, ...]:
    """At most three places to advise, confirmed ones first and of as many providers as possible.

    Args:
        endpoint: whose model and residency to respect; when one is not known there is no advice.
        today: to leave out what ends soon.
        wanted: which places would mend the finding.
        regional: whether only places with a failure domain will do.
    """
    catalog = load()
    model = catalog.model(endpoint.model) if endpoint.model else None
    if model is None or endpoint.residency is None:
        return ()
    found = [
        place
        for offer in model.offers.values()
        if not offer.passes_to
        for place in _of_offer(offer, catalog, endpoint.residency, today, regional=regional)
        if wanted(place)
    ]
    return tuple(sorted(_alternating(found), key=lambda place: not place.confirmed)[:_MOST])


def _of_offer(
    offer: Offer, catalog: Catalog, residency: Sequence[str], today: date, *, regional: bool
) -> Iterator[Place]:
    provider = catalog.providers[offer.provider]
    reaches = ("regional",) if regional else ("regional", "data_zone", *(() if residency else ("global",)))
    kinds = [k for name in offer.kinds or provider.kinds if (k := provider.kinds.get(name)) is not None]
    kinds = [kind for kind in kinds if kind.reach in reaches and _stays(offer, kind.name, today)]
    if not kinds:
        return
    kind = min(kinds, key=lambda kind: reaches.index(kind.reach))
    known = offer.regions_for(kind.name)
    for region in catalog.regions_of(offer.provider):
        allowed = not residency or region.geography in residency
        if allowed and region.status == "general" and (not known or region.name in known):
            domain = region.failure_domain if kind.reach == "regional" else "none"
            yield Place(provider.name, provider.operator, region.name, domain, region.name in known)


def _stays(offer: Offer, kind: str, today: date) -> bool:
    ends = offer.retires(kind)
    return ends is None or ends > today + timedelta(days=RETIREMENT_DAYS)


def _alternating(found: Sequence[Place]) -> Iterator[Place]:
    """Each provider's first place, then each one's second, and so on; no provider's domain twice."""
    ranks: Counter[str] = Counter()
    ranked = []
    seen = set()
    for place in sorted(found, key=lambda place: not place.confirmed):
        if (place.provider, place.failure_domain) not in seen:
            seen.add((place.provider, place.failure_domain))
            ranked.append((ranks[place.provider], place))
            ranks[place.provider] += 1
    return (place for _, place in sorted(ranked, key=lambda pair: pair[0]))


def operator_of(provider: str | None) -> str | None:
    """The company that runs a provider; None when the catalog does not know it."""
    found = load().providers.get(provider or "")
    return found.operator if found else None
