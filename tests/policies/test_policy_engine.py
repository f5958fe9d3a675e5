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
from policy_cases import all_cases

from anyport.plan import resolve
from anyport.spec import parse
from anyport.stackfile import load_stack_file
from anyport_policies.engine import evaluate
from anyport_policies.facts import EndpointFacts, from_mapping, from_plan
from anyport_policies.reference import rules_markdown
from anyport_policies.rule import Rule, Verdict
from anyport_policies.rules import RULES

GOOD = next(c for c in all_cases() if (c.rule_id, c.name) == ("AR002", "good_cold_with_restore_time")).facts


def faulty(_endpoint: EndpointFacts, _today: date) -> Iterator[Verdict]:
    yield Verdict("found before the fault", "mend it")
    raise ZeroDivisionError


def test_a_rule_that_raises_is_a_finding_and_hides_no_other(today: date) -> None:
    rules: list[Rule] = [replace(RULES[0], id="AX001", check=faulty), *RULES]
    messages = [f.message for f in evaluate([from_mapping({}), from_mapping(GOOD)], rules, today)]
    assert messages.count("found before the fault") == 2
    assert sum("the rule failed with ZeroDivisionError" in message for message in messages) == 2
    assert len(messages) == 4 + len(RULES)


@pytest.mark.parametrize("broken", [None, 5, "facts", [], {}, {"targets": None}, {"targets": "x"}])
def test_facts_that_are_none_break_every_rule(broken: Any, today: date) -> None:
    findings = evaluate([from_mapping(broken, name="chat")], RULES, today)
    assert [(f.rule_id, f.level, f.endpoint) for f in findings] == [
        (rule.id, "mandatory", "chat") for rule in RULES
    ]


@pytest.mark.parametrize("value", [None, True, -1.5, float("nan"), float("inf"), "", [], {}, object()])
def test_the_reader_of_facts_is_total(value: Any, today: date) -> None:
    """Whatever replaces any one field, reading and judging give an answer."""
    for key in GOOD:
        evaluate([from_mapping({**GOOD, key: value})], RULES, today)
    first, second = GOOD["targets"]
    for key in [*second, "restore_minutes", "passes_to", "retires_on", "retirement_conflict"]:
        evaluate([from_mapping({**GOOD, "targets": [first, {**second, key: value}]})], RULES, today)
    evaluate([from_mapping({**GOOD, "targets": [first, value]})], RULES, today)


def test_the_sandbox_stack_breaks_no_rule(checkout: Path, today: date) -> None:
    stack = load_stack_file(checkout / "stacks" / "Pulumi.sandbox.yaml")
    assert evaluate(from_plan(resolve(stack.spec, None, today)), RULES, today) == ()


def test_a_plan_is_judged_and_advised_from_the_shipped_catalog(today: date) -> None:
    targets = {
        "azure-east": {"priority": 1, "provider": "azure_openai", "region": "eastus2"},
        "azure-west": {"priority": 2, "provider": "azure_openai", "region": "eastus"},
    }
    endpoint = {"model": "gpt-oss-120b", "residency": ["us"], "targets": targets}
    plan = resolve(parse({"tier": "prod", "endpoints": {"chat": endpoint}}), None, today)
    findings = evaluate(from_plan(plan), RULES, today)
    assert [f.rule_id for f in findings] == ["AR001", "AR002"]
    assert "us-virginia" in findings[0].message
    assert all("provider: " in f.fix for f in findings)
    assert all("us-virginia" not in findings[0].fix for f in findings)
    json.dumps([f.to_dict() for f in findings])


def test_the_rules_page_is_current(checkout: Path) -> None:
    assert (checkout / "policies" / "RULES.md").read_text() == rules_markdown()


def test_ids_and_slugs_are_used_once() -> None:
    assert len({rule.id for rule in RULES}) == len({rule.slug for rule in RULES}) == len(RULES)


def test_policies_work_where_pulumi_is_not_installed() -> None:
    program = (
        "import sys; sys.modules['pulumi'] = sys.modules['pulumi_policy'] = None\n"
        "from datetime import date\n"
        "from anyport_policies.engine import evaluate\n"
        "from anyport_policies.facts import from_mapping\n"
        "from anyport_policies.rules import RULES\n"
        "assert len(evaluate([from_mapping({})], RULES, date(2026, 11, 25))) == len(RULES)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
