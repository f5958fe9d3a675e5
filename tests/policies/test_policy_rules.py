"""Every rule against its cases, matched both ways, and the cases against a rule that finds nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from policy_cases import BASES, KINDS, Case, all_cases, base, stack_of

from anyport_policies.engine import evaluate, evaluate_stack
from anyport_policies.facts import from_mapping
from anyport_policies.rule import Rule
from anyport_policies.rules import RULES

CASES = all_cases()
BY_ID = {rule.id: rule for rule in RULES}


def found(case: Case, rule: Rule, today: date) -> list[dict[str, Any]]:
    return [finding.to_dict() for finding in case.findings(rule, today)]


def expected(case: Case, rule: Rule) -> list[dict[str, Any]]:
    same = {
        "rule_id": rule.id, "slug": rule.slug, "severity": rule.severity, "endpoint": "chat", "target": None,
        "resource": None, "waived": None,
    }  # fmt: skip
    return [{**same, **finding} for finding in case.expect]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule_id}-{case.name}")
def test_a_rule_finds_exactly_what_its_case_says(case: Case, today: date) -> None:
    rule = BY_ID[case.rule_id]
    assert found(case, rule, today) == expected(case, rule)
    assert bool(case.expect) == (case.kind != "good")
    if case.kind == "waived" and not {"but", "elsewhere"} & set(case.name.split("_")):
        assert any(finding.get("waived") for finding in case.expect)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_cases_of_every_kind(rule: Rule) -> None:
    assert {case.kind for case in CASES if case.rule_id == rule.id} == set(KINDS)


def test_every_case_belongs_to_a_rule() -> None:
    assert {case.rule_id for case in CASES} == set(BY_ID)


def test_every_case_says_why_in_its_own_words() -> None:
    for case in CASES:
        assert case.why.endswith("."), (case.rule_id, case.name)


@pytest.mark.usefixtures("small")
def test_no_rule_finds_anything_on_the_bases(today: date) -> None:
    """Else a case would show more than the one thing it changes."""
    assert {path.stem for path in BASES.glob("*.yaml")} == {"endpoint", "stack"}
    assert evaluate([from_mapping(base("endpoint"))], RULES, today) == ()
    assert evaluate_stack(stack_of(base("stack")), {"chat": "prod"}, RULES, today) == ()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_that_finds_nothing_fails_its_cases(rule: Rule, today: date) -> None:
    """And one that only looks whether there are targets fails them too."""
    lazy = replace(rule, check=lambda _e, _c: iter(()), check_stack=lambda _s, _c: iter(()))
    cases = [case for case in CASES if case.rule_id == rule.id and case.expect]
    assert cases
    for case in cases:
        assert found(case, lazy, today) != expected(case, lazy), case.name
