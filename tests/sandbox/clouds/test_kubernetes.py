"""What a cluster refuses, and what it computes."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from anyport_sandbox.clouds.wire import UNKNOWN, struct

from .conftest import Context, Refused

NAMESPACE = "kubernetes:core/v1:Namespace"
CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
SERVICE = "kubernetes:core/v1:Service"
POOL = "kubernetes:compute.coreweave.com/v1alpha1:NodePool"


def workload(label: str = "a", **metadata: Any) -> dict[str, Any]:
    pod = {"metadata": {"labels": {"app": label}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
    return {
        "metadata": {"name": "web", **metadata},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "a"}}, "template": pod},
    }


def test_namespaces(sim: Any) -> None:
    cloud = sim("kubernetes")
    with pytest.raises(Refused, match='namespaces "llm" not found'):
        cloud.create(CONFIG_MAP, "c", {"metadata": {"name": "c", "namespace": "llm"}})
    cloud.create(NAMESPACE, "n", {"metadata": {"name": "llm"}})
    identity, _ = cloud.create(CONFIG_MAP, "c", {"metadata": {"name": "c", "namespace": "llm"}})
    assert identity == "llm/c"
    with pytest.raises(Refused, match="already exists"):
        cloud.create(CONFIG_MAP, "d", {"metadata": {"name": "c", "namespace": "llm"}})
    cloud.delete(NAMESPACE, "n", "llm")
    assert cloud.read(CONFIG_MAP, "c", identity).id == ""


def test_clusters_are_apart(sim: Any) -> None:
    one, two = sim("kubernetes", clusterIdentifier="one"), sim("kubernetes", clusterIdentifier="two")
    one.create(NAMESPACE, "n", {"metadata": {"name": "llm"}})
    with pytest.raises(Refused, match="not found"):
        two.create(CONFIG_MAP, "c", {"metadata": {"namespace": "llm"}})


def test_bad_kubeconfig(sim: Any) -> None:
    with pytest.raises(Refused, match="cluster is unreachable") as refused:
        sim("kubernetes", kubeconfig="token: hush").create(CONFIG_MAP, "c", {})
    assert "hush" not in str(refused.value)


def test_names_are_made_up_once(sim: Any) -> None:
    cloud = sim("kubernetes")
    first = cloud.check(CONFIG_MAP, "Map", {}).inputs
    name = first.fields["metadata"].struct_value.fields["name"].string_value
    assert name.startswith("map-")
    request = pb.CheckRequest(
        urn=cloud.urn(CONFIG_MAP, "Map"), news=struct({}), olds=first, randomSeed=b"other"
    )
    again = cloud.provider.Check(request, Context()).inputs
    assert again.fields["metadata"].struct_value.fields["name"].string_value == name


def test_a_preview_knows_the_name_that_the_program_gives(sim: Any) -> None:
    _, out = sim("kubernetes").create(CONFIG_MAP, "c", {"metadata": {"name": "c"}}, preview=True)
    assert out["metadata"]["name"] == "c"
    assert out["metadata"]["uid"] == UNKNOWN


def test_names_follow_rfc_1123(sim: Any) -> None:
    assert set(sim("kubernetes").problems(CONFIG_MAP, {"metadata": {"name": "Not_Ok"}})) == {"metadata.name"}


def test_deployments(sim: Any) -> None:
    cloud = sim("kubernetes")
    found = cloud.problems(DEPLOYMENT, workload("b"))
    assert found == {"spec.template.metadata.labels": "`selector` does not match template `labels`"}
    identity, out = cloud.create(DEPLOYMENT, "d", workload())
    assert identity == "default/web"
    assert out["status"]["readyReplicas"] == 2
    moved = cloud.diff(DEPLOYMENT, "d", identity, workload(), workload(namespace="other"))
    assert list(moved.replaces) == ["metadata"]
    assert not moved.deleteBeforeReplace
    assert not cloud.diff(DEPLOYMENT, "d", identity, workload(), workload(labels={"x": "y"})).replaces


def test_same_name_means_delete_first(sim: Any) -> None:
    cloud = sim("kubernetes")
    other = workload()
    other["spec"]["selector"]["matchLabels"]["tier"] = "x"
    answer = cloud.diff(DEPLOYMENT, "d", "default/web", workload(), other)
    assert list(answer.replaces) == ["spec"]
    assert answer.deleteBeforeReplace


def test_services_get_addresses(sim: Any) -> None:
    spec = {"type": "LoadBalancer", "ports": [{"port": 80, "targetPort": "http"}]}
    _, out = sim("kubernetes").create(SERVICE, "s", {"metadata": {"name": "s"}, "spec": spec})
    assert out["spec"]["clusterIP"].startswith("10.96.")
    assert out["status"]["loadBalancer"]["ingress"][0]["ip"].startswith("203.0.113.")


def test_node_pools_have_no_namespace(sim: Any) -> None:
    inputs = {"apiVersion": "compute.coreweave.com/v1alpha1", "kind": "NodePool", "metadata": {"name": "gpu"}}
    assert sim("kubernetes").create(POOL, "p", {**inputs, "spec": {"targetNodes": 1}})[0] == "gpu"


@pytest.mark.parametrize(("new", "replaces"), [("b", ["clusterIdentifier"]), ("a", [])])
def test_another_cluster_replaces_everything(sim: Any, new: str, replaces: list[str]) -> None:
    request = pb.DiffRequest(
        old_inputs=struct({"clusterIdentifier": "a"}), news=struct({"clusterIdentifier": new})
    )
    assert list(sim("kubernetes").provider.DiffConfig(request, Context()).replaces) == replaces
