"""What tokens and machines cost by list prices: the sums that the planner, `anyport cost` and exit plans share.

Pure; USD in `Decimal`. A price or a number that the catalog does not know makes the sum None, never nothing, and the text
then says what is missing. No discounts, reserved prices, storage or network.
"""

from __future__ import annotations

from decimal import Decimal
from math import ceil
from typing import TYPE_CHECKING, Any

from .catalog import InstanceType

if TYPE_CHECKING:
    from .plan import PlannedTarget

__all__ = ["machines_of", "price_of_machines", "price_of_tokens"]


def price_of_tokens(target: PlannedTarget, prompt: Decimal, answer: Decimal) -> tuple[Decimal | None, str]:
    """USD of so many tokens at a target that is paid by token, and the sum in words."""
    total, parts = Decimal(0), []
    for side, tokens, price in (
        ("prompt", prompt, target.input_usd_per_million),
        ("answer", answer, target.output_usd_per_million),
    ):
        if not tokens:
            continue
        if price is None:
            return None, f"the catalog has no price of {side} tokens"
        millions = tokens / 1_000_000
        total += millions * Decimal(str(price))
        shown = f"{millions:,.1f}".removesuffix(".0")
        parts.append(f"{shown} M {side} tokens at {price:g} USD per million")
    return total, " + ".join(parts)


def price_of_machines(
    target: PlannedTarget, instance: InstanceType, hours: int
) -> tuple[Decimal | None, str]:
    """USD of a target's machines, busy or not, and the sum in words."""
    number = machines_of(target, instance.gpus)
    if number is None:
        return None, f"how many {instance.name} it takes is not known"
    if instance.usd_per_hour is None:
        return None, f"the catalog has no price of {instance.name}"
    total = number * hours * Decimal(str(instance.usd_per_hour))
    return total, f"{number} x {instance.name} x {hours} h at {instance.usd_per_hour:g} USD"


def machines_of(target: PlannedTarget, gpus_each: int) -> int | None:
    """Whole machines: those of the node pool where the options have one, else what the servers fill."""
    pool: Any = getattr(target.options, "node_pool", None)
    if pool is not None:
        return int(pool.nodes)
    if target.gpus_per_replica is None:
        return None
    replicas, gpus = target.replicas or 1, target.gpus_per_replica
    return replicas * ceil(gpus / gpus_each) if gpus > gpus_each else ceil(replicas / (gpus_each // gpus))
