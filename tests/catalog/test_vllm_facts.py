"""Facts that only the vLLM provider uses."""

from __future__ import annotations

import pytest

from anyport.catalog import Offer, load, vllm_flags

CATALOG = load()
OFFERS = [
    model.offers["coreweave_vllm"] for model in CATALOG.models.values() if "coreweave_vllm" in model.offers
]


def test_the_flags_are_long_options_sorted_and_single() -> None:
    flags = vllm_flags()
    assert len(flags) == 404
    assert list(flags) == sorted(set(flags))
    assert all(flag.startswith("--") and flag == flag.lower() for flag in flags)
    assert {
        "--shutdown-timeout",
        "--nnodes",
        "--max-num-queued-reqs",
        "--disable-access-log-for-endpoints",
    } <= set(flags)


@pytest.mark.parametrize("offer", OFFERS, ids=lambda offer: str(offer.model_id))
def test_weights_are_below_the_minimum_and_say_where_they_come_from(offer: Offer) -> None:
    assert (offer.weights_gb is None) == (offer.weights_basis == "")
    if offer.weights_gb is not None and offer.min_gpu_memory_gb is not None:
        assert offer.weights_gb < offer.min_gpu_memory_gb


def test_rdma_is_known_where_the_name_tells() -> None:
    for name, instance in CATALOG.instances.items():
        if name.startswith("gd-"):
            assert instance.rdma is ("ib-" in name)
        else:
            assert instance.rdma is None
