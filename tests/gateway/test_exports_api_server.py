"""The resources for Envoy AI Gateway before a real API server, with the projects' own definitions of them.

The definitions come out of the projects' Go modules, checksums pinned: Envoy Gateway 1.8.1 and Gateway API 1.5.1, on
which AI Gateway 1.1 is built, and AI Gateway 1.0.0, the newest that the module proxy serves; its v1beta1 was promised
to stay, and the one field we write that is newer is added here. Needs Go, a module proxy or cache, and the control plane that `make kubernetes` builds.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from exports_helpers import DURATION, contract, contracts

from anyport.gateway.ai_gateway import AiGatewaySettings, AzureIdentity, ai_gateway_objects
from anyport.gateway.routes import route_table
from anyport_sandbox.kubernetes import cluster, control_plane, definitions
from anyport_sandbox.kubernetes.errors import ApiError

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(not control_plane.PROGRAM.is_file(), reason="run: make kubernetes"),
]

MODULES = {
    "github.com/envoyproxy/gateway@v1.8.1": (
        "h1:i8POtrPtel3n0iGP55MNy6U1rTW4msyhkEWjXAF09ts=",
        "charts/gateway-helm/charts/crds/crds/generated",
        ("backends", "backendtrafficpolicies", "clienttrafficpolicies"),
    ),
    "sigs.k8s.io/gateway-api@v1.5.1": (
        "h1:RqVRIlkhLhUO8wOHKTLnTJA6o/1un4po4/6M1nRzdd0=",
        "config/crd/standard",
        ("backendtlspolicies", "gateways"),
    ),
    "github.com/envoyproxy/ai-gateway@v1.0.0": (
        "h1:cTdSnQmtQQ2Ea5T/LLK50pIthG2SJAOxU9XPXZbtDkU=",
        "manifests/charts/ai-gateway-crds-helm/templates",
        ("aigatewayroutes", "aiservicebackends", "backendsecuritypolicies"),
    ),
}


def fetch(folder: Path) -> Path:
    """A folder with the definitions."""
    crds = folder / "crds"
    crds.mkdir()
    for module, (checksum, place, kinds) in MODULES.items():
        command = ["go", "mod", "download", "-json", module]
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, cwd=folder, check=False)
        found = json.loads(done.stdout)
        assert done.returncode == 0, f"{module} cannot be had: {found.get('Error', done.stderr)}"
        assert found["Sum"] == checksum, module
        for kind in kinds:
            [file] = (Path(found["Dir"]) / place).glob(f"*_{kind}.yaml")
            (crds / file.name).write_bytes(file.read_bytes())
    return crds


def add_stream_idle_timeout(crds: list[dict[str, Any]]) -> None:
    """The one field we write that is newer than 1.0.0; as in the type definitions of 1.1 (c217da8, 2026-08-21)."""
    [route] = [each for each in crds if each["spec"]["names"]["kind"] == "AIGatewayRoute"]
    for version in route["spec"]["versions"]:
        rule = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["rules"]["items"]
        duration = {"type": "string", "pattern": DURATION}
        assert rule["properties"].setdefault("streamIdleTimeout", duration) is duration, "take this out"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[cluster.Cluster]:
    folder = tmp_path_factory.mktemp("ai-gateway")
    crds = definitions.read(fetch(folder))
    add_stream_idle_timeout(crds)
    with cluster.start(folder / "cluster", servers=False, program=control_plane.PROGRAM) as started:
        definitions.install(started.api, crds)
        started.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "anyport"}})
        yield started


def submit(running: cluster.Cluster, thing: dict[str, Any]) -> None:
    path = running.api.path(thing["apiVersion"], thing["kind"], thing["metadata"]["namespace"])
    running.api.request("POST", path, thing, query={"fieldValidation": "Strict", "dryRun": "All"})


AZURE = AzureIdentity(client_id="c-1", tenant_id="t-1", client_secret_name="azure-client")


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"azure": AZURE},
        {
            "cooldown_seconds": 1.5,
            "connect_seconds": 0.25,
            "answer_seconds": 3600,
            "largest_body_bytes": 1024,
        },
    ],
    ids=["plain", "azure", "odd times"],
)
def test_a_real_api_server_takes_every_resource(running: cluster.Cluster, settings: dict[str, Any]) -> None:
    by_address = contract("two", "vertex", "coreweave", coreweave={"base_url": "http://10.1.2.3:8000/v1"})
    table = route_table(contracts(chat=contract(), two=by_address))
    objects = ai_gateway_objects(table, AiGatewaySettings(**settings))
    assert len({each["kind"] for each in objects}) == 8
    for each in objects:
        submit(running, each)


@pytest.mark.parametrize(
    ("kind", "path", "value"),
    [
        ("AIGatewayRoute", ("rules", 0, "backendRefs", 0, "priority"), -1),
        ("AIServiceBackend", ("schema", "name"), "OpenAi"),
        ("AIServiceBackend", ("backendRef", "kind"), "Service"),
        ("BackendSecurityPolicy", ("type",), "AzureCredentials"),
        ("BackendTrafficPolicy", ("retry", "retryOn", "httpStatusCodes", 0), 999),
        ("BackendTrafficPolicy", ("retry", "perRetry", "timeout"), "1.5s"),
        ("BackendTLSPolicy", ("validation", "wellKnownCACertificates"), "Sistem"),
        ("Backend", ("endpoints", 0, "fqdn", "hostname"), "not a host"),
        ("BackendTrafficPolicy", ("healthCheck", "passive", "nothing_such"), 1),
    ],
)
def test_the_same_server_refuses_what_is_wrong(
    running: cluster.Cluster, kind: str, path: tuple[Any, ...], value: Any
) -> None:
    """Otherwise its taking everything would prove nothing."""
    objects = ai_gateway_objects(route_table(contracts()), AiGatewaySettings())
    thing = next(each for each in objects if each["kind"] == kind)
    place = thing["spec"]
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(ApiError):
        submit(running, thing)
