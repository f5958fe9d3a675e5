"""The stand-in provider in front of a real API server: what it sends, waits for, reads back, refuses and says."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from k8s_objects import Space, first_status, pod_spec
from pulumi.runtime.proto import provider_pb2 as pb
from pulumi.runtime.proto import status_pb2

from anyport_sandbox.clouds.clock import SystemClock
from anyport_sandbox.clouds.kubernetes_await import Patience, Waiter
from anyport_sandbox.clouds.kubernetes_plugin import RealProvider
from anyport_sandbox.clouds.state import State
from anyport_sandbox.clouds.wire import UNKNOWN, seal, sealed, struct, wire
from anyport_sandbox.kubernetes.api import Api
from anyport_sandbox.kubernetes.cluster import Cluster

pytestmark = pytest.mark.engine

CONFIG_MAP, SECRET = "kubernetes:core/v1:ConfigMap", "kubernetes:core/v1:Secret"
NAMESPACE, SERVICE = "kubernetes:core/v1:Namespace", "kubernetes:core/v1:Service"
DEPLOYMENT, CLAIM = "kubernetes:apps/v1:Deployment", "kubernetes:core/v1:PersistentVolumeClaim"
GROUP = "kubernetes:leaderworkerset.x-k8s.io/v1:LeaderWorkerSet"


class Refused(Exception):  # noqa: N818  # reads as what happened
    """One sentence."""


class Unfinished(Exception):  # noqa: N818
    """There, and not live."""

    def __init__(self, detail: Any) -> None:
        super().__init__("; ".join(detail.reasons))
        self.id, self.reasons, self.outputs = detail.id, list(detail.reasons), wire(detail.properties)


class Context:
    def abort(self, code: Any, details: str) -> None:
        raise Refused(details)

    def abort_with_status(self, status: Any) -> None:
        rich = status_pb2.Status.FromString(dict(status.trailing_metadata)["grpc-status-details-bin"])
        detail = pb.ErrorResourceInitFailed()
        assert rich.details[0].Unpack(detail)
        assert rich.code == status.code.value[0], "the engine reads the details only then"
        raise Unfinished(detail)


class Provider:
    """Asks as the engine does."""

    def __init__(self, api: Api, space: str, folder: Path, **config: Any) -> None:
        self.space, self.api = space, api
        self.over: Callable[[], Any] | None = None
        self.waits = False
        self.waiter = Waiter(api, Patience(floor_seconds=60), lambda *_: "", self.now)
        self.real = RealProvider(State(folder, "kubernetes"), SystemClock(), api, self.waiter)
        self.real.Configure(pb.ConfigureRequest(args=struct(config)), Context())

    def now(self) -> float:
        """The time, for a wait, which asks first for its start; over when what a test wants to be told is there."""
        begun, self.waits = self.waits, True
        return 1e9 if begun and self.over is not None and self.over() else time.monotonic()

    def wait_as_usual(self) -> None:
        """Time is what the clock says."""
        self.over = None

    def wait_until(self, *there: tuple[str, str, Callable[[Any], Any]]) -> None:
        """Time is over for the next wait when of each kind some object in the namespace is so."""
        self.waits = False
        self.over = lambda: all(
            any(fits(found) for found in self.api.list(version, kind, self.space))
            for version, kind, fits in there
        )

    def urn(self, token: str) -> str:
        return f"urn:pulumi:test::p::{token}::x"

    def body(self, name: str, **more: Any) -> dict[str, Any]:
        metadata = {"name": name, "namespace": self.space, **more.pop("metadata", {})}
        return {"metadata": metadata, **more}

    def create(self, token: str, body: dict[str, Any], preview: bool = False, timeout: float = 0) -> Any:
        request = pb.CreateRequest(
            urn=self.urn(token), properties=struct(body), preview=preview, timeout=timeout
        )
        answer = self.real.Create(request, Context())
        return answer.id, wire(answer.properties)

    def update(self, token: str, identity: str, body: dict[str, Any], preview: bool = False) -> Any:
        request = pb.UpdateRequest(
            urn=self.urn(token), id=identity, news=struct(body), olds=struct(body), preview=preview
        )
        return wire(self.real.Update(request, Context()).properties)

    def read(self, token: str, identity: str, inputs: dict[str, Any]) -> Any:
        request = pb.ReadRequest(urn=self.urn(token), id=identity, inputs=struct(inputs))
        return self.real.Read(request, Context())

    def delete(self, token: str, identity: str) -> None:
        self.real.Delete(pb.DeleteRequest(urn=self.urn(token), id=identity), Context())


@pytest.fixture
def provider(cluster: Cluster, space: Space, tmp_path: Path) -> Provider:
    return Provider(cluster.api, space.name, tmp_path)


def condition(kind: str, status: str) -> Callable[[Any], bool]:
    """Whether an object says so of itself."""
    return lambda found: any(
        (each["type"], each["status"]) == (kind, status)
        for each in (found.get("status") or {}).get("conditions") or ()
    )


def deployment(name: str, spec: dict[str, Any], replicas: int = 1, **notes: str) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": name}, "annotations": notes}, "spec": spec}
    return {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}


def test_an_object_is_made_changed_read_and_deleted(provider: Provider, cluster: Cluster) -> None:
    body = provider.body("m", data={"a": "1", "b": "2"})
    identity, outputs = provider.create(CONFIG_MAP, body)
    assert identity == f"{provider.space}/m"
    assert outputs["metadata"]["uid"]
    assert "managedFields" not in outputs["metadata"]
    del body["data"]["b"]
    assert provider.update(CONFIG_MAP, identity, body)["data"] == {"a": "1"}, "what the program drops goes"
    found = cluster.api.get("v1", "ConfigMap", "m", provider.space)
    cluster.api.patch(found, {"data": {"a": "9", "foreign": "x"}})
    read = provider.read(CONFIG_MAP, identity, body)
    assert wire(read.inputs)["data"] == {"a": "9"}, "only what the program sets"
    assert wire(read.properties)["data"] == {"a": "9", "foreign": "x"}
    provider.delete(CONFIG_MAP, identity)
    assert provider.read(CONFIG_MAP, identity, body).id == ""
    provider.delete(CONFIG_MAP, identity)


def test_what_exists_is_refused_unless_told(provider: Provider, cluster: Cluster, tmp_path: Path) -> None:
    body = provider.body("m", data={"a": "1"})
    provider.create(CONFIG_MAP, body)
    with pytest.raises(Refused, match=f'"{provider.space}/m" already exists'):
        provider.create(CONFIG_MAP, body)
    told = Provider(cluster.api, provider.space, tmp_path / "b", upsertExistingObjects=True)
    assert told.create(CONFIG_MAP, provider.body("m", data={"a": "2"}))[1]["data"] == {"a": "2"}


def test_a_field_of_another_manager_is_a_conflict(provider: Provider, cluster: Cluster) -> None:
    identity, _ = provider.create(CONFIG_MAP, provider.body("m", data={"a": "1"}))
    cluster.api.patch(cluster.api.get("v1", "ConfigMap", "m", provider.space), {"data": {"a": "9"}})
    wanted = provider.body("m", data={"a": "2"})
    for preview in (True, False):
        with pytest.raises(Refused, match=r"conflict[\s\S]*pulumi.com/patchForce"):
            provider.update(CONFIG_MAP, identity, wanted, preview)
    forced = provider.body("m", data={"a": "2"}, metadata={"annotations": {"pulumi.com/patchForce": "true"}})
    assert provider.update(CONFIG_MAP, identity, forced)["data"] == {"a": "2"}


def test_a_preview_asks_the_server_and_makes_nothing(provider: Provider, cluster: Cluster) -> None:
    wrong = provider.body("d", spec={**deployment("d", pod_spec()), "replicas": -1})
    with pytest.raises(Refused, match=r"spec\.replicas: Invalid value: -1"):
        provider.create(DEPLOYMENT, wrong, preview=True)
    with pytest.raises(Refused, match="field not declared in schema"):
        provider.create(DEPLOYMENT, provider.body("d", spec={**deployment("d", pod_spec()), "x": 1}), True)
    provider.create(DEPLOYMENT, provider.body("d", spec=deployment("d", pod_spec())), preview=True)
    assert cluster.api.list("apps/v1", "Deployment", provider.space) == []


@pytest.mark.parametrize(
    ("token", "more"),
    [
        (CONFIG_MAP, {"metadata": {"namespace": "comes-in-the-same-update"}}),
        (CONFIG_MAP, {"data": {"a": UNKNOWN}}),
        ("kubernetes:example.com/v1:Thing", {"apiVersion": "example.com/v1", "kind": "Thing"}),
    ],
)
def test_a_preview_echoes_what_the_server_cannot_know_yet(
    provider: Provider, token: str, more: dict[str, Any]
) -> None:
    _, outputs = provider.create(token, provider.body("m", **more), preview=True)
    assert outputs["metadata"]["name"] == "m"


def test_secrets_stay_secret_on_every_way(provider: Provider) -> None:
    body = provider.body("s", stringData=seal({"key": "hush-hush"}))
    identity, outputs = provider.create(SECRET, body)
    assert sealed(outputs["data"])
    assert sealed(outputs["stringData"])
    read = provider.read(SECRET, identity, body)
    assert sealed(wire(read.inputs)["stringData"])
    assert wire(read.inputs) == body, "the server keeps the values elsewhere, which is no change"
    with pytest.raises(Refused) as refused:
        provider.create(SECRET, provider.body("t", stringData=seal({"hush-hush!": "hush-hush!"})))
    assert "hush-hush!" not in str(refused.value)


def test_a_deployment_is_waited_for(provider: Provider, space: Space) -> None:
    _, outputs = provider.create(DEPLOYMENT, provider.body("d", spec=deployment("d", pod_spec(), 2)))
    assert outputs["status"]["readyReplicas"] == 2
    ports = {"selector": {"app": "d"}, "ports": [{"port": 80, "targetPort": 8000}]}
    provider.create(SERVICE, provider.body("d", spec=ports))
    provider.wait_until()
    with pytest.raises(Unfinished, match="does not target any Pods"):
        provider.create(SERVICE, provider.body("e", spec={**ports, "selector": {"app": "e"}}))
    assert len(space.pods("d")) == 2


def test_what_a_pod_lacks_is_in_the_reasons(provider: Provider, cluster: Cluster) -> None:
    spec = deployment("d", pod_spec(gpus=99))
    provider.wait_until(
        ("apps/v1", "Deployment", condition("Available", "False")),
        ("v1", "Pod", condition("PodScheduled", "False")),
    )
    with pytest.raises(Unfinished) as told:
        provider.create(DEPLOYMENT, provider.body("d", spec=spec))
    reasons = told.value.reasons
    assert reasons[0].startswith(f"resource {provider.space}/d was successfully created, but")
    assert "[MinimumReplicasUnavailable] Deployment does not have minimum availability." in reasons
    assert "Minimum number of live Pods was not attained" in reasons
    assert "Insufficient nvidia.com/gpu" in reasons[-1]
    assert told.value.id == f"{provider.space}/d"
    assert told.value.outputs["metadata"]["uid"]
    provider.wait_as_usual()
    provider.update(DEPLOYMENT, told.value.id, provider.body("d", spec=deployment("d", pod_spec())))


def test_a_crash_tells_exit_code_and_last_words(provider: Provider) -> None:
    notes = {
        "sandbox.anyport.dev/exit-code": "7",
        "sandbox.anyport.dev/run-seconds": "1",
        "sandbox.anyport.dev/message": "first\nno such model",
    }
    # With no probe it would count as live in any second in which it runs.
    never = {"readinessProbe": {"httpGet": {"path": "/", "port": 8000}, "initialDelaySeconds": 3600}}
    spec = deployment("d", pod_spec(container_extra=never), **notes)
    provider.wait_until(("v1", "Pod", lambda pod: first_status(pod).get("lastState")))
    with pytest.raises(Unfinished, match="ended with exit 7, its last words: no such model"):
        provider.create(DEPLOYMENT, provider.body("d", spec=spec))


def test_pods_that_are_refused_say_so(provider: Provider, space: Space) -> None:
    space.label({"pod-security.kubernetes.io/enforce": "restricted"})
    provider.wait_until(("apps/v1", "Deployment", condition("ReplicaFailure", "True")))
    with pytest.raises(Unfinished, match=r"\[FailedCreate\].*violates PodSecurity"):
        provider.create(DEPLOYMENT, provider.body("d", spec=deployment("d", pod_spec())))


def test_a_claim_that_nobody_serves_is_named(provider: Provider) -> None:
    size = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    provider.wait_until()
    with pytest.raises(Unfinished, match="there is no storage class none-such"):
        provider.create(CLAIM, provider.body("c", spec={**size, "storageClassName": "none-such"}))
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}]
    provider.wait_until()
    with pytest.raises(Unfinished, match=r'Failed to bind PersistentVolumeClaim\(s\): "c"'):
        provider.create(DEPLOYMENT, provider.body("d", spec=deployment("d", pod_spec(volumes=volumes))))
    provider.wait_as_usual()
    assert provider.create(CLAIM, provider.body("ok", spec=size))[1]["status"]["phase"] == "Bound"


def test_annotations_say_whether_and_for_what_is_waited(provider: Provider, cluster: Cluster) -> None:
    spec = deployment("d", pod_spec(gpus=99))
    skip = {"annotations": {"pulumi.com/skipAwait": "true"}}
    assert provider.create(DEPLOYMENT, provider.body("d", spec=spec, metadata=skip))[0]
    wanted = json.dumps(["jsonpath={.data.ready}=yes", "condition=Done"])
    wait = {"annotations": {"pulumi.com/waitFor": wanted}}
    provider.wait_until()
    with pytest.raises(Unfinished) as told:
        provider.create(CONFIG_MAP, provider.body("m", data={"ready": "no"}, metadata=wait))
    assert told.value.reasons[1:] == [
        "Waiting for {.data.ready} to be yes",
        "Waiting for condition Done=True",
    ]
    easy = {"annotations": {"pulumi.com/waitFor": "jsonpath={.data.ready}=yes"}}
    provider.create(CONFIG_MAP, provider.body("n", data={"ready": "yes"}, metadata=easy))


def test_a_cancelled_wait_keeps_the_object(provider: Provider) -> None:
    threading.Timer(0.5, provider.real.Cancel, (None, None)).start()
    with pytest.raises(Unfinished, match="Resource operation was cancelled for 'd'"):
        provider.create(DEPLOYMENT, provider.body("d", spec=deployment("d", pod_spec(gpus=99))), timeout=1e9)


@pytest.mark.parametrize(
    ("place", "selector"),
    [
        ("US-EAST-04A", "topology.kubernetes.io/zone=US-EAST-04A"),
        ("US-EAST-04", "topology.kubernetes.io/region=US-EAST-04"),
        ("RNO2A", "topology.kubernetes.io/region=RNO2A"),
        ("my-cluster", None),
    ],
)
def test_the_namespace_of_a_place_keeps_its_pods_there(
    cluster: Cluster, space: Space, tmp_path: Path, place: str, selector: str | None
) -> None:
    placed = Provider(cluster.api, space.name, tmp_path, clusterIdentifier=place)
    name = f"{space.name}-in"
    placed.create(NAMESPACE, {"metadata": {"name": name}})
    notes = cluster.api.get("v1", "Namespace", name)["metadata"].get("annotations") or {}
    assert notes.get("scheduler.alpha.kubernetes.io/node-selector") == selector
    placed.delete(NAMESPACE, name)
    assert cluster.api.find("v1", "Namespace", name) is None


def test_a_kind_nobody_serves_is_named(provider: Provider) -> None:
    body = {**provider.body("x"), "apiVersion": "example.com/v1", "kind": "Thing"}
    with pytest.raises(Refused, match='no matches for kind "Thing" in version'):
        provider.create("kubernetes:example.com/v1:Thing", body)
    with pytest.raises(Refused, match="does not simulate"):
        provider.create("kubernetes:helm.sh/v3:Release", provider.body("x"))


def test_a_cluster_that_is_away(tmp_path: Path, cluster: Cluster) -> None:
    away = Provider(Api("https://127.0.0.1:1", "t", cluster.ca_path), "default", tmp_path)
    assert away.create(CONFIG_MAP, away.body("m"), preview=True)[1]["metadata"]["name"] == "m"
    for ask in (
        lambda: away.create(CONFIG_MAP, away.body("m")),
        lambda: away.read(CONFIG_MAP, "default/m", {}),
    ):
        with pytest.raises(Refused, match="configured Kubernetes cluster is unreachable"):
            ask()
