"""The real controllers over simulated machines: roll-outs, evictions, lost machines, volumes, the end of a namespace."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Self

import pytest
from k8s_objects import Space, pod_spec, ready

from anyport_sandbox.kubernetes import nodes
from anyport_sandbox.kubernetes.cluster import Cluster
from anyport_sandbox.kubernetes.errors import ApiError

pytestmark = pytest.mark.engine

READINESS = {"readinessProbe": {"httpGet": {"path": "/health", "port": 8000}, "periodSeconds": 5}}


class Lowest:
    """The smallest number of ready pods ever seen."""

    def __init__(self, space: Space, app: str) -> None:
        self._space, self._app = space, app
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.seen: list[int] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._ending.is_set():
            self.seen.append(sum(ready(pod) for pod in self._space.pods(self._app)))
        self._space.api.close()


def test_a_full_cluster_is_rolled_without_surge(space: Space) -> None:
    spec = pod_spec(gpus=8, on="gd-8xh100ib-i128", container_extra=READINESS)
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    space.deploy("full", 2, spec, {"start-seconds": "60"}, strategy=strategy)
    space.deployed("full")
    before = {pod["metadata"]["uid"] for pod in space.pods("full")}
    with Lowest(space, "full") as lowest:
        space.deploy("full", 2, spec, {"start-seconds": "61"}, strategy=strategy)
        space.deployed("full")
    after = {
        pod["metadata"]["uid"] for pod in space.pods("full") if not pod["metadata"].get("deletionTimestamp")
    }
    assert len(after) == 2
    assert not before & after
    assert min(lowest.seen) >= 1


def test_with_surge_the_same_roll_out_never_ends(space: Space) -> None:
    spec = pod_spec(gpus=8, on="gd-8xh100ib-i128")
    strategy = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    space.deploy("stuck", 2, spec, strategy=strategy)
    space.deployed("stuck")
    space.deploy("stuck", 2, spec, {"start-seconds": "1"}, strategy=strategy, progressDeadlineSeconds=2)

    def failed(found: dict) -> bool:
        return any(each.get("reason") == "ProgressDeadlineExceeded" for each in found["status"]["conditions"])

    space.api.wait(lambda: space.api.get("apps/v1", "Deployment", "stuck", space.name), failed)


def test_evictions_never_take_the_last_ready_replica(space: Space) -> None:
    space.deploy("kept", 2, pod_spec(container_extra=READINESS), {"start-seconds": "90"})
    selector = {"matchLabels": {"app": "kept"}}
    space.put("policy/v1", "PodDisruptionBudget", "kept", {"maxUnavailable": 1, "selector": selector})
    space.deployed("kept")
    budget = space.api.wait(
        lambda: space.api.get("policy/v1", "PodDisruptionBudget", "kept", space.name),
        lambda found: found.get("status", {}).get("disruptionsAllowed") == 1,
    )
    assert budget["status"]["desiredHealthy"] == 1
    first, second = [pod["metadata"]["name"] for pod in space.pods("kept")]
    with Lowest(space, "kept") as lowest:
        space.api.evict(first, space.name)
        with pytest.raises(ApiError) as refused:
            space.api.evict(second, space.name)
        assert (refused.value.status, refused.value.reason) == (429, "TooManyRequests")
        assert "disruption budget" in refused.value.message

        def evicted() -> bool:
            try:
                space.api.evict(second, space.name)
            except ApiError as error:
                return error.status != 429
            return True

        space.api.wait(evicted, means="the second eviction")
        space.deployed("kept")
    assert min(lowest.seen) >= 1


@pytest.fixture
def pair(cluster: Cluster) -> Iterator[list[str]]:
    """Two machines of their own pool, which the test may lose."""
    yield cluster.add_nodes([nodes.coreweave("gd-8xa100-i128", "US-EAST-01A", count=2, pool="lossy")])
    for name in ("lossy-0", "lossy-1"):
        cluster.kubelet.recover(name)
        cluster.api.delete("v1", "Node", name)


def test_a_lost_machine_is_noticed_and_its_pods_are_replaced(space: Space, pair: list[str]) -> None:
    space.deploy("moving", 1, pod_spec(gpus=8, on="gd-8xa100-i128"))
    space.deployed("moving")
    (old,) = space.pods("moving")
    lost = old["spec"]["nodeName"]
    space.cluster.kubelet.lose(lost)
    node = space.api.wait(
        lambda: space.api.get("v1", "Node", lost),
        lambda node: any(
            each["type"] == "Ready" and each["status"] == "Unknown" for each in node["status"]["conditions"]
        ),
        means="the loss is not noticed",
    )
    assert node["metadata"]["name"] == lost
    taints = space.api.wait(
        lambda: [
            each["key"]
            for each in space.api.get("v1", "Node", lost)["spec"]["taints"]
            if each["effect"] == "NoExecute"
        ]
    )
    assert taints == ["node.kubernetes.io/unreachable"]

    def moved() -> bool:
        return any(ready(pod) and pod["spec"]["nodeName"] != lost for pod in space.pods("moving"))

    space.api.wait(moved, seconds=40, means="the pod is not replaced")
    stuck = space.get(old["metadata"]["name"])
    assert stuck["metadata"]["deletionTimestamp"], "nobody can end a pod on a machine that is away"
    assert not ready(stuck)
    space.cluster.kubelet.recover(lost)
    space.api.wait(lambda: space.api.find("v1", "Pod", old["metadata"]["name"], space.name) is None)


def test_load_balancers_ingresses_and_claims_are_served(space: Space) -> None:
    ports = [{"port": 80}]
    public = {"annotations": {"service.beta.kubernetes.io/coreweave-load-balancer-type": "public"}}
    space.put("v1", "Service", "inner", {"type": "LoadBalancer", "ports": ports})
    space.put("v1", "Service", "outer", {"type": "LoadBalancer", "ports": ports}, metadata=public)
    space.put(
        "networking.k8s.io/v1",
        "Ingress",
        "web",
        {"defaultBackend": {"service": {"name": "inner", "port": {"number": 80}}}},
    )

    def address(kind: tuple[str, str], name: str) -> str:
        found = space.api.wait(
            lambda: space.api.get(*kind, name, space.name)["status"].get("loadBalancer", {}).get("ingress")
        )
        return str(found[0]["ip"])

    assert address(("v1", "Service"), "inner").startswith("192.168.")
    assert address(("v1", "Service"), "outer").startswith("203.0.113.")
    assert address(("networking.k8s.io/v1", "Ingress"), "web").startswith("203.0.113.")


def claim(mode: str, storage_class: str | None = None) -> dict:
    named = {"storageClassName": storage_class} if storage_class else {}
    return {"accessModes": [mode], "resources": {"requests": {"storage": "1Ti"}}, **named}


def test_claims_are_bound_by_class_and_access(space: Space) -> None:
    kind = ("v1", "PersistentVolumeClaim")
    space.put(*kind, "shared", claim("ReadWriteMany", "shared-vast"))
    space.put(*kind, "plain", claim("ReadWriteOnce"))
    space.put(*kind, "wrong", claim("ReadWriteMany", "sandbox-default"))
    for name in ("shared", "plain"):
        space.api.wait(lambda name=name: space.api.get(*kind, name, space.name)["status"]["phase"] == "Bound")
    assert space.api.get(*kind, "wrong", space.name)["status"]["phase"] == "Pending"
    volume = space.api.get(*kind, "shared", space.name)["spec"]["volumeName"]
    for name in ("shared", "plain", "wrong"):
        space.api.delete(*kind, name, space.name)
    space.api.wait(lambda: space.api.find("v1", "PersistentVolume", volume) is None, means="the volume stays")


def test_the_end_of_a_namespace_leaves_nothing(space: Space) -> None:
    space.key()
    space.deploy("gone", 2, pod_spec(gpus=1, terminationGracePeriodSeconds=2))
    space.put("v1", "Service", "gone", {"selector": {"app": "gone"}, "ports": [{"port": 80}]})
    space.put("v1", "PersistentVolumeClaim", "gone", claim("ReadWriteMany", "shared-vast"))
    space.put("keda.sh/v1alpha1", "TriggerAuthentication", "gone", {"secretTargetRef": []})
    space.deployed("gone")
    space.end()
    space.api.wait(
        lambda: space.api.find("v1", "Namespace", space.name) is None, seconds=40, means="the namespace stays"
    )
    for version, kind in (
        ("v1", "Pod"),
        ("apps/v1", "ReplicaSet"),
        ("v1", "Secret"),
        ("v1", "PersistentVolumeClaim"),
    ):
        assert space.api.list(version, kind, space.name) == []
    left = [
        each
        for each in space.api.list("v1", "PersistentVolume")
        if each["spec"]["claimRef"]["namespace"] == space.name
    ]
    assert left == []


def test_a_node_pool_brings_machines_and_takes_them_away(space: Space) -> None:
    def pool(target: int, instance_type: str = "gd-8xh200ib-i128") -> dict:
        return {
            "apiVersion": "compute.coreweave.com/v1alpha1",
            "kind": "NodePool",
            "metadata": {"name": space.name},
            "spec": {"instanceType": instance_type, "targetNodes": target, "nodeLabels": {"team": "chat"}},
        }

    def shows(kind: str, status: str) -> bool:
        found = space.api.get("compute.coreweave.com/v1alpha1", "NodePool", space.name).get("status", {})
        return any((each["type"], each["status"]) == (kind, status) for each in found.get("conditions", ()))

    try:
        space.api.apply(pool(1))
        space.api.wait(lambda: shows("AtTarget", "False"))
        space.pod("waits", pod_spec(gpus=8, nodeSelector={"team": "chat"}))
        space.api.wait(lambda: shows("AtTarget", "True"))
        assert space.until("waits", ready)["spec"]["nodeName"] == f"{space.name}-0"
        space.api.apply(pool(0))
        space.api.wait(lambda: space.api.find("v1", "Node", f"{space.name}-0") is None)
    finally:
        space.api.delete("compute.coreweave.com/v1alpha1", "NodePool", space.name)
    space.api.apply(pool(1, "no-such-type"))
    try:
        space.api.wait(lambda: shows("Valid", "False"))
    finally:
        space.api.delete("compute.coreweave.com/v1alpha1", "NodePool", space.name)
