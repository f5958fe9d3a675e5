"""What a vLLM target registers on CoreWeave, case by case."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from typing import Any

import pytest
import yaml
from recorder import Case, Registered, cases, record, record_case

from anyport.catalog import load, vllm_flags
from anyport.targets.base import TargetArgs
from anyport.targets.coreweave_vllm.component import CoreweaveVllmTarget, kubeconfig_from
from anyport.targets.coreweave_vllm.serving import kubeconfig_text


def short(resource: Registered) -> str:
    """A name without the target's; `cluster` for the provider, which is not the target's alone."""
    if resource.type == "pulumi:providers:kubernetes":
        return "cluster"
    return resource.name.removeprefix("chat-one-")


CASES = {case.name: case for case in cases("coreweave_vllm")}
MADE = {name: {short(resource): resource for resource in record_case(case)} for name, case in CASES.items()}
EVERY = pytest.mark.parametrize("name", CASES)


def made(case: str, what: str) -> Registered:
    return MADE[case][what]


def pods(case: str) -> list[dict[str, Any]]:
    """The pod templates of a case's workload."""
    if "deployment" in MADE[case]:
        return [made(case, "deployment").inputs["spec"]["template"]]
    group = made(case, "group").inputs["spec"]["leaderWorkerTemplate"]
    return [group["leaderTemplate"], group["workerTemplate"]]


def container(case: str, pod: int = 0) -> dict[str, Any]:
    (only,) = pods(case)[pod]["spec"]["containers"]
    return only


def flags(case: str, pod: int = 0) -> dict[str, str]:
    """Flag → what follows it."""
    args = container(case, pod)["args"]
    return {
        flag: value if not value.startswith("--") else ""
        for flag, value in zip(args, [*args[1:], "--"], strict=True)
        if flag.startswith("--")
    }


def environment(case: str) -> dict[str, Any]:
    return {e["name"]: e.get("value", e.get("valueFrom")) for e in container(case)["env"]}


def test_the_smallest_target_makes_the_server_and_its_protection_and_nothing_else() -> None:
    assert sorted(MADE["smallest"]) == [
        "account",
        "budget",
        "cluster",
        "deployment",
        "namespace",
        "network",
        "secret",
        "service",
    ]


@EVERY
def test_policies_come_before_pods_and_addresses_after(name: str) -> None:
    workload = MADE[name].get("deployment") or made(name, "group")
    before = {what.removeprefix("chat-one-") for what in workload.depends_on}
    assert {"namespace", "account", "secret", "network"} <= before
    assert ("weights" in before) == ("weights" in MADE[name])
    assert ("nodes" in before) == ("nodes" in MADE[name])
    assert workload.name in made(name, "service").depends_on
    for address in ("ingress", "route"):
        if address in MADE[name]:
            assert "chat-one-service" in made(name, address).depends_on


@EVERY
def test_only_what_holds_state_or_capacity_is_protected_and_only_in_prod(name: str) -> None:
    protected = {what for what, resource in MADE[name].items() if resource.protect}
    holds = {"namespace", "weights", "nodes"} & set(MADE[name])
    assert protected == (holds if CASES[name].tier == "prod" else set())


def test_deletion_protection_wins_over_the_tier() -> None:
    open_prod = case(
        "smallest", tier="prod", deletion_protection=False, image=f"vllm/vllm-openai@sha256:{'a' * 64}"
    )
    shut_dev = case("scaled_on_its_own_pool", deletion_protection=True)
    assert [r.name for r in record_case(open_prod) if r.protect] == []
    assert sorted(r.name for r in record_case(shut_dev) if r.protect) == [
        "chat-one-namespace",
        "chat-one-nodes",
    ]


def case(name: str, tier: str | None = None, **options: Any) -> Case:
    base = CASES[name]
    return replace(base, tier=tier or base.tier, options={**base.options, **options})


@EVERY
def test_pods_pass_the_restricted_pod_security_standard(name: str) -> None:
    assert (
        made(name, "namespace").inputs["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        == "restricted"
    )
    for pod in pods(name):
        spec = pod["spec"]
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not any("hostPath" in volume for volume in spec["volumes"])
        for one in spec["containers"]:
            assert one["securityContext"]["allowPrivilegeEscalation"] is False
            assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}
            assert not any(port.get("hostPort") for port in one.get("ports", []))


