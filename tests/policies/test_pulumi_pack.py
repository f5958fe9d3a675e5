"""A pack answers at once about what it does not judge, and judges the rest as ever."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from policy_cases import base
from pulumi.runtime.proto import analyzer_pb2
from pulumi_policy import EnforcementLevel, policy
from test_pulumi_view import request

from anyport_policies import pulumi_pack
from anyport_policies.pulumi_view import pack_policies
from anyport_policies.stack_facts import GATEWAY_TYPE


@pytest.fixture
def servicer(monkeypatch: pytest.MonkeyPatch, today: date) -> Any:
    monkeypatch.setattr(policy, "_PolicyAnalyzerServicer", policy._PolicyAnalyzerServicer)
    monkeypatch.setattr(pulumi_pack, "PolicyPack", lambda **_more: None)
    pulumi_pack.serve("resilience", pulumi_pack.Path("/nowhere/policies/resilience"), today)
    return policy._PolicyAnalyzerServicer(
        "anyport", "0", pack_policies("resilience", today), EnforcementLevel.ADVISORY
    )


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
