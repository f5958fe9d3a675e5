"""The same stacks judged three ways: from the spec, in a preview, and in the exported state of what was built.

Whoever asks gets the same findings: a check without an engine, the packs in `pulumi preview`, and
`pulumi policy analyze` for audits.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import yaml
from engine_project import Finished, Project, ProjectMaker, done

from anyport.plan import resolve
from anyport.source import Source
from anyport.stackfile import parse_stack_config
from anyport_policies.config import load_policy_config
from anyport_policies.engine import Finding, evaluate
from anyport_policies.facts import from_plan
from anyport_policies.rules import RULES
from anyport_policies.waivers import apply_waivers, load_waivers

pytestmark = pytest.mark.engine

PACKS = ("resilience", "baseline")
Found = set[tuple[str, str, str]]
"""Rule, endpoint, level; `waived` stands for the level of what is waived."""

HEAD = """\
config:
  anyport:tier: {tier}
  anyport:owner: ai-platform
  anyport:providers:
    vertex_ai: {{project: anyport-sandbox}}
    oci_generative_ai: {{compartment_id: ocid1.compartment.oc1..sandbox, home_region: us-ashburn-1}}
"""
CHAT = """\
    chat:
      model: gpt-oss-120b
      features: [streaming, tools]
      traffic: {tokens_per_minute: 100000}
      residency: [us]
      targets:
        azure: {priority: 1, provider: azure_openai, region: eastus2}
        south: {priority: 2, provider: azure_openai, region: southcentralus}
        oci: {priority: 3, provider: oci_generative_ai, region: us-chicago-1}
"""
ALONE = """\
    alone:
      model: gpt-oss-120b
      features: [vision]
      targets:
        azure: {priority: 1, provider: azure_openai, region: centralus}
        vertex: {priority: 2, provider: vertex_ai, region: us-central1}
"""
ENDPOINTS = "  anyport:endpoints:\n"
WAIVERS = """\
waivers:
  - {{rule: AR001, endpoint: alone, reason: a second region is on order and comes soon, owner: ai, ticket: T-1,
     category: waiver, granted: {today}, expires: {today}}}
  - {{rule: AB009, endpoint: chat, reason: the cost center is being set up, owner: ai, ticket: T-2,
     category: mitigated, granted: 2020-01-01, expires: 2020-02-01}}
"""
CONFIG = '{"fallback-capacity": {"tokens_per_minute": {"chat/oci": 100000}}, "pinned-versions": "mandatory"}'

STACKS = {
    "prod": HEAD.format(tier="prod") + ENDPOINTS + CHAT + ALONE,
    "dev": HEAD.format(tier="dev") + ENDPOINTS + CHAT + ALONE,
    "a share": "config:\n  anyport:spec: shared.yaml\n  anyport:build: {providers: [azure_openai]}\n",
}
SHARED = dedent((HEAD.format(tier="prod") + ENDPOINTS + CHAT).removeprefix("config:\n")).replace(
    "anyport:", ""
)


def offline(stack: str, files: dict[str, str], today: date) -> Found:
    policies = Path(files["ANYPORT_POLICY_CONFIG"])
    parsed = parse_stack_config(yaml.safe_load(stack)["config"], Source(), policies.parent)
    config = load_policy_config(policies, RULES)
    waivers = load_waivers(Path(files["ANYPORT_WAIVERS"]), RULES, today)
    facts = from_plan(resolve(parsed.spec, None, today), parsed.build.includes)
    found = apply_waivers(evaluate(facts, RULES, today, config), waivers, today)
    return {(f.rule_id, f.endpoint, level_of(f)) for f in found}


def level_of(finding: Finding) -> str:
    return "waived" if finding.waived else finding.level


def events(finished: Finished) -> Found:
    """Findings in the events of the engine; every one names its rule, and its resource is the endpoint."""
    found = set()
    for line in finished.stdout.splitlines():
        event: dict[str, Any] = json.loads(line).get("policyEvent") or {}
        if event:
            text = event["message"].split("\n", 1)[1]
            said = re.match(r"(A[BR]\d{3}) [a-z0-9-]+( \(note\))?:", text)
            assert said, event
            level = "note" if said[2] else event["enforcementLevel"]
            waived = "\n    waived: " in text
            found.add((said[1], event["resourceUrn"].split("::")[-1], "waived" if waived else level))
    return found


def previewed(project: Project, files: dict[str, str]) -> Found:
    return events(
        project.preview("--json", packs=PACKS, env={"PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "1", **files})
    )


def analyzed(project: Project, files: dict[str, str]) -> tuple[Found, int]:
    state = project.folder / "state.json"
    state.write_text(project.export())
    packs = [word for p in PACKS for word in ("--policy-pack", str(project.checkout / "policies" / p))]
    said = project.pulumi("policy", "analyze", "--json", "--file", str(state), *packs, stack=None, env=files)
    return events(said), said.returncode


@pytest.fixture
def today() -> date:
    """The packs read the clock, so here the day is the real one."""
    return datetime.now(UTC).date()


@pytest.fixture
def files(tmp_path: Path, today: date) -> dict[str, str]:
    """Waivers and configuration of these tests, whatever the checkout's say, beside a spec to share."""
    (tmp_path / "waivers.yaml").write_text(WAIVERS.format(today=today))
    (tmp_path / "policy-config.json").write_text(CONFIG)
    (tmp_path / "shared.yaml").write_text(SHARED)
    return {
        "ANYPORT_WAIVERS": str(tmp_path / "waivers.yaml"),
        "ANYPORT_POLICY_CONFIG": str(tmp_path / "policy-config.json"),
    }


