"""What `anyport render envoy-ai-gateway` prints, before the real API server with the projects' own definitions.

`make kubernetes` obtains the definitions (tools/kubernetes/obtain.py says which versions); this cluster asks for them,
others are without. AI Gateway's are those of 1.0.0, so the one field we write that is newer is added here. Every
resource is applied by the server (server-side apply, dry run) with strict field validation.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

from anyport_sandbox.kubernetes import cluster, definitions
from anyport_sandbox.kubernetes.errors import ApiError
from anyport_sandbox.kubernetes.node_pools import zone_of

DURATION = r"^([0-9]{1,5}(h|m|s|ms)){1,4}$"
HOSTS = {
    "east": ("azure_openai", "https://anyport-1.openai.azure.com/openai/v1/", "entra", None),
    "vertex": (
        "vertex_ai",
        "https://us-central1-aiplatform.googleapis.com/v1/projects/p-1/locations/us-central1/endpoints/openapi",
        "google_oauth",
        None,
    ),
    "oci": (
        "oci_generative_ai",
        "https://inference.generativeai.us-chicago-1.oci.oraclecloud.com/openai/v1",
        "oci_api_key",
        "config:secrets:oci_key",
    ),
    "pods": ("coreweave_vllm", "http://10.1.2.3:8000/v1", "bearer_api_key", "env:VLLM_API_KEY"),
}
SCOPES = {
    "entra": "https://cognitiveservices.azure.com/.default",
    "google_oauth": "https://www.googleapis.com/auth/cloud-platform",
}
SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "azure identity": {"azure": {"client_id": "c", "tenant_id": "t", "client_secret_name": "azure-client"}},
    "odd times": {"cooldown_seconds": 1.5, "connect_seconds": 0.25, "answer_seconds": 3600},
}


def contract(endpoint: str, names: list[str]) -> dict[str, Any]:
    return {
        "endpoint": endpoint, "model": "gpt-oss-120b", "apis": ["chat_completions"], "features": [], "limits": {},
        "targets": [
            {
                "endpoint": endpoint, "target": name, "provider": provider, "operator": "o", "region": "r",
                "failure_domain": "d", "priority": place, "kind": "chat", "base_url": url, "model": f"m-{name}",
                "auth": {"kind": kind, "scope": SCOPES.get(kind), "secret": secret}, "features": [], "limits": {},
            }
            for place, name in enumerate(names, 1)
            for provider, url, kind, secret in [HOSTS[name]]
        ],
    }  # fmt: skip


@pytest.fixture(scope="module")
def render(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[dict[str, Any]]]:
    """The command's objects, for these settings."""
    folder = tmp_path_factory.mktemp("render")
    given = folder / "contracts.json"
    chosen = {"chat": list(HOSTS), "two": ["pods", "east"]}
    given.write_text(json.dumps({"endpoints": {name: contract(name, it) for name, it in chosen.items()}}))

    def run(settings: dict[str, Any]) -> list[dict[str, Any]]:
        file = folder / "settings.yaml"
        file.write_text(yaml.safe_dump(settings))
        command = [checkout / ".venv" / "bin" / "anyport", "render", "envoy-ai-gateway", "--contract", given]
        more = ["--settings", file] if settings else []
        done = subprocess.run([*command, *more], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [each for each in yaml.safe_load_all(done.stdout) if each]

    return run


@pytest.fixture(scope="module")
def running(
    checkout: Path, program: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[cluster.Cluster]:
    folder = checkout / ".engine" / "gateway-crds"
    if not folder.is_dir():
        pytest.fail("The gateways' definitions are not here; run: make kubernetes", pytrace=False)
    crds = definitions.read(folder)
    [route] = [each for each in crds if each["spec"]["names"]["kind"] == "AIGatewayRoute"]
    for version in route["spec"]["versions"]:
        rule = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["rules"]["items"]
        newer = {"type": "string", "pattern": DURATION}
        assert rule["properties"].setdefault("streamIdleTimeout", newer) is newer, "take this out"
    work = tmp_path_factory.mktemp("gateway-crds")
    with cluster.start(work, servers=False, program=program) as started:
        assert not started.api.knows("aigateway.envoyproxy.io/v1beta1", "AIGatewayRoute"), "not asked for yet"
        definitions.install(started.api, crds)
        started.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "anyport"}})
        yield started


def apply(running: cluster.Cluster, thing: dict[str, Any]) -> dict[str, Any]:
    """Server-side apply, as a dry run and strict."""
    meta = thing["metadata"]
    path = running.api.path(thing["apiVersion"], thing["kind"], meta["namespace"], meta["name"])
    query = {"fieldValidation": "Strict", "dryRun": "All", "fieldManager": "test", "force": "true"}
    return dict(running.api.request("PATCH", path, thing, query=query, content="apply"))


