"""The Lua that Envoy runs: texts of `lua/`, with the route table written before them as Lua tables.

Names and paths from contracts get into Lua as quoted strings only, so nothing in a contract can become code.
"""

from __future__ import annotations

from importlib import resources
from typing import Any

from ..errors import Problem
from .private_headers import PRIVATE_HEADERS, PRIVATE_WORDS
from .routes import API_PATHS, EndpointRoute, RouteError, RouteTable
from .settings import GatewaySettings

__all__ = ["TRIGGERS", "callers_lua", "ending_lua", "front_lua", "literal", "targets_lua"]

TRIGGERS: tuple[int, ...] = (401, 403, 404, 408, 410, 429, *range(500, 600))
"""Statuses that move a request on to the next target: a dead key, a retired model, a shortage, a fault."""

LENIENT = frozenset({"streaming", "reasoning"})
"""Features about which catalogs often say nothing; a target that cannot do them says so by itself."""


def callers_lua() -> str:
    """Of the filter that takes callers' keys."""
    return _text("callers")


def ending_lua() -> str:
    """Of the filter that tells callers at once of a transfer that breaks."""
    return _text("ending")


def front_lua(table: RouteTable, settings: GatewaySettings) -> str:
    """Of the filter that chooses the order of targets."""
    endpoints = {endpoint.name: _endpoint(endpoint) for endpoint in table.endpoints}
    head = [
        f"local ENDPOINTS = {literal(endpoints)}",
        f"local NAMES = {literal(sorted(endpoints))}",
        # Without callers' keys nobody has checked who a caller says it is.
        f"local KNOWN_CALLERS = {literal(bool(settings.callers_file or settings.caller_tokens))}",
        f"local PATHS = {literal({f'/v1{path}': api for api, path in API_PATHS.items()})}",
        f"local PRIVATE_HEADERS = {literal(dict.fromkeys(sorted(PRIVATE_HEADERS), True))}",
        f"local PRIVATE_WORDS = {literal(PRIVATE_WORDS)}",
    ]
    drill = [f"local DRILL_KEY_FILE = {literal(settings.drill_key_file)}", _text("drill")]
    return "\n".join(
        [*head, _text("json"), _text("refuse"), *(drill if settings.drill_key_file else []), _text("front")]
    )


def targets_lua(table: RouteTable, settings: GatewaySettings) -> str:
    """Of the filter that stands before the targets."""
    targets = {
        f"{endpoint.name}/{target.name}": {
            "name": target.name,
            "model": target.model,
            "base_path": target.base_path,
            "paths": dict(API_PATHS),
            "first_byte_ms": round(settings.first_byte_seconds * 1000),
            "answer_ms": round(settings.answer_seconds * 1000),
        }
        for endpoint in table.endpoints
        for target in endpoint.targets
    }
    head = [
        f"local TARGETS = {literal(targets)}",
        f"local FAILURES = {settings.failures}",
        f"local COOLDOWN_MS = {round(settings.cooldown_seconds * 1000)}",
        f"local TRIGGERS = {literal({str(status): True for status in TRIGGERS})}",
    ]
    return "\n".join([*head, _text("json"), _text("errors"), _text("targets")])


def _endpoint(endpoint: EndpointRoute) -> dict[str, Any]:
    """A feature of `LENIENT` that no target is known to have decides nothing; any other one refuses."""
    listed = frozenset().union(*(target.features for target in endpoint.targets))
    free = LENIENT - listed
    rows = [
        {
            "index": index,
            "name": target.name,
            "priority": target.priority,
            "weight": target.weight,
            "features": dict.fromkeys(sorted(target.features | free), True),
        }
        for index, target in enumerate(endpoint.targets)
    ]
    return {"apis": dict.fromkeys(endpoint.apis, True), "targets": rows}


def literal(value: Any) -> str:
    """A Python value as a Lua one: maps, lists, texts, numbers, booleans.

    Raises:
        RouteError: AP401, a text holds half of a surrogate pair, which no encoding has.
    """
    if isinstance(value, dict):
        rows = ", ".join(f"[{literal(str(key))}] = {literal(item)}" for key, item in value.items())
        return f"{{{rows}}}"
    if isinstance(value, list | tuple):
        return f"{{{', '.join(literal(item) for item in value)}}}"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    try:
        escaped = "".join(
            char
            if char.isalnum() or char in " -_./:,;%+=@~"
            else "".join(f"\\{byte:03d}" for byte in char.encode())
            for char in str(value)
        )
    except UnicodeEncodeError:
        wrong, got = "a text holds half of a surrogate pair", ascii(value)[:80]
        raise RouteError([Problem("AP401", "endpoints", wrong, got=got, file="contract")]) from None
    return f'"{escaped}"'


def _text(name: str) -> str:
    return resources.files(__package__).joinpath("lua", f"{name}.lua").read_text("utf-8")
