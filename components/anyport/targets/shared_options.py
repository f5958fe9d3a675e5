"""Options that mean the same at every provider that has them, so that one word is learnt once.

A provider that lacks one of `SHARED_WORDS` simply does not declare it; its capabilities then say why, and
`anyport check` gives that reason instead of "unknown key".
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from .options import OptionGroup

__all__ = ["SHARED_WORDS", "Alerts", "Budget", "Email"]

Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$", max_length=254)]


def _rising(percents: tuple[int, ...]) -> tuple[int, ...]:
    if list(percents) != sorted(set(percents)):
        raise ValueError("must rise, each percentage once")
    return percents


class Alerts(OptionGroup):
    """When to write to whom. Made only when asked for: an alert that nobody reads is a cost."""

    emails: tuple[Email, ...] = Field(min_length=1, max_length=10)
    """Who is told. Some clouds ask each address to confirm first."""
    throttled_requests: int = Field(default=50, ge=1)
    """Refusals for lack of quota (429) within a window that raise an alert. Default 50: a burst is normal,
    a lasting shortage is not."""
    server_errors: int = Field(default=5, ge=1)
    """Answers of 500 to 599 within a window that raise an alert."""
    latency_seconds: float = Field(default=30.0, gt=0)
    """Mean time of an answer over a window that raises an alert."""
    window_minutes: Literal[1, 5, 15, 30, 60] = 5
    """Length of a window."""


class Budget(OptionGroup):
    """A monthly sum and who is told when it is used up. No cloud stops spending at it."""

    amount: int = Field(ge=1)
    """Whole units of `currency` per calendar month."""
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] = "USD"
    """Currency of the billing account; clouds refuse another one."""
    emails: tuple[Email, ...] = Field(min_length=1, max_length=10)
    """Who is told."""
    percents: Annotated[tuple[Annotated[int, Field(ge=1, le=500)], ...], AfterValidator(_rising)] = Field(
        default=(50, 80, 100), min_length=1, max_length=5
    )
    """Shares of the amount at which to tell; five at most, because Azure takes no more."""


SHARED_WORDS: dict[str, str] = {
    "alerts": "alerts",
    "budget": "budget",
    "callers": "identity",
    "content_safety": "content_safety",
    "customer_managed_key": "customer_managed_key",
    "private_access": "private_access",
    "public_network_access": "network",
    "quota": "quota",
    "tags": "tags",
    "workload_identity": "workload_identity",
}
"""Option word → the feature whose capability explains why a provider lacks it."""
