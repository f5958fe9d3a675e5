"""What the simulated clouds take from the project's catalog: which models exist, where, until when.

Read on first use, so that a plugin starts without it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any

__all__ = ["Offered", "offered"]


@dataclass(frozen=True)
class Offered:
    """One model at one provider, in the catalog's terms. Empty means not known, so no ground to refuse."""

    offer: Any
    kinds_by_sku: dict[str, str]

    @property
    def format(self) -> str:
        """Azure's model format, or empty."""
        return str(self.offer.format or "")

    @property
    def version(self) -> str:
        """The version the catalog's dates are about, or empty."""
        return str(self.offer.version or "")

    def regions_for_sku(self, sku: str) -> tuple[str, ...]:
        """Regions known to serve the model with a SKU; empty when not known or not bound to regions."""
        kind = self.kinds_by_sku.get(sku)
        return tuple(self.offer.regions_for(kind)) if kind else ()

    def retires_for_sku(self, sku: str) -> date | None:
        """When the model ends for a SKU; the offer's own date for a SKU the catalog does not name."""
        end: date | None = self.offer.retires(self.kinds_by_sku.get(sku))
        return end

    def retires(self, kind: str) -> date | None:
        """When the model ends for a kind of deployment."""
        end: date | None = self.offer.retires(kind)
        return end


@cache
def offered(provider: str, model_id: str) -> Offered | None:
    """The offer that a provider's own model id names, for any way of serving; None when there is none."""
    from anyport.catalog import load  # half a second that most plugin starts do not need

    catalog = load()
    kinds = catalog.providers[provider].kinds.values()
    by_sku = {kind.sku: kind.name for kind in kinds if kind.sku}
    for model in catalog.models.values():
        offer = model.offers.get(provider)
        if offer is None:
            continue
        if model_id in {offer.model_id, *(serving.model_id for serving in offer.servings)}:
            return Offered(offer, by_sku)
    return None
