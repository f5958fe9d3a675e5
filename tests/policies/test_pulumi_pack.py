"""A pack answers at once about what it does not judge, and judges the rest as ever."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from policy_cases import base, changed
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel, policy
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE
from test_pulumi_view import request, stack_request

from anyport_policies import pulumi_pack
from anyport_policies.one_request import once
from anyport_policies.pulumi_view import pack_policies
from anyport_policies.stack_facts import GATEWAY_TYPE

PATCHED = ("_PolicyAnalyzerServicer", "json_format", "deserialize_properties", "unknown_checking_proxy")
ENDPOINT = base("endpoint")
REQUESTS = [
    request({"facts": ENDPOINT}),
    request({"facts": changed(ENDPOINT, {"targets.azure.region": UNKNOWN_STRING_VALUE, "owner": "DROP"})}),
    request({"facts": changed(ENDPOINT, {"tier": "dev"})}),
    request({"facts": None}),
    request({}, GATEWAY_TYPE),
]


def of_sdk(pack: str, today: date) -> Any:
    """The SDK's own class, or what stands in its place."""
    return policy._PolicyAnalyzerServicer(
        "anyport", "0", pack_policies(pack, today), EnforcementLevel.ADVISORY
    )


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch, today: date) -> Any:
    """As the SDK answers, made before ours takes its place; afterwards the SDK is as it was."""
    for name in PATCHED:
        monkeypatch.setattr(policy, name, getattr(policy, name))
    return of_sdk("resilience", today)


@pytest.fixture
def servicer(plain: Any, monkeypatch: pytest.MonkeyPatch, today: date) -> Any:
    monkeypatch.setattr(pulumi_pack, "PolicyPack", lambda **_more: None)
    pulumi_pack.serve("resilience", pulumi_pack.Path("/nowhere/policies/resilience"), today)
    return of_sdk("resilience", today)


def test_values_of_other_resources_are_not_even_opened(
    servicer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []
    monkeypatch.setattr(policy, "deserialize_properties", lambda values: opened.append(values) or values)
    servicer.Analyze(request({"a": 1}, "random:index:Thing"), None)
    assert opened == []
    servicer.Analyze(request({"facts": base("endpoint")}), None)
    assert opened != []


def test_endpoints_and_gateways_are_judged(servicer: Any) -> None:
    for kind, found in ((GATEWAY_TYPE, {"gateway-lists-targets"}), ("anyport:index:InferenceEndpoint", None)):
        said = {d.policyName for d in servicer.Analyze(request({}, kind), None).diagnostics}
        assert said == found if found else "fallback-region" in said


def test_the_stack_is_asked_for_whole(servicer: Any) -> None:
    raw = analyzer_pb2.AnalyzerResource(
        type="azure-native:cognitiveservices:Deployment", urn="urn:pulumi:s::p::t::x", name="x"
    )
    found = servicer.AnalyzeStack(analyzer_pb2.AnalyzeStackRequest(resources=[raw]), None).diagnostics
    assert {d.policyName for d in found} == {"no-bypass"}


@pytest.mark.parametrize("number", range(len(REQUESTS)))
def test_answers_are_those_of_the_sdk(plain: Any, servicer: Any, number: int) -> None:
    assert servicer.Analyze(REQUESTS[number], None) == plain.Analyze(REQUESTS[number], None)
    assert servicer.Remediate(REQUESTS[number], None) == plain.Remediate(REQUESTS[number], None)


def test_answers_on_a_stack_are_those_of_the_sdk_request_after_request(plain: Any, servicer: Any) -> None:
    """What one request read does not colour the next."""
    whole = base("stack")
    for resources in (whole, whole[:-1], whole[:1], whole):
        asked = stack_request(resources)
        assert servicer.AnalyzeStack(asked, None) == plain.AnalyzeStack(asked, None)


def test_a_judged_resource_is_opened_once_for_all_policies(
    servicer: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Any] = []

    def opener(values: Any) -> Any:
        opened.append(values)
        return values

    monkeypatch.setattr(policy, "deserialize_properties", once(opener))
    servicer.Analyze(REQUESTS[0], None)
    assert len(opened) == 1
    servicer.Analyze(REQUESTS[0], None)
    assert len(opened) == 2
