"""What each target was expected to cost in a month: read from JSON, so that an estimate of any origin can be compared.

The form is a list of targets under `targets`, each with `endpoint`, `target`, `monthly` (a number, a number as text,
or null for not known) and if wanted `tier` and `currency` (USD when left out). Every other key is left alone. What
`anyport cost --format json` prints is read too, as a steady month in which the first target takes all calls.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ..errors import AnyportError, Problem

__all__ = ["Estimate", "read_estimate"]


@dataclass(frozen=True)
class Estimate:
    """Monthly cost by (tier or "", endpoint, target, currency); None where it was not known."""

    shown: str
    monthly: dict[tuple[str, str, str, str], Decimal | None]

    def of(self, tier: str, endpoint: str, target: str) -> dict[str, Decimal | None]:
        """Currency → what was expected; empty when the estimate does not have the target."""
        found: dict[str, Decimal | None] = {}
        for (its_tier, its_endpoint, its_target, currency), cost in self.monthly.items():
            if (its_endpoint, its_target) == (endpoint, target) and its_tier in ("", tier):
                found[currency] = cost
        return found


def read_estimate(path: Path) -> Estimate:
    """Read the file.

    Raises:
        AnyportError: AP567, it cannot be read or has another form.
    """
    try:
        body = json.loads(path.read_text("utf-8-sig"), parse_float=Decimal)
    except OSError as error:
        raise AnyportError(
            [_wrong(path, f"cannot be read: {(error.strerror or str(error)).lower()}")]
        ) from None
    except ValueError as error:
        raise AnyportError([_wrong(path, f"is no JSON: {error}")]) from None
    monthly: dict[tuple[str, str, str, str], Decimal | None] = {}
    problems: list[Problem] = []
    for place, row in _targets(body):
        tier, endpoint, target = (str(row.get(word) or "") for word in ("tier", "endpoint", "target"))
        key = (tier, endpoint, target, str(row.get("currency") or "USD").upper())
        right, cost = _figure(row)
        if not right or not endpoint or not target or key in monthly:
            problems.append(_wrong(path, f"has no usable figure at {place}"))
            continue
        monthly[key] = cost
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
    """A steady month: the first target pays rent and tokens, a warm fallback its rent, a cold one nothing."""
    for path, endpoints in costs.items():
        for endpoint in endpoints if isinstance(endpoints, list) else ():
            targets = endpoint.get("targets") if isinstance(endpoint, dict) else None
            for index, target in enumerate(targets if isinstance(targets, list) else ()):
                if not isinstance(target, dict):
                    continue
                name = endpoint.get("name")
                row: dict[str, Any] = {"endpoint": name, "target": target.get("name"), "currency": "USD"}
                parts = ["rent_usd", "tokens_usd"] if index == 0 else ["rent_usd"]
                if index and target.get("standby") == "cold":
                    parts = []
                yield (
                    f"{path}: {name}/{target.get('name')}",
                    {**row, **_sum([target.get(part) for part in parts])},
                )


def _sum(parts: list[Any]) -> dict[str, Any]:
    """Null as soon as one part is; left out, and so refused, when one is no number."""
    if any(part is None for part in parts):
        return {"monthly": None}
    try:
        return {"monthly": sum((Decimal(str(part)) for part in parts), Decimal(0))}
    except InvalidOperation:
        return {}


def _figure(row: dict[str, Any]) -> tuple[bool, Decimal | None]:
    """Whether the figure is right, and the figure."""
    if row.get("monthly") is None:
        return "monthly" in row, None
    try:
        cost = Decimal(str(row["monthly"]))
    except InvalidOperation:
        return False, None
    return cost.is_finite(), cost


def _wrong(path: Path, what: str) -> Problem:
    return Problem(
        "AP567", "", f"the estimate {what}", fix="write it with: anyport cost --format json > estimate.json",
        file=str(path),
    )  # fmt: skip
