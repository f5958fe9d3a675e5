"""Why one target cannot be resolved: its model is retired there, or nobody knows where it would answer."""

from __future__ import annotations

from datetime import date

from .catalog import Catalog, Offer
from .spec import TargetSpec

__all__ = ["Refusal", "no_zone", "retired"]

Refusal = tuple[str, tuple[str, ...], str, str]
"""Code, path below the target, message and fix."""


def retired(model: str, target: TargetSpec, offer: Offer, kind: str, today: date) -> Refusal | None:
    """AP212. Only a date that no source disputes refuses; a disputed one is left to the policies."""
    retires = offer.retires(kind)
    if retires is None or retires > today or offer.retirement_conflict:
        return None
    gone = offer.retires_servings
    others = [s.kind for s in offer.servings if gone and s.kind not in gone]
    fix = f"say deployment_kind: {others[0]} (self-deployed, not retired), or " if others else ""
    where = ("model",) if target.model else ("provider",)
    message = f"{model} was retired by {target.provider} ({kind}) on {retires}"
    return "AP212", where, message, f"{fix}choose another model or provider"


def no_zone(provider: str, region: str, kind: str, catalog: Catalog) -> Refusal:
    """AP210 of a kind that answers within a data zone, in a region that lies in none."""
    zones = catalog.providers[provider].data_zones
    countries = "; ".join(f"{name}: {', '.join(zone.countries)}" for name, zone in zones.items()) or "none"
    message = f"{kind} answers within a data zone, and none is on record that {region} lies in ({countries})"
    fix = "name a region in one of these countries, or another deployment_kind"
    return "AP210", ("options", "deployment_kind"), message, fix
