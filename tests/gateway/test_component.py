"""The gateway component: what it registers in simulated clusters, and whether the real Envoy runs on it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pulumi
import pulumi_kubernetes as k8s
import pytest
from exports_helpers import contract, contracts
from gateway_helpers import until
from raw_target import RawTarget
from running_envoy import ENVOY, envoy

from anyport_sandbox.ports import reserve_ports

sys.path.insert(0, str(Path(__file__).parents[1] / "targets"))

from recorder import Registered, record

from anyport.errors import AnyportError, BuildError
from anyport.gateway.component import Cluster, GatewayOptions, InferenceGateway
from anyport.gateway.routes import RouteError, route_table
from anyport.gateway.settings import GatewaySettings

IMAGE = "registry.test/envoy@sha256:" + "a" * 64
KEYS = {"chat/oci": "key-of-oci-hush", "chat/coreweave": "key-of-coreweave-hush"}
CALLERS = {"apps": "a-secret-of-thirty-two-characters-hush"}
KEYED = contracts(chat=contract("chat", "oci", "coreweave"))


def build(
    given: Any = None, names: tuple[str, ...] = ("east", "west"), options: Any = None, **more: Any
) -> list[Registered]:
    """What the component registers, without the clusters' providers."""
    arguments: dict[str, Any] = {"credentials": KEYS, "callers": CALLERS, **more}

    def program() -> None:
        clusters = [Cluster(name, k8s.Provider(name, cluster_identifier=name)) for name in names]
        chosen = GatewayOptions(**({"image": IMAGE} | (options or {})))
        InferenceGateway("gateway", KEYED if given is None else given, clusters, chosen, **arguments)

    return [found for found in record(program) if not found.type.startswith("pulumi:providers:")]


def one(found: list[Registered], name: str) -> dict[str, Any]:
    [resource] = [each for each in found if each.name == name]
    return resource.inputs


def container(found: list[Registered]) -> dict[str, Any]:
    spec = one(found, "gateway-east-deployment")["spec"]["template"]["spec"]
    return dict(spec["containers"][0])


def test_every_cluster_gets_the_same_few_objects() -> None:
    found = build()
    children = [each for each in found if each.parent == "gateway"]
    whats = ["namespace", "config", "credentials", "callers", "network", "deployment", "service", "budget"]
    assert sorted(each.name for each in children) == sorted(
        f"gateway-{cluster}-{what}" for cluster in ("east", "west") for what in whats
    )
    assert {each.provider for each in children if "-east-" in each.name} == {"east"}
    assert {each.provider for each in children if "-west-" in each.name} == {"west"}
    for what in whats:
        assert one(found, f"gateway-east-{what}") == one(found, f"gateway-west-{what}")


