"""The export for LiteLLM: pinned, in order, keys by name only."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from exports_helpers import contract, contracts
from pydantic import ValidationError

from anyport.gateway.litellm import DENIED, LitellmSettings, litellm_config, litellm_yaml, pinned
from anyport.gateway.routes import RouteError, route_table


def config(given: Any = None, **settings: Any) -> dict[str, Any]:
    return litellm_config(route_table(given or contracts()), LitellmSettings(**settings))


def test_the_measured_settings_are_always_written() -> None:
    router = config()["router_settings"]
    assert (router["num_retries"], router["allowed_fails"], router["cooldown_time"]) == (0, 1, 30)
    assert all(model["litellm_params"]["max_retries"] == 0 for model in config()["model_list"])


def test_every_target_is_there_in_order_and_none_is_cut_off_by_the_proxy_s_own_limit() -> None:
    found = config()
    assert [model["model_name"] for model in found["model_list"]] == [
        "chat", "chat/azure-south", "chat/vertex", "chat/oci", "chat/coreweave",
    ]  # fmt: skip
    [fallbacks] = found["router_settings"]["fallbacks"]
    assert fallbacks == {"chat": ["chat/azure-south", "chat/vertex", "chat/oci", "chat/coreweave"]}
    assert found["router_settings"]["max_fallbacks"] == 4


def test_each_provider_is_called_its_own_way() -> None:
    params = {row["model_name"]: row["litellm_params"] for row in config()["model_list"]}
    assert params["chat"]["model"] == "azure/gpt-oss-120b"
    assert params["chat"]["api_base"] == "https://anyport-1.openai.azure.com"
    assert "api_key" not in params["chat"]
    assert params["chat/vertex"]["model"] == "vertex_ai/openai/gpt-oss-120b-maas"
    assert (params["chat/vertex"]["vertex_project"], params["chat/vertex"]["vertex_location"]) == (
        "p-1", "us-central1",
    )  # fmt: skip
    assert params["chat/oci"]["model"] == "openai/openai.gpt-oss-120b"
    assert params["chat/oci"]["api_base"].endswith(".oraclecloud.com/openai/v1")
    assert params["chat/oci"]["api_key"] == "os.environ/ANYPORT_CHAT_OCI_KEY"
    assert params["chat/coreweave"]["api_key"] == "os.environ/VLLM_API_KEY"
    assert config()["litellm_settings"]["enable_azure_ad_token_refresh"] is True


def test_a_key_s_variable_can_be_named() -> None:
    found = config(key_envs={"chat/oci": "OCI_KEY"})
    assert found["model_list"][3]["litellm_params"]["api_key"] == "os.environ/OCI_KEY"


def test_equal_priorities_share_the_endpoint_s_name_by_weight() -> None:
    given = contract(azure_east={"priority": 1, "weight": 3}, azure_south={"priority": 1, "weight": 1})
    found = config(contracts(chat=given))
    assert [(row["model_name"], row["litellm_params"]["weight"]) for row in found["model_list"][:3]] == [
        ("chat", 3), ("chat", 1), ("chat/vertex", 1),
    ]  # fmt: skip
    assert "chat" not in found["router_settings"]["fallbacks"][0]["chat"]


def test_one_target_alone_has_no_fallback_list() -> None:
    found = config(contracts(chat=contract("chat", "oci")))
    assert found["router_settings"]["fallbacks"] == []


def test_a_target_it_cannot_reach_is_refused_and_not_left_out() -> None:
    own = {"base_url": "https://1.us-central1-2.prediction.vertexai.goog/v1", "model": ""}
    with pytest.raises(RouteError) as raised:
        config(contracts(chat=contract(vertex=own)))
    assert [(p.code, p.path) for p in raised.value.problems] == [("AP402", "endpoints.chat.targets.vertex")]


@pytest.mark.parametrize(
    "version", [*sorted(DENIED), "1.83.99", "0.1.2", "latest", "1.106", ">=1.106.2", "", "1.106.2\n"]
)
def test_versions_that_must_not_be_installed_are_refused(version: str) -> None:
    with pytest.raises(ValueError, match=r"LiteLLM|exact"):
        pinned(version)
    with pytest.raises(ValidationError):
        LitellmSettings(version=version)


@pytest.mark.parametrize("version", ["1.84.0", "1.106.2", "1.106.10", "2.0.0"])
def test_other_exact_versions_are_taken(version: str) -> None:
    assert pinned(version) == version


def test_the_file_says_what_it_is_for_and_what_it_does_not_promise() -> None:
    text = litellm_yaml(route_table(contracts()), LitellmSettings())
    head = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    assert "litellm[proxy]==1.106.2" in head
    assert all(version in head for version in DENIED)
    assert [f"# {number}." in head for number in range(1, 7)] == [True] * 6
    assert "ANYPORT_CHAT_OCI_KEY, LITELLM_MASTER_KEY, VLLM_API_KEY" in head
    assert yaml.safe_load(text) == config()


def test_litellm_is_no_dependency(checkout: Any) -> None:
    for name in ("pyproject.toml", "requirements.lock"):
        assert "litellm" not in (checkout / name).read_text("utf-8").lower()
