"""What policies need to know of a gateway: plain values, from the table that its configuration is made of."""

from __future__ import annotations

from typing import Any

from .lua_text import TRIGGERS
from .routes import RouteTable

__all__ = ["gateway_facts"]

_CONNECTION = ("connect-failure", "reset", "first-byte-timeout")
_SERVER_ERRORS = range(500, 600)


def gateway_facts(table: RouteTable) -> dict[str, Any]:
    """Facts for the rule `gateway-lists-targets`.

    Returns:
        `endpoints`: endpoint → `targets`, names in order of use, and `missing`, warm targets of the spec that are
        not routed to; `triggers`: what moves a request on, `5xx` for all of 500 to 599.
    """
    every = set(TRIGGERS)
    one_by_one = [str(status) for status in TRIGGERS if status not in _SERVER_ERRORS]
    triggers = [*_CONNECTION, *one_by_one, *(["5xx"] if every.issuperset(_SERVER_ERRORS) else [])]
    return {
        "endpoints": {
            endpoint.name: {
                "targets": [{"name": t.name, "priority": t.priority} for t in endpoint.targets],
                "missing": list(endpoint.missing),
            }
            for endpoint in table.endpoints
        },
        "triggers": triggers,
    }
