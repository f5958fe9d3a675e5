"""Money for usage that comes without any: CoreWeave exports machine hours, the catalog knows list prices.

The result is what the hours cost by list price, in USD; the contract's price, which nobody here knows, may be lower.
A machine without a known price stays without money and is said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from ..catalog import load
from .scan import Group

__all__ = ["ListPrice", "list_prices", "priced"]


class ListPrice(NamedTuple):
    """USD per hour of one machine type, its GPUs, and the day the price was read."""

    usd_per_hour: Decimal
    gpus: int
    collected_on: date


def list_prices() -> dict[str, ListPrice]:
    """List prices of the catalog by machine type; those that are not known are not there."""
    return {
        name: ListPrice(Decimal(str(found.usd_per_hour)), found.gpus, found.evidence.collected_on)
        for name, found in load().instances.items()
        if found.usd_per_hour is not None
    }


def priced(group: Group, prices: Mapping[str, ListPrice]) -> Decimal | None:
    """List price of a group's hours; None when its machine or its unit is not known.

    Quantities are GPU-hours when the unit says so, and hours of the machine otherwise.
    """
    unit = (group.unit or "").lower()
    if group.quantity is None or not re.search(r"\bhours?\b|\bhrs?\b|hours$", unit):
        return None
    texts = " ".join(text for text in (group.sku, group.meter, group.description) if text).lower()
    machine = next((name for name in sorted(prices, key=len, reverse=True) if name in texts), None)
    if machine is None:
        return None
    price = prices[machine]
    hourly = price.usd_per_hour / price.gpus if "gpu" in unit else price.usd_per_hour
    return group.quantity * hourly
