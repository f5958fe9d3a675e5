"""Parts that need no cluster: environments, machines, addresses."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
import yaml

from anyport.catalog import load
from anyport_sandbox.kubernetes import definitions, nodes
from anyport_sandbox.kubernetes.environment import environment, expand, service_links
from anyport_sandbox.kubernetes.errors import ClusterError
from anyport_sandbox.kubernetes.network import Network, loopback

POD = {
    "metadata": {"name": "p", "namespace": "n", "labels": {"app.io/x": "1"}},
    "status": {"podIP": "10.64.0.1"},
}
STORE = {
    ("Secret", "key"): {"data": {"a": base64.b64encode(b"hush").decode()}},
    ("ConfigMap", "settings"): {"data": {"B": "2"}},
}


def read(kind: str, name: str) -> Any:
    return STORE.get((kind, name))


def test_an_environment_is_put_together_in_order() -> None:
    container = {
        "envFrom": [
            {"configMapRef": {"name": "settings"}, "prefix": "P_"},
            {"secretRef": {"name": "no", "optional": True}},
        ],
        "env": [
            {"name": "A", "valueFrom": {"secretKeyRef": {"name": "key", "key": "a"}}},
            {"name": "BOTH", "value": "$(A)-$(P_B)-$(NOT)-$$(A)"},
            {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app.io/x']"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "MAYBE", "valueFrom": {"secretKeyRef": {"name": "key", "key": "z", "optional": True}}},
        ],
    }
    found = environment(container, POD, read, {"LINK": "l"})
    assert found == {
        "LINK": "l",
        "P_B": "2",
        "A": "hush",
        "BOTH": "hush-2-$(NOT)-$(A)",
        "LABEL": "1",
        "IP": "10.64.0.1",
    }
    assert expand("--x=$(A)", found) == "--x=hush"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ({"name": "none", "key": "a"}, 'secret "none" not found'),
        ({"name": "key", "key": "z"}, "couldn't find key z in Secret n/key"),
    ],
)
def test_what_is_missing_is_named(reference: dict[str, str], said: str) -> None:
    with pytest.raises(ClusterError, match=said):
        environment({"env": [{"name": "A", "valueFrom": {"secretKeyRef": reference}}]}, POD, read, {})


def test_service_links_leave_out_headless_services() -> None:
    def service(name: str, address: str) -> dict[str, Any]:
        return {"metadata": {"name": name}, "spec": {"clusterIP": address, "ports": [{"port": 8000}]}}

    found = service_links([service("vllm", "172.20.0.5"), service("quiet", "None")])
    assert found["VLLM_PORT"] == "tcp://172.20.0.5:8000"
    assert not [name for name in found if name.startswith("QUIET")]


@pytest.mark.parametrize("name", sorted(load().instances))
def test_every_instance_type_of_the_catalog_has_a_machine(name: str) -> None:
    known = load().instances[name]
    spec = nodes.coreweave(name, "US-EAST-04A")
    assert spec.capacity["nvidia.com/gpu"] == str(known.gpus)
    assert spec.arch == (known.arch or "amd64")
    assert int(spec.capacity["cpu"]) > 0
    assert " " not in spec.labels["gpu.nvidia.com/class"]
    body = nodes.manifest(spec, "10.64.251.1", "v1.36.3", "2026-11-25T00:00:00Z")
    assert body["status"]["allocatable"] == body["status"]["capacity"]


@pytest.mark.parametrize(("zone", "region"), [("US-EAST-04A", "US-EAST-04"), ("RNO2A", "RNO2A")])
def test_the_region_is_the_zone_without_its_letter(zone: str, region: str) -> None:
    assert nodes.coreweave_cpu(zone).labels["topology.kubernetes.io/region"] == region


def test_clusters_get_networks_of_their_own_and_pods_addresses_of_their_own() -> None:
    one, two = Network(), Network()
    try:
        assert one.number != two.number
        first = one.pod_address("a")
        assert first == one.pod_address("a")
        assert first.startswith(f"10.{one.number}.0.")
        assert loopback(first) == f"127.{first[3:]}"
        one.free("a")
        assert one.pod_address("b") != first, "an address is not given again at once"
        several = {one.pod_address(str(number)) for number in range(600)} | {
            one.node_address(str(n)) for n in range(20)
        }
        assert len(several) == 620
    finally:
        one.close()
        two.close()
    again = Network()
    again.close()
    assert again.number <= one.number


def test_definitions_lose_their_texts_and_nothing_else(tmp_path: Path) -> None:
    schema = {
        "type": "object",
        "description": "text",
        "required": ["description"],
        "properties": {"description": {"type": "string", "description": "text", "enum": ["description"]}},
    }
    body = {
        "metadata": {"name": "a.example.com"},
        "spec": {"versions": [{"schema": {"openAPIV3Schema": schema}}]},
    }
    (tmp_path / "a.yaml").write_text(yaml.safe_dump(body))
    found = {each["metadata"]["name"]: each for each in definitions.read(tmp_path)}
    assert set(found) > {
        "a.example.com",
        "nodepools.compute.coreweave.com",
        "podmonitors.monitoring.coreos.com",
    }
    assert found["a.example.com"]["spec"]["versions"][0]["schema"]["openAPIV3Schema"] == {
        "type": "object",
        "required": ["description"],
        "properties": {"description": {"type": "string", "enum": ["description"]}},
    }
