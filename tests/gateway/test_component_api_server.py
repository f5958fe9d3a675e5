"""Every object of the gateway before a real API server, its pods held to the restricted standard."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from test_component import IMAGE, build
from test_component_renewer import GIVEN, ONE_KEY, RENEWER

from anyport_sandbox.kubernetes import cluster, control_plane

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not control_plane.PROGRAM.is_file(), reason="run: make kubernetes"),
]
ABSENT = ("PrometheusRule",)
"""Kinds whose definition this control plane does not have."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[cluster.Cluster]:
    folder = tmp_path_factory.mktemp("gateway")
    with cluster.start(folder, servers=False, program=control_plane.PROGRAM) as started:
        yield started


@pytest.mark.parametrize(
    "options",
    [
        {},
        {
            "scrape": "pod_monitor", "alerts": True, "dashboard": True, "tls_secret": "gateway-tls",
            "credentials_secret": "kept-fresh", "labels": {"owner": "ai"}, "drain_seconds": 0,
        },
        {"renewer": {**RENEWER, "keys_secret": "more-keys", "service_account": "default"}, "scrape": "pod_monitor"},
    ],
    ids=["plain", "all", "renewer"],
)  # fmt: skip
def test_a_real_api_server_takes_every_object(running: cluster.Cluster, options: dict[str, Any]) -> None:
    more = {"given": GIVEN, "credentials": ONE_KEY} if "renewer" in options else {}
    for resource in build(names=("east",), options={"image": IMAGE, "one_cluster": True, **options}, **more):
        if resource.parent != "gateway":
            continue
        _, group, kind = resource.type.split(":")
        body = {"apiVersion": group.removeprefix("core/"), "kind": kind, **resource.inputs}
        if kind in ABSENT:
            continue
        query = {"fieldValidation": "Strict"}
        if kind == "Namespace":
            if running.api.find("v1", "Namespace", body["metadata"]["name"]) is None:
                running.api.create(body)
            continue
        path = running.api.path(body["apiVersion"], kind, "anyport-gateway")
        running.api.request("POST", path, body, query={**query, "dryRun": "All"})
        if kind == "Deployment":
            template = body["spec"]["template"]
            metadata = {**template["metadata"], "name": "pod", "namespace": "anyport-gateway"}
            pod = {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}
            path = running.api.path("v1", "Pod", "anyport-gateway")
            running.api.request("POST", path, pod, query={**query, "dryRun": "All"})
