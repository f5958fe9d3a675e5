"""The policies as the engine meets them: the SDK's servicer in process, and both packs as processes."""

from __future__ import annotations

import json
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
from policy_cases import WAIVER, Case, all_cases, base, changed, stack_of
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy import EnforcementLevel, ResourceValidationPolicy, StackValidationPolicy
from pulumi_policy.policy import _PolicyAnalyzerServicer
from pulumi_policy.proxy import UNKNOWN_ARRAY_VALUE, UNKNOWN_OBJECT_VALUE, UNKNOWN_STRING_VALUE

from anyport.endpoint import TYPE_TOKEN
from anyport_policies import pulumi_view
from anyport_policies.config import PolicyConfig
from anyport_policies.pulumi_view import ENDPOINT_TYPE, pack_policies
from anyport_policies.rules import RULES
from anyport_policies.stack_facts import GATEWAY_TYPE
from anyport_policies.steering import Steering, steering
from anyport_policies.waivers import Waiver

ADVISORY, MANDATORY = analyzer_pb2.ADVISORY, analyzer_pb2.MANDATORY
GOOD = base("endpoint")
STACK = base("stack")
PACKS = ("resilience", "baseline")
PACK_DEADLINE_SECONDS = 30
BY_ID = {rule.id: rule for rule in RULES}


def struct(properties: dict[str, Any]) -> struct_pb2.Struct:
    made = struct_pb2.Struct()
    made.update(properties)
    return made


def request(properties: dict[str, Any], kind: str = ENDPOINT_TYPE, name: str = "chat") -> Any:
    return analyzer_pb2.AnalyzeRequest(
        type=kind, properties=struct(properties), urn=f"urn:pulumi:s::p::{kind}::{name}", name=name
    )


def stack_request(resources: list[dict[str, Any]]) -> Any:
    return analyzer_pb2.AnalyzeStackRequest(
        resources=[
            analyzer_pb2.AnalyzerResource(
                type=one.type,
                properties=struct(dict(one.props)),
                urn=one.urn,
                name=one.name,
                parent=one.parent,
            )
            for one in stack_of(resources).resources
        ]
    )


def servicer(pack: str, today: date, steered: Steering | None = None) -> Any:
    policies = pack_policies(pack, today, steered)
    return _PolicyAnalyzerServicer("anyport", "0", policies, EnforcementLevel.ADVISORY)


def diagnostics(pack: str, today: date, facts: Any, steered: Steering | None = None) -> list[Any]:
    return list(servicer(pack, today, steered).Analyze(request({"facts": facts}), None).diagnostics)


def analyze(pack: str, today: date, facts: Any, steered: Steering | None = None) -> list[tuple[str, int]]:
    return [(d.policyName, d.enforcementLevel) for d in diagnostics(pack, today, facts, steered)]


def over_stack(pack: str, today: date, resources: Any, steered: Steering | None = None) -> list[Any]:
    return list(servicer(pack, today, steered).AnalyzeStack(stack_request(resources), None).diagnostics)


def test_the_type_is_the_components() -> None:
    assert ENDPOINT_TYPE == TYPE_TOKEN


@pytest.mark.parametrize("pack", PACKS)
def test_a_good_endpoint_and_a_good_stack_pass(pack: str, today: date) -> None:
    assert analyze(pack, today, GOOD) == []
    assert {d.enforcementLevel for d in over_stack(pack, today, STACK)} <= {ADVISORY}


@pytest.mark.parametrize("pack", PACKS)
def test_a_pack_stays_within_its_budget(pack: str, today: date) -> None:
    """Every policy reads every resource again."""
    policies = pack_policies(pack, today)
    assert sum(isinstance(p, ResourceValidationPolicy) for p in policies) <= 12
    assert sum(isinstance(p, StackValidationPolicy) for p in policies) <= 3
    names = [p.name for p in policies]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("pack", PACKS)
def test_policies_say_all_that_pulumi_can_show(pack: str, today: date) -> None:
    for policy in pack_policies(pack, today):
        rule = next((r for r in RULES if r.slug == policy.name), None)
        if rule is None:
            assert policy.name in {f"{pack}-advisory", f"{pack}-advisory-stack"}
            assert policy.enforcement_level == EnforcementLevel.ADVISORY
        else:
            assert policy.tags == [rule.id]
            assert policy.severity is not None
            assert policy.severity.value == rule.severity
            assert policy.remediation_steps == rule.fix
            assert policy.url == f"policies/RULES.md#{rule.id.lower()}-{rule.slug}"
            assert policy.enforcement_level is not None
            assert policy.enforcement_level.value == rule.level


