"""What a target would cost a month by list prices: tokens by what is sent, machines by the hour.

    month = 730 hours; tokens = declared tokens per minute x 43,800 minutes, as if every minute were the peak
    tokens: what it costs while all calls go there;  machines: what it costs busy or not

For comparing places with each other, not for a budget: no discounts, no reserved prices, no network. A price that
the catalog does not know is None, never nothing. Azure's prices are those of its widest kind, as the catalog says.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from ..catalog import Catalog
from ..list_prices import price_of_machines, price_of_tokens

if TYPE_CHECKING:
    from ..plan import PlannedTarget
    from ..spec import Traffic

__all__ = ["HOURS", "Monthly", "Volume", "monthly", "volume"]

HOURS = 730
"""Hours of a mean month."""
_NOMINAL_TOKENS_PER_MINUTE = 1000
_NOMINAL_TOKENS_PER_REQUEST = 1000


@dataclass(frozen=True, slots=True)
class Volume:
    """Tokens of a month, and in words where the number comes from."""

    prompt: int
    answer: int
    basis: str


@dataclass(frozen=True, slots=True)
class Monthly:
    """List price of a month, USD.

    Attributes:
        tokens: while it takes all calls; 0 where tokens are not what is paid for, None when not known.
        machines: busy or not; 0 where there are none, None when not known.
        basis: the sum, or what is missing.
    """

    tokens: Decimal | None
    machines: Decimal | None
    basis: str

    @property
    def known(self) -> bool:
        """Whether both parts are."""
        return self.tokens is not None and self.machines is not None

    @property
    def serving(self) -> Decimal | None:
        """What it costs while it takes all calls."""
        return None if self.tokens is None or self.machines is None else self.tokens + self.machines


def volume(traffic: Traffic, answer_share: float, *, embeds: bool) -> Volume:
    """Tokens to compare by. Where traffic is not declared a small nominal one is used, and said."""
    minutes = HOURS * 60
    if traffic.tokens_per_minute is not None:
        tokens, basis = (
            traffic.tokens_per_minute,
            f"{traffic.tokens_per_minute:,} tokens per minute, all month",
        )
    elif traffic.requests_per_minute is not None:
        tokens = traffic.requests_per_minute * _NOMINAL_TOKENS_PER_REQUEST
        basis = (
            f"{traffic.requests_per_minute:,} requests per minute, all month, of {_NOMINAL_TOKENS_PER_REQUEST:,} "
            "tokens each (assumed: traffic.tokens_per_minute is not declared)"
        )
    else:
        tokens = _NOMINAL_TOKENS_PER_MINUTE
        basis = f"{tokens:,} tokens per minute, all month (assumed: no traffic is declared)"
    share = Decimal(0) if embeds else Decimal(str(answer_share))
    answer = int(tokens * minutes * share)
    return Volume(
        tokens * minutes - answer, answer, basis + ("" if embeds else f", {float(share):.0%} of them answers")
    )


def monthly(target: PlannedTarget, asked: Volume, catalog: Catalog) -> Monthly:
    """The list price of one target."""
    billing = catalog.providers[target.provider].kinds[target.deployment_kind].billing
    if billing == "per_token":
        return _tokens(target, asked)
    if billing == "machine_hours" and target.instance_type:
        return _machines(target, catalog)
    what = "machines" if billing == "machine_hours" else "reserved units"
    return Monthly(None, None, f"the catalog has no price of these {what}")


def _tokens(target: PlannedTarget, asked: Volume) -> Monthly:
    total, basis = price_of_tokens(target, Decimal(asked.prompt), Decimal(asked.answer))
    return Monthly(total, Decimal(0), basis)


def _machines(target: PlannedTarget, catalog: Catalog) -> Monthly:
    total, basis = price_of_machines(target, catalog.instances[str(target.instance_type)], HOURS)
    return Monthly(Decimal(0), total, basis)
