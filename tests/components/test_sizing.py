"""The sums behind the number of GPUs."""

from __future__ import annotations

from typing import Any

import pytest

from anyport.catalog import load
from anyport.sizing import (
    gpus_needed,
    gpus_needed_on,
    memory_text,
    misfits,
    nodes_needed,
    sizing_notes,
    usable_gb,
)
from anyport.spec import TargetSpec
from anyport.targets.coreweave_vllm.options import CoreweaveVllmOptions
from anyport.targets.options import TargetOptions

CATALOG = load()
H100, H200, B200 = "gd-8xh100ib-i128", "gd-8xh200ib-i128", "b200-8x"


def gpus(model: str, instance: str, **options: Any) -> int | None:
    offer = CATALOG.offer(model, "coreweave_vllm")
    return gpus_needed_on(CATALOG.instances[instance], CoreweaveVllmOptions(**options), offer)


@pytest.mark.parametrize(
    ("model", "instance", "expected"),
    [
        ("gpt-oss-20b", "gd-8xl40s-i128", 1),
        ("gpt-oss-120b", H200, 1),
        ("gpt-oss-120b", H100, 2),
        ("llama-3.3-70b-instruct", H100, 4),
        ("llama-3.3-70b-instruct", H200, 2),
        ("qwen3-32b", H100, 2),
        ("deepseek-v3.2", H200, 8),
        ("deepseek-v3.2", B200, 8),
        ("deepseek-v3.2", H100, 16),
        ("llama-4-maverick", H100, 8),
        ("bge-m3", "gd-8xl40s-i128", 1),
    ],
)
def test_the_published_table_of_sizes(model: str, instance: str, expected: int) -> None:
    """As vllm-project/recipes and the weights have it; the last two go by the weights alone."""
    assert gpus(model, instance) == expected


def test_what_is_asked_for_wins() -> None:
    assert gpus("gpt-oss-120b", H100, gpus_per_replica=8) == 8


def test_a_larger_share_of_memory_needs_fewer_gpus() -> None:
    assert gpus("qwen3-32b", H100, gpu_memory_utilization=0.97) == 1


def test_several_machines_are_chosen_only_where_rdma_is_known() -> None:
    assert gpus("mistral-large-3", H100) == 16
    assert gpus("mistral-large-3", "gd-8xl40s-i128") == 8


def test_what_is_not_known_is_not_guessed() -> None:
    assert gpus("gpt-oss-120b", "gb300-4x") is None
    assert (
        gpus_needed_on(None, CoreweaveVllmOptions(), CATALOG.offer("gpt-oss-120b", "coreweave_vllm")) is None
    )
    assert nodes_needed(None, CATALOG.instances[H100]) == nodes_needed(16, None) == 1
    offer = CATALOG.offer("gpt-oss-120b", "coreweave_vllm")
    assert offer is not None
    assert list(misfits(CATALOG.instances["gb300-4x"], offer, CoreweaveVllmOptions())) == []


def test_other_providers_run_no_gpus_of_ours() -> None:
    target = TargetSpec(priority=1, provider="azure_openai", region="eastus2")
    offer = CATALOG.offer("gpt-oss-120b", "azure_openai")
    assert offer is not None
    assert gpus_needed(target, TargetOptions(), offer, CATALOG) is None
    assert sizing_notes(target, TargetOptions(), offer, CATALOG) == ()


def test_the_sum_is_shown() -> None:
    assert usable_gb(2, 80) == pytest.approx(147.2)
    assert memory_text(2, 80) == "2 x 80 GB x 0.92 = 147 GB"


def notes(model: str, instance: str, zone: str | None = "US-EAST-04A", **options: Any) -> tuple[str, ...]:
    target = TargetSpec(
        priority=1,
        provider="coreweave_vllm",
        region="US-EAST-04",
        zone=zone,
        instance_type=instance,
        options=options,
    )
    offer = CATALOG.offer(model, "coreweave_vllm")
    assert offer is not None
    return sizing_notes(target, CoreweaveVllmOptions(**options), offer, CATALOG)


def test_a_plan_says_how_the_number_came_about() -> None:
    (said,) = notes("gpt-oss-120b", H100)
    assert said == (
        "2 GPUs per replica chosen on gd-8xh100ib-i128: 2 x 80 GB x 0.92 = 147 GB usable for a published minimum of 96 GB"
    )


def test_a_tight_fit_is_a_note() -> None:
    asked, tight = notes("gpt-oss-120b", H100, gpus_per_replica=1)
    assert "asked for" in asked
    assert tight.startswith("below the published minimum of 96 GB")


def test_several_machines_are_named() -> None:
    (said,) = notes("deepseek-v3.2", H100)
    assert "16 GPUs per replica chosen on gd-8xh100ib-i128 (2 machines)" in said


def test_what_is_not_known_is_said() -> None:
    assert "size is not checked" in notes("gpt-oss-120b", "gb300-4x")[0]
    assert any(
        "has RDMA between machines is not known" in n
        for n in notes("deepseek-v3.2", B200, gpus_per_replica=16)
    )
    assert notes("gpt-oss-120b", H100, zone=None)[-1] == "which machines US-EAST-04 has is not known"
    assert "no minimum is published" in notes("bge-m3", H100)[0]