@EVERY
def test_a_pod_runs_as_the_images_own_user_with_writable_caches(name: str) -> None:
    for pod in pods(name):
        assert pod["spec"]["securityContext"]["runAsUser"] == 2000
        assert pod["spec"]["securityContext"]["runAsGroup"] == 0
    mounts = {mount["mountPath"] for mount in container(name)["volumeMounts"]}
    env = environment(name)
    assert env["HOME"] in mounts
    for variable in ("HF_HOME", "VLLM_CACHE_ROOT"):
        assert any(env[variable].startswith(f"{mount}/") for mount in mounts)


@EVERY
def test_service_links_and_tokens_are_off(name: str) -> None:
    assert made(name, "service").inputs["metadata"]["name"] != "vllm"
    assert made(name, "account").inputs["automountServiceAccountToken"] is False
    for pod in pods(name):
        assert pod["spec"]["enableServiceLinks"] is False
        assert pod["spec"]["automountServiceAccountToken"] is False


@EVERY
def test_shared_memory_is_a_memory_volume(name: str) -> None:
    for pod in pods(name):
        (shm,) = [v for v in pod["spec"]["volumes"] if v["name"] == "shm"]
        assert shm["emptyDir"]["medium"] == "Memory"
        (mount,) = [m for m in pod["spec"]["containers"][0]["volumeMounts"] if m["name"] == "shm"]
        assert mount["mountPath"] == "/dev/shm"


