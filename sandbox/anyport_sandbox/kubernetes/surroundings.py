"""What a cloud does around the machines: load balancers, ingress addresses, volumes, node pools.

CoreWeave (documentation collected 2026-11-22): a load balancer is private unless the Service is annotated
`service.beta.kubernetes.io/coreweave-load-balancer-type: public`; the storage class `shared-vast` is shared between
machines. Public addresses are from the documentation range 203.0.113.0/24, so that nothing is reached by mistake.
Guesses: the default class is called `sandbox-default`, volumes are bound at once, every ingress class has a controller.
"""

from __future__ import annotations

from typing import Any

from anyport_sandbox.kubernetes.api import Api
from anyport_sandbox.kubernetes.network import Network
from anyport_sandbox.kubernetes.node_pools import NodePools

__all__ = ["PROVISIONER", "STORAGE_CLASSES", "Surroundings"]

Object = dict[str, Any]
PROVISIONER = "volumes.sandbox.anyport.dev"
_PUBLIC = "service.beta.kubernetes.io/coreweave-load-balancer-type"
_SHARED, _DEFAULT = "shared-vast", "sandbox-default"
_MODES = {
    _SHARED: {"ReadWriteMany", "ReadWriteOnce", "ReadOnlyMany"},
    _DEFAULT: {"ReadWriteOnce", "ReadWriteOncePod"},
}


def _storage_class(name: str, annotations: dict[str, str]) -> Object:
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": name, "annotations": annotations},
        "provisioner": PROVISIONER,
        "volumeBindingMode": "Immediate",
    }


STORAGE_CLASSES = (
    _storage_class(_SHARED, {}),
    _storage_class(_DEFAULT, {"storageclass.kubernetes.io/is-default-class": "true"}),
)


class Surroundings:
    """Answers changes of objects that a cloud's controllers would answer."""

    def __init__(self, api: Api, network: Network, pools: NodePools) -> None:
        self._api, self._network, self._pools = api, network, pools
        self._addresses: dict[str, int] = {}

    def changed(self, kind: str, change: str, body: Object) -> None:
        """One change of a Service, Ingress, PersistentVolumeClaim, PersistentVolume or NodePool."""
        if kind == "NodePool":
            self._pools.changed(change, body)
        elif change == "DELETED":
            self._addresses.pop(body["metadata"]["uid"], None)
        elif kind == "Service" and body["spec"].get("type") == "LoadBalancer":
            public = (body["metadata"].get("annotations") or {}).get(_PUBLIC) == "public"
            self._give_address("v1", kind, body, public=public)
        elif kind == "Ingress":
            self._give_address("networking.k8s.io/v1", kind, body, public=True)
        elif kind == "PersistentVolumeClaim":
            self._provision(body)
        elif kind == "PersistentVolume":
            self._release(body)

    def _give_address(self, api_version: str, kind: str, body: Object, *, public: bool) -> None:
        address = self._address(body["metadata"]["uid"], public=public)
        have = ((body.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []
        if [each.get("ip") for each in have] == [address]:
            return
        status = {"loadBalancer": {"ingress": [{"ip": address}]}}
        target = {"apiVersion": api_version, "kind": kind, "metadata": body["metadata"]}
        self._api.patch(target, {"status": status}, part="status")

    def _address(self, uid: str, *, public: bool) -> str:
        if uid not in self._addresses:
            taken = set(self._addresses.values())
            self._addresses[uid] = next(number for number in range(1, len(taken) + 2) if number not in taken)
        number = self._addresses[uid]
        return (
            f"203.0.113.{number % 254 + 1}"
            if public
            else f"192.168.{self._network.number}.{number % 254 + 1}"
        )

    def _provision(self, claim: Object) -> None:
        """A volume for a claim of one of our classes; the real controller binds the two."""
        spec, meta = claim["spec"], claim["metadata"]
        name = f"pvc-{meta['uid']}"
        allowed = _MODES.get(spec.get("storageClassName") or "")
        if allowed is None or spec.get("volumeName") or meta.get("deletionTimestamp"):
            return
        refused = sorted(set(spec["accessModes"]) - allowed)
        if refused or self._api.find("v1", "PersistentVolume", name) is not None:
            return
        reference = {key: meta[key] for key in ("name", "namespace", "uid")}
        volume = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER}},
            "spec": {
                "capacity": {"storage": spec["resources"]["requests"]["storage"]},
                "accessModes": spec["accessModes"],
                "storageClassName": spec["storageClassName"],
                "volumeMode": spec.get("volumeMode", "Filesystem"),
                "persistentVolumeReclaimPolicy": "Delete",
                "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", **reference},
                "csi": {"driver": PROVISIONER, "volumeHandle": name},
            },
        }
        self._api.create(volume)

    def _release(self, volume: Object) -> None:
        """Delete a volume whose claim has gone."""
        made = (volume["metadata"].get("annotations") or {}).get("pv.kubernetes.io/provisioned-by")
        if made == PROVISIONER and (volume.get("status") or {}).get("phase") == "Released":
            self._api.delete("v1", "PersistentVolume", volume["metadata"]["name"])
