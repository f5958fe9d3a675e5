"""Ports of loopback that stay ours from the moment they are chosen.

A port that was merely free a moment ago can be taken by any other process, or become the near end of an outgoing
connection, before its server listens. So it is held by a socket that is bound and never listens: the system then
gives it to nobody who asks for any port, connections to it are refused, and a server that names it and sets
SO_REUSEADDR or SO_REUSEPORT, as Envoy, Go and asyncio do, still gets it.
"""

from __future__ import annotations

import socket

__all__ = ["LOOPBACK", "reserve_ports"]

LOOPBACK = "127.0.0.1"
_held: list[socket.socket] = []


def reserve_ports(count: int) -> list[int]:
    """Different ports, kept from others until this process ends."""
    for _ in range(count):
        each = socket.socket()
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        each.bind((LOOPBACK, 0))
        _held.append(each)
    return [int(each.getsockname()[1]) for each in _held[-count:]]