def told(case: Case) -> Steering:
    """The case's parameters and its waiver."""
    waivers = () if case.waiver is None else (Waiver(**{**WAIVER, "rule": case.rule_id, **case.waiver}),)
    return Steering(PolicyConfig(values={BY_ID[case.rule_id].slug: case.parameters}), waivers)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("case", all_cases(), ids=lambda case: f"{case.rule_id}-{case.name}")
def test_the_packs_find_what_the_cases_say(case: Case, today: date) -> None:
    """Through the policy SDK: each finding once, by the policy and at the level it belongs to."""
    rule = BY_ID[case.rule_id]
    facts = json.loads(json.dumps(case.facts, default=lambda _: UNKNOWN_STRING_VALUE))
    if rule.view == "gateway":
        [gateway] = [one for one in facts if one["type"] == GATEWAY_TYPE]
        asked = request(gateway["props"], GATEWAY_TYPE, gateway["urn"])
        found = list(servicer(rule.pack, today, told(case)).Analyze(asked, None).diagnostics)
    elif isinstance(facts, list):
        found = over_stack(rule.pack, today, facts, told(case))
    elif rule.view == "stack":
        facts.setdefault("share", UNKNOWN_STRING_VALUE)
        one = {"urn": "chat", "type": ENDPOINT_TYPE, "props": {"facts": facts}}
        found = over_stack(rule.pack, today, [one], told(case))
    else:
        found = diagnostics(rule.pack, today, facts, told(case))
    said = sorted(
        (d.message.split("\n")[1].split(": ", 1)[1], d.enforcementLevel)
        for d in found
        if rule.id in d.message
    )
    assert said == sorted(
        (f["message"], MANDATORY if f["level"] == "mandatory" and not f.get("waived") else ADVISORY)
        for f in case.expect
    )


@pytest.mark.parametrize(
    "facts",
    [
        UNKNOWN_OBJECT_VALUE,
        {**GOOD, "targets": UNKNOWN_ARRAY_VALUE},
        {**GOOD, "targets": [UNKNOWN_OBJECT_VALUE, UNKNOWN_OBJECT_VALUE]},
    ],
)
def test_unknown_facts_stop_every_mandatory_rule(facts: Any, today: date) -> None:
    stopped = {name for name, level in analyze("resilience", today, facts) if level == MANDATORY}
    assert {"fallback-region", "fallback-provider", "distinct-fallbacks", "warm-standby"} <= stopped
    stopped = {name for name, level in analyze("baseline", today, facts) if level == MANDATORY}
    assert stopped == {"model-retirement", "keyless", "commitments", "secrets-by-reference"}
    assert "facts unknown in preview" in diagnostics("baseline", today, facts)[0].message


@pytest.mark.parametrize(
    ("pack", "field", "policies"),
    [
        ("resilience", "failure_domain", {"distinct-fallbacks", "fallback-region"}),
        ("resilience", "reach", {"distinct-fallbacks", "fallback-region"}),
        ("resilience", "operator", {"distinct-fallbacks", "fallback-provider"}),
        ("resilience", "geography", {"residency"}),
        ("resilience", "open_weights", {"independence"}),
        ("resilience", "features", {"equivalence"}),
        ("baseline", "retires_on", {"model-retirement"}),
        ("baseline", "model", {"model-retirement"}),
        ("baseline", "operator", set()),
    ],
)
def test_one_unknown_field_stops_the_rules_that_need_it(
    pack: str, field: str, policies: set[str], today: date
) -> None:
    """Of an endpoint with two targets, where every field is needed."""
    facts = {
        **GOOD,
        "traffic": {},
        "targets": [GOOD["targets"][0], {**GOOD["targets"][1], field: UNKNOWN_STRING_VALUE}],
    }
    found = {name for name, level in analyze(pack, today, facts) if level == MANDATORY}
    assert found - {"distinct-fallbacks"} == policies - {"distinct-fallbacks"}


def test_an_unknown_tier_is_strict(today: date) -> None:
    facts = changed(GOOD, {"targets.vertex.geography": "eu", "tier": UNKNOWN_STRING_VALUE})
    assert analyze("resilience", today, facts) == [("residency", MANDATORY)]
    assert analyze("resilience", today, {**facts, "tier": "dev"}) == [("resilience-advisory", ADVISORY)]


def test_an_unknown_value_hides_nothing_of_another_endpoint(today: date) -> None:
    bad = changed(GOOD, {"share": ["azure", "vertex"]})
    made = [
        {"urn": urn, "type": ENDPOINT_TYPE, "props": {"facts": facts}}
        for urn, facts in (
            ("a", {**bad, "name": "a", "targets": UNKNOWN_ARRAY_VALUE}),
            ("b", {**bad, "name": "b"}),
        )
    ]
    found = over_stack("resilience", today, made)
    assert {d.urn for d in found if "AR009" in d.message} == {"a", "b"}
    assert {d.urn for d in found if "AR011" in d.message} == {"a", "b"}


