"""What a vLLM target must say before anything is built: its machine, its callers, and nothing that `vllm serve` reads as
another model or as more GPUs than its pod has.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from recorder import cases

from anyport.catalog import vllm_flags
from anyport.errors import Problem, SpecError
from anyport.vllm.command import refused_arguments

SMALL = cases("coreweave_vllm")[0]
H100 = "gd-8xh100ib-i128"
CALLERS = {"network": {"caller_namespaces": ["assistant"]}}


def problems(
    model: str = "gpt-oss-20b",
    machine: str | None = H100,
    region: str = "US-EAST-04",
    tier: str = "dev",
    **options: Any,
) -> list[Problem]:
    target = {"instance_type": machine} if machine else {}
    case = replace(SMALL, model=model, region=region, tier=tier, target=target, options=options)
    try:
        case.planned()
    except SpecError as error:
        return list(error.problems)
    return []


def only(found: list[Problem]) -> tuple[str, str, str]:
    """Code, path below the target and everything said of the one problem."""
    [problem] = found
    path = problem.path.removeprefix("endpoints.chat.targets.one.")
    return problem.code, path, f"{problem.message} | {problem.fix}"


@pytest.mark.parametrize("model", ["llama-3.3-70b-instruct", "deepseek-v3.2", "gpt-oss-20b"])
def test_a_target_without_a_machine_is_refused(model: str) -> None:
    code, path, said = only(problems(model, machine=None, **CALLERS))
    assert (code, path) == ("AP303", "options")
    assert f"nothing shows that {model} fits: its weights need" in said
    assert "add instance_type to the target" in said


def test_machines_of_the_place_that_hold_the_model_are_named_with_the_sum() -> None:
    _, _, said = only(problems("llama-3.3-70b-instruct", machine=None, **CALLERS))
    assert "140 GB" in said
    assert f"{H100} (4 x 80 GB x 0.92 = 294 GB)" in said
    _, _, said = only(problems("llama-3.3-70b-instruct", machine=None, region="US-EAST-08", **CALLERS))
    assert "gd-8xh200ib-i128 (2 x 141 GB x 0.92 = 259 GB)" in said
    assert H100 not in said


@pytest.mark.parametrize("more", [{"gpus_per_replica": 144}, {"multi_node": {}}, {"node_pool": {"nodes": 1}}])
def test_no_other_option_stands_for_the_machine(more: dict[str, Any]) -> None:
    code, path, _ = only(problems(machine=None, **CALLERS, **more))
    assert (code, path) == ("AP303", "options")


def test_gpus_that_cannot_be_counted_must_be_said() -> None:
    """One would be a guess where the memory of a machine is not known."""
    rack = {"machine": "gb300-4x", "region": "US-CENTRAL-07"}
    code, path, said = only(problems("deepseek-v3.2", **rack, **CALLERS))
    assert (code, path) == ("AP303", "options.gpus_per_replica")
    assert "the GPU memory of gb300-4x" in said
    assert problems("deepseek-v3.2", **rack, **CALLERS, gpus_per_replica=4) == []


@pytest.mark.parametrize("tier", ["prod", "dev"])
def test_a_target_that_nobody_can_reach_is_refused(tier: str) -> None:
    image = f"vllm/vllm-openai@sha256:{'a' * 64}"
    code, path, said = only(problems(tier=tier, image=image, network={"ingress_namespace": "traefik"}))
    assert (code, path) == ("AP214", "options.domain")
    assert "nobody could call the servers" in said
    assert "caller_namespaces" in said
    assert problems(tier=tier, image=image, domain="vllm.example.com") == []
    assert problems(tier=tier, image=image, **CALLERS) == []


@pytest.mark.parametrize(
    "words",
    [
        ["--trust-remote-code", "evil/other-model"],
        ["--no-enable-prefix-caching", "evil/other-model"],
        ["--disable-log-stats", "evil/other-model"],
        ["--seed=1", "evil/other-model"],
        ["--compilation-config.level=3", "evil/other-model"],
    ],
)
def test_a_word_that_would_be_another_model_is_refused(words: list[str]) -> None:
    code, path, said = only(problems(extra_args=words, **CALLERS))
    assert (code, path) == ("AP214", "options.extra_args.1")
    assert "vLLM would serve a model of that name" in said
    assert "remove evil/other-model" in said


def test_one_value_of_an_option_and_no_second() -> None:
    _, path, said = only(problems(extra_args=["--seed", "1", "evil/other-model"], **CALLERS))
    assert path == "options.extra_args.2"
    assert "is no value of --seed" in said
    several = ["--cudagraph-capture-sizes", "1", "2", "4", "--compilation-config.level", "3"]
    assert problems(extra_args=several, **CALLERS) == []


@pytest.mark.parametrize(
    "flag",
    [
        "--data-parallel-size",
        "--data_parallel_size_local",
        "--data-parallel-rank",
        "--elastic-ep-max-dp-size",
        "--prefill-context-parallel-size",
    ],
)
def test_more_gpus_than_the_pod_has_are_not_asked_for(flag: str) -> None:
    code, path, said = only(problems(extra_args=[flag, "8"], **CALLERS))
    assert (code, path) == ("AP214", "options.extra_args.0")
    assert f"remove {flag.replace('_', '-')}" in said


@pytest.mark.parametrize("switch", ["--no-data-parallel-hybrid-lb", "--no-enable-elastic-ep"])
def test_the_twin_of_a_refused_switch_is_refused(switch: str) -> None:
    assert len(list(refused_arguments([switch], vllm_flags()))) == 1


def test_context_parallelism_over_the_same_gpus_may_be_given() -> None:
    """It shares those of tensor parallelism and asks for none."""
    words = ["--decode-context-parallel-size", "2"]
    assert problems("llama-3.3-70b-instruct", extra_args=words, **CALLERS) == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("domain", f"{'a' * 64}.example.com"),
        ("domain", ".".join(["a" * 63] * 3)),
        ("ingress_class", "Bad Class!"),
        ("cluster_issuer", "no such/issuer"),
    ],
)
def test_a_name_that_dns_or_the_cluster_cannot_hold(option: str, value: str) -> None:
    code, path, _ = only(problems(**{"domain": "example.com", option: value}))
    assert (code, path) == ("AP103", f"options.{option}")


def test_the_longest_label_and_domain() -> None:
    assert problems(domain=".".join(["a" * 63, "b" * 63, "c" * 61])) == []