@EVERY
def test_drain_adds_up(name: str) -> None:
    for index, pod in enumerate(pods(name)):
        pre_stop = pod["spec"]["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
        drain = int(flags(name, index)["--shutdown-timeout"])
        assert drain > 0
        assert pod["spec"]["terminationGracePeriodSeconds"] >= pre_stop + drain + 10
        minutes = int((MADE[name].get("deployment") or made(name, "group")).timeouts["delete"].rstrip("m"))
        assert minutes * 60 > pod["spec"]["terminationGracePeriodSeconds"]


@EVERY
def test_every_budget_of_time_holds_the_one_inside_it(name: str) -> None:
    """Startup probe < progress deadline < what Pulumi waits for the workload, and for its Service's endpoints."""
    probe = container(name)["startupProbe"]
    start = probe["periodSeconds"] * probe["failureThreshold"]
    assert start >= 15 * 60
    assert int(environment(name)["VLLM_ENGINE_READY_TIMEOUT_S"]) == start
    workload = MADE[name].get("deployment") or made(name, "group")
    spec = workload.inputs["spec"]
    deadline = spec.get("progressDeadlineSeconds", start + 600)
    assert deadline >= start + 600
    for operation in ("create", "update"):
        assert int(workload.timeouts[operation].rstrip("m")) * 60 > deadline * spec["replicas"]
        assert made(name, "service").timeouts[operation] == workload.timeouts[operation]


@EVERY
def test_the_liveness_probe_is_lenient_and_readiness_is_quick(name: str) -> None:
    one = container(name)
    live, ready = one["livenessProbe"], one["readinessProbe"]
    assert live["periodSeconds"] * live["failureThreshold"] >= 100
    assert ready["periodSeconds"] * ready["failureThreshold"] <= 15
    assert {one[p]["httpGet"]["path"] for p in ("startupProbe", "livenessProbe", "readinessProbe")} == {
        "/health"
    }


@EVERY
def test_a_crash_tells_its_last_words_in_the_pods_status(name: str) -> None:
    for pod in pods(name):
        assert [each["terminationMessagePolicy"] for each in pod["spec"]["containers"]] == [
            "FallbackToLogsOnError"
        ]


@EVERY
def test_rollout_needs_no_spare_gpu_unless_asked(name: str) -> None:
    if "group" in MADE[name]:
        rolling = made(name, "group").inputs["spec"]["rolloutStrategy"]["rollingUpdateConfiguration"]
    else:
        rolling = made(name, "deployment").inputs["spec"]["strategy"]["rollingUpdate"]
    surge = CASES[name].options.get("surge_replicas", 0)
    assert rolling == {"maxSurge": surge, "maxUnavailable": 0 if surge else 1}


@EVERY
def test_one_pod_at_a_time_may_be_away(name: str) -> None:
    spec = made(name, "budget").inputs["spec"]
    assert spec["maxUnavailable"] == 1
    assert "minAvailable" not in spec
    assert all(
        spec["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items() for pod in pods(name)
    )


@EVERY
def test_pods_go_to_the_named_machines_and_spread(name: str) -> None:
    wanted = CASES[name].target["instance_type"]
    for pod in pods(name):
        spec = pod["spec"]
        (terms,) = spec["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"][
            "nodeSelectorTerms"
        ]
        keys = {e["key"]: e["values"] for e in terms["matchExpressions"]}
        assert keys["node.kubernetes.io/instance-type"] == [wanted]
        assert {t["key"] for t in spec["tolerations"]} == {"is_gpu", "nvidia.com/gpu"}
        (spread,) = spec["topologySpreadConstraints"]
        assert (spread["topologyKey"], spread["whenUnsatisfiable"]) == (
            "kubernetes.io/hostname",
            "ScheduleAnyway",
        )


@EVERY
def test_maintenance_may_end_a_pod_and_leaves_it_its_grace_period(name: str) -> None:
    for pod in pods(name):
        assert pod["metadata"]["labels"]["qos.coreweave.com/graceful-interruptible"] == "true"
        assert "qos.coreweave.cloud/interruptable" not in pod["metadata"]["labels"]


def test_a_quota_of_gpus_stands_in_the_namespace_before_any_pod() -> None:
    """What Kubernetes counts of an extended resource is its requests; processors and memory are left out."""
    quota = made("scaled_on_its_own_pool", "quota")
    assert (quota.type, quota.inputs["metadata"]["namespace"]) == (
        "kubernetes:core/v1:ResourceQuota",
        "chat-one",
    )
    assert quota.inputs["spec"] == {"hard": {"requests.nvidia.com/gpu": "24"}}
    assert quota.name in made("scaled_on_its_own_pool", "deployment").depends_on
    assert not any(resource.name == "chat-one-quota" for resource in record_case(case("smallest")))


@EVERY
def test_gpus_are_asked_for_and_limited_alike(name: str) -> None:
    planned = CASES[name].planned().targets[0]
    for index in range(len(pods(name))):
        resources = container(name, index)["resources"]
        assert resources["limits"]["nvidia.com/gpu"] == resources["requests"]["nvidia.com/gpu"]
        assert "memory" not in resources["limits"]
    per_pod = int(container(name)["resources"]["limits"]["nvidia.com/gpu"])
    assert per_pod * len(pods(name)) == planned.gpus_per_replica


@EVERY
def test_only_v1_is_routed_and_no_service_is_public(name: str) -> None:
    assert made(name, "service").inputs["spec"]["type"] == "ClusterIP"
    assert "publishNotReadyAddresses" not in made(name, "service").inputs["spec"]
    if "ingress" in MADE[name]:
        (rule,) = made(name, "ingress").inputs["spec"]["rules"]
        assert [p["path"] for p in rule["http"]["paths"]] == ["/v1"]
        assert made(name, "ingress").inputs["spec"]["tls"][0]["hosts"] == [rule["host"]]
    if "route" in MADE[name]:
        (rule,) = made(name, "route").inputs["spec"]["rules"]
        assert [m["path"] for m in rule["matches"]] == [{"type": "PathPrefix", "value": "/v1"}]


@EVERY
def test_development_routes_of_vllm_stay_off_and_the_key_is_no_argument(name: str) -> None:
    assert "VLLM_SERVER_DEV_MODE" not in environment(name)
    assert "--api-key" not in container(name)["args"]
    assert environment(name)["VLLM_API_KEY"] == {"secretKeyRef": {"name": "vllm-keys", "key": "api-key"}}
    assert "made-up" not in json.dumps([pods(name), made(name, "service").inputs])


@EVERY
def test_every_argument_is_one_that_vllm_serve_has(name: str) -> None:
    for index in range(len(pods(name))):
        assert set(flags(name, index)) <= set(vllm_flags())


@EVERY
def test_the_name_that_callers_send_is_the_catalogs(name: str) -> None:
    assert flags(name)["--served-model-name"] == CASES[name].model
    assert int(flags(name)["--max-model-len"]) == CASES[name].planned().targets[0].limits.context_window


def test_tool_calls_and_reasoning_use_the_catalogs_parsers() -> None:
    found = flags("smallest")
    assert (found["--tool-call-parser"], found["--reasoning-parser"]) == ("openai", "openai_gptoss")
    assert "--enable-auto-tool-choice" in found
    assert flags("public_prod")["--tool-call-parser"] == "llama3_json"
    assert "--reasoning-parser" not in flags("public_prod")


def test_image_commit_and_further_arguments_are_taken_over() -> None:
    assert container("public_prod")["image"].endswith("@sha256:" + "0123456789abcdef" * 4)
    found = flags("public_prod")
    assert found["--revision"] == found["--tokenizer-revision"] == "0123456789abcdef0123456789abcdef01234567"
    assert found["--otlp-traces-endpoint"] == "http://otel.monitoring:4317"
    assert found["--max-num-queued-reqs"] == "200"


def test_a_new_key_restarts_the_pods() -> None:
    assert pods("public_prod")[0]["metadata"]["annotations"] == {"anyport/restart": "2"}
    assert "annotations" not in pods("smallest")[0]["metadata"]


def test_tags_are_labels_of_objects_and_not_of_pods() -> None:
    """A changed tag must not restart a server that loads for half an hour."""
    for what in ("namespace", "deployment", "service", "weights", "ingress"):
        assert made("public_prod", what).inputs["metadata"]["labels"]["department"] == "research"
        assert made("public_prod", what).inputs["metadata"]["labels"]["owner"] == "ai"
    assert "department" not in pods("public_prod")[0]["metadata"]["labels"]


def test_a_shared_volume_is_for_many_nodes() -> None:
    claim = made("public_prod", "weights").inputs["spec"]
    assert claim["accessModes"] == ["ReadWriteMany"]
    assert claim["storageClassName"] == "shared-vast"
    assert claim["resources"] == {"requests": {"storage": "500Gi"}}
    (cache,) = [v for v in pods("public_prod")[0]["spec"]["volumes"] if v["name"] == "cache"]
    assert cache["persistentVolumeClaim"] == {"claimName": claim_name()}
    assert environment("public_prod")["VLLM_CACHE_ROOT"].startswith("/home/vllm/")


def claim_name() -> str:
    name: str = made("public_prod", "weights").inputs["metadata"]["name"]
    return name


def test_without_a_cache_option_weights_lie_on_the_nodes_own_disk() -> None:
    (cache,) = [v for v in pods("smallest")[0]["spec"]["volumes"] if v["name"] == "cache"]
    assert cache == {"name": "cache", "emptyDir": {}}


def test_streaming_reads_the_bucket_with_keys_from_the_secret() -> None:
    name = "streamed_behind_a_gateway"
    assert flags(name)["--model"] == "s3://models-us-east-02/openai/gpt-oss-20b/6cee5e8"
    assert flags(name)["--load-format"] == "runai_streamer"
    assert "--revision" not in flags(name)
    env = environment(name)
    assert env["AWS_ENDPOINT_URL"] == "https://cwobject.com"
    assert env["RUNAI_STREAMER_S3_USE_VIRTUAL_ADDRESSING"] == "1"
    assert env["AWS_EC2_METADATA_DISABLED"] == "true"
    assert env["AWS_SECRET_ACCESS_KEY"]["secretKeyRef"]["key"] == "secret-access-key"
    assert set(made(name, "secret").inputs["stringData"]) == {"api-key", "access-key-id", "secret-access-key"}


def test_streaming_uses_the_cache_beside_the_nodes_by_default() -> None:
    bucket = {
        k: v
        for k, v in CASES["streamed_behind_a_gateway"].options["object_storage"].items()
        if k != "endpoint"
    }
    resources = {r.name: r for r in record_case(case("streamed_behind_a_gateway", object_storage=bucket))}
    env = resources["chat-one-deployment"].inputs["spec"]["template"]["spec"]["containers"][0]["env"]
    assert {"name": "AWS_ENDPOINT_URL", "value": "http://cwlota.com"} in env
    assert egress_ports(resources["chat-one-network"]) == {53, 80, 443}


def egress_ports(policy: Registered) -> set[int]:
    return {p["port"] for rule in policy.inputs["spec"]["egress"] for p in rule.get("ports", [])}


def admitted(name: str) -> dict[str, set[int]]:
    """Namespace → ports that it may reach."""
    found = {}
    for rule in made(name, "network").inputs["spec"]["ingress"]:
        for peer in rule["from"]:
            if "namespaceSelector" in peer:
                labels = peer["namespaceSelector"]["matchLabels"]
                assert list(labels) == ["kubernetes.io/metadata.name"]
                found[labels["kubernetes.io/metadata.name"]] = {p["port"] for p in rule["ports"]}
    return found


@EVERY
def test_everything_that_is_not_named_is_shut(name: str) -> None:
    spec = made(name, "network").inputs["spec"]
    assert sorted(spec["policyTypes"]) == ["Egress", "Ingress"]
    assert all(rule.get("from") for rule in spec["ingress"]), "a rule without from lets everyone in"
    assert all(rule.get("ports") or rule.get("to") for rule in spec["egress"])
    assert all(
        spec["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items() for pod in pods(name)
    )


def test_who_is_let_in() -> None:
    assert admitted("smallest") == {"assistant": {8000}}
    assert admitted("public_prod") == {"ingress-nginx": {8000}}
    assert admitted("streamed_behind_a_gateway") == {"gateways": {8000}}
    assert admitted("scaled_on_its_own_pool") == {"assistant": {8000}, "search": {8000}, "prometheus": {8000}}
    assert egress_ports(made("smallest", "network")) == {53, 443}
    assert egress_ports(made("public_prod", "network")) == {53, 443, 4317}


def test_a_group_on_two_machines_speaks_to_itself_only() -> None:
    spec = made("two_machines", "network").inputs["spec"]
    own = {"podSelector": {"matchLabels": spec["podSelector"]["matchLabels"]}}
    assert {"from": [own]} in spec["ingress"]
    assert {"to": [own]} in spec["egress"]
    assert all(
        "podSelector" not in json.dumps(rule)
        for rule in made("smallest", "network").inputs["spec"]["ingress"]
    )


def test_an_ingress_is_reached_by_tls_with_a_certificate() -> None:
    ingress = made("public_prod", "ingress").inputs
    assert ingress["metadata"]["annotations"]["cert-manager.io/cluster-issuer"] == "letsencrypt-dns"
    assert ingress["spec"]["ingressClassName"] == "nginx"
    assert ingress["spec"]["tls"] == [
        {"hosts": ["chat-one.vllm.example.com"], "secretName": "vllm-server-tls"}
    ]


def test_traefik_takes_no_key_in_clear_text() -> None:
    resources = {r.name: r for r in record_case(case("smallest", domain="vllm.example.com"))}
    annotations = resources["chat-one-ingress"].inputs["metadata"]["annotations"]
    assert annotations["traefik.ingress.kubernetes.io/router.entrypoints"] == "websecure"
    assert admitted_namespaces(resources["chat-one-network"]) == ["traefik", "assistant"]


def admitted_namespaces(policy: Registered) -> list[str]:
    return re.findall(r'"kubernetes.io/metadata.name": "([\w-]+)"', json.dumps(policy.inputs))


def test_a_gateways_route_names_its_parent_and_its_tls_listener() -> None:
    route = made("streamed_behind_a_gateway", "route").inputs["spec"]
    assert route["parentRefs"] == [{"name": "shared", "namespace": "gateways", "sectionName": "websecure"}]
    assert route["hostnames"] == ["chat-one.vllm.example.com"]
    assert "ingress" not in MADE["streamed_behind_a_gateway"]


def test_read_only_root_keeps_every_place_that_is_written_to() -> None:
    one = container("streamed_behind_a_gateway")
    assert one["securityContext"]["readOnlyRootFilesystem"] is True
    assert {"/tmp", "/home/vllm", "/dev/shm", "/models"} == {m["mountPath"] for m in one["volumeMounts"]}
    assert container("smallest")["securityContext"]["readOnlyRootFilesystem"] is False


def test_monitoring_is_made_on_request_with_current_metric_names() -> None:
    for name in ("smallest", "public_prod"):
        assert not {"monitor", "dashboard", "scaler", "nodes"} & set(MADE[name])
    monitor = made("scaled_on_its_own_pool", "monitor").inputs["spec"]
    assert monitor["podMetricsEndpoints"] == [{"port": "http", "path": "/metrics", "interval": "30s"}]
    board = json.loads(made("scaled_on_its_own_pool", "dashboard").inputs["data"]["vllm.json"])
    assert [panel["id"] for panel in board["panels"]] == list(range(1, len(board["panels"]) + 1))
    texts = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    names = {name for text in texts for name in re.findall(r"vllm:\w+", text)}
    assert names == {
        "vllm:num_requests_running",
        "vllm:num_requests_waiting",
        "vllm:kv_cache_usage_perc",
        "vllm:prompt_tokens_total",
        "vllm:generation_tokens_total",
        "vllm:time_to_first_token_seconds_bucket",
        "vllm:inter_token_latency_seconds_bucket",
        "vllm:e2e_request_latency_seconds_bucket",
        "vllm:request_success_total",
        "vllm:admission_rejections_total",
        "vllm:num_preemptions_total",
    }
    assert all('namespace="chat-one",model_name="gpt-oss-120b"' in text for text in texts)


def test_scaling_follows_the_queue_and_pulumi_leaves_the_number_alone() -> None:
    scaler = made("scaled_on_its_own_pool", "scaler").inputs["spec"]
    assert (scaler["minReplicaCount"], scaler["maxReplicaCount"]) == (2, 6)
    (trigger,) = scaler["triggers"]
    assert trigger["metadata"] == {
        "serverAddress": "http://prometheus-operated.prometheus:9090",
        "query": 'sum(vllm:num_requests_waiting{namespace="chat-one",model_name="gpt-oss-120b"})',
        "threshold": "10",
    }
    assert scaler["scaleTargetRef"] == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "vllm-server"}
    assert made("scaled_on_its_own_pool", "deployment").ignore_changes == ("spec.replicas",)
    assert made("smallest", "deployment").ignore_changes == ()


def test_scaling_never_goes_to_zero_and_keeps_its_number_when_prometheus_is_away() -> None:
    scaler = made("scaled_on_its_own_pool", "scaler").inputs["spec"]
    assert scaler["minReplicaCount"] >= 1
    assert "idleReplicaCount" not in scaler
    assert scaler["fallback"]["replicas"] == 2


def test_a_pool_is_whole_machines_that_the_autoscaler_counts() -> None:
    pool = made("scaled_on_its_own_pool", "nodes")
    assert pool.inputs["spec"] == {
        "instanceType": "gd-8xh100ib-i128",
        "computeClass": "spot",
        "targetNodes": 1,
        "autoscaling": True,
        "minNodes": 1,
        "maxNodes": 3,
        "lifecycle": {"scaleDownStrategy": "IdleOnly"},
    }
    assert pool.ignore_changes == ("spec.targetNodes",)
    assert "namespace" not in pool.inputs["metadata"]
    assert pool.inputs["metadata"]["annotations"] == {"pulumi.com/waitFor": "condition=AtTarget"}
    terms = json.dumps(pods("scaled_on_its_own_pool")[0]["spec"]["affinity"])
    assert '"compute.coreweave.com/node-pool", "operator": "In", "values": ["chat-one"]' in terms


def test_a_pool_that_does_not_scale_is_pulumis_to_count() -> None:
    resources = {r.name: r for r in record_case(case("smallest", node_pool={"nodes": 1}))}
    assert resources["chat-one-nodes"].ignore_changes == ()
    assert "minNodes" not in resources["chat-one-nodes"].inputs["spec"]


def test_two_machines_serve_one_model_without_ray() -> None:
    spec = made("two_machines", "group").inputs["spec"]
    assert spec["leaderWorkerTemplate"]["size"] == 2
    assert spec["leaderWorkerTemplate"]["restartPolicy"] == "RecreateGroupOnPodRestart"
    leader, worker = flags("two_machines", 0), flags("two_machines", 1)
    for one in (leader, worker):
        assert one["--nnodes"] == "2"
        assert one["--master-addr"] == "$(LWS_LEADER_ADDRESS)"
        assert one["--distributed-executor-backend"] == "mp"
        assert one["--tensor-parallel-size"] == "16"
        assert "--pipeline-parallel-size" not in one
    assert (leader["--node-rank"], worker["--node-rank"]) == ("0", "$(LWS_WORKER_INDEX)")
    assert "--headless" in worker
    assert "--headless" not in leader
    assert "deployment" not in MADE["two_machines"]


def test_two_machines_are_cut_by_layers_unless_told_otherwise() -> None:
    plain = {k: v for k, v in CASES["two_machines"].options.items() if k != "multi_node"}
    resources = {r.name: r for r in record_case(replace(CASES["two_machines"], options=plain))}
    args = resources["chat-one-group"].inputs["spec"]["leaderWorkerTemplate"]["leaderTemplate"]["spec"][
        "containers"
    ][0]["args"]
    assert args[args.index("--tensor-parallel-size") + 1] == "8"
    assert args[args.index("--pipeline-parallel-size") + 1] == "2"


def test_two_machines_are_close_and_use_rdma() -> None:
    for index in (0, 1):
        one = container("two_machines", index)
        assert one["resources"]["limits"]["rdma/ib"] == "1"
        env = {e["name"]: e.get("value") for e in one["env"]}
        assert (env["NCCL_SOCKET_IFNAME"], env["NCCL_IB_HCA"]) == ("eth0", "ibp")
        assert (env["UCX_TLS"], env["UCX_NET_DEVICES"]) == ("tcp", "eth0")
        near = pods("two_machines")[index]["spec"]["affinity"]["podAffinity"]
        (term,) = near["preferredDuringSchedulingIgnoredDuringExecution"]
        assert term["podAffinityTerm"]["topologyKey"] == "backend.coreweave.cloud/leafgroup"
    assert "rdma/ib" not in container("smallest")["resources"]["limits"]
    assert "NCCL_IB_HCA" not in environment("smallest")


def test_callers_and_prometheus_reach_leaders_only() -> None:
    leader, worker = (pod["metadata"]["labels"] for pod in pods("two_machines"))
    for what, path in (("service", ("selector",)), ("monitor", ("selector", "matchLabels"))):
        selector: Any = made("two_machines", what).inputs["spec"]
        for key in path:
            selector = selector[key]
        assert selector.items() <= leader.items()
        assert not selector.items() <= worker.items()
    assert "startupProbe" not in container("two_machines", 1)


def test_pulumi_waits_for_the_group() -> None:
    assert made("two_machines", "group").inputs["metadata"]["annotations"] == {
        "pulumi.com/waitFor": "condition=Available"
    }


def test_the_cluster_is_known_by_its_zone_so_that_a_preview_replaces_nothing() -> None:
    assert made("smallest", "cluster").inputs["clusterIdentifier"] == "US-EAST-04"
    assert made("public_prod", "cluster").inputs["clusterIdentifier"] == "US-EAST-04A"


def test_a_kubeconfig_is_made_of_address_and_token_and_is_secret() -> None:
    text = kubeconfig_text("org-abc.k8s.us-east-04a.coreweave.com", 'tok"en')
    found = yaml.safe_load(text)
    assert found["clusters"][0]["cluster"] == {"server": "https://org-abc.k8s.us-east-04a.coreweave.com"}
    assert found["users"][0]["user"] == {"token": 'tok"en'}
    assert found["current-context"] == found["contexts"][0]["name"]
    kubeconfig = made("streamed_behind_a_gateway", "cluster").inputs["kubeconfig"]
    assert yaml.safe_load(kubeconfig)["users"][0]["user"]["token"] == "made-up"

    async def secret() -> bool:
        return await kubeconfig_from("host.example.com", "token").is_secret()

    assert asyncio.run(secret())


def test_long_names_stay_within_the_limits_of_labels_and_hosts() -> None:
    planned = CASES["smallest"].planned().targets[0].model_copy(update={"name": "b" * 32})
    made_here = record(
        lambda: (CoreweaveVllmTarget("x", TargetArgs("a" * 32, planned, {}, "dev", None)), None)[1]
    )
    labels = next(r for r in made_here if r.type.endswith(":Namespace")).inputs["metadata"]["labels"]
    assert all(len(value) <= 63 for value in labels.values())


def test_idle_connections_outlive_those_of_load_balancers() -> None:
    assert int(environment("smallest")["VLLM_HTTP_TIMEOUT_KEEP_ALIVE"]) > 60


def test_two_targets_share_nothing() -> None:
    """Not a namespace, not a selector, not a host: each model has its own."""
    planned = CASES["smallest"].planned().targets[0]

    def build() -> None:
        for name in ("one", "two"):
            target = planned.model_copy(update={"name": name})
            CoreweaveVllmTarget(f"chat-{name}", TargetArgs("chat", target, {}, "dev", None))

    found = {r.name: r for r in record(build)}
    namespaces = {found[f"chat-{n}-namespace"].inputs["metadata"]["name"] for n in ("one", "two")}
    selectors = [found[f"chat-{n}-service"].inputs["spec"]["selector"] for n in ("one", "two")]
    assert len(namespaces) == 2
    assert selectors[0] != selectors[1]


def test_a_pod_asks_for_its_share_of_the_node() -> None:
    requests = container("smallest")["resources"]["requests"]
    node = load().instances["gd-8xh100ib-i128"]
    assert node.vcpus is not None
    assert int(requests["cpu"]) * 4 <= node.vcpus
    assert requests["memory"].endswith("Gi")
