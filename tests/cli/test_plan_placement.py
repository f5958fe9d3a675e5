"""`anyport plan` of an endpoint whose targets the planner chooses: --explain, --pin, and what cannot be met."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from check_runs import DAY, Anyport

STACK = """\
# yaml-language-server: $schema=schema.json
config:
  anyport:endpoints:
    chat:
      model: {model}
      residency: [us]
      traffic: {{tokens_per_minute: 300000}}
      placement: {{failure_domains: 3}}
"""


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    path = tmp_path / "Pulumi.prod.yaml"
    path.write_text(STACK.format(model="gpt-oss-120b"))
    return path


def test_why_as_text_and_as_json(anyport: Anyport, stack: Path) -> None:
    text = anyport("plan", stack, "--explain", "--today", DAY)
    assert text.code == 0
    assert "why these targets" in text.out
    assert "processes data in eu; allowed: us" in text.out
    answer = json.loads(anyport("plan", stack, "--explain", "--today", DAY, "--format", "json").out)
    (placed,) = answer["placements"][str(stack)]
    planned = answer["plans"][str(stack)]["endpoints"][0]["targets"]
    assert [one["name"] for one in placed["targets"]] == [one["name"] for one in planned]
    assert "placements" not in json.loads(anyport("plan", stack, "--today", DAY, "--format", "json").out)


def test_what_is_pinned_can_be_pasted_and_gives_the_same_plan(anyport: Anyport, stack: Path) -> None:
    pasted = yaml.safe_load(anyport("plan", stack, "--pin", "--today", DAY).out)
    before = json.loads(anyport("plan", stack, "--today", DAY, "--format", "json").out)["plans"][str(stack)]
    document = yaml.safe_load(stack.read_text())
    chat = document["config"]["anyport:endpoints"]["chat"]
    del chat["placement"]
    chat.update(pasted)
    stack.write_text(yaml.safe_dump(document))
    after = json.loads(anyport("plan", stack, "--today", DAY, "--format", "json").out)["plans"][str(stack)]
    assert before == after
    assert anyport("plan", stack, "--pin", "--today", DAY).err.startswith("no endpoint has a placement")


def test_a_placement_that_cannot_be_met_ends_with_2_and_a_place(anyport: Anyport, stack: Path) -> None:
    stack.write_text(STACK.format(model="gpt-5.1"))
    for words in ((), ("--explain",), ("--pin",)):
        ended = anyport("plan", stack, *words, "--today", DAY)
        assert ended.code == 2
        assert f"{stack}:8:7: AP218" in ended.err
        assert "2 independent operators are asked for, 1 can serve it (Microsoft)" in ended.err


def test_two_forms_of_output_at_once_are_refused(anyport: Anyport, stack: Path) -> None:
    assert anyport("plan", stack, "--pin", "--explain").code == 2


def test_check_judges_what_was_chosen(anyport: Anyport, stack: Path) -> None:
    ended = anyport("check", stack, "--format", "json")
    findings = json.loads(ended.out)["findings"]
    assert {
        one["rule_id"] for one in findings if one["rule_id"].startswith("AR") and one["level"] == "mandatory"
    } == set()
