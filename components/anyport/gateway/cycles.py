"""A target that is the gateway itself: every request would come back until something breaks."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection

from ..errors import Problem
from .routes import RouteError, RouteTable, TargetRoute
from .settings import GatewaySettings, host_and_port

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
    host, port = host_and_port(given) if given else (target.host, target.port)
    if port == settings.admin_port and _leads_here(host):
        return True
    if port not in {settings.port, settings.metrics_port}:
        return False
    address = _ip(host)
    if address is not None and address == _ip(settings.address):
        return True
    return _leads_here(host) and _leads_here(settings.address)


def _leads_here(host: str) -> bool:
    """Whether it is loopback; a connection to the address of no host (`0.0.0.0`, `::`) goes there too."""
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _ip(host)
    return address is not None and (address.is_loopback or address.is_unspecified)


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address in any spelling that the system connects to: `127.1`, `0x7f000001` and `::ffff:127.0.0.1` are one."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        pass
    else:
        return getattr(address, "ipv4_mapped", None) or address
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host.rstrip(".")))
    except (OSError, ValueError):
        return None
