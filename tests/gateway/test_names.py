"""Names in contracts: the key of a credential, a variable and a cluster, so two targets never share one."""

from __future__ import annotations

from typing import Any

import pytest
from exports_helpers import contract, contracts, target

from anyport.gateway.litellm import LitellmSettings, litellm_config
from anyport.gateway.private_headers import is_private
from anyport.gateway.routes import RouteError, route_table


def named(endpoint: str, *targets: str, of: str = "oci") -> dict[str, Any]:
    """An endpoint whose targets have these names."""
    rows = [
        target(of, place, endpoint, target=name, model=f"m-{place}") for place, name in enumerate(targets, 1)
    ]
    return {**contract(endpoint), "targets": rows}


def problems(given: dict[str, Any]) -> list[tuple[str, str, str]]:
    with pytest.raises(RouteError) as raised:
        route_table(given)
    return [(each.code, each.path, each.message) for each in raised.value.problems]


@pytest.mark.parametrize("name", ["../b", "b.c", "b,c", "b\nc", "", "B", "é", "b_c", "x" * 33])
def test_a_name_that_no_spec_could_have_is_refused(name: str) -> None:
    wrong = "is not the name of an endpoint or a target"
    assert problems(contracts(chat=named("chat", "a", name))) == [
        ("AP401", "endpoints.chat.targets.1.target", wrong)
    ]
    assert ("AP401", "endpoints.x.endpoint", wrong) in problems(contracts(x=named(name, "a")))


def test_a_name_that_is_there_twice_is_refused() -> None:
    assert problems(contracts(chat=named("chat", "a", "a"))) == [
        ("AP401", "endpoints.chat.targets.a", "is there twice")
    ]
    both = contracts(x=named("chat", "a"), y=named("chat", "b"))
    assert problems(both) == [("AP401", "endpoints.chat", "is there twice")]


def keys(given: dict[str, Any], **settings: Any) -> dict[str, str]:
    models = litellm_config(route_table(given), LitellmSettings(**settings))["model_list"]
    return {row["litellm_params"]["model"]: row["litellm_params"]["api_key"] for row in models}


def test_litellm_reads_no_vendor_s_key_for_another() -> None:
    """`a-b` with `c` and `a` with `b-c` are spelt alike as a variable."""
    other = named("a", "b-c", of="coreweave")
    other["targets"][0] |= {"model": "other", "auth": {"kind": "bearer_api_key"}}
    found = keys(contracts(one=named("a-b", "c"), two=other))
    assert len(set(found.values())) == 2
    assert all(key.startswith("os.environ/ANYPORT_A_B_C_") for key in found.values())
    [alone] = keys(contracts(one=named("a-b", "c"))).values()
    assert alone == "os.environ/ANYPORT_A_B_C_KEY"
    [aside] = keys(contracts(one=named("a-b", "c")), master_key_env="ANYPORT_A_B_C_KEY").values()
    assert aside != "os.environ/ANYPORT_A_B_C_KEY"


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
        ("https://[2001:db8::1]/v1", "https://[2001:db8::1]/v1"),
        ("http://host.test:443/v1", "http://host.test:443/v1"),
        ("https://host.test:443/v1", "https://host.test/v1"),
    ],
)
def test_litellm_gets_base_urls_as_urls_are_written(url: str, base: str) -> None:
    given = contracts(chat=contract("chat", "oci", oci={"base_url": url}))
    [row] = litellm_config(route_table(given), LitellmSettings())["model_list"]
    assert row["litellm_params"]["api_base"] == base


@pytest.mark.parametrize(
    "name",
    ["Authorization", "x-api-key", "APIKEY", "Ocp-Apim-Subscription-Key", "x-functions-key", "x-access-key",
     "x-amz-security-token", "openai-organization", "x-goog-user-project", "proxy-authorization", "Cookie", "DPoP"],
)  # fmt: skip
def test_a_caller_s_keys_and_cookies_are_private(name: str) -> None:
    assert is_private(name)


@pytest.mark.parametrize(
    "name", [":authority", "content-type", "x-request-id", "traceparent", "idempotency-key", "user-agent"]
)
def test_other_headers_are_not(name: str) -> None:
    assert not is_private(name)
