"""VllmServer by itself, on a cluster that is not CoreWeave's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from recorder import Registered, record

from anyport.vllm import COREWEAVE, GENERIC, Autoscaling, Exposure, ObjectStorage, Server, SharedVolume
from anyport.vllm.component import VllmServer
from anyport.vllm.objects import Piece, pieces
from anyport.vllm.server import label_pairs
from anyport.vllm.timing import grace_seconds, progress_seconds, rollout_minutes, start_minutes

SERVER = Server(
    namespace="chat",
    name="chat",
    model_id="openai/gpt-oss-20b",
    served_name="gpt-oss-20b",
    image="vllm/vllm-openai:v0.33.0",
    node_selector={"agentpool": "h100"},
)


def built(server: Server, **more: Any) -> dict[str, Registered]:
    def build() -> None:
        VllmServer("llm", server, {"api-key": "made-up"}, **more)

    return {r.name: r for r in record(build) if not r.type.startswith("anyport:")}


def objects(server: Server) -> dict[str, Piece]:
    return {piece.what: piece for piece in pieces(server)}


def pod(server: Server) -> Any:
    return objects(server)["deployment"].body["spec"]["template"]


def test_any_cluster_gets_the_same_objects_without_coreweaves_words() -> None:
    made = built(SERVER)
    assert sorted(name.removeprefix("llm-") for name in made) == [
        "account", "budget", "deployment", "namespace", "network", "secret", "service",
    ]  # fmt: skip
    assert "coreweave" not in str([resource.inputs for resource in made.values()])
    spec = made["llm-deployment"].inputs["spec"]["template"]["spec"]
    assert spec["nodeSelector"] == {"agentpool": "h100"}
    assert spec["affinity"] == {}
    assert [t["key"] for t in spec["tolerations"]] == ["nvidia.com/gpu"]
    assert "llm-namespace" in made["llm-deployment"].depends_on
    assert not any(resource.protect for resource in made.values())
    assert [n for n, resource in built(SERVER, protect=True).items() if resource.protect] == ["llm-namespace"]


def test_an_unknown_argument_stops_the_program() -> None:
    with pytest.raises(ValueError, match="vllm serve has no --max-num-seq; did you mean --max-num-seqs"):
        built(replace(SERVER, extra_args=("--max-num-seq", "4")))
    with pytest.raises(ValueError, match="set by the component"):
        built(replace(SERVER, tool_call_parser="openai", extra_args=("--tool-call-parser", "hermes")))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gpus": 3, "nodes": 2}, "cannot be shared evenly"),
        ({"cache": "object_storage"}, "needs object_storage"),
        ({"cache": "shared"}, "no usual storage class"),
        (
            {"cache": "shared", "replicas": 2, "shared": SharedVolume("fast", "ReadWriteOnce")},
            "one pod's node only",
        ),
        (
            {
                "cache": "shared",
                "shared": SharedVolume("fast", "ReadWriteOnce"),
                "autoscaling": Autoscaling(3, "http://p:9090"),
            },
            "one pod's node only",
        ),
    ],
)
def test_a_server_that_cannot_be(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replace(SERVER, **change)


def test_time_to_start_follows_the_size_and_the_source_of_the_weights() -> None:
    large = replace(SERVER, weights_gb=671.0)
    assert start_minutes(large) == 15 + 68
    streamed = replace(large, cache="object_storage", object_storage=ObjectStorage("s3://b/p", "http://s"))
    assert start_minutes(streamed) == 15 + 23
    assert start_minutes(SERVER) == 75, "a size that is not known is taken for large"
    assert start_minutes(replace(large, start_minutes=20)) == 20
    assert progress_seconds(large) == (83 + 15) * 60 + grace_seconds(large)


def test_time_to_roll_out_counts_every_replica_that_may_run() -> None:
    one = replace(SERVER, weights_gb=10.0)
    assert rollout_minutes(replace(one, replicas=4)) > 3 * rollout_minutes(one)
    scaled = replace(one, autoscaling=Autoscaling(4, "http://p:9090"))
    assert rollout_minutes(scaled) == rollout_minutes(replace(one, replicas=4))


def test_tags_become_labels_that_kubernetes_takes() -> None:
    assert label_pairs({"owner": "AI Platform!", "_x": "-a_", "!": "b", "long": "x" * 80}) == {
        "owner": "AI-Platform",
        "x": "a",
        "long": "x" * 63,
    }


def test_a_tag_cannot_take_the_place_of_a_label_that_selects() -> None:
    made = objects(replace(SERVER, tags={"app.kubernetes.io/name": "other"}))
    assert made["deployment"].labels["app.kubernetes.io/name"] == "vllm"
    assert made["deployment"].labels["app.kubernetes.io-name"] == "other"


def test_the_same_server_gives_the_same_objects() -> None:
    assert pieces(SERVER) == pieces(replace(SERVER))


def test_object_storage_elsewhere_opens_its_own_port() -> None:
    storage = ObjectStorage("s3://models/a", "http://minio.storage:9000")
    made = objects(replace(SERVER, cache="object_storage", object_storage=storage))
    ports = {p["port"] for rule in made["network"].body["spec"]["egress"] for p in rule["ports"]}
    assert ports == {53, 443, 9000}


def test_scaling_a_group_names_the_group() -> None:
    server = replace(SERVER, profile=COREWEAVE, gpus=16, nodes=2, autoscaling=Autoscaling(3, "http://p:9090"))
    target = objects(server)["scaler"].body["spec"]["scaleTargetRef"]
    assert target["kind"] == "LeaderWorkerSet"
    assert built(server)["llm-group"].ignore_changes == ("spec.replicas",)


def test_without_rdma_a_group_asks_for_none() -> None:
    group = objects(replace(SERVER, profile=GENERIC, gpus=16, nodes=2))["group"].body["spec"]
    spec = group["leaderWorkerTemplate"]["workerTemplate"]["spec"]
    assert "podAffinity" not in spec["affinity"]
    assert set(spec["containers"][0]["resources"]["limits"]) == {"nvidia.com/gpu"}


def test_other_ingress_controllers_get_no_annotations_of_traefik() -> None:
    made = objects(replace(SERVER, exposure=Exposure("chat.example.com", ingress_class="nginx")))
    assert list(made["ingress"].annotations) == ["cert-manager.io/cluster-issuer"]


def test_another_restart_text_changes_the_pods_alone() -> None:
    before, after = pieces(SERVER), pieces(SERVER, "2")
    changed = [a.what for a, b in zip(after, before, strict=True) if a != b]
    assert changed == ["deployment"]
    made: Callable[[str], Any] = lambda text: {p.what: p for p in pieces(SERVER, text)}["deployment"]  # noqa: E731
    assert made("2").body["spec"]["template"]["metadata"]["annotations"] == {"anyport/restart": "2"}
    assert "annotations" not in pod(SERVER)["metadata"]
