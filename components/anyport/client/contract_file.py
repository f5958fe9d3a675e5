"""The routes of a contract, from a file or a value."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import Problem
from ..gateway.routes import RouteError, RouteTable, route_table

__all__ = ["read_contract"]


def read_contract(contract: str | Path | Mapping[str, Any], endpoint: str | None = None) -> RouteTable:
    """The routes of a contract: a file, or the value that a stack's output has.

    Args:
        contract: path of a JSON file, or a contract as `route_table` takes it.
        endpoint: the only one to serve; None serves all of them.

    Raises:
        RouteError: AP401 to AP404; AP401 too when there is no such endpoint.
    """
    value: Any = contract
    if not isinstance(contract, Mapping):
        try:
            value = json.loads(Path(contract).read_text("utf-8"))
        except OSError as error:
            wrong = f"cannot be read: {(error.strerror or str(error)).lower()}"
            raise RouteError([Problem("AP401", "", wrong, file=str(contract))]) from None
        except (ValueError, RecursionError):
            raise RouteError([Problem("AP401", "", "is not valid JSON", file=str(contract))]) from None
    table = route_table(value)
    if endpoint is None:
        return table
    kept = tuple(each for each in table.endpoints if each.name == endpoint)
    if not kept:
        names = ", ".join(each.name for each in table.endpoints)
        raise RouteError(
            [
                Problem(
                    "AP401", "endpoints", "has no such endpoint", got=endpoint, allowed=names, file="contract"
                )
            ]
        )
    return RouteTable(kept)
