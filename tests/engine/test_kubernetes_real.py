"""vLLM targets by the real engine on a real control plane: where pods land, what fails and how it is told, what stays.

Real: engine, component, API server, scheduler, controllers. Simulated: machines and model servers. There is no
controller for LeaderWorkerSet, so of those only the objects are looked at, and pods made by hand as it would.
"""

from __future__ import annotations

import http.client
import json
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from engine_project import ProjectMaker, done, still_running
from real_kubernetes import (
    H100,
    KEY,
    OTHER_ZONE,
    ZONE,
    Stack,
    is_ready,
    target,
)

from anyport_sandbox.kubernetes import cluster as clusters
from anyport_sandbox.kubernetes import control_plane, nodes
from anyport_sandbox.kubernetes.api import Object
from anyport_sandbox.kubernetes.cluster import Cluster
from anyport_sandbox.kubernetes.errors import ApiError
from anyport_sandbox.kubernetes.for_stack import pod_addresses
from anyport_sandbox.kubernetes.ingress import Front, rules

pytestmark = pytest.mark.engine

QUESTION = {"model": "gpt-oss-20b", "messages": [{"role": "user", "content": "Which port is open?"}]}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Two machines in one zone, one in another, and one without GPUs."""
    if not control_plane.PROGRAM.is_file():
        pytest.fail("The Kubernetes control plane is not here; run: make kubernetes", pytrace=False)
    machines = [
        nodes.coreweave(H100, ZONE, count=2, pool="home"),
        nodes.coreweave(H100, OTHER_ZONE, pool="far"),
        nodes.coreweave_cpu(ZONE, pool="cpu"),
    ]
    with clusters.start(tmp_path_factory.mktemp("cluster"), machines) as running:
        yield running
        assert running.kubelet.troubles == []


@pytest.fixture
def stack(project: ProjectMaker, cluster: Cluster) -> Iterator[Stack]:
    made = Stack(project().init(), cluster)
    yield made
    cluster.kubelet.clear()


def test_the_life_of_a_target(stack: Stack, tmp_path: Path) -> None:
    """One stack through all of it, since each step needs what the one before it left."""
    stack.write({"full": target(1, replicas=2, gpus_per_replica=8), "far": target(2, OTHER_ZONE)})
    done(stack.project.preview())
    assert "chat-full" not in spaces(stack), "a preview makes nothing"
    done(stack.project.up())
    pods_land_where_their_target_is(stack)
    one_control_plane_keeps_zones_apart(stack)
    it_answers_at_v1_with_its_key_only(stack, tmp_path)
    an_unchanged_program_changes_nothing(stack)
    a_roll_out_needs_no_spare_gpu(stack)
    a_drain_never_takes_the_last_replica(stack)
    a_lost_machine_moves_its_pod(stack)
    a_change_behind_pulumis_back_shows(stack)
    done(stack.project.destroy())
    assert not {"chat-full", "chat-far"} & spaces(stack)
    assert [
        pod for pod in stack.api.list("v1", "Pod") if pod["metadata"]["namespace"].startswith("chat-")
    ] == []


def spaces(stack: Stack) -> set[str]:
    return {each["metadata"]["name"] for each in stack.api.list("v1", "Namespace")}


def pods_land_where_their_target_is(stack: Stack) -> None:
    placed = {
        each["spec"]["nodeName"]: each["metadata"]["namespace"]
        for space in ("chat-full", "chat-far")
        for each in stack.pods(space)
    }
    assert placed == {"home-0": "chat-full", "home-1": "chat-full", "far-0": "chat-far"}
    deployment = stack.api.get("apps/v1", "Deployment", "vllm-server", "chat-full")
    assert deployment["status"]["readyReplicas"] == 2
    outputs = next(r for r in stack.project.resources() if r["urn"].endswith("chat-full-deployment"))[
        "outputs"
    ]
    assert outputs["status"]["readyReplicas"] == 2, "what the program sees is what is there"


def one_control_plane_keeps_zones_apart(stack: Stack) -> None:
    """A pod that wants a machine of another zone than its namespace's is refused, as its cluster has none."""
    stray = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "stray", "namespace": "chat-far"},
        "spec": {"nodeSelector": {"topology.kubernetes.io/zone": ZONE}, "containers": []},
    }
    with pytest.raises(ApiError, match="node label selector conflicts"):
        stack.api.create(stray)


