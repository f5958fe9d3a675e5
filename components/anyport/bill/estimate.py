"""What each target was expected to cost in a month: read from JSON, so that an estimate of any origin can be compared.

The form is a list of targets under `targets`, each with `endpoint`, `target`, `monthly` (a number, a number as text,
or null for not known) and if wanted `tier` and `currency` (USD when left out). A row without a tier is of every tier
that has no row of its own. Every other key is left alone. What `anyport cost --format json` prints is read too: the
steady month of each target.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ..errors import AnyportError, Problem
from ..spec_problems import shown

__all__ = ["Estimate", "read_estimate"]

DIGITS = 15
"""Figures have at most so many digits before the point, and are 0 or not smaller than so many places after it."""

_ALLOWED = f"endpoint, target and monthly: null, or a number of at most {DIGITS} digits"

Key = tuple[str, str, str, str]
"""Tier or "", endpoint, target, currency."""


@dataclass(frozen=True)
class Estimate:
    """Monthly cost by (tier or "", endpoint, target, currency); None where it was not known."""

    shown: str
    monthly: dict[Key, Decimal | None]

    def of(self, tier: str, endpoint: str, target: str) -> dict[str, Decimal | None]:
        """Currency → what was expected; empty when the estimate does not have the target."""
        return {
            currency: cost
            for asked in dict.fromkeys(("", tier))
            for (its_tier, its_endpoint, its_target, currency), cost in self.monthly.items()
            if (its_tier, its_endpoint, its_target) == (asked, endpoint, target)
        }


def read_estimate(path: Path) -> Estimate:
    """Read the file.

    Raises:
        AnyportError: AP567, it cannot be read or has another form.
    """
    try:
        body = json.loads(path.read_text("utf-8-sig"), parse_float=str, parse_int=str)
    except OSError as error:
        raise AnyportError(
            [_wrong(path, f"cannot be read: {(error.strerror or str(error)).lower()}")]
        ) from None
    except ValueError as error:
        raise AnyportError([_wrong(path, f"is no JSON: {error}")]) from None
    except RecursionError:
        raise AnyportError([_wrong(path, "is nested too deep")]) from None
    monthly: dict[Key, Decimal | None] = {}
    places: dict[Key, str] = {}
    problems: list[Problem] = []
    for place, row in _targets(body):
        tier, endpoint, target = (str(row.get(word) or "") for word in ("tier", "endpoint", "target"))
        key = (tier, endpoint, target, str(row.get("currency") or "USD").upper())
        right, cost = _figure(row)
        if not right or not endpoint or not target:
            got = shown(row["monthly"]) if not right and "monthly" in row else ""
            problems.append(_wrong(path, f"has no usable figure at {place}", got=got, allowed=_ALLOWED))
        elif key in monthly:
            problems.append(_twice(path, key, places[key], place))
        else:
            monthly[key], places[key] = cost, place
    if not monthly and not problems:
        problems.append(_wrong(path, "names no target"))
    if problems:
        raise AnyportError(problems)
    return Estimate(str(path), monthly)


def _targets(body: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(body, dict) and isinstance(body.get("costs"), dict):
        yield from _of_anyport_cost(body["costs"])
        return
    rows = body.get("targets") if isinstance(body, dict) else None
    for index, row in enumerate(rows if isinstance(rows, list) else ()):
        yield f"targets[{index}]", row if isinstance(row, dict) else {}


def _of_anyport_cost(costs: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What each target adds to its endpoint's steady month."""
    for path, endpoints in costs.items():
        for endpoint in endpoints if isinstance(endpoints, list) else ():
            targets = endpoint.get("targets") if isinstance(endpoint, dict) else None
            for target in targets if isinstance(targets, list) else ():
                if not isinstance(target, dict):
                    continue
                row = {
                    "tier": endpoint.get("tier"),
                    "endpoint": endpoint.get("name"),
                    "target": target.get("name"),
                }
                if "steady_usd" in target:
                    row["monthly"] = target["steady_usd"]
                yield f"{path}: {row['endpoint']}/{row['target']}", row


def _figure(row: dict[str, Any]) -> tuple[bool, Decimal | None]:
    """Whether the figure is right, and the figure."""
    if row.get("monthly") is None:
        return "monthly" in row, None
    try:
        cost = Decimal(str(row["monthly"]))
    except InvalidOperation:
        return False, None
    if not cost.is_finite() or (cost and not -DIGITS <= cost.adjusted() < DIGITS):
        return False, None
    return True, cost or Decimal(0)


def _twice(path: Path, key: Key, first: str, second: str) -> Problem:
    tier, endpoint, target, currency = key
    whose = f"{endpoint}/{target}" + (f" of tier {tier}" if tier else "")
    return _wrong(
        path, f"has two figures in {currency} for {whose}", got=f"{first} and {second}",
        fix="keep one of them; stack files of one tier that name the same target bear the same tags, so estimate one",
    )  # fmt: skip


def _wrong(path: Path, what: str, got: str = "", allowed: str = "", fix: str = "") -> Problem:
    fix = fix or "write it with: anyport cost --format json > estimate.json"
    return Problem("AP567", "", f"the estimate {what}", got=got, allowed=allowed, fix=fix, file=str(path))
