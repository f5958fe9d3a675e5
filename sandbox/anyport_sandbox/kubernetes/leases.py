"""Signs of life: renews the leases of nodes from a thread of its own, so that nothing else can hold them up."""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from anyport_sandbox.kubernetes.api import Api
from anyport_sandbox.kubernetes.errors import ApiError, ClusterError

__all__ = ["Leases"]

_NAMESPACE = "kube-node-lease"
_END_SECONDS = 5.0


class Leases:
    """Keeps the nodes that were added alive; a quarter of the grace period lies between two signs."""

    def __init__(self, api: Api, node_grace_seconds: float) -> None:
        self._api, self._every = api, node_grace_seconds / 4
        self._nodes: set[str] = set()
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="anyport leases", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._ending = True
        self._wake.set()
        self._thread.join(_END_SECONDS)

    def add(self, node: str) -> None:
        """Keep this one alive, from now."""
        with self._lock:
            self._nodes.add(node)
        self._wake.set()

    def remove(self, node: str) -> None:
        """Give no more signs for this one."""
        with self._lock:
            self._nodes.discard(node)

    def _run(self) -> None:
        while not self._ending:
            with self._lock:
                nodes = sorted(self._nodes)
            for node in nodes:
                self._renew(node)
            self._wake.wait(self._every)
            self._wake.clear()
        self._api.close()

    def _renew(self, node: str) -> None:
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"name": node, "namespace": _NAMESPACE},
            "spec": {
                "holderIdentity": node,
                "leaseDurationSeconds": 40,
                "renewTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            },
        }
        try:
            self._api.apply(lease)
        except (ApiError, ClusterError):
            # The next sign comes soon; a server that stays away is noticed elsewhere.
            return