@pytest.mark.engine
@pytest.mark.parametrize("name", SETTINGS)
def test_the_server_applies_every_resource(
    running: cluster.Cluster, render: Callable[..., list[dict[str, Any]]], name: str
) -> None:
    objects = render(SETTINGS[name])
    assert len({each["kind"] for each in objects}) == 8
    for each in objects:
        assert apply(running, each)["metadata"]["name"] == each["metadata"]["name"]


@pytest.mark.engine
def test_it_refuses_each_resource_with_a_field_too_many(
    running: cluster.Cluster, render: Callable[..., list[dict[str, Any]]]
) -> None:
    """Otherwise its taking everything would prove nothing. Every kind is spoilt, one at a time."""
    for thing in {each["kind"]: each for each in render({})}.values():
        spoilt = deepcopy(thing)
        spoilt.setdefault("spec", {})["nothingSuch"] = 1
        with pytest.raises(ApiError, match="nothingSuch"):
            apply(running, spoilt)


@pytest.mark.engine
@pytest.mark.parametrize(
    ("kind", "path", "value", "says"),
    [
        ("AIGatewayRoute", ("rules", 0, "backendRefs", 0, "priority"), -1, "priority"),
        ("AIGatewayRoute", ("rules", 0, "timeouts", "request"), "soon", "request"),
        ("AIServiceBackend", ("schema", "name"), "OpenAi", "schema.name"),
        ("BackendSecurityPolicy", ("type",), "AzureCredentials", "type"),
        ("BackendTrafficPolicy", ("retry", "perRetry", "timeout"), "1.5s", "timeout"),
        ("BackendTLSPolicy", ("validation", "wellKnownCACertificates"), "Sistem", "wellKnownCACertificates"),
    ],
)
def test_it_refuses_a_wrong_value(
    running: cluster.Cluster, render: Callable[..., list[dict[str, Any]]],
    kind: str, path: tuple[Any, ...], value: Any, says: str,
) -> None:  # fmt: skip
    thing = next(each for each in render({}) if each["kind"] == kind)
    place = thing["spec"]
    for step in path[:-1]:
        place = place[step]
    assert path[-1] in place, "the field spoilt is one that is written"
    place[path[-1]] = value
    with pytest.raises(ApiError, match=says):
        apply(running, thing)


@pytest.fixture(scope="module")
def obtain(checkout: Path) -> ModuleType:
    place = checkout / "tools" / "kubernetes" / "obtain.py"
    spec = importlib.util.spec_from_file_location("kubernetes_obtain_gateway", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_new_definitions_do_not_build_the_program_again(
    obtain: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    program, gateway = obtain.cache_key(), obtain.gateway_key()
    other = {"example.org/other@v1.0.0": ("h1:x=", ("a.yaml",))}
    monkeypatch.setattr(obtain, "GATEWAY_CRDS", other)
    assert obtain.cache_key() == program
    assert obtain.gateway_key() != gateway


def test_an_altered_gateway_module_is_refused(
    obtain: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".making-old").mkdir()
    monkeypatch.setattr(obtain, "need_go", lambda: None)
    monkeypatch.setattr(obtain, "go", lambda *_: json.dumps({"Sum": "h1:other=", "Dir": str(tmp_path)}))
    with pytest.raises(obtain.ObtainError, match="h1:other= where h1:"):
        obtain.make_gateway_crds(tmp_path, obtain.gateway_key())
    assert not list(tmp_path.glob("gateway-crds-*"))


POOL, TYPE, ZONE = (
    "compute.coreweave.com/node-pool", "node.kubernetes.io/instance-type", "topology.kubernetes.io/zone",
)  # fmt: skip
MACHINES = [
    {POOL: "a", TYPE: "gd-1xgh200", ZONE: "US-WEST-01A"},
    {POOL: "b", TYPE: "gd-8xh100ib-i128", ZONE: "US-EAST-02A"},
    {POOL: "c", TYPE: "gd-8xh100ib-i128", ZONE: "EU-SOUTH-01A"},
]


@pytest.mark.parametrize(
    ("pool", "spec", "machines", "zone"),
    [
        ("new", {"instanceType": "gd-1xgh200", "nodeLabels": {ZONE: "CA-EAST-01A"}}, MACHINES, "CA-EAST-01A"),
        ("b", {"instanceType": "gd-1xgh200"}, MACHINES, "US-EAST-02A"),
        ("new", {"instanceType": "gd-1xgh200"}, MACHINES, "US-WEST-01A"),
        ("new", {"instanceType": "gd-8xh100ib-i128"}, MACHINES, "EU-SOUTH-01A"),
        ("new", {"instanceType": "gd-8xl40s-i128"}, MACHINES[:1], "US-WEST-01A"),
        ("new", {"instanceType": "gd-1xgh200"}, [], "US-EAST-04A"),
    ],
)
def test_a_pool_follows_the_zone_of_its_cluster(
    pool: str, spec: dict[str, Any], machines: list[dict[str, str]], zone: str
) -> None:
    assert zone_of(pool, spec, machines) == zone