def test_the_share_is_what_the_stack_has_when_nobody_says(today: date) -> None:
    resources = changed(STACK, {"chat.props.facts": {**GOOD, "share": None}})
    (found,) = [d for d in over_stack("resilience", today, resources) if "AR009" in d.message]
    assert "Microsoft" in found.message
    assert found.enforcementLevel == ADVISORY


def test_other_resources_are_not_judged_and_an_endpoint_without_facts_is_stopped(today: date) -> None:
    pack = servicer("resilience", today)
    assert not pack.Analyze(request({}, "random:index:Thing"), None).diagnostics
    assert {d.enforcementLevel for d in pack.Analyze(request({}), None).diagnostics} == {MANDATORY}


def test_no_exception_escapes_a_policy(monkeypatch: pytest.MonkeyPatch, today: date) -> None:
    def fail(*_args: Any, **_more: Any) -> Any:
        raise RuntimeError

    monkeypatch.setattr(pulumi_view, "from_mapping", fail)
    levels = dict(analyze("resilience", today, GOOD))
    assert set(levels) == {r.slug for r in RULES if r.pack == "resilience" and r.view == "inputs"}
    assert {d.policyName for d in over_stack("resilience", today, STACK)} == {"no-bypass", "built-as-planned"}


def test_what_the_engine_is_told_wins_over_the_file(today: date) -> None:
    facts = changed(GOOD, {"targets.vertex.retires_on": "2026-12-31"})
    steered = Steering(PolicyConfig(values={"model-retirement": {"days": 10}}))
    pack = servicer("baseline", today, steered)
    assert not pack.Analyze(request({"facts": facts}), None).diagnostics
    told = analyzer_pb2.PolicyConfig(enforcementLevel=MANDATORY, properties=struct({"days": 60}))
    pack.Configure(analyzer_pb2.ConfigureAnalyzerRequest(policyConfig={"model-retirement": told}), None)
    assert [d.policyName for d in pack.Analyze(request({"facts": facts}), None).diagnostics] == [
        "model-retirement"
    ]


def test_the_files_that_steer_are_read_and_a_wrong_one_excepts_nothing(tmp_path: Path, today: date) -> None:
    waivers, config = tmp_path / "w.yaml", tmp_path / "c.json"
    environ = {"ANYPORT_WAIVERS": str(waivers), "ANYPORT_POLICY_CONFIG": str(config)}
    config.write_text('{"residency": "advisory"}')
    waivers.write_text("waivers: [{rule: AR007}]")
    found = steering(tmp_path / "policies" / "resilience", today, environ)
    assert found.config.levels == {"residency": "advisory"}
    assert found.waivers == ()
    assert all("AW002" in problem for problem in found.problems)
    (first, *_) = diagnostics("resilience", today, GOOD, found)
    assert (first.policyName, first.enforcementLevel) == ("resilience-advisory", ADVISORY)
    assert f"{waivers}:1" in first.message
    facts = changed(GOOD, {"targets.vertex.geography": "eu"})
    assert ("residency", ADVISORY) in analyze("resilience", today, facts, found)


def test_without_names_the_files_of_the_checkout_are_read(tmp_path: Path, today: date) -> None:
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "policy-config.json").write_text('{"residency": "disabled"}')
    found = steering(tmp_path / "policies" / "resilience", today, {})
    assert found == Steering(PolicyConfig(levels={"residency": "disabled"}))


@pytest.fixture(scope="module")
def packs(checkout: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Both pack processes, started together; each serves until it is ended."""
    started = {
        name: subprocess.Popen(
            [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(folder)],
            cwd=folder,
            stdout=subprocess.PIPE,
        )
        for name in PACKS
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
    ("pack", "change", "policy"),
    [
        ("resilience", {"targets.vertex.geography": "eu"}, "residency"),
        ("baseline", {"targets.vertex.retires_on": "2020-01-01"}, "model-retirement"),
    ],
)
def test_a_pack_serves_and_stops_a_bad_endpoint(
    packs: dict[str, subprocess.Popen[bytes]], pack: str, change: dict[str, Any], policy: str
) -> None:
    stdout = packs[pack].stdout
    assert stdout
    assert select.select([stdout], [], [], PACK_DEADLINE_SECONDS)[0], "the pack says no port"
    port = int(stdout.readline())
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = analyzer_pb2_grpc.AnalyzerStub(channel)
        assert stub.GetAnalyzerInfo(Empty(), timeout=PACK_DEADLINE_SECONDS).name == f"anyport-{pack}"
        answer = stub.Analyze(request({"facts": changed(GOOD, change)}), timeout=PACK_DEADLINE_SECONDS)
    assert {(d.policyName, d.enforcementLevel) for d in answer.diagnostics} == {(policy, MANDATORY)}
