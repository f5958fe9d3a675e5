"""The sidecar that renews tokens: what the pods get, and that the command and the real Envoy run on it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from exports_helpers import contract, contracts
from running_envoy import ENVOY
from test_component import IMAGE, KEYS, build, container, digest, local, one

from anyport.errors import BuildError
from anyport.gateway.cluster_objects import GatewayOptions
from anyport.gateway.routes import RouteError

BY_DIGEST = "registry.test/anyport@sha256:" + "b" * 64
SOURCES: dict[str, Any] = {
    "chat/azure-east": {
        "kind": "entra_federated_token", "tenant_id": "t", "client_id": "c", "token_file": "/var/run/secrets/anyport/entra",
    },
    "chat/vertex": {
        "kind": "google_federation", "audience": "//iam.googleapis.com/projects/1/x",
        "token_file": "/var/run/secrets/anyport/google", "service_account": "gw@p.iam.gserviceaccount.com",
    },
}  # fmt: skip
RENEWER: dict[str, Any] = {
    "image": BY_DIGEST,
    "sources": SOURCES,
    "tokens": {"entra": "api://AzureADTokenExchange", "google": "https://iam.googleapis.com/projects/1/x"},
    "service_account": "gateway",
}
GIVEN = contracts(chat=contract("chat", "azure-east", "vertex", "oci"))
ONE_KEY = {"chat/oci": KEYS["chat/oci"]}


def with_renewer(given: Any = GIVEN, keys: Any = ONE_KEY, options: Any = None, **changes: Any) -> Any:
    return build(given, credentials=keys, options={"renewer": {**RENEWER, **changes}, **(options or {})})


def pod(found: Any) -> Any:
    return one(found, "gateway-east-deployment")["spec"]["template"]["spec"]


def test_the_pods_get_a_sidecar_that_starts_before_envoy_and_stays() -> None:
    found = with_renewer()
    [sidecar] = pod(found)["initContainers"]
    assert (sidecar["image"], sidecar["restartPolicy"]) == (BY_DIGEST, "Always")
    assert sidecar["startupProbe"]["httpGet"]["path"] == "/started"
    assert sidecar["securityContext"] == container(found)["securityContext"]
    assert pod(found)["serviceAccountName"] == "gateway"
    assert one(found, "gateway-east-account")["metadata"]["name"] == "gateway"
    assert pod(found)["automountServiceAccountToken"] is False
    volumes = {volume["name"]: volume for volume in pod(found)["volumes"]}
    assert volumes["credentials"]["emptyDir"]["medium"] == "Memory"
    tokens = [source["serviceAccountToken"] for source in volumes["tokens"]["projected"]["sources"]]
    assert {token["path"]: token["audience"] for token in tokens} == RENEWER["tokens"]
    mounted = {mount["name"] for part in (sidecar, container(found)) for mount in part["volumeMounts"]}
    assert mounted == set(volumes)
    [shared] = [mount for mount in container(found)["volumeMounts"] if mount["name"] == "credentials"]
    assert shared["readOnly"] is True
    assert "hush" not in json.dumps(pod(found))


def test_its_sources_are_the_options_and_the_keys_that_are_passed() -> None:
    text = one(with_renewer(), "gateway-east-config")["data"]["sources.yaml"]
    sources = yaml.safe_load(text)["targets"]
    assert {name: row["kind"] for name, row in sources.items()} == {
        "chat/azure-east": "entra_federated_token", "chat/oci": "envoy_file", "chat/vertex": "google_federation",
    }  # fmt: skip
    assert sources["chat/oci"]["path"] == "/etc/anyport/given/chat.oci.yaml"
    assert "hush" not in text
    assert digest(with_renewer()) == digest(with_renewer())
    other = {**SOURCES, "chat/azure-east": {**SOURCES["chat/azure-east"], "client_id": "other"}}
    assert digest(with_renewer(sources=other)) != digest(with_renewer())


def test_the_command_and_the_real_envoy_run_on_what_the_pods_get(tmp_path: Path) -> None:
    """No token server answers here: the gateway starts all the same, with the key that was passed."""
    refused = {
        "chat/azure-east": {**SOURCES["chat/azure-east"], "authority": "http://127.0.0.1:9"},
        "chat/vertex": {**SOURCES["chat/vertex"], "token_url": "http://127.0.0.1:9/v1/token"},
    }
    found = with_renewer(sources=refused)
    mounted = {"given": "credentials", "callers": "callers"}
    for folder, what in mounted.items():
        (tmp_path / folder).mkdir()
        for name, text in one(found, f"gateway-east-{what}")["stringData"].items():
            (tmp_path / folder / name).write_text(text, "utf-8")
    (tmp_path / "envoy").mkdir()
    for name, text in one(found, "gateway-east-config")["data"].items():
        (tmp_path / "envoy" / name).write_text(local(text, tmp_path), "utf-8")
    [sidecar] = pod(found)["initContainers"]
    command = [str(Path(sys.executable).parent / sidecar["command"][0])]
    command += [local(each, tmp_path) for each in sidecar["args"]]
    done = subprocess.run([*command, "--once"], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1, done.stderr
    assert "chat/oci: good" in done.stdout
    assert "chat/azure-east: none: " in done.stdout
    arguments = [local(each, tmp_path) for each in container(found)["args"]]
    checked = [str(ENVOY), "--mode", "validate", *arguments]
    assert subprocess.run(checked, capture_output=True, timeout=60, check=False).returncode == 0


def test_what_watches_the_gateway_watches_the_renewer_too() -> None:
    found = with_renewer(options={"scrape": "pod_monitor", "alerts": True})
    ports = [row["port"] for row in one(found, "gateway-east-monitor")["spec"]["podMetricsEndpoints"]]
    assert ports == ["metrics", "renewal"]
    alerts = [rule["alert"] for rule in one(found, "gateway-east-alerts")["spec"]["groups"][0]["rules"]]
    assert alerts[-1] == "AnyportCredentialNotRenewed"
    [_, watched] = one(found, "gateway-east-network")["spec"]["ingress"]
    assert [port["port"] for port in watched["ports"]] == [9902, 9903]
    metadata = {"chat/azure-east": SOURCES["chat/azure-east"], "chat/vertex": {"kind": "google_metadata"}}
    opened = one(with_renewer(sources=metadata), "gateway-east-network")["spec"]["egress"]
    assert [port["port"] for rule in opened for port in rule["ports"]] == [53, 53, 80, 443]


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "a minted target without a source": ({"sources": {"chat/azure-east": SOURCES["chat/azure-east"]}}, "AP405", "credentials.chat/vertex"),
    "a source and a key": ({"sources": {**SOURCES, "chat/oci": {"kind": "key_file", "path": "/k"}}}, "AP407", "credentials.chat/oci"),
    "a source of nothing": ({"sources": {**SOURCES, "chat/vertexx": SOURCES["chat/vertex"]}}, "AP407", "targets.chat/vertexx"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", WRONG)
def test_sources_that_do_not_fit_the_targets_are_refused(mistake: str) -> None:
    changes, code, path = WRONG[mistake]
    with pytest.raises(RouteError) as raised:
        with_renewer(**changes)
    assert [(problem.code, problem.path) for problem in raised.value.problems] == [(code, path)]


def test_prod_wants_the_image_by_digest_and_one_way_only() -> None:
    with pytest.raises(BuildError) as raised:
        with_renewer(image="registry.test/anyport:1")
    assert [problem.path for problem in raised.value.problems] == ["gateway.renewer.image"]
    with pytest.raises(ValueError, match="two ways"):
        GatewayOptions(image=IMAGE, credentials_secret="x", renewer=RENEWER)


def test_without_the_secret_that_is_kept_fresh_the_gateway_starts_all_the_same(tmp_path: Path) -> None:
    """Placeholders come first, so that what the Secret has takes their place once it is there."""
    found = build(GIVEN, credentials=ONE_KEY, options={"credentials_secret": "kept-fresh"})
    [volume] = [each for each in pod(found)["volumes"] if each["name"] == "credentials"]
    config, keys, kept = volume["projected"]["sources"]
    assert config["configMap"]["name"] == one(found, "gateway-east-placeholders")["metadata"]["name"]
    assert keys == {"secret": {"name": "anyport-gateway-credentials"}}
    assert kept == {"secret": {"name": "kept-fresh", "optional": True}}
    for folder in ("secrets", "callers"):
        (tmp_path / folder).mkdir()
    for what, folder in (("placeholders", "secrets"), ("credentials", "secrets"), ("callers", "callers")):
        inputs = one(found, f"gateway-east-{what}")
        for name, text in (inputs.get("data") or inputs["stringData"]).items():
            (tmp_path / folder / name).write_text(text, "utf-8")
    path = tmp_path / "envoy.yaml"
    path.write_text(local(one(found, "gateway-east-config")["data"]["envoy.yaml"], tmp_path), "utf-8")
    command = [str(ENVOY), "--mode", "validate", "-c", str(path)]
    assert subprocess.run(command, capture_output=True, timeout=60, check=False).returncode == 0


@pytest.mark.parametrize("host", ["anyport-gateway.anyport-gateway.svc", "127.0.0.1:8080", "localhost:8080"])
def test_a_target_that_is_the_gateway_itself_is_refused(host: str) -> None:
    given = contracts(chat=contract("chat", "oci", "coreweave", coreweave={"base_url": f"http://{host}/v1"}))
    with pytest.raises(RouteError) as raised:
        build(given)
    assert [problem.code for problem in raised.value.problems] == ["AP406"]
