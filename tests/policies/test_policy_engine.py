"""The engine and the reader of facts: neither can be made to pass what it cannot judge."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from policy_cases import UNKNOWN, base, changed, stack_of

from anyport.plan import resolve
from anyport.spec import parse
from anyport.stackfile import load_stack_file
from anyport_policies.engine import evaluate, evaluate_stack
from anyport_policies.facts import EndpointFacts, from_mapping, from_plan
from anyport_policies.reference import rules_markdown
from anyport_policies.rule import Context, Rule, Verdict
from anyport_policies.rules import RULES

GOOD = base("endpoint")
STACK = base("stack")
SILENT_BY_DEFAULT = {"allowed-operators", "cost-ceiling"}
ON_ENDPOINTS = [
    r for r in RULES if r.check.__name__ != "_none" and r.slug not in SILENT_BY_DEFAULT | {"control-planes"}
]


def faulty(_endpoint: EndpointFacts, _context: Context) -> Iterator[Verdict]:
    yield Verdict("found before the fault", "mend it")
    raise ZeroDivisionError


def test_a_rule_that_raises_is_a_finding_and_hides_no_other(today: date) -> None:
    rules: list[Rule] = [replace(RULES[0], id="AX001", check=faulty), *RULES]
    alone = evaluate([from_mapping({}), from_mapping(GOOD)], RULES, today)
    found = evaluate([from_mapping({}), from_mapping(GOOD)], rules, today)
    messages = [f.message for f in found]
    assert messages.count("found before the fault") == 2
    assert sum("the rule failed with ZeroDivisionError" in message for message in messages) == 2
    assert [f for f in found if f.rule_id != "AX001"] == list(alone)


def test_a_rule_over_the_stack_that_raises_is_a_finding(today: date) -> None:
    def fail(_stack: Any, _context: Context) -> Iterator[Verdict]:
        raise KeyError

    rule = replace(next(r for r in RULES if r.id == "AR010"), check_stack=fail)
    (finding,) = evaluate_stack(stack_of(STACK), {"chat": "dev"}, [rule], today)
    assert (finding.level, finding.endpoint) == ("advisory", "")
    assert "the stack could not be judged" in finding.message
    assert evaluate_stack(stack_of(STACK), {}, [rule], today)[0].level == "mandatory"


def test_wrong_parameters_are_a_finding_and_no_pass(today: date) -> None:
    from anyport_policies.config import PolicyConfig

    config = PolicyConfig(values={"model-retirement": {"days": "soon"}})
    (finding,) = evaluate([from_mapping(GOOD)], [RULES[0]], today, config)
    assert finding.fails
    assert "ValidationError" in finding.message


@pytest.mark.parametrize("broken", [None, 5, "facts", [], {}, {"targets": None}, {"targets": "x"}])
def test_facts_that_are_none_break_every_rule_over_endpoints(broken: Any, today: date) -> None:
    findings = evaluate([from_mapping(broken, name="chat")], ON_ENDPOINTS, today)
    assert {f.rule_id for f in findings} == {rule.id for rule in ON_ENDPOINTS}
    assert {f.endpoint for f in findings} == {"chat"}
    for finding in findings:
        rule = next(r for r in RULES if r.id == finding.rule_id)
        assert finding.level == rule.level


@pytest.mark.parametrize(
    "value", [None, True, -1.5, float("nan"), float("inf"), "", [], {}, object(), "\x00"]
)
def test_the_reader_of_facts_is_total(value: Any, today: date) -> None:
    """Whatever replaces any one field, however deep, reading and judging give an answer and no broken rule."""
    for path in paths(GOOD):
        facts = changed(GOOD, {path: value})
        for finding in evaluate([from_mapping(facts)], RULES, today):
            assert "the rule failed" not in finding.message, (path, finding.message)


@pytest.mark.parametrize("value", [None, True, 3, "", "x", [], {}, [{}], UNKNOWN])
def test_rules_over_the_stack_are_total(value: Any, today: date) -> None:
    for index, resource in enumerate(STACK):
        for path in paths(resource):
            if path[0] == "props":
                resources = changed(STACK, {(str(index), *path): value})
                for finding in evaluate_stack(stack_of(resources), {}, RULES, today):
                    assert "the rule failed" not in finding.message, (path, finding.message)


def paths(value: Any) -> Iterator[tuple[str, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield (str(key),)
        yield from ((str(key), *rest) for rest in paths(inner))


def test_a_posture_that_is_not_known_passes_no_rule_that_needs_it(today: date) -> None:
    facts = changed(GOOD, {"targets.azure.posture": "UNKNOWN"})
    found = {f.rule_id for f in evaluate([from_mapping(facts)], RULES, today) if f.target == "azure"}
    assert found == {"AB003", "AB004", "AB005", "AB007", "AB008", "AB011", "AB012"}


def test_the_sandbox_stack_breaks_no_mandatory_rule(checkout: Path, today: date) -> None:
    stack = load_stack_file(checkout / "stacks" / "Pulumi.sandbox.yaml")
    findings = evaluate(from_plan(resolve(stack.spec, None, today), stack.build.includes), RULES, today)
    assert [str(finding) for finding in findings if finding.level == "mandatory"] == []


def test_a_plan_is_judged_and_advised_from_the_shipped_catalog(today: date) -> None:
    targets = {
        "azure-east": {"priority": 1, "provider": "azure_openai", "region": "eastus2"},
        "azure-west": {"priority": 2, "provider": "azure_openai", "region": "eastus"},
    }
    endpoint = {"model": "gpt-oss-120b", "residency": ["us"], "targets": targets}
    plan = resolve(parse({"tier": "prod", "endpoints": {"chat": endpoint}}), None, today)
    findings = [f for f in evaluate(from_plan(plan), RULES, today) if f.level == "mandatory"]
    assert [f.rule_id for f in findings] == ["AR001", "AR002", "AR003"]
    assert "us-virginia" in findings[0].message
    assert all("provider: " in f.fix for f in findings[:2])
    assert "us-virginia" not in findings[0].fix
    json.dumps([f.to_dict() for f in findings])


def test_a_share_is_judged_as_what_it_builds(today: date) -> None:
    """One provider per stack satisfies AR009; the rules over the whole endpoint judge the same as ever."""
    targets = {
        "azure": {"priority": 1, "provider": "azure_openai", "region": "eastus2"},
        "vertex": {"priority": 2, "provider": "vertex_ai", "region": "us-central1"},
    }
    spec = parse({"tier": "prod", "endpoints": {"chat": {"model": "gpt-oss-120b", "targets": targets}}})
    plan = resolve(spec, None, today)
    whole = {f.rule_id for f in evaluate(from_plan(plan), RULES, today)}
    share = {
        f.rule_id
        for f in evaluate(from_plan(plan, lambda _e, _t, provider: provider == "vertex_ai"), RULES, today)
    }
    assert whole - share == {"AR009"}
    assert not share - whole


def test_the_rules_page_is_current(checkout: Path) -> None:
    assert (checkout / "policies" / "RULES.md").read_text() == rules_markdown(), "run: make docs"


def test_ids_and_slugs_are_used_once() -> None:
    assert len({rule.id for rule in RULES}) == len({rule.slug for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_and_parameter_is_explained(rule: Rule) -> None:
    for text in (rule.title, rule.why, rule.fix):
        assert len(text) > 20
    assert rule.why.endswith(".")
    assert rule.fix.endswith(".")
    assert not rule.title.endswith(".")
    for name, field in rule.parameters.model_fields.items():
        assert field.description, name
        assert not field.is_required(), name
        assert "default" not in rule.schema()[name], "the engine would fill it in and hide what the file says"


def test_policies_work_where_pulumi_is_not_installed() -> None:
    program = (
        "import sys; sys.modules['pulumi'] = sys.modules['pulumi_policy'] = None\n"
        "from datetime import date\n"
        "from anyport_policies.engine import evaluate\n"
        "from anyport_policies.facts import from_mapping\n"
        "from anyport_policies.waivers import load_waivers\n"
        "from anyport_policies.rules import RULES\n"
        "assert len(evaluate([from_mapping({})], RULES, date(2026, 11, 25))) > 15\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
