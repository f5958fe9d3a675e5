"""Where a call may be processed: what the catalog's regions and data zones say together."""

from __future__ import annotations

from .models import Catalog

__all__ = ["processed_in"]


def processed_in(catalog: Catalog, provider: str, region: str, kind: str) -> tuple[str, ...]:
    """Geographies where a call to a kind of deployment may be processed: the region's, or all of its data zone.

    `none` is anywhere. Empty where the kind answers within a data zone and none is on record for the region.
    """
    here = catalog.regions[provider][region]
    reach = catalog.providers[provider].kinds[kind].reach
    if reach != "data_zone":
        return ("none" if reach == "global" else here.geography,)
    zones = catalog.providers[provider].data_zones.values()
    countries = next((zone.countries for zone in zones if here.country in zone.countries), ())
    return tuple(sorted({r.geography for r in catalog.regions_of(provider) if r.country in countries}))
