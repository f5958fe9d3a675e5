"""What each format says, and that the tools which read it take it."""

from __future__ import annotations

import json
import subprocess
import sys
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from report_cases import FILE, entry, hostile, report

from anyport.errors import Problem
from anyport_policies.report import FORMATS, Change, Preview, Report
from anyport_policies.rules import RULES

ALL = report(
    entry(),
    entry(5, target="oci", path="endpoints.chat.targets.oci", level="advisory", severity="high", message="so so"),
    entry(6, rule_id="AB001", slug="model-retirement", level="note", severity="low", message="not known"),
    entry(7, rule_id="AR002", slug="fallback-provider", message="one vendor", waived="waived by a until b (T-1): so"),
    replace(entry(8, rule_id="AR007", slug="residency", message="abroad"), old=True),
)  # fmt: skip
PROBLEM = Problem(
    "AP202", "endpoints.chat", "no such region", got="x", fix="write y", file=FILE, line=9, column=2
)


@pytest.fixture(scope="session")
def validators(checkout: Path) -> Path:
    done = subprocess.run(
        [sys.executable, checkout / "tools" / "validators" / "obtain.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.fail(done.stderr, pytrace=False)
    return Path(done.stdout.strip())


def validated(validators: Path, folder: Path, text: str) -> dict[str, Any]:
    """What Microsoft's validator found: results of level error or warning."""
    (folder / "a.sarif").write_text(text)
    tool = validators / "node_modules" / ".bin" / "sarif-multitool"
    subprocess.run(
        [tool, "validate", "a.sarif", "--output", "found.sarif", "--log", "ForceOverwrite"],
        cwd=folder, capture_output=True, check=False, timeout=60,
    )  # fmt: skip
    found: dict[str, Any] = json.loads((folder / "found.sarif").read_text("utf-8-sig"))
    return found


def complaints(found: dict[str, Any]) -> list[str]:
    return [
        f"{result['ruleId']} {result['message'].get('arguments')}"
        for run in found["runs"]
        for result in run.get("results", ())
        if result.get("level", "warning") in {"error", "warning"}
    ]


@pytest.mark.parametrize(
    "made",
    [
        report(),
        ALL,
        hostile(),
        replace(ALL, problems=(PROBLEM,)),
        replace(ALL, docs_url="https://example.com/p/"),
    ],
    ids=["nothing", "all kinds", "hostile", "problems", "docs"],
)
def test_sarif_is_valid(validators: Path, tmp_path: Path, made: Report) -> None:
    assert complaints(validated(validators, tmp_path, FORMATS["sarif"](made))) == []


@pytest.mark.parametrize("change", [{"ruleIndex": 99}, {"message": {}}, {"suppressions": [{}]}], ids=str)
def test_the_validator_finds_what_is_wrong(validators: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    """Else the test above would prove nothing. It lets unknown words for levels pass, so they are tested below."""
    wrong = json.loads(FORMATS["sarif"](ALL))
    wrong["runs"][0]["results"][0] |= change
    assert complaints(validated(validators, tmp_path, json.dumps(wrong))) != []


def test_sarif_says_everything_code_scanning_reads() -> None:
    (run,) = json.loads(FORMATS["sarif"](ALL))["runs"]
    by_rule = {(r["ruleId"], r["level"]): r for r in run["results"]}
    failing = by_rule["AR001", "error"]
    location = failing["locations"][0]["physicalLocation"]
    assert location["artifactLocation"] == {"uri": FILE, "uriBaseId": "SRCROOT"}
    assert location["region"] == {"startLine": 4, "endLine": 6}
    assert "suppressions" not in failing
    (waived,) = by_rule["AR002", "error"]["suppressions"]
    assert waived == {
        "kind": "external",
        "status": "accepted",
        "justification": "waived by a until b (T-1): so",
    }
    assert by_rule["AR007", "error"]["baselineState"] == "unchanged"
    assert by_rule["AB001", "note"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [rule.id for rule in RULES]
    for rule in rules:
        assert rule["help"]["text"]
        assert float(rule["properties"]["security-severity"]) > 0
    for result in run["results"]:
        assert result["level"] in {"error", "warning", "note"}
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert run["invocations"] == [{"executionSuccessful": True}]
    broken = json.loads(FORMATS["sarif"](replace(ALL, problems=(PROBLEM,))))["runs"][0]["invocations"][0]
    assert broken["executionSuccessful"] is False
    assert broken["toolExecutionNotifications"][0]["message"]["text"].startswith(
        "AP202: endpoints.chat: no such"
    )


def test_fingerprints_do_not_move_with_lines_and_wording_and_are_never_shared() -> None:
    def prints(made: Report) -> list[str]:
        return [
            r["partialFingerprints"]["anyport/v1"]
            for r in json.loads(FORMATS["sarif"](made))["runs"][0]["results"]
        ]

    assert prints(report(entry(4))) == prints(report(entry(90, message="in other words")))
    assert prints(report(entry(4))) != prints(report(entry(4, endpoint="other")))
    twice = prints(report(entry(4, message="a"), entry(4, message="b")))
    assert len(set(twice)) == 2
    codes = [issue["fingerprint"] for issue in json.loads(FORMATS["gitlab"](ALL))]
    assert len(set(codes)) == len(codes)


def test_junit_has_a_case_per_rule_and_endpoint() -> None:
    top = ET.fromstring(FORMATS["junit"](ALL))
    cases = {case.get("name", "").split()[0]: case for case in top.iter("testcase")}
    assert set(cases) == {rule.id for rule in RULES}
    assert [name for name, case in cases.items() if case.find("failure") is not None] == ["AR001"]
    (suite,) = top.iter("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == (str(len(RULES)), "1")
    assert "waived by a" in (cases["AR002"].findtext("system-out") or "")
    assert cases["AR001"].get("line") == "4"
    input_suite = ET.fromstring(FORMATS["junit"](replace(ALL, problems=(PROBLEM,)))).findall("testsuite")[-1]
    assert (input_suite.get("name"), input_suite.get("errors")) == ("input", "1")


def test_gitlab_says_where_and_how_bad() -> None:
    issues = json.loads(FORMATS["gitlab"](replace(ALL, problems=(PROBLEM,))))
    assert {issue["severity"] for issue in issues} <= {"info", "minor", "major", "critical", "blocker"}
    first = issues[0]
    assert (first["check_name"], first["severity"]) == ("AR001 fallback-region", "blocker")
    assert first["location"] == {"path": FILE, "lines": {"begin": 4}}
    assert issues[-1]["check_name"] == "AP202"


def test_github_levels_and_order() -> None:
    lines = FORMATS["github"](ALL).splitlines()
    assert lines[0] == (
        f"::error file={FILE},line=4,endLine=6,title=AR001 fallback-region::it has none; fix: add one"
    )
    assert [line.split(" ")[0] for line in lines] == [
        "::error",
        "::notice",
        "::warning",
        "::warning",
        "::notice",
    ]
    assert FORMATS["github"](report()) == ""


def test_text_is_as_documented() -> None:
    lines = FORMATS["text"](ALL).splitlines()
    assert lines[:5] == [
        f"{FILE}:4  CRITICAL  AR001 fallback-region  endpoints.chat",
        "  it has none",
        "  fix: add one",
        "  docs: policies/RULES.md#ar001-fallback-region",
        "",
    ]
    assert lines[-1] == "1 files, 1 endpoints: 1 failing, 1 advisory, 1 notes, 1 waived, 1 old"


def test_markdown_puts_what_matters_first() -> None:
    change = Change(FILE, "chat", ("1 a: x", "2 b: y"), ("1 a: x", "2 c: z"))
    previews = (Preview("x", "failed", (("create", 3),), ("no credentials",)),)
    text = FORMATS["markdown"](replace(ALL, since="abc", changes=(change,), previews=previews))
    places = [
        text.index(words)
        for words in (
            "must be mended",
            "#### Preview",
            "Must be mended",
            "What this change does",
            "Advice",
            "Waived",
            "Known before",
            "Notes",
        )
    ]
    assert places == sorted(places)
    assert "- before: `2 b: y`\n- as before: `1 a: x`\n- after: `2 c: z`\n" in text
    assert "`no credentials`" in text
    assert "found nothing in the way" in FORMATS["markdown"](report(entry(level="note")))
    assert "cannot judge this" in FORMATS["markdown"](replace(ALL, problems=(PROBLEM,)))


@pytest.mark.parametrize("name", FORMATS)
def test_the_order_of_findings_does_not_matter(name: str) -> None:
    backwards = report(*reversed([replace(one, ordinal=0) for one in ALL.entries]))
    assert FORMATS[name](backwards) == FORMATS[name](ALL)


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_says_every_failing_finding_and_problem(name: str) -> None:
    shown = FORMATS[name](replace(ALL, problems=(PROBLEM,)))
    assert "it has none" in shown
    assert name == "text" or "no such region" in shown  # for people, problems go to standard error
