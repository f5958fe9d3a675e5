"""The policies as the engine meets them: the SDK's servicer in process, and both packs as processes."""

from __future__ import annotations

import select
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import struct_pb2
from google.protobuf.empty_pb2 import Empty
from policy_cases import all_cases
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy import EnforcementLevel
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE, UNKNOWN_OBJECT_VALUE, UNKNOWN_STRING_VALUE

from anyport.endpoint import TYPE_TOKEN
from anyport_policies import pulumi_view
from anyport_policies.pulumi_view import ENDPOINT_TYPE, pack_policies

ADVISORY, MANDATORY = analyzer_pb2.ADVISORY, analyzer_pb2.MANDATORY
FACTS = {f"{case.rule_id}/{case.name}": case.facts for case in all_cases()}
GOOD = FACTS["AR002/good_cold_with_restore_time"]
PACK_DEADLINE_SECONDS = 30


def request(properties: dict[str, Any], kind: str = ENDPOINT_TYPE) -> Any:
    struct = struct_pb2.Struct()
    struct.update(properties)
    return analyzer_pb2.AnalyzeRequest(
        type=kind, properties=struct, urn=f"urn:pulumi:s::p::{kind}::chat", name="chat"
    )


def analyze(pack: Any, today: date, facts: Any) -> list[tuple[str, int]]:
    return [(d.policyName, d.enforcementLevel) for d in diagnostics(pack, today, facts)]


def diagnostics(pack: Any, today: date, facts: Any) -> list[Any]:
    servicer = _PolicyAnalyzerServicer("anyport", "0", pack_policies(pack, today), EnforcementLevel.ADVISORY)
    return list(servicer.Analyze(request({"facts": facts}), None).diagnostics)


def with_second(**changed: Any) -> dict[str, Any]:
    first, second = GOOD["targets"]
    return {**GOOD, "targets": [first, {**second, **changed}]}


def test_the_type_is_the_components() -> None:
    assert ENDPOINT_TYPE == TYPE_TOKEN


def test_a_good_endpoint_passes(today: date) -> None:
    assert analyze("resilience", today, GOOD) == []
    assert analyze("baseline", today, GOOD) == []


def test_prod_is_stopped_and_dev_is_warned(today: date) -> None:
    assert analyze("resilience", today, FACTS["AR002/bad_one_operator"]) == [("fallback-provider", MANDATORY)]
    assert analyze("resilience", today, FACTS["AR002/bad_dev_is_advisory"]) == [
        ("fallback-provider-advisory", ADVISORY)
    ]


def test_the_text_names_rule_endpoint_and_fix(today: date) -> None:
    (violation,) = diagnostics("resilience", today, FACTS["AR001/bad_two_names_of_one_place"] | {
        "targets": [
            FACTS["AR001/bad_two_names_of_one_place"]["targets"][0],
            {**FACTS["AR001/bad_two_names_of_one_place"]["targets"][1], "operator": "Google"},
        ]
    })  # fmt: skip
    assert "AR001 fallback-region: endpoint chat has no fallback region" in violation.message
    assert "fix: add a target in another failure domain" in violation.message


@pytest.mark.parametrize(
    "facts",
    [
        UNKNOWN_OBJECT_VALUE,
        {**GOOD, "targets": UNKNOWN_ARRAY_VALUE},
        {**GOOD, "targets": [UNKNOWN_OBJECT_VALUE, UNKNOWN_OBJECT_VALUE]},
    ],
)
def test_unknown_facts_stop_every_rule(facts: Any, today: date) -> None:
    assert analyze("resilience", today, facts) == [
        ("fallback-region", MANDATORY),
        ("fallback-provider", MANDATORY),
    ]
    assert {level for _, level in analyze("baseline", today, facts)} == {MANDATORY}
    assert "facts unknown in preview" in diagnostics("baseline", today, facts)[0].message


@pytest.mark.parametrize(
    ("pack", "field", "policies"),
    [
        ("resilience", "failure_domain", ["fallback-region"]),
        ("resilience", "reach", ["fallback-region"]),
        ("resilience", "operator", ["fallback-provider"]),
        ("resilience", "standby", ["fallback-region", "fallback-provider"]),
        ("resilience", "restore_minutes", ["fallback-region", "fallback-provider"]),
        ("resilience", "passes_to", ["fallback-region", "fallback-provider"]),
        ("baseline", "retires_on", ["model-retirement"]),
        ("baseline", "model", ["model-retirement"]),
        ("baseline", "operator", []),
    ],
)
def test_one_unknown_field_stops_the_rules_that_need_it(
    pack: Any, field: str, policies: list[str], today: date
) -> None:
    facts = with_second(**{field: UNKNOWN_STRING_VALUE})
    assert analyze(pack, today, facts) == [(name, MANDATORY) for name in policies]


def test_an_unknown_tier_is_strict(today: date) -> None:
    facts = {**FACTS["AR002/bad_dev_is_advisory"], "tier": UNKNOWN_STRING_VALUE}
    assert analyze("resilience", today, facts) == [("fallback-provider", MANDATORY)]


def test_an_endpoint_without_facts_is_stopped_and_other_resources_are_not_judged(today: date) -> None:
    policies = pack_policies("resilience", today)
    servicer = _PolicyAnalyzerServicer("anyport", "0", policies, EnforcementLevel.ADVISORY)
    assert len(servicer.Analyze(request({}), None).diagnostics) == 2
    assert not servicer.Analyze(request({}, "random:index:Thing"), None).diagnostics


def test_no_exception_escapes_a_policy(monkeypatch: pytest.MonkeyPatch, today: date) -> None:
    def fail(*_args: Any, **_more: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(pulumi_view, "from_mapping", fail)
    assert analyze("baseline", today, GOOD) == [("model-retirement", MANDATORY)]


@pytest.fixture(scope="module")
def packs(checkout: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Both pack processes, started together; each serves until it is ended."""
    started = {
        name: subprocess.Popen(
            [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(folder)],
            cwd=folder,
            stdout=subprocess.PIPE,
        )
        for name in ("resilience", "baseline")
        if (folder := checkout / "policies" / name)
    }
    try:
        yield started
    finally:
        for process in started.values():
            process.kill()
            process.wait()
            assert process.stdout
            process.stdout.close()


@pytest.mark.parametrize(
    ("pack", "facts", "policy"),
    [
        ("resilience", "AR002/bad_one_operator", "fallback-provider"),
        ("baseline", "AB001/bad_cold_too", "model-retirement"),
    ],
)
def test_a_pack_serves_and_stops_a_bad_endpoint(
    packs: dict[str, subprocess.Popen[bytes]], pack: str, facts: str, policy: str
) -> None:
    stdout = packs[pack].stdout
    assert stdout
    assert select.select([stdout], [], [], PACK_DEADLINE_SECONDS)[0], "the pack says no port"
    port = int(stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = analyzer_pb2_grpc.AnalyzerStub(channel)
        assert stub.GetAnalyzerInfo(Empty(), timeout=PACK_DEADLINE_SECONDS).name == f"anyport-{pack}"
        answer = stub.Analyze(request({"facts": FACTS[facts]}), timeout=PACK_DEADLINE_SECONDS)
    assert {(d.policyName, d.enforcementLevel) for d in answer.diagnostics} == {(policy, MANDATORY)}
