"""The two files that steer the rules: every problem at once with its line, and nothing of a wrong file counts."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from policy_cases import base, changed

from anyport.errors import SpecError
from anyport_policies.config import NO_CONFIG, load_policy_config
from anyport_policies.engine import evaluate
from anyport_policies.facts import from_mapping
from anyport_policies.problems import CODES, PolicyFileError, PolicyProblem
from anyport_policies.rules import RULES
from anyport_policies.waivers import apply_waivers, load_waivers

GOOD = """\
waivers:
  - rule: AB009
    endpoint: chat
    reason: the cost center is being set up
    owner: ai-platform
    ticket: PLAT-7
    category: waiver
    granted: 2026-11-20
    expires: 2027-02-18
"""
BAD = """\
waivers:
  - rule: AB099
    endpoint: chta
    reason: because
    owner: ai-platform
    category: forever
    granted: 2026-12-01
    expires: 2027-12-01
    until: never
  - just text
  - {rule: AB009, endpoint: chat, reason: the cost center is being set up, owner: [a], ticket: 7, category: waiver, granted: soon, expires: 2026-12-01}
  - {rule: AB009, endpoint: chat, reason: the cost center is being set up, owner: a, ticket: T-1, category: waiver, granted: 2026-11-01, expires: 2026-10-01}
