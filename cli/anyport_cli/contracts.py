"""Files of contracts, as stacks' outputs have them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from anyport.contract import EndpointContract
from anyport.gateway.routes import route_table

__all__ = ["endpoint_contracts", "read_contracts"]


def read_contracts(path: Path) -> Any:
    """A file of contracts: a stack's outputs, their `endpoints`, or one contract.

    Raises:
        UsageError: it cannot be read or is no JSON.
    """
    try:
        return json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise click.UsageError(f"{path} cannot be read: {(error.strerror or str(error)).lower()}") from None
    except (ValueError, RecursionError):
        raise click.UsageError(
            f"{path} is not valid JSON; write it with: pulumi stack output --json > {path}"
        ) from None


def endpoint_contracts(path: Path) -> list[EndpointContract]:
    """Every endpoint's contract of a file, by name.

    Raises:
        UsageError: it cannot be read or is no JSON.
        RouteError: the contracts are not right; the gateway refuses the same ones.
    """
    raw = read_contracts(path)
    route_table(raw)
    value = _opened(raw)
    if "endpoints" in value:
        value = _opened(value["endpoints"])
    rows = [value] if "targets" in value else [_opened(value[name]) for name in sorted(value)]
    return [EndpointContract.model_validate(row) for row in rows]


def _opened(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
