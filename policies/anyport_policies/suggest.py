"""Places that would mend an endpoint, from the catalog: the same model, somewhere that fits."""

from __future__ import annotations

from collections.abc import Callable

from anyport.catalog import Region, load

__all__ = ["places"]

MOST = 3


def places(model: str | None, residency: tuple[str, ...], fits: Callable[[Region, str], bool]) -> str:
    """Up to three places as a spec would write them, or an empty text when the catalog knows none.

    Args:
        model: catalog name of the endpoint's model.
        residency: geographies allowed; empty allows all.
        fits: takes a region and its provider's operator.

    One place per provider, none that only hands calls on to another. A region counts only where the catalog does not rule it out for a kind
    of deployment that stays in the region and, for vLLM, lists a GPU machine there, and only where it fails with a known place.
    """
    catalog = load()
    found = catalog.model(model) if model else None
    lines: list[str] = []
    for provider, offer in sorted(found.offers.items()) if found else ():
        kinds = catalog.providers[provider].kinds
        regional = [k for k in offer.kinds or tuple(kinds) if k in kinds and kinds[k].reach == "regional"]
        served = {name for kind in regional for name in offer.regions_for(kind)}
        for region in catalog.regions_of(provider):
            if (
                regional
                and not offer.passes_to
                and (not served or region.name in served)
                and region.status == "general"
                and region.failure_domain != "none"
                and (not residency or region.geography in residency)
                and (provider != "coreweave_vllm" or region.instance_types)
                and fits(region, catalog.providers[provider].operator)
            ):
                lines.append(f"{{provider: {provider}, region: {region.name}}} ({region.failure_domain})")
                break
    return " or ".join(lines[:MOST])
