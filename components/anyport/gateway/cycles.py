"""A target that is the gateway itself: every request would come back until something breaks."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection

from ..errors import Problem
from .routes import RouteError, RouteTable, TargetRoute
from .settings import GatewaySettings

__all__ = ["refuse_cycles"]


def refuse_cycles(table: RouteTable, settings: GatewaySettings, names: Collection[str] = ()) -> None:
    """Refuse a table with such a target.

    Args:
        table: the routes.
        settings: where the gateway listens, and which hosts go to which address.
        names: host names under which it is known besides, on any port.

    A name that only DNS knows for the gateway cannot be seen here.

    Raises:
        RouteError: AP406.
    """
    problems = [
        Problem("AP406", f"endpoints.{endpoint.name}.targets.{target.name}.base_url",
                "leads back to the gateway itself", got=f"{target.host}:{target.port}",
                fix="name the model server's own address", file="contract")
        for endpoint in table.endpoints
        for target in endpoint.targets
        if _own(target, settings) or target.host.rstrip(".").lower() in names
    ]  # fmt: skip
    if problems:
        raise RouteError(problems)


def _own(target: TargetRoute, settings: GatewaySettings) -> bool:
    given = settings.addresses.get(target.host)
    host, port = (
        (given.rpartition(":")[0], int(given.rpartition(":")[2])) if given else (target.host, target.port)
    )
    ports = {settings.port, settings.metrics_port}
    if port == settings.admin_port and _loopback(host):
        return True
    if port not in ports:
        return False
    listening = settings.address
    if host.strip("[]") == listening:
        return True
    return _loopback(host) and (_loopback(listening) or listening in ("0.0.0.0", "::"))  # noqa: S104  # compared only


def _loopback(host: str) -> bool:
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
