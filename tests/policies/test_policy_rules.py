"""Every rule against its cases, matched both ways, and the cases against a rule that finds nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from policy_cases import KINDS, Case, all_cases

from anyport_policies.engine import evaluate
from anyport_policies.facts import from_mapping
from anyport_policies.rule import Rule
from anyport_policies.rules import RULES

CASES = all_cases()
BY_ID = {rule.id: rule for rule in RULES}


def found(case: Case, rule: Rule, today: date) -> list[dict[str, Any]]:
    return [finding.to_dict() for finding in evaluate([from_mapping(case.facts)], [rule], today)]


def expected(case: Case, rule: Rule) -> list[dict[str, Any]]:
    same = {"rule_id": rule.id, "slug": rule.slug, "severity": rule.severity, "endpoint": "chat"}
    return [{**same, **finding} for finding in case.expect]


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.rule_id}-{case.name}")
def test_a_rule_finds_exactly_what_its_case_says(case: Case, today: date) -> None:
    rule = BY_ID[case.rule_id]
    assert found(case, rule, today) == expected(case, rule)
    assert bool(case.expect) == (case.kind != "good")


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_good_bad_and_unknown_cases(rule: Rule) -> None:
    assert {case.kind for case in CASES if case.rule_id == rule.id} == set(KINDS)


def test_every_case_belongs_to_a_rule() -> None:
    assert {case.rule_id for case in CASES} == set(BY_ID)


@pytest.mark.parametrize("case", [case for case in CASES if case.kind != "good"], ids=lambda c: c.name)
def test_a_rule_that_finds_nothing_fails_its_cases(case: Case, today: date) -> None:
    lazy = replace(BY_ID[case.rule_id], check=lambda _endpoint, _today: iter(()))
    assert found(case, lazy, today) != expected(case, lazy)
