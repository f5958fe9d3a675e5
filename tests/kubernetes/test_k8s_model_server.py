"""Pods that run `vllm serve` get a process that answers at the pod's address."""

from __future__ import annotations

import socket
import ssl
import threading

import pytest
import trustme
from k8s_objects import VLLM_ARGS, Space, answer, first_status, ready, vllm_spec, waiting

pytestmark = pytest.mark.engine

CHAT = {"model": "chat", "messages": [{"role": "user", "content": "Hello"}]}


def test_it_serves_behind_a_service_with_the_key_and_the_real_ones_holes(space: Space) -> None:
    space.key()
    space.pod("model", vllm_spec(), start_seconds="60")
    space.put(
        "v1",
        "Service",
        "model",
        {"selector": {"app": "model"}, "ports": [{"port": 80, "targetPort": "http"}]},
    )
    space.until("model", lambda pod: "running" in first_status(pod).get("state", {}))
    assert space.cluster.service_addresses(space.name, "model") == []
    pod = space.until("model", ready)
    (address,) = space.api.wait(lambda: space.cluster.service_addresses(space.name, "model"))
    assert address == space.cluster.address(space.name, "model")
    assert address.split(".", 1)[1] == f"{pod['status']['podIP'].split('.', 1)[1]}:8000"

    status, body = answer(address, "/v1/chat/completions", CHAT, key="hush")
    assert status == 200
    assert body["model"] == "chat"
    assert "target model serves" in body["choices"][0]["message"]["content"]
    for key in ("", "wrong"):
        assert answer(address, "/v1/chat/completions", CHAT, key=key)[0] == 401
        assert answer(address, "/v1/models", key=key)[0] == 401
        assert answer(address, "/inference/v1/generate", CHAT, key=key)[0] == 401
    assert answer(address, "/health")[0] == 200
    assert answer(address, "/invocations", CHAT)[0] == 200
    assert answer(address, "/tokenize", {"prompt": "Hello"})[1]["count"] == 2
    assert [each["id"] for each in answer(address, "/v1/models", key="hush")[1]["data"]] == ["chat"]
    status, body = answer(address, "/v1/chat/completions", {**CHAT, "model": "other"}, key="hush")
    assert (status, body["error"]["code"]) == (404, 404)
    metrics = answer(address, "/metrics")[1]
    assert 'vllm:request_success_total{engine="0",model_name="chat",finished_reason="stop"} 2' in metrics
    assert 'vllm:num_requests_waiting{engine="0",model_name="chat"} 0' in metrics


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        ([*VLLM_ARGS, "--max-model-length", "4096"], 2, "unrecognized arguments: --max-model-length 4096"),
        ([*VLLM_ARGS, "--tensor-parallel-size", "8"], 1, "World size (8) is larger"),
    ],
)
def test_what_vllm_cannot_start_with_ends_in_a_crash_loop(
    space: Space, args: list[str], code: int, said: str
) -> None:
    space.key()
    space.pod("model", vllm_spec(args, terminationMessagePolicy="FallbackToLogsOnError"))
    pod = space.until("model", waiting("CrashLoopBackOff"))
    ended = first_status(pod)["lastState"]["terminated"]
    assert (ended["exitCode"], ended["reason"]) == (code, "Error")
    assert said in ended["message"]
    assert said in space.cluster.logs(space.name, "model", "vllm")


def test_without_a_process_wrong_arguments_crash_all_the_same(space: Space) -> None:
    space.key()
    space.pod(
        "model",
        vllm_spec([*VLLM_ARGS, "--nonsense"], terminationMessagePolicy="FallbackToLogsOnError"),
        server="off",
    )
    ended = first_status(space.until("model", waiting("CrashLoopBackOff")))["lastState"]["terminated"]
    assert ended["exitCode"] == 2
    assert "unrecognized arguments: --nonsense" in ended["message"]
    assert space.cluster.logs(space.name, "model", "vllm") == ""


def test_a_service_called_vllm_breaks_pods_with_service_links(space: Space) -> None:
    space.key()
    space.put("v1", "Service", "vllm", {"selector": {"app": "x"}, "ports": [{"port": 8000}]})
    space.pod("linked", {**vllm_spec(), "enableServiceLinks": True})
    space.pod("unlinked", vllm_spec())
    space.until("linked", waiting("CrashLoopBackOff"))
    assert "VLLM_PORT 'tcp://" in space.cluster.logs(space.name, "linked", "vllm")
    space.until("unlinked", ready)


def test_a_drain_lets_the_call_under_way_end_and_one_without_cuts_it(space: Space) -> None:
    space.key()
    patient = {**vllm_spec([*VLLM_ARGS, "--shutdown-timeout", "600"]), "terminationGracePeriodSeconds": 700}
    space.pod("draining", patient, answer_seconds="180")
    space.pod("cutting", vllm_spec(VLLM_ARGS), answer_seconds="180")
    results: dict[str, int] = {}

    def call(name: str, address: str) -> None:
        try:
            results[name] = answer(address, "/v1/chat/completions", CHAT, key="hush")[0]
        except OSError:
            results[name] = 0

    calls = []
    for name in ("draining", "cutting"):
        space.until(name, ready)
        address = space.cluster.address(space.name, name)
        calls.append(threading.Thread(target=call, args=(name, address)))
        calls[-1].start()
        space.api.wait(lambda address=address: answer(address, "/load")[1]["server_load"] == 1)
        space.api.delete("v1", "Pod", name, space.name)
    for each in calls:
        each.join()
    for name in ("draining", "cutting"):
        space.api.wait(lambda name=name: space.api.find("v1", "Pod", name, space.name) is None)
    assert results["draining"] == 200
    assert results["cutting"] != 200


def test_a_pod_with_tls_from_a_mounted_secret_is_probed_and_answers(space: Space) -> None:
    authority = trustme.CA()
    issued = authority.issue_cert("chat.example.com")
    texts = {
        "tls.crt": issued.cert_chain_pems[0].bytes().decode(),
        "tls.key": issued.private_key_pem.bytes().decode(),
    }
    space.key()
    args = [*VLLM_ARGS, "--ssl-certfile", "/tls/tls.crt", "--ssl-keyfile=/tls/tls.key"]
    health = {
        "readinessProbe": {
            "httpGet": {"path": "/health", "port": "http", "scheme": "HTTPS"},
            "periodSeconds": 5,
        }
    }
    spec = vllm_spec(args, startupProbe=None, **health, volumeMounts=[{"name": "tls", "mountPath": "/tls"}])
    space.pod("model", {**spec, "volumes": [{"name": "tls", "secret": {"secretName": "tls"}}]})
    space.api.wait(lambda: space.events("FailedMount"))
    assert space.events("FailedMount") == [
        'MountVolume.SetUp failed for volume "tls" : secret "tls" not found'
    ]
    assert waiting("ContainerCreating")(space.get("model"))
    space.put("v1", "Secret", "tls", stringData=texts)
    space.until("model", ready)
    host, _, port = space.cluster.address(space.name, "model").partition(":")
    context = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    with (
        socket.create_connection((host, int(port))) as plain,
        context.wrap_socket(plain, server_hostname="chat.example.com") as tls,
    ):
        tls.sendall(b"GET /health HTTP/1.0\r\n\r\n")
        assert tls.recv(100).startswith(b"HTTP/1.1 200")
