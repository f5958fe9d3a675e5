"""Events of previews: what the engine really writes, and whatever else may stand in the file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from report_cases import FILE, entry, finding

from anyport_policies.report.model import Entry
from anyport_policies.report.preview import joined, read_events
from anyport_policies.rules import RULES

RECORDED = Path(__file__).parent / "refused.jsonl"
HOME = {"chat": Entry(finding(), FILE, 8, 12, 5)}
SUMMARY = {"summaryEvent": {"isPreview": True, "result": "succeeded", "resourceChanges": {"create": 3}}}
URN = "urn:pulumi:x::p::anyport:index:InferenceEndpoint::chat"


def policy(message: str, urn: str = URN, **changes: Any) -> dict[str, Any]:
    said = {
        "resourceUrn": urn,
        "message": message,
        "policyName": "p",
        "policyPackName": "k",
        "enforcementLevel": "mandatory",
    }
    return {"policyEvent": said | changes}


def read(*events: Any) -> Any:
    return read_events([json.dumps(event) for event in events], "file", RULES)


def test_a_recorded_preview() -> None:
    """As engine 3.259.0 wrote it for a spec with one region."""
    events = read_events(RECORDED.read_text().splitlines(), "file", RULES)
    assert (events.preview.stack, events.preview.result, events.preview.changes) == (
        "x",
        "refused",
        (("create", 14),),
    )
    found = {(f.rule_id, f.level, f.endpoint) for f in events.findings}
    assert ("AR001", "mandatory", "chat") in found
    assert ("AB001", "note", "chat") in found
    (region,) = [f for f in events.findings if f.rule_id == "AR001"]
    assert (
        region.message
        == "endpoint chat has no fallback region: azure-central is in us-iowa, vertex is in us-iowa"
    )
    assert region.fix.startswith("add a target in another failure domain, such as {provider:")
    assert region.severity == "critical"


def test_what_both_nets_saw_is_one_finding() -> None:
    said = read(policy("d\nAR001 fallback-region: it has none\n    fix: add one\n"), SUMMARY)
    (one,) = joined([entry()], said, HOME)
    assert one.nets == ("offline", "preview")
    other = replace(entry(), file="stacks/Pulumi.other.yaml")
    assert [e.nets for e in joined([other], said, HOME)] == [("offline",), ("preview",)]


def test_what_only_the_preview_saw_stands_at_its_endpoint() -> None:
    (one,) = joined([], read(policy("d\nAR001 fallback-region: else\n    fix: f\n"), SUMMARY), HOME)
    assert (one.nets, one.file, one.line, one.fails) == (("preview",), FILE, 8, True)
    child = "urn:pulumi:x::p::anyport:index:InferenceEndpoint$kubernetes:apps/v1:Deployment::chat-oci-x"
    (under,) = joined([], read(policy("d\nAR010 no-bypass: raw\n", child), SUMMARY), HOME)
    assert (under.finding.endpoint, under.line, under.finding.resource) == ("chat", 8, child)
    (alone,) = joined(
        [], read(policy("d\nAR010 no-bypass: raw\n", "urn:pulumi:x::p::a:b:C::raw"), SUMMARY), HOME
    )
    assert (alone.file, alone.finding.endpoint) == ("", "")


def test_where_the_nets_disagree_what_fails_counts() -> None:
    waived = entry(waived="waived by a")
    (one,) = joined([waived], read(policy("d\nAR001 fallback-region: it has none\n"), SUMMARY), HOME)
    assert one.fails
    calm = policy(
        "d\nAR001 fallback-region: it has none\n    fix: f\n    waived: by b\n", enforcementLevel="advisory"
    )
    (one,) = joined([entry()], read(calm, SUMMARY), HOME)
    assert one.fails


def test_a_waived_finding_of_the_preview_stays_waived() -> None:
    (found,) = read(
        policy("d\nAR001 fallback-region: m\n    fix: f\n    waived: by b\n", enforcementLevel="advisory")
    ).findings
    assert (found.waived, found.fix, found.fails) == ("by b", "f", False)


def test_other_peoples_packs_are_shown_as_they_speak() -> None:
    (found,) = read(policy("Buckets must\nbe private", policyName="own", policyPackName="corp")).findings
    assert (found.rule_id, found.slug, found.message, found.fails) == (
        "own",
        "corp",
        "Buckets must be private",
        True,
    )
    (odd,) = read(policy("x", policyName="](evil)", policyPackName="\n")).findings
    assert (odd.rule_id, odd.slug) == ("unnamed", "unnamed")


@pytest.mark.parametrize(
    ("events", "result"),
    [
        ([SUMMARY], "succeeded"),
        ([], "unfinished"),
        ([policy("d\nAR001 fallback-region: m\n")], "unfinished"),
        ([{"summaryEvent": {"result": "failed"}}], "failed"),
        ([policy("d\nAR001 fallback-region: m\n"), {"summaryEvent": {"result": "failed"}}], "refused"),
        ([{"diagnosticEvent": {"severity": "error", "message": "boom"}}, {"summaryEvent": {"result": "failed"}}], "failed"),
        ([{"diagnosticEvent": {"severity": "error", "message": "preview failed\n"}}, SUMMARY], "succeeded"),
        ([policy("d\nAR001 fallback-region: m\n"), {"diagnosticEvent": {"severity": "error", "message": "boom"}},
          {"summaryEvent": {"result": "failed"}}], "failed"),
    ],
)  # fmt: skip
def test_how_a_preview_ended(events: list[Any], result: str) -> None:
    assert read(*events).preview.result == result


def test_alike_events_are_one_finding() -> None:
    """A rule speaks by its own policy and by the one for the rest."""
    one = policy("d\nAR001 fallback-region: m\n    fix: f\n")
    assert len(read(one, one).findings) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
KEYS = ("resourceUrn", "message", "policyName", "enforcementLevel", "severity", "result", "resourceChanges")


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.lists(
    st.text(max_size=20)
    | st.dictionaries(
        st.sampled_from(["policyEvent", "diagnosticEvent", "summaryEvent"]),
        st.dictionaries(st.sampled_from(KEYS), JSON | st.just(URN) | st.just("a\nAR001 x: y"), max_size=7) | JSON, max_size=2,
    ).map(json.dumps), max_size=6,
))  # fmt: skip
def test_no_event_breaks_the_reader(lines: list[str]) -> None:
    events = read_events([*lines, "{" * 3000, '{"a":' * 3000], "file", RULES)
    for one in joined([entry()], events, HOME):
        assert one.fingerprint