def it_answers_at_v1_with_its_key_only(stack: Stack, tmp_path: Path) -> None:
    assert KEY not in stack.project.export()
    front = Front(rules(stack.api), pod_addresses(stack.cluster), tmp_path / "front")
    try:
        url = urlsplit(stack.contract("full")["base_url"])
        assert url.hostname in front.hosts
        status, body = ask(front, str(url.hostname), f"{url.path}/chat/completions", KEY)
        assert (status, "Hello from" in body) == (200, True), body
        assert ask(front, str(url.hostname), f"{url.path}/chat/completions", "another")[0] == 401
        assert ask(front, str(url.hostname), "/invocations", KEY)[0] == 404, "the model is open there"
        assert ask(front, str(url.hostname), "/v1x", KEY)[0] == 404
    finally:
        front.stop()


def ask(front: Front, host: str, path: str, key: str) -> tuple[int, str]:
    """One POST over the proxy and TLS at the public name."""
    proxy = urlsplit(front.proxy_url)
    trust = ssl.create_default_context(cafile=str(front.ca_path))
    connection = http.client.HTTPSConnection(str(proxy.hostname), proxy.port, context=trust, timeout=10)
    connection.set_tunnel(host, 443)
    try:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        connection.request("POST", path, json.dumps(QUESTION), headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def an_unchanged_program_changes_nothing(stack: Stack) -> None:
    done(stack.project.refresh())
    done(stack.project.up("--expect-no-changes"))


def a_roll_out_needs_no_spare_gpu(stack: Stack) -> None:
    before = {each["metadata"]["name"] for each in stack.pods("chat-full")}
    stack.write(
        {
            "full": target(1, replicas=2, gpus_per_replica=8, extra_args=["--max-num-seqs", "64"]),
            "far": target(2, OTHER_ZONE),
        }
    )
    seen: list[int] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            seen.append(len(stack.cluster.service_addresses("chat-full", "vllm-server")))
        stack.api.close()

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        said = done(stack.project.up())
    finally:
        over.set()
        watcher.join()
    assert "chat-far-deployment" not in said.text
    after = stack.pods("chat-full")
    assert len(after) == 2
    assert not before & {each["metadata"]["name"] for each in after}
    assert all("--max-num-seqs" in each["spec"]["containers"][0]["args"] for each in after)
    assert min(seen) == 1, "one at a time, and never none"


def a_drain_never_takes_the_last_replica(stack: Stack) -> None:
    stack.until(lambda: allowed(stack) == 1, "the budget allows one")
    first, second = [each["metadata"]["name"] for each in stack.pods("chat-full")]
    stack.api.evict(first, "chat-full")
    with pytest.raises(ApiError, match="disruption budget") as refused:
        stack.api.evict(second, "chat-full")
    assert refused.value.status == 429
    stack.until(lambda: allowed(stack) == 1, "the evicted pod was replaced")


def allowed(stack: Stack) -> int:
    found = stack.api.get("policy/v1", "PodDisruptionBudget", "vllm-server", "chat-full")
    return int(found["status"].get("disruptionsAllowed", 0))


def a_lost_machine_moves_its_pod(stack: Stack) -> None:
    stack.cluster.add_nodes([nodes.coreweave(H100, ZONE, pool="spare")])
    stack.cluster.kubelet.lose("home-0")

    def moved() -> bool:
        ready = {each["spec"].get("nodeName") for each in stack.pods("chat-full") if is_ready(each)}
        return ready == {"home-1", "spare-0"}

    stack.until(moved, "the pod moves to the spare machine", 45.0)
    stack.cluster.kubelet.recover("home-0")
    stack.until(lambda: clusters.usable(stack.api.get("v1", "Node", "home-0")), "the machine comes back")


def a_change_behind_pulumis_back_shows(stack: Stack) -> None:
    """Someone scales by hand: refresh sees it, and the next up meets the other manager's claim on the field."""
    deployment = stack.api.get("apps/v1", "Deployment", "vllm-server", "chat-far")
    stack.api.patch(deployment, {"spec": {"replicas": 0}})
    said = done(stack.project.refresh())
    assert "chat-far-deployment updated" in said.text
    refused = stack.project.up()
    assert refused.returncode != 0
    assert ".spec.replicas" in refused.text
    assert "pulumi.com/patchForce" in refused.text
    stack.api.patch(deployment, {"spec": {"replicas": 1}})
    done(stack.project.refresh())


def test_what_cannot_start_is_told_and_the_next_up_goes_on(stack: Stack) -> None:
    wrong = {
        "good": target(1),
        "big": target(2, OTHER_ZONE, replicas=2, gpus_per_replica=8),
        "image": target(3),
        "loop": target(4, extra_args=["--seed"]),
        "group": target(5, gpus_per_replica=16, multi_node={}),
    }
    stack.write(wrong, model="gpt-oss-120b")
    stack.cluster.kubelet.inject("chat-image", "*", image="missing")
    text = failed(stack)
    each_failure_has_its_reason(text)
    a_group_names_its_leader_and_ranks(stack)
    there = {each["urn"].rpartition("::")[2] for each in stack.project.resources()}
    assert {"chat-good-ingress", "chat-big-secret", "chat-big-deployment"} <= there
    assert "chat-big-service" not in there

    stack.cluster.add_nodes([nodes.coreweave(H100, OTHER_ZONE, pool="more")])
    stack.cluster.kubelet.clear()
    better = {name: each for name, each in wrong.items() if name != "group"}
    stack.write({**better, "loop": target(4)}, model="gpt-oss-120b")
    said = done(stack.project.up())
    assert "chat-good-deployment" not in said.text, "what was built is left alone"
    for name in better:
        pods = stack.pods(f"chat-{name}")
        assert pods
        assert all(is_ready(each) for each in pods)
    done(stack.project.destroy())
    assert not {f"chat-{name}" for name in wrong} & spaces(stack)


def failed(stack: Stack) -> str:
    """What failed runs say. A deadline may pass while a pod is between two states: then the next run tells its reason."""
    text = ""
    for _ in range(4):
        said = stack.project.up("--continue-on-error")
        assert said.returncode != 0
        text += said.text
        if all(told(text, *each) for each in REASONS):
            break
        stack.until(lambda: is_crashing(stack), "the container crashes again and again", 120.0)
    return text


def is_crashing(stack: Stack) -> bool:
    """It stays so for 10 s at least, and twice as long each time."""
    found = [
        status["state"].get("waiting", {}).get("reason")
        for pod in stack.pods("chat-loop")
        for status in pod["status"].get("containerStatuses", ())
    ]
    return "CrashLoopBackOff" in found


REASONS = (
    ("chat-big", "[Unschedulable] 0/", "nodes are available", "Insufficient nvidia.com/gpu"),
    ("chat-image", "ImagePull", "vllm/vllm-openai@sha256:5eed"),
    ("chat-loop", "[CrashLoopBackOff]", "exit 2", "argument --seed: expected one argument"),
)


def told(text: str, space: str, *words: str) -> bool:
    return any(f"[Pod {space}/" in line and all(word in line for word in words) for line in text.splitlines())


def each_failure_has_its_reason(text: str) -> None:
    for space, *words in REASONS:
        assert told(text, space, *words), (space, text)
    assert "Minimum number of Pods to consider the application live was not attained" in text
    assert "'vllm-server' timed out waiting to be Ready" in text
    assert "Waiting for condition Available=True" in text
    assert "Traceback" not in text


def a_group_names_its_leader_and_ranks(stack: Stack) -> None:
    """The object is taken, and its pods, made as the controller makes them, know where their leader is."""
    group = stack.api.get("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet", "vllm-server", "chat-group")
    shape = group["spec"]["leaderWorkerTemplate"]
    assert (shape["size"], group["spec"]["replicas"]) == (2, 1)
    ranks = {}
    for role, index in (("leader", "0"), ("worker", "1")):
        pod = pod_of_group(shape[f"{role}Template"], role, index)
        made = stack.api.create(pod)
        words = [text.replace("$(LWS_WORKER_INDEX)", index) for text in made["spec"]["containers"][0]["args"]]
        assert words[words.index("--master-addr") + 1] == "$(LWS_LEADER_ADDRESS)"
        ranks[role] = (words[words.index("--nnodes") + 1], words[words.index("--node-rank") + 1])
        assert ("--headless" in words) == (role == "worker")
    assert ranks == {"leader": ("2", "0"), "worker": ("2", "1")}


def pod_of_group(template: Object, role: str, index: str) -> Object:
    """What the LeaderWorkerSet controller adds: a name, its labels and its variables, which come first."""
    spec = json.loads(json.dumps(template["spec"]))
    address = "vllm-server-0.vllm-server.chat-group"
    added = {"LWS_LEADER_ADDRESS": address, "LWS_GROUP_SIZE": "2", "LWS_WORKER_INDEX": index}
    container = spec["containers"][0]
    container["env"] = [*({"name": k, "value": v} for k, v in added.items()), *container["env"]]
    labels = {**template["metadata"]["labels"], "leaderworkerset.sigs.k8s.io/name": "vllm-server"}
    metadata: dict[str, Any] = {"name": f"{role}-by-hand", "namespace": "chat-group", "labels": labels}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}


