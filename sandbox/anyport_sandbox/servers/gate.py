"""Who may call which route, and with what."""

from __future__ import annotations

import hmac
from collections.abc import Mapping

from anyport_sandbox.servers.clock import Clock
from anyport_sandbox.servers.dialects import Dialect
from anyport_sandbox.servers.errors import ApiError
from anyport_sandbox.servers.routes import Route

__all__ = ["Gate", "accepts"]


class Gate:
    """Tokens are as old as the gate: all are minted when the servers start."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.opened = clock()

    def credential(self, dialect: Dialect, headers: Mapping[str, str], group: list[Route]) -> str:
        """The token presented, known to at least one route and still good: no more is told without one.

        Raises:
            ApiError: 401; 404 when no route has this base path.
        """
        if not group:
            raise ApiError(404, "not_found")
        presented = dialect.credential(headers, group[0])
        known = [route for route in group if accepts(route, presented)]
        if not known:
            raise ApiError(401, "unauthorized")
        if all(self._stale(route) for route in known):
            raise ApiError(401, "token_expired" if known[0].auth_kind == "google_oauth" else "unauthorized")
        return presented

    def pick(self, dialect: Dialect, group: list[Route], model: str, presented: str) -> Route:
        """Two endpoints may share an address and a model; then the caller's own token tells them apart.

        Raises:
            ApiError: 404 for no such model, 401 for another's, 410 (or 404) for a retired one.
        """
        serving = [route for route in group if route.model == model]
        if not serving:
            raise ApiError(404, "model_not_found", param="model")
        route = next((route for route in serving if accepts(route, presented)), None)
        if route is None:
            raise ApiError(401, "unauthorized")
        if route.retired:
            raise ApiError(dialect.retired_status, "retired", param="model")
        return route

    def _stale(self, route: Route) -> bool:
        lifetime = route.token_lifetime_seconds
        return lifetime is not None and self.clock() >= self.opened + lifetime


def accepts(route: Route, presented: str) -> bool:
    """Whether a token is the route's; one of OCI's minted before its policy is nobody's, for good."""
    same = hmac.compare_digest(route.secret.get_secret_value().encode(), presented.encode())
    return same and not route.minted_before_policy
