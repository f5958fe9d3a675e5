"""Where `anyport verify` looks for tokens: no variable is two targets', and none of a target's is a provider's."""

from __future__ import annotations

from typing import Any

import pytest
from odd_server import KEY, odd_server
from verify_helpers import Verify, target


def endpoint(name: str, target_name: str, provider: str, **more: Any) -> dict[str, Any]:
    row = target("oci", 1, name, target=target_name, provider=provider, **more)
    return {"endpoint": name, "model": "m", "apis": ["chat_completions"], "features": [], "limits": {},
            "targets": [row]}  # fmt: skip


def test_a_token_is_not_sent_to_the_target_of_another_vendor(run_verify: Verify) -> None:
    """`a-b` with `c` and `a` with `b-c` are spelt alike as a variable."""
    raw = {"a-b": endpoint("a-b", "c", "azure_openai"), "a": endpoint("a", "b-c", "oci_generative_ai")}
    done = run_verify(raw, ANYPORT_TOKEN_A_B_C="of-one-of-them")
    assert done.exit_code == 2
    lines = [line.split(": set ")[1].split(" or ") for line in done.output.splitlines() if ": set " in line]
    assert {wide for _, wide in lines} == {"ANYPORT_TOKEN_AZURE_OPENAI", "ANYPORT_TOKEN_OCI_GENERATIVE_AI"}
    assert len({near for near, _ in lines} - {"ANYPORT_TOKEN_A_B_C"}) == 2


def test_the_names_that_are_asked_for_are_read(run_verify: Verify) -> None:
    raw = {"azure": endpoint("azure", "openai", "coreweave_vllm")}
    done = run_verify(raw, ANYPORT_TOKEN_AZURE_OPENAI="azures")
    assert done.exit_code == 2, "the variable of every Azure target is not this target's"
    near = done.output.split(": set ")[1].split(" or ")[0]
    with odd_server() as server:
        raw["azure"]["targets"][0] |= {"base_url": server.url, "model": "m"}
        done = run_verify(raw, "--timeout", "10", "--skip", "context", **{near: KEY})
    assert done.exit_code != 2, done.output
    assert "401" not in done.output


@pytest.mark.parametrize("raw", ["[" * 200_000, '{"endpoints": "' + "[" * 200_000 + '"}'])
def test_a_contract_nested_without_end_is_bad_input(run_verify: Verify, raw: str) -> None:
    done = run_verify(raw)
    assert done.exit_code == 2, done.output
    assert "JSON" in done.output
