"""Every object of every case before a real API server, with the real definitions of its custom resources.

The server checks strictly, so that a field it does not know is an error, and holds pods to the namespace's security
standard. Needs the control plane that `make kubernetes` builds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from recorder import Registered, cases, record_case

from anyport_sandbox.kubernetes import cluster, control_plane

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not control_plane.PROGRAM.is_file(), reason="run: make kubernetes"),
]

CASES = {case.name: case for case in cases("coreweave_vllm")}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[cluster.Cluster]:
    with cluster.start(
        tmp_path_factory.mktemp("cluster"), servers=False, program=control_plane.PROGRAM
    ) as started:
        yield started


def body(resource: Registered) -> dict[str, Any]:
    _, group, kind = resource.type.split(":")
    return {"apiVersion": group.removeprefix("core/"), "kind": kind, **resource.inputs}


def submit(running: cluster.Cluster, thing: dict[str, Any], **query: str) -> None:
    path = running.api.path(thing["apiVersion"], thing["kind"], thing["metadata"].get("namespace", ""))
    running.api.request("POST", path, thing, query={"fieldValidation": "Strict", **query})


@pytest.mark.parametrize("name", CASES)
def test_a_real_api_server_takes_every_object_of_a_case(name: str, running: cluster.Cluster) -> None:
    namespace = f"case-{name.replace('_', '-')}"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    running.api.create(
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}
    )
    running.api.create(
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "vllm-server", "namespace": namespace},
        }
    )
    for resource in record_case(CASES[name]):
        if resource.type.startswith("pulumi:"):
            continue
        thing = body(resource)
        if "namespace" in thing["metadata"]:
            thing["metadata"] = {**thing["metadata"], "namespace": namespace}
        if thing["kind"] == "ServiceAccount":
            continue
        submit(running, thing, dryRun="All")
        for number, template in enumerate(templates(thing)):
            metadata = {**template["metadata"], "name": f"pod-{number}", "namespace": namespace}
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
            submit(running, pod, dryRun="All")


def templates(thing: dict[str, Any]) -> list[dict[str, Any]]:
    """The pods that an object makes."""
    if thing["kind"] == "Deployment":
        return [thing["spec"]["template"]]
    if thing["kind"] == "LeaderWorkerSet":
        group = thing["spec"]["leaderWorkerTemplate"]
        return [group["leaderTemplate"], group["workerTemplate"]]
    return []
