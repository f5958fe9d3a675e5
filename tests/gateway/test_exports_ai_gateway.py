"""The rendering for Envoy AI Gateway: shape, order, credentials by reference, and honesty about the rest."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from exports_helpers import FIELDS, contract, contracts

from anyport.gateway.ai_gateway import AiGatewaySettings, AzureIdentity, ai_gateway_objects, ai_gateway_yaml
from anyport.gateway.lua_text import TRIGGERS
from anyport.gateway.routes import RouteError, route_table

AZURE = AzureIdentity(client_id="c-1", tenant_id="t-1", client_secret_name="azure-client")


def render(given: Any = None, **settings: Any) -> list[dict[str, Any]]:
    text = ai_gateway_yaml(route_table(given or contracts()), AiGatewaySettings(**settings))
    return list(yaml.safe_load_all(text))


def only(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    [found] = [each for each in objects if each["kind"] == kind and each["metadata"]["name"] == name]
    return dict(found["spec"])


def misfits(value: Any, shape: Any, path: str) -> list[str]:
    """Where a value is not as the shape says."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return [f"{path}: no map"]
        found = [f"{path}.{key}: unknown" for key in value if key not in shape]
        return found + [
            bad for key in value if key in shape for bad in misfits(value[key], shape[key], f"{path}.{key}")
        ]
    if isinstance(shape, list):
        if not isinstance(value, list) or not value:
            return [f"{path}: no list"]
        return [
            bad for number, each in enumerate(value) for bad in misfits(each, shape[0], f"{path}[{number}]")
        ]
    if isinstance(shape, set):
        return [] if value in shape else [f"{path}: {value!r}"]
    if isinstance(shape, str):
        return [] if isinstance(value, str) and re.fullmatch(shape, value) else [f"{path}: {value!r}"]
    return [] if type(value) is shape else [f"{path}: {value!r}"]


@pytest.mark.parametrize(
    "settings",
    [{}, {"azure": AZURE}, {"cooldown_seconds": 1.5, "connect_seconds": 0.25, "answer_seconds": 3600}],
)
def test_every_resource_has_only_documented_fields(settings: dict[str, Any]) -> None:
    plain = contract("two", "vertex", "coreweave", coreweave={"base_url": "http://10.1.2.3:8000/v1"})
    for each in render(contracts(chat=contract(), two=plain), **settings):
        assert set(each) == {"apiVersion", "kind", "metadata", "spec"}
        assert misfits(each["spec"], FIELDS[each["kind"]], each["kind"]) == []
        assert each["metadata"]["namespace"] == "anyport"


def test_targets_are_tried_in_order_under_their_own_model_and_prefix() -> None:
    objects = render()
    [rule] = only(objects, "AIGatewayRoute", "anyport-chat")["rules"]
    assert [(ref["name"], ref["priority"]) for ref in rule["backendRefs"]] == [
        ("anyport-chat-azure-east", 0),
        ("anyport-chat-azure-south", 1),
        ("anyport-chat-vertex", 2),
        ("anyport-chat-oci", 3),
        ("anyport-chat-coreweave", 4),
    ]
    assert rule["backendRefs"][3]["modelNameOverride"] == "openai.gpt-oss-120b"
    assert rule["matches"][0]["headers"][0]["value"] == "chat"
    assert only(objects, "AIServiceBackend", "anyport-chat-oci")["schema"] == {
        "name": "OpenAI", "prefix": "/openai/v1",
    }  # fmt: skip
    prefix = only(objects, "AIServiceBackend", "anyport-chat-vertex")["schema"]["prefix"]
    assert prefix == "/v1/projects/p-1/locations/us-central1/endpoints/openapi"
    assert only(objects, "Backend", "anyport-chat-oci")["endpoints"] == [
        {"fqdn": {"hostname": "inference.generativeai.us-chicago-1.oci.oraclecloud.com", "port": 443}}
    ]
    tls = only(objects, "BackendTLSPolicy", "anyport-chat-oci")
    assert tls["validation"]["hostname"] == "inference.generativeai.us-chicago-1.oci.oraclecloud.com"