@pytest.mark.parametrize("name", STACKS)
def test_three_nets_find_the_same(
    name: str, project: ProjectMaker, files: dict[str, str], today: date
) -> None:
    stack = project(files={"Pulumi.x.yaml": STACKS[name], "shared.yaml": SHARED}).init()
    wanted = offline(STACKS[name], files, today)
    assert previewed(stack, files) == wanted
    done(stack.up())
    found, code = analyzed(stack, files)
    assert found == wanted
    assert code == (1 if any(level == "mandatory" for _, _, level in wanted) else 0)


def test_the_stacks_show_every_level(files: dict[str, str], today: date) -> None:
    """Else equal sets would say little."""
    prod, dev, share = (offline(stack, files, today) for stack in STACKS.values())
    assert {("AR003", "alone", "mandatory"), ("AR001", "alone", "waived"), ("AB001", "chat", "note")} <= prod
    assert {
        ("AB009", "chat", "advisory"),
        ("AR009", "chat", "advisory"),
        ("AR005", "alone", "mandatory"),
    } <= prod
    assert {level for _, _, level in dev} == {"advisory", "note", "waived"}
    assert not {rule for rule, _, _ in share} & {"AR009", "AR006", "AR003"}


RAW = """\
from pulumi import ComponentResource, ResourceOptions
import pulumi_azure_native as azure
from datetime import UTC, datetime
from pathlib import Path
from anyport.endpoint import InferenceEndpoint
from anyport.program import run


def serve(name, parent=None):
    opts = ResourceOptions(parent=parent)
    group = azure.resources.ResourceGroup(f"{name}-rg", resource_group_name=f"{name}-rg", location="eastus2", opts=opts)
    azure.cognitiveservices.Account(
        f"{name}-account", account_name=f"{name}-acct", resource_group_name=group.name, location="eastus2", kind="AIServices",
        sku={"name": "S0"}, identity={"type": "SystemAssigned"},
        properties={"custom_sub_domain_name": f"{name}-acct"}, opts=opts,
    )


before = InferenceEndpoint.__init__


def smuggle(self, *args, **more):
    before(self, *args, **more)
    InferenceEndpoint.__init__ = before
    serve("smuggled", self)


InferenceEndpoint.__init__ = smuggle
run(Path(__file__).parent, today=datetime.now(UTC).date())
serve("raw")
"""


def test_what_is_served_beside_or_under_an_endpoint_unplanned_is_found(
    project: ProjectMaker, files: dict[str, str]
) -> None:
    """By hand beside the endpoint, and hidden below it; in the preview and in what was built."""
    stack = project(
        files={"Pulumi.x.yaml": STACKS["a share"], "shared.yaml": SHARED, "__main__.py": RAW}
    ).init()
    said = {found for found in previewed(stack, files) if found[0] == "AR010"}
    assert said == {("AR010", "raw-account", "mandatory"), ("AR010", "smuggled-account", "mandatory")}
    done(stack.up())
    found, code = analyzed(stack, files)
    assert {one for one in found if one[0] == "AR010"} == said
    assert code == 1
