"""Preferences as one whole number per candidate and role, so that sets are compared by adding up.

    cost           targets without a known price, then USD of a month while the first target serves (its tokens, and
                   the machines of all), then USD of what the others would cost while each of them serves
    latency_class  class of the first target (0 near, 1 far, 2 not known), then the sum of the others'
    open_weights   1 for a first target without open weights, then the number of others without

Every word asks for two or three digits of a number with a base larger than any sum; the first preference has the
highest digits. After all preferences, what the catalog is sure of goes before what it calls doubtful. The last
digit counts targets, so that a set has no more of them than it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from .search import Option

if TYPE_CHECKING:
    from .candidates import Candidate

__all__ = ["ORDER", "digits", "options"]

ORDER = ("cost", "latency_class", "open_weights")
_NANO = Decimal(1_000_000_000)


def digits(candidate: Candidate, prefer: Sequence[str], *, first: bool) -> tuple[int, ...]:
    """What the candidate adds, preference by preference. Money is in billionths of a dollar."""
    tokens, machines = _nano(candidate.price.tokens), _nano(candidate.price.machines)
    unpriced = 0 if candidate.price.known else 1
    cost = (unpriced, tokens + machines, 0) if first else (unpriced, machines, tokens)
    latency, closed = candidate.latency_class, candidate.closed
    words = {
        "cost": cost,
        "latency_class": (latency, 0) if first else (0, latency),
        "open_weights": (closed, 0) if first else (0, closed),
    }
    doubtful = 1 if candidate.target.doubtful else 0
    return (*(digit for word in _complete(prefer) for digit in words[word]), doubtful, 1)


def options(candidates: Sequence[Candidate], prefer: Sequence[str]) -> list[Option]:
    """The candidates as the search takes them."""
    rows = [(digits(one, prefer, first=True), digits(one, prefer, first=False)) for one in candidates]
    base = 1 + sum(max(first + fallback) for first, fallback in rows)
    return [
        Option(one.key, one.standing, _number(first, base), _number(fallback, base))
        for one, (first, fallback) in zip(candidates, rows, strict=True)
    ]


def _complete(prefer: Sequence[str]) -> tuple[str, ...]:
    return (*prefer, *(word for word in ORDER if word not in prefer))


def _number(given: tuple[int, ...], base: int) -> int:
    total = 0
    for digit in given:
        total = total * base + digit
    return total


def _nano(amount: Decimal | None) -> int:
    return 0 if amount is None else int(amount * _NANO)