def test_equal_priorities_share_a_level_by_weight_and_levels_have_no_gap() -> None:
    given = contract(
        azure_east={"priority": 10, "weight": 3}, azure_south={"priority": 10, "weight": 1},
        vertex={"priority": 20}, oci={"priority": 70}, coreweave={"priority": 71},
    )  # fmt: skip
    [rule] = only(render(contracts(chat=given)), "AIGatewayRoute", "anyport-chat")["rules"]
    assert [(ref["priority"], ref["weight"]) for ref in rule["backendRefs"]] == [
        (0, 3), (0, 1), (1, 1), (2, 1), (3, 1),
    ]  # fmt: skip


def test_the_policy_that_makes_failover_happen_is_always_there_with_our_statuses() -> None:
    policy = only(render(), "BackendTrafficPolicy", "anyport-chat")
    assert policy["targetRefs"] == [
        {"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": "anyport-chat"}
    ]
    retry = policy["retry"]
    assert tuple(retry["retryOn"]["httpStatusCodes"]) == TRIGGERS
    assert (retry["numRetries"], retry["numAttemptsPerPriority"]) == (4, 1)
    assert policy["healthCheck"]["passive"]["consecutive5XxErrors"] == 2
    assert policy["healthCheck"]["passive"]["maxEjectionPercent"] == 100
    assert "panicThreshold" not in policy["healthCheck"], "with 0 nobody would be tried when all are out"


def test_credentials_are_references_and_the_secrets_to_make_are_listed() -> None:
    text = ai_gateway_yaml(route_table(contracts()), AiGatewaySettings(azure=AZURE))
    assert "kind: Secret" not in text
    objects = list(yaml.safe_load_all(text))
    assert only(objects, "BackendSecurityPolicy", "anyport-chat-azure-east")["azureCredentials"] == {
        "clientID": "c-1", "tenantID": "t-1", "clientSecretRef": {"name": "azure-client"},
    }  # fmt: skip
    assert only(objects, "BackendSecurityPolicy", "anyport-chat-oci")["apiKey"] == {
        "secretRef": {"name": "anyport-chat-oci"}
    }
    comment = "\n".join(line for line in text.splitlines() if line.startswith("#"))
    assert "anyport-chat-oci with the key apiKey: the key behind config:secrets:oci_key" in comment
    assert "anyport-chat-vertex with the key apiKey: an access token" in comment
    assert "azure-client with the key client-secret" in comment


def test_what_is_not_promised_stands_at_the_head() -> None:
    text = ai_gateway_yaml(route_table(contracts()), AiGatewaySettings())
    head = text[: text.index("apiVersion")]
    assert [f"# {number}." in head for number in range(1, 7)] == [True] * 6
    assert "lua" not in text.lower()


def test_a_gateway_that_is_there_already_is_left_alone() -> None:
    kinds = {each["kind"] for each in render(make_gateway=False, gateway="shared")}
    assert not kinds & {"Gateway", "ClientTrafficPolicy"}
    objects = render(make_gateway=False, gateway="shared")
    assert only(objects, "AIGatewayRoute", "anyport-chat")["parentRefs"][0]["name"] == "shared"


def test_an_empty_model_cannot_be_said_and_is_refused() -> None:
    given = contracts(chat=contract(vertex={"model": ""}))
    with pytest.raises(RouteError) as raised:
        ai_gateway_objects(route_table(given), AiGatewaySettings())
    assert [(p.code, p.path) for p in raised.value.problems] == [
        ("AP401", "endpoints.chat.targets.vertex.model")
    ]


def test_names_that_would_be_one_are_kept_apart_and_within_kubernetes_limits() -> None:
    def named(endpoint: str, target: str, url: str) -> dict[str, Any]:
        found = contract(endpoint, "coreweave", coreweave={"target": target, "base_url": url})
        return dict(found)

    given = {
        "a-b": named("a-b", "c", "https://one.test/v1"),
        "a": named("a", "b-c", "https://two.test/v1"),
        "e" * 32: named("e" * 32, "t" * 32, "https://three.test/v1"),
    }
    objects = render({"endpoints": given})
    names = [(each["kind"], each["metadata"]["name"]) for each in objects]
    assert len(names) == len(set(names))
    assert all(re.fullmatch(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", name) for _, name in names)
    assert render({"endpoints": given}) == objects