RUN = [sys.executable, "-m", "anyport_sandbox.run"]


@pytest.fixture
def surroundings(tmp_path: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "ANYPORT_"))}
    own = {"AREA": str(tmp_path / "area"), "PORT": "0", "KUBERNETES": "real"}
    area = {"ANYPORT_WORK_AREA": own.pop("AREA")}
    return {**kept, **area, **{f"ANYPORT_SANDBOX_{key}": value for key, value in own.items()}}


def test_the_sandbox_asks_a_pod_and_ends_everything(surroundings: dict[str, str], tmp_path: Path) -> None:
    said = run_sandbox("up", surroundings)
    assert "5 of 5 targets answered, on 4 providers." in said
    assert "target vllm-server-" in said, "a pod's own name"
    assert still_running(tmp_path / "area") == {}
    assert "destroyed; nothing is left running" in run_sandbox("down", surroundings)
    assert still_running(tmp_path / "area") == {}
    assert not (tmp_path / "area" / "sandbox" / "kubernetes").exists()


def run_sandbox(word: str, env: dict[str, str]) -> str:
    finished = subprocess.run([*RUN, word], env=env, capture_output=True, text=True, timeout=170, check=False)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout + finished.stderr


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL], ids=lambda each: each.name)
def test_a_cut_off_run_leaves_nothing_running(
    surroundings: dict[str, str], tmp_path: Path, sign: signal.Signals
) -> None:
    process = subprocess.Popen(
        [*RUN, "up"], env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    with process:
        for line in process.stdout:
            if "chat-coreweave-deployment creating" in line:
                break
        started = time.monotonic()
        process.send_signal(sign)
        text = process.stdout.read()
    assert time.monotonic() - started < 30
    assert still_running(tmp_path / "area") == {}
    assert "Traceback" not in text
    if sign == signal.SIGINT:
        assert process.returncode == 130
        assert "stopped; nothing is left running" in text