"""


def written(tmp_path: Path, text: str, name: str = "waivers.yaml") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def problems(error: pytest.ExceptionInfo[PolicyFileError]) -> list[tuple[str, int, str]]:
    return [(p.code, p.line, p.path) for p in error.value.problems]


def test_every_problem_of_a_waiver_file_is_said_at_once_with_its_line(tmp_path: Path, today: date) -> None:
    with pytest.raises(PolicyFileError) as error:
        load_waivers(written(tmp_path, BAD), RULES, today, endpoints=["chat", "embed"])
    assert problems(error) == [
        ("AW002", 2, "waivers.0"),
        ("AW004", 2, "waivers.0.rule"),
        ("AW005", 3, "waivers.0.endpoint"),
        ("AW006", 4, "waivers.0.reason"),
        ("AW003", 6, "waivers.0.category"),
        ("AW008", 7, "waivers.0.granted"),
        ("AW007", 8, "waivers.0.expires"),
        ("AW001", 9, "waivers.0.until"),
        ("AW003", 10, "waivers.1"),
        ("AW003", 11, "waivers.2.owner"),
        ("AW003", 11, "waivers.2.ticket"),
        ("AW003", 11, "waivers.2.granted"),
        ("AW009", 12, "waivers.3.rule"),
        ("AW007", 12, "waivers.3.expires"),
    ]
    assert f"{tmp_path}/waivers.yaml:3" in str(error.value)
    assert "did you mean chat?" in str(error.value)


@pytest.mark.parametrize("text", ["5", "[]", "waivers: 5", "waivers: []\nmore: 1", "rules: []"])
def test_a_file_of_another_shape_is_refused(text: str, tmp_path: Path, today: date) -> None:
    with pytest.raises(PolicyFileError):
        load_waivers(written(tmp_path, text), RULES, today)


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path, today: date) -> None:
    with pytest.raises(SpecError):
        load_waivers(written(tmp_path, "waivers: ["), RULES, today)


def test_no_file_and_an_empty_one_waive_nothing(tmp_path: Path, today: date) -> None:
    assert load_waivers(tmp_path / "none.yaml", RULES, today) == ()
    assert load_waivers(written(tmp_path, ""), RULES, today) == ()


@pytest.mark.parametrize(
    ("day", "waived", "said"),
    [
        (date(2026, 11, 25), True, []),
        (date(2027, 2, 4), True, ["the waiver of AB009 at chat expires in 14 days"]),
        (date(2027, 2, 18), True, ["the waiver of AB009 at chat expires in 0 days"]),
        (date(2027, 2, 19), False, []),
    ],
)
def test_a_waiver_holds_to_its_last_day(day: date, waived: bool, said: list[str], tmp_path: Path) -> None:
    rules = [rule for rule in RULES if rule.id == "AB009"]
    found = evaluate([from_mapping(changed(base("endpoint"), {"cost_center": "DROP"}))], rules, day)
    first, *rest = apply_waivers(found, load_waivers(written(tmp_path, GOOD), RULES, day), day, whole=True)
    assert (first.waived is not None) == waived
    assert ("expired 1 days ago" in first.message) != waived
    assert [(f.message, f.level) for f in rest] == [(text, "note") for text in said]


def test_a_waived_mandatory_finding_fails_nothing_and_is_still_there(tmp_path: Path, today: date) -> None:
    found = evaluate(
        [from_mapping(changed(base("endpoint"), {"targets.azure.geography": "eu"}))], RULES, today
    )
    waivers = load_waivers(written(tmp_path, GOOD.replace("AB009", "AR007")), RULES, today)
    (finding,) = apply_waivers(found, waivers, today)
    assert found[0].fails
    assert not finding.fails
    assert finding.level == "mandatory"
    assert (
        finding.waived == "waived by ai-platform until 2027-02-18 (PLAT-7): the cost center is being set up"
    )


def test_a_waiver_that_excepts_nothing_is_stale_where_all_stacks_are_seen(
    tmp_path: Path, today: date
) -> None:
    waivers = load_waivers(written(tmp_path, GOOD), RULES, today)
    (stale,) = apply_waivers((), waivers, today, whole=True)
    assert (stale.level, stale.rule_id, stale.endpoint) == ("advisory", "AB009", "chat")
    assert "is not needed" in stale.message
    assert f"{tmp_path}/waivers.yaml:2" in stale.fix
    assert apply_waivers((), waivers, today) == ()


def test_levels_and_parameters_come_from_one_file(tmp_path: Path, today: date) -> None:
    said = {
        "all": "advisory",
        "model-retirement": {"enforcementLevel": "mandatory", "days": 5000 - 4500},
        "cost-tags": "disabled",
        "cost-ceiling": {"output_usd_per_million": 0.5},
    }
    config = load_policy_config(written(tmp_path, json.dumps(said), "policy-config.json"), RULES)
    facts = changed(
        base("endpoint"),
        {"owner": "DROP", "targets.azure.geography": "eu", "targets.azure.retires_on": "2028-03-01"},
    )
    found = evaluate([from_mapping(facts)], RULES, today, config)
    assert {(f.rule_id, f.level) for f in found} == {
        ("AB001", "mandatory"), ("AB010", "advisory"), ("AB010", "note"), ("AR007", "advisory"),
    }  # fmt: skip


def test_every_problem_of_a_policy_configuration_is_said_at_once(tmp_path: Path) -> None:
    text = """\
{
  "model-retirment": {"days": 5},
  "model-retirement": {"days": -1, "day": 3},
  "cost-tags": "maybe",
  "fallback-capacity": ["x"],
  "cost-ceiling": {"enforcementLevel": 3}
}
"""
    with pytest.raises(PolicyFileError) as error:
        load_policy_config(written(tmp_path, text, "policy-config.json"), RULES)
    assert problems(error) == [
        ("AW010", 2, "model-retirment"),
        ("AW011", 3, "model-retirement.days"),
        ("AW010", 3, "model-retirement.day"),
        ("AW003", 4, "cost-tags"),
        ("AW003", 5, "fallback-capacity"),
        ("AW003", 6, "cost-ceiling"),
    ]
    assert "did you mean model-retirement?" in str(error.value)


def test_a_capacity_below_nothing_is_none(tmp_path: Path) -> None:
    text = '{"fallback-capacity": {"tokens_per_minute": {"chat/vertex": -5000, "chat/oci": 0}}}'
    with pytest.raises(PolicyFileError) as error:
        load_policy_config(written(tmp_path, text, "policy-config.json"), RULES)
    assert problems(error) == [("AW011", 1, "fallback-capacity.tokens_per_minute.chat/vertex")]


def test_no_file_says_nothing(tmp_path: Path) -> None:
    assert load_policy_config(tmp_path / "none.json", RULES) is NO_CONFIG


def test_a_code_that_the_table_lacks_is_refused() -> None:
    with pytest.raises(KeyError):
        PolicyProblem("AP101", "", "x")
    assert list(PolicyProblem(next(iter(CODES)), "", "x").to_dict()) == [
        "code", "path", "message", "got", "allowed", "fix", "file", "line", "column",
    ]  # fmt: skip
