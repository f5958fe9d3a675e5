"""Addresses of simulated machines and pods.

The API server refuses loopback addresses in endpoints, so a pod's address is `10.N.a.b`, and its process really listens
at `127.N.a.b`; `N` is one per running cluster of this machine, held by a listening socket.
"""

from __future__ import annotations

import socket

from anyport_sandbox.kubernetes.errors import ClusterError

__all__ = ["Network", "loopback"]

_FIRST, _LAST = 64, 250
_LOCK_PORT = 40999
_POD_ADDRESSES = 250 * 250


def loopback(address: str) -> str:
    """Where a pod's process really listens."""
    return f"127.{address.split('.', 1)[1]}"


class Network:
    """The `10.N` network of one cluster.

    Raises:
        ClusterError: all networks are in use, or the system has no loopback addresses but 127.0.0.1.
    """

    def __init__(self) -> None:
        self._pods: dict[str, int] = {}
        self._nodes: dict[str, int] = {}
        self._next = 0
        self._lock = socket.socket()
        for number in range(_FIRST, _LAST + 1):
            try:
                self._lock.bind((f"127.{number}.255.254", _LOCK_PORT))
            except OSError:
                continue
            self.number = number
            return
        self._lock.close()
        raise ClusterError(
            "no free network of loopback addresses 127.64 to 127.250; end other local clusters, or use Linux."
        )

    def close(self) -> None:
        """Let another cluster have it."""
        self._lock.close()

    def node_address(self, node: str) -> str:
        """Of a machine; the same at every call."""
        index = self._nodes.setdefault(node, len(self._nodes))
        return f"10.{self.number}.{251 + index // 250}.{index % 250 + 1}"

    def pod_address(self, uid: str) -> str:
        """Of a pod; an address is not used again until all others were."""
        if uid not in self._pods:
            taken = set(self._pods.values())
            while self._next % _POD_ADDRESSES in taken:
                self._next += 1
            self._pods[uid] = self._next % _POD_ADDRESSES
            self._next += 1
        index = self._pods[uid]
        return f"10.{self.number}.{index // 250}.{index % 250 + 1}"

    def free(self, uid: str) -> None:
        """The pod has gone."""
        self._pods.pop(uid, None)
