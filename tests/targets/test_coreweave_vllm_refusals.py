"""What `anyport check` refuses of a vLLM target: code, path, reason and what to write instead."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from recorder import Case, cases

from anyport.errors import Problem, SpecError

CASES = {case.name: case for case in cases("coreweave_vllm")}
SMALL = CASES["smallest"]
SCALED = {"monitoring": {}, "autoscaling": {"max_replicas": 3, "prometheus": "http://p:9090"}}
BUCKET = CASES["streamed_behind_a_gateway"].options["object_storage"]


def problems(case: Case) -> list[Problem]:
    try:
        case.planned()
    except SpecError as error:
        return list(error.problems)
    return []


def case(model: str = "", tier: str = "dev", region: str = "US-EAST-04", **words: Any) -> Case:
    """The smallest target with other target keys and options."""
    keys = ("zone", "instance_type", "replicas")
    target = {**SMALL.target, **{k: v for k, v in words.items() if k in keys}}
    options = {**SMALL.options, **{k: v for k, v in words.items() if k not in keys}}
    return replace(
        SMALL, model=model or SMALL.model, tier=tier, region=region, target=target, options=options
    )


def only(wrong: Case, path: str, code: str = "AP214") -> Problem:
    """The one problem there is, at that path below the target."""
    found = problems(wrong)
    assert [(p.code, p.path.removeprefix("endpoints.chat.targets.one.")) for p in found] == [(code, path)]
    assert found[0].fix
    return found[0]


def test_the_cases_themselves_are_right() -> None:
    assert [problems(each) for each in CASES.values()] == [[] for _ in CASES]


def test_a_model_larger_than_the_memory() -> None:
    found = only(case("llama-3.3-70b-instruct", gpus_per_replica=1), "options.gpus_per_replica")
    assert "140 GB (70 billion parameters of 2 bytes" in found.message
    assert "1 x 80 GB x 0.92 = 74 GB" in found.message
    assert found.fix == "say gpus_per_replica: 4 (4 x 80 GB x 0.92 = 294 GB)"


def test_a_model_that_no_machine_of_a_type_holds() -> None:
    found = only(case("mistral-large-3", instance_type="gd-8xl40s-i128"), "options.gpus_per_replica")
    assert "675 GB" in found.message
    assert found.fix == "choose an instance type with more memory, or a smaller or quantized model"


def test_a_smaller_share_of_the_memory_counts() -> None:
    assert problems(case("llama-3.3-70b-instruct", gpus_per_replica=2)) == []
    found = only(
        case("llama-3.3-70b-instruct", gpus_per_replica=2, gpu_memory_utilization=0.8),
        "options.gpus_per_replica",
    )
    assert "2 x 80 GB x 0.8 = 128 GB" in found.message


def test_between_weights_and_published_minimum_is_no_error() -> None:
    assert problems(case("gpt-oss-120b", gpus_per_replica=1)) == []


def test_a_number_of_gpus_that_leaves_some_of_the_machine_unused() -> None:
    found = problems(case(gpus_per_replica=3))
    assert {p.path.rpartition(".")[2] for p in found} == {"gpus_per_replica"}
    assert "does not divide the 8 of a gd-8xh100ib-i128" in found[0].message
    assert found[0].fix == "say 1, 2, 4, 8, or a multiple of 8"


def test_more_gpus_than_whole_machines_have() -> None:
    found = only(case(gpus_per_replica=12), "options.gpus_per_replica")
    assert "12 GPUs are 1.5 machines of type gd-8xh100ib-i128" in found.message


def test_tensor_parallelism_that_does_not_divide_the_heads() -> None:
    found = only(
        case("llama-4-maverick", gpus_per_replica=16, multi_node={"split": "tensor"}),
        "options.gpus_per_replica",
    )
    assert "16 GPUs does not divide the model's 40 attention heads" in found.message
    assert problems(case("llama-4-maverick", gpus_per_replica=16)) == []


def test_several_machines_without_rdma() -> None:
    found = only(case(instance_type="gd-8xl40s-i128", gpus_per_replica=16), "options.gpus_per_replica")
    assert "no RDMA" in found.message
    assert problems(case(region="US-EAST-13", instance_type="b200-8x", gpus_per_replica=16)) == []


def test_a_zone_that_lacks_the_machine() -> None:
    found = only(case(zone="US-EAST-04A", instance_type="b200-8x"), "options")
    assert "US-EAST-04A has no b200-8x; it has" in found.message
    assert "EU-SOUTH-04A" in found.fix
    assert problems(case(zone="US-EAST-04B", instance_type="b200-8x")) == [], "not known is not refused"
    assert problems(case(instance_type="b200-8x")) == [], "04B may have it"
    assert "US-EAST-08 has no" in only(case(region="US-EAST-08"), "options").message


@pytest.mark.parametrize(
    ("args", "index", "message", "fix"),
    [
        (["--max-num-seq", "64"], 0, "vllm serve has no --max-num-seq", "did you mean --max-num-seqs?"),
        (["--port", "80"], 0, "--port is set by the component", "remove --port"),
        (["--api_key=x"], 0, "an argument shows in the pod; use api_key", "remove --api-key"),
        (
            ["--seed", "1", "--no-headless"],
            2,
            "--no-headless is set by the component",
            "remove --no-headless",
        ),
        (["-tp", "8"], 0, "-tp is a short option", "write the long one"),
        (["64"], 0, "64 follows no flag", "write the flag before its value"),
        (
            ["--tool-call-parser", "hermes"],
            0,
            "the catalog names openai for this model",
            "remove --tool-call-parser",
        ),
        (["--zzzzzzzzzzzz"], 0, "vllm serve has no", "see `vllm serve --help`"),
    ],
)
def test_further_arguments(args: list[str], index: int, message: str, fix: str) -> None:
    found = only(case(extra_args=args), f"options.extra_args.{index}")
    assert message in found.message
    assert found.fix == fix


def test_right_arguments_in_every_spelling() -> None:
    words = ["--max-num-seqs=64", "--max_num_batched_tokens", "1024", "--compilation-config.level", "3"]
    words += ["--no-enable-prefix-caching", "--seed", "-1", "--allowed-origins", '["a", "b"]']
    words += ["--cudagraph-capture-sizes", "1", "2", "4"]
    assert problems(case(extra_args=words)) == []


def test_a_parser_that_the_catalog_does_not_name_may_be_given() -> None:
    words = ["--reasoning-parser", "deepseek_v3"]
    assert problems(case("deepseek-v3.2", extra_args=words)) == []


def test_every_wrong_argument_is_said_at_once() -> None:
    assert len(problems(case(extra_args=["--port", "80", "--nope", "--host", "0"]))) == 3


def test_a_volume_for_one_node_and_several_pods() -> None:
    one_node = {"cache": "shared", "shared_cache": {"access_mode": "ReadWriteOnce"}}
    found = only(case(**one_node), "options.shared_cache.access_mode")
    assert "there may be 2 pods" in found.message
    assert "ReadWriteMany" in found.fix
    assert problems(case(replicas=1, **one_node)) == []
    only(case(replicas=1, surge_replicas=1, **one_node), "options.shared_cache.access_mode")
    only(case("deepseek-v3.2", replicas=1, **one_node), "options.shared_cache.access_mode")
    only(case(replicas=1, **SCALED, **one_node), "options.shared_cache.access_mode")


def test_a_cache_and_its_settings_go_together() -> None:
    only(case(shared_cache={}), "options.shared_cache")
    only(case(object_storage=BUCKET), "options.object_storage")
    only(case(cache="object_storage"), "options.object_storage", "AP303")
    only(case(cache="object_storage", object_storage=BUCKET, revision="0" * 40), "options.revision")


def test_a_group_option_for_a_server_on_one_machine() -> None:
    found = only(case(multi_node={}), "options.multi_node")
    assert "fits on one gd-8xh100ib-i128" in found.message


def test_an_image_without_a_digest_in_prod() -> None:
    found = only(case(tier="prod"), "options.image")
    assert "vllm/vllm-openai:v0.33.0 is a tag" in found.message
    assert found.fix.startswith("say image: vllm/vllm-openai@sha256:…, with the digest that")
    assert "imagetools inspect vllm/vllm-openai:v0.33.0" in found.fix
    assert problems(case(tier="prod", image=f"vllm/vllm-openai@sha256:{'a' * 64}")) == []
    assert problems(case(tier="dev")) == []


def test_one_way_to_say_which_cluster() -> None:
    secret = {"config": "secrets:hf_token"}
    only(case(kubeconfig=secret, cluster={"endpoint": "a.example.com", "token": secret}), "options.cluster")


def test_a_gateway_and_a_route_go_together() -> None:
    gateway = {"name": "shared", "namespace": "gateways"}
    only(case(domain="example.com", gateway=gateway), "options.gateway")
    only(case(domain="example.com", route="gateway"), "options.gateway", "AP303")
    only(case(route="gateway", gateway=gateway), "options.route", "AP303")
    only(
        case(domain="example.com", route="gateway", gateway=gateway, cluster_issuer="letsencrypt"),
        "options.cluster_issuer",
    )


def test_scaling_needs_room_and_metrics() -> None:
    scaling = {"max_replicas": 2, "prometheus": "http://p:9090"}
    only(case(autoscaling=scaling, monitoring={}), "options.autoscaling.max_replicas")
    only(case(autoscaling={**scaling, "max_replicas": 3}), "options.autoscaling")


def test_a_pool_must_hold_its_replicas() -> None:
    found = only(case(replicas=9, node_pool={"nodes": 2}), "options.node_pool.nodes")
    assert found.message == "2 x 8 GPUs hold 8 replicas of 2 GPUs, and there may be 9"
    assert problems(case(replicas=8, node_pool={"nodes": 2})) == []
    only(case("deepseek-v3.2", replicas=2, node_pool={"nodes": 3}), "options.node_pool.nodes")
    assert problems(case("deepseek-v3.2", replicas=2, node_pool={"nodes": 4})) == []
    scaled = only(case(gpus_per_replica=4, node_pool={"nodes": 1}, **SCALED), "options.node_pool.nodes")
    assert scaled.message.endswith("hold 2 replicas of 4 GPUs, and there may be 3")


def test_a_pool_of_racks() -> None:
    rack = {"region": "US-EAST-01", "instance_type": "gb200-4x"}
    found = only(case(**rack, node_pool={"nodes": 4}), "options.node_pool.nodes")
    assert found.fix == "say a multiple of 18"
    only(
        case(**rack, node_pool={"nodes": 18, "autoscaling": {"max_nodes": 36}}),
        "options.node_pool.autoscaling",
    )


def test_a_pool_between_its_bounds() -> None:
    pool = {"nodes": 5, "autoscaling": {"min_nodes": 1, "max_nodes": 3}}
    only(case(node_pool=pool), "options.node_pool.nodes")
    (found,) = problems(case(node_pool={"nodes": 1, "autoscaling": {"min_nodes": 3, "max_nodes": 1}}))
    assert (found.code, found.message) == ("AP103", "min_nodes is more than max_nodes")


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("revision", "main"),
        ("image", "vllm/vllm-openai@sha256:123"),
        ("domain", "https://example.com"),
        ("drain_seconds", 0),
        ("gpu_memory_utilization", 1.2),
        ("api_key", "sk-in-clear"),
        ("extra_args", "--seed 1"),
        ("object_storage", {**BUCKET, "bucket": "models.example"}),
    ],
)
def test_a_value_of_the_wrong_form(option: str, value: Any) -> None:
    found = problems(case(**{option: value}))
    assert found
    assert all(p.path.startswith(f"endpoints.chat.targets.one.options.{option}") for p in found)


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("callers", "one shared API key"),
        ("workload_identity", "no tokens of an identity provider"),
        ("customer_managed_key", "no setting for a key of your own"),
        ("content_safety", "filters nothing"),
        ("alerts", "Alertmanager"),
        ("budget", "has no budgets"),
    ],
)
def test_a_word_of_other_providers_is_answered_with_the_reason(word: str, reason: str) -> None:
    assert reason in only(case(**{word: {}}), f"options.{word}", "AP213").message


def test_a_quota_that_the_replicas_outgrow() -> None:
    found = only(case(quota={"max_gpus": 1}), "options.quota.max_gpus")
    assert found.message == "there may be 2 replicas of 2 GPUs, and the quota admits 1 GPUs"
    assert found.fix == "say max_gpus: 4 or more, or fewer replicas"
    assert problems(case(quota={"max_gpus": 4})) == []
    surging = case(quota={"max_gpus": 4}, surge_replicas=1)
    assert only(surging, "options.quota.max_gpus").fix == "say max_gpus: 6 or more, or fewer replicas"
    scaling = case(quota={"max_gpus": 5}, **SCALED)
    assert only(scaling, "options.quota.max_gpus").message.startswith("there may be 3 replicas")