def test_two_replicas_of_one_worker_each_spread_and_safe() -> None:
    found = build()
    spec = one(found, "gateway-east-deployment")["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    pod = spec["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert [each["topologyKey"] for each in pod["topologySpreadConstraints"]] == [
        "topology.kubernetes.io/zone", "kubernetes.io/hostname",
    ]  # fmt: skip
    assert pod["topologySpreadConstraints"][1]["whenUnsatisfiable"] == "DoNotSchedule"
    pods = container(found)
    assert pods["args"][pods["args"].index("--concurrency") + 1] == "1"
    assert pods["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert pod["terminationGracePeriodSeconds"] > pods["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert one(found, "gateway-east-budget")["spec"]["maxUnavailable"] == 1
    labels = one(found, "gateway-east-namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"


def test_the_admin_interface_is_on_loopback_and_no_port_leads_to_it() -> None:
    for options in ({}, {"scrape": "pod_monitor"}):
        found = build(options=options)
        config = one(found, "gateway-east-config")["data"]["envoy.yaml"]
        assert re.search(r"admin:\n  address:\n    socket_address:\n      address: 127\.0\.0\.1\n", config)
        assert [each["name"] for each in container(found)["ports"]] == (
            ["http", "metrics"] if options else ["http"]
        )
        [service_port] = one(found, "gateway-east-service")["spec"]["ports"]
        assert service_port["targetPort"] == "http"


def test_no_secret_is_outside_secrets() -> None:
    for resource in build(options={"scrape": "annotations", "alerts": True, "dashboard": True}):
        text = json.dumps([resource.inputs, resource.outputs])
        if resource.type != "kubernetes:core/v1:Secret":
            assert "hush" not in text, resource.name
    found = build()
    assert "key-of-oci-hush" in one(found, "gateway-east-credentials")["stringData"]["chat.oci.yaml"]
    callers = one(found, "gateway-east-callers")["stringData"]["callers"]
    assert callers.startswith("apps:{SHA}")
    assert "hush" not in callers


def test_keys_are_secrets_in_the_state_even_when_given_as_plain_text() -> None:
    found: dict[str, bool] = {}

    def program() -> Any:
        clusters = [Cluster("east", k8s.Provider("east", cluster_identifier="east"))]
        made = InferenceGateway(
            "gateway",
            KEYED,
            clusters,
            GatewayOptions(image=IMAGE),
            credentials=KEYS,
            callers=CALLERS,
            tier="dev",
        )

        async def look() -> None:
            for name in ("_credentials", "_callers", "config_digest", "base_urls"):
                found[name] = await getattr(made, name).is_secret()

        return look()

    record(program)
    assert found == {"_credentials": True, "_callers": True, "config_digest": False, "base_urls": False}


def digest(found: list[Registered]) -> str:
    annotations = one(found, "gateway-east-deployment")["spec"]["template"]["metadata"]["annotations"]
    return str(annotations["anyport.dev/config-digest"])


def test_only_what_is_read_at_the_start_rolls_the_pods() -> None:
    first = build()
    assert digest(first) == digest(build())
    rotated = build(credentials={**KEYS, "chat/oci": "another-key"})
    assert digest(first) == digest(rotated), "running pods read credentials again by themselves"
    config = one(first, "gateway-east-config")["metadata"]["name"]
    assert config == one(rotated, "gateway-east-config")["metadata"]["name"]
    for changed in (
        build(settings=GatewaySettings(failures=3)),
        build(callers={**CALLERS, "more": "another-secret-of-32-characters-or-more"}),
        build(contracts(chat=contract("chat", "oci", "coreweave", oci={"model": "other"}))),
    ):
        assert digest(changed) != digest(first)
        assert one(changed, "gateway-east-config")["metadata"]["name"] != config


def test_folders_are_mounted_whole_so_that_a_new_key_arrives() -> None:
    mounts = container(build())["volumeMounts"]
    assert {each["mountPath"] for each in mounts} == {
        "/etc/anyport/envoy", "/etc/anyport/secrets", "/etc/anyport/callers",
    }  # fmt: skip
    assert not [each for each in mounts if "subPath" in each]


def local(text: str, folder: Path) -> str:
    return text.replace("/etc/anyport", str(folder))


@pytest.mark.parametrize("options", [{}, {"scrape": "annotations"}])
def test_the_real_envoy_starts_on_the_config_map_and_the_mounted_secrets(
    tmp_path: Path, options: dict[str, Any]
) -> None:
    found = build(options=options)
    for folder, what in (("secrets", "credentials"), ("callers", "callers")):
        (tmp_path / folder).mkdir()
        for name, text in one(found, f"gateway-east-{what}")["stringData"].items():
            (tmp_path / folder / name).write_text(text, "utf-8")
    path = tmp_path / "envoy.yaml"
    path.write_text(local(one(found, "gateway-east-config")["data"]["envoy.yaml"], tmp_path), "utf-8")
    arguments = [local(each, tmp_path) for each in container(found)["args"]]
    arguments[arguments.index("-c") + 1] = str(path)
    command = [str(ENVOY), "--mode", "validate", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def exchange(folder: Path, files: dict[str, str], number: int) -> None:
    """As a kubelet does it: a new folder, and one rename of the link that all names go through."""
    fresh = folder / f"..{number}"
    fresh.mkdir(parents=True)
    for name, text in files.items():
        (fresh / name).write_text(text, "utf-8")
        if not (folder / name).is_symlink():
            (folder / name).symlink_to(f"..data/{name}")
    (folder / "..data_tmp").symlink_to(fresh.name)
    (folder / "..data_tmp").rename(folder / "..data")


def test_a_running_envoy_takes_a_new_key_from_an_exchanged_mount(tmp_path: Path) -> None:
    server = RawTarget("a").start()
    try:
        row = {"base_url": f"http://127.0.0.1:{server.port}/v1"}
        given = contracts(chat=contract("chat", "oci", oci=row))

        def secrets(key: str) -> dict[str, str]:
            found = build(given, credentials={"chat/oci": key})
            return dict(one(found, "gateway-east-credentials")["stringData"])

        exchange(tmp_path / "mounted", secrets("the-first"), 1)
        port, admin = reserve_ports(2)
        settings = GatewaySettings(port=port, admin_port=admin, secrets_dir=str(tmp_path / "mounted"))
        with envoy(route_table(given), settings, tmp_path) as url:

            def sent() -> str:
                body = {"model": "chat", "messages": []}
                httpx.post(f"{url}/chat/completions", json=body, timeout=5, trust_env=False)
                return server.hits[-1].headers["authorization"]

            assert sent() == "Bearer the-first"
            exchange(tmp_path / "mounted", secrets("the-second"), 2)
            until(lambda: sent() == "Bearer the-second", 10)
    finally:
        server.stop()


def test_the_network_policy_opens_only_what_is_needed() -> None:
    plain = one(build(), "gateway-east-network")["spec"]
    assert plain["ingress"] == [{"from": [{"podSelector": {}}], "ports": [{"port": 8080, "protocol": "TCP"}]}]
    assert [port["port"] for rule in plain["egress"] for port in rule["ports"]] == [53, 53, 443]
    opened = one(
        build(
            contracts(
                chat=contract("chat", "oci", "coreweave", coreweave={"base_url": "http://vllm.test:8000/v1"})
            ),
            options={"caller_namespaces": ["apps"], "scrape": "pod_monitor"},
        ),
        "gateway-east-network",
    )["spec"]
    assert [port["port"] for rule in opened["egress"] for port in rule["ports"]] == [53, 53, 443, 8000]
    names = [
        each["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
        for rule in opened["ingress"]
        for each in rule["from"]
        if "namespaceSelector" in each
    ]
    assert names == ["apps", "monitoring"]


def test_what_watches_is_made_on_request_only() -> None:
    wanted = {"scrape": "pod_monitor", "alerts": True, "dashboard": True, "labels": {"owner": "ai"}}
    found = build(options=wanted)
    monitor = one(found, "gateway-east-monitor")
    assert monitor["kind"] == "PodMonitor"
    rules = one(found, "gateway-east-alerts")["spec"]["groups"][0]["rules"]
    assert [rule["alert"] for rule in rules] == [
        "AnyportFallbackInUse", "AnyportTargetDead", "AnyportKeyOrModelGone",
    ]  # fmt: skip
    board = one(found, "gateway-east-dashboard")
    assert board["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert len(json.loads(board["data"]["anyport-gateway.json"])["panels"]) == 4
    children = [each for each in found if each.parent == "gateway"]
    assert all(each.inputs["metadata"]["labels"]["owner"] == "ai" for each in children)
    annotations = one(build(options={"scrape": "annotations"}), "gateway-east-deployment")
    scraped = annotations["spec"]["template"]["metadata"]["annotations"]
    assert scraped["prometheus.io/port"] == "9902"


def test_tls_is_served_from_a_secret_of_the_cluster() -> None:
    found = build(options={"tls_secret": "gateway-tls"})
    assert one(found, "gateway-east-service")["spec"]["ports"][0]["port"] == 443
    assert "/etc/anyport/tls/tls.crt" in one(found, "gateway-east-config")["data"]["envoy.yaml"]
    assert "/etc/anyport/tls" in {each["mountPath"] for each in container(found)["volumeMounts"]}


def test_a_contract_that_is_known_later_is_served_too() -> None:
    given = pulumi.Output.from_input(KEYED)
    assert digest(build(given)) == digest(build())


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"names": ("east",)}, "gateway.clusters"),
        ({"names": ()}, "gateway.clusters"),
        ({"names": ("east", "west"), "options": {"image": "registry.test/envoy:v1.40.0"}}, "gateway.image"),
        ({"options": {"image": "registry.test/envoy@sha256:abc"}}, "gateway.image"),
        ({"options": {"replicas": 1}}, "gateway.replicas"),
        ({"callers": {}}, "gateway.callers"),
    ],
)
def test_prod_is_strict_and_dev_is_not(change: dict[str, Any], path: str) -> None:
    with pytest.raises(BuildError) as raised:
        build(**change)
    assert [(problem.code, problem.path) for problem in raised.value.problems] == [("AP303", path)]
    if change.get("names") != ():
        assert build(**change, tier="dev")


def test_prod_can_be_told_to_accept_less() -> None:
    assert build(names=("east",), options={"one_cluster": True, "anonymous_callers": True}, callers={})


def test_targets_with_tokens_need_a_secret_that_is_kept_fresh() -> None:
    """A token passed by hand would be dead an hour after the update."""
    given = contracts(chat=contract("chat", "azure-east", "oci"))
    by_hand = {"chat/oci": "k", "chat/azure-east": "t"}
    kept: dict[str, Any] = {"credentials_secret": "kept-fresh"}
    for credentials, options in (({"chat/oci": "k"}, {}), (by_hand, {}), (by_hand, kept)):
        with pytest.raises(RouteError) as raised:
            build(given, credentials=credentials, options=options)
        assert [problem.path for problem in raised.value.problems] == ["credentials.chat/azure-east"]
    found = build(given, credentials={"chat/oci": "k"}, options={"credentials_secret": "kept-fresh"})
    pod = one(found, "gateway-east-deployment")["spec"]["template"]["spec"]
    [volume] = [each for each in pod["volumes"] if each["name"] == "credentials"]
    assert [source["secret"]["name"] for source in volume["projected"]["sources"][1:]] == [
        "anyport-gateway-credentials", "kept-fresh",
    ]  # fmt: skip


def test_a_missing_credential_and_a_weak_caller_are_named() -> None:
    with pytest.raises(RouteError) as raised:
        build(credentials={"chat/oci": "k"})
    assert [problem.path for problem in raised.value.problems] == ["credentials.chat/coreweave"]
    with pytest.raises(AnyportError) as weak:
        build(callers={"apps": "short-hush"})
    assert "gateway.callers.apps" in str(weak.value)
    assert "hush" not in str(weak.value)


@pytest.mark.parametrize(
    "options", [{"alerts": True}, {"dashboard": True}, {"nothing_such": 1}, {"memory": "big"}]
)
def test_options_that_cannot_go_together_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="GatewayOptions"):
        GatewayOptions(**{"image": IMAGE, **options})
