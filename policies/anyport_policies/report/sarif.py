"""SARIF 2.1.0, the format that code scanning reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from anyport.errors import Problem

from ..rule import Rule
from .escape import plain
from .json_text import SLOT, json_text
from .model import Entry, Report

__all__ = ["sarif"]

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVEL = {"mandatory": "error", "advisory": "warning", "note": "note"}
_SECURITY = {"critical": "9.5", "high": "8.0", "medium": "5.5", "low": "3.0"}


def sarif(report: Report) -> str:
    """One run. Waived findings carry the waiver as an accepted suppression; old ones say `unchanged`.

    Problems with the input, and remarks, are notifications of the invocation, not results. One with problems did not
    succeed: nothing was judged, so no reader may take the absence of findings for mended ones.
    """
    rules = [_rule(rule, report) for rule in report.rules]
    index = {rule.id: place for place, rule in enumerate(report.rules)}
    results = [_result(entry, index) for entry in report.entries]
    notes = list(_notifications(report))
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "Anyport",
                "informationUri": report.docs_url or "https://pypi.org/project/anyport/",
                "version": report.version,
                "semanticVersion": report.version,
                "rules": rules,
            }
        },
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {
            "SRCROOT": {"description": {"text": "The top of the checkout that was judged."}}
        },
        "invocations": [{"executionSuccessful": not report.problems}],
        "automationDetails": {"id": "anyport/check/"},
        "results": SLOT,
    }
    if notes:
        run["invocations"][0]["toolExecutionNotifications"] = notes
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json_text(document, results)


def _rule(rule: Rule, report: Report) -> dict[str, Any]:
    docs = report.docs(rule.id, rule.slug)
    made: dict[str, Any] = {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.slug.split("-")),
        "shortDescription": {"text": f"{rule.title}."},
        "fullDescription": {"text": rule.why},
        "help": {
            "text": f"{rule.why}\nFix: {rule.fix}\nDocs: {docs}",
            "markdown": f"{rule.why}\n\n**Fix:** {rule.fix}\n\nDocs: `{docs}`",
        },
        "defaultConfiguration": {"level": "error" if rule.level == "mandatory" else "warning"},
        "properties": {
            "tags": [rule.pack, "inference"],
            "problem.severity": "error" if rule.level == "mandatory" else "recommendation",
            "security-severity": _SECURITY[rule.severity],
            "since": rule.since,
        },
    }
    if report.docs_url:
        made["helpUri"] = docs
    return made


def _result(entry: Entry, index: dict[str, int]) -> dict[str, Any]:
    found = entry.finding
    result: dict[str, Any] = {
        "ruleId": found.rule_id,
        "level": _LEVEL[found.level],
        "message": {"text": f"{plain(found.message)}. Fix: {plain(found.fix)}."},
        "partialFingerprints": {"anyport/v1": entry.fingerprint},
        "properties": {
            "endpoint": plain(found.endpoint),
            "target": plain(found.target or ""),
            "severity": found.severity,
            "nets": list(entry.nets),
        },
    }
    if found.rule_id in index:
        result["ruleIndex"] = index[found.rule_id]
    if entry.file:
        result["locations"] = [_location(entry)]
    if entry.old:
        result["baselineState"] = "unchanged"
    if found.waived:
        result["suppressions"] = [
            {"kind": "external", "status": "accepted", "justification": plain(found.waived)}
        ]
    return result


def _location(entry: Entry) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": _artifact(entry.file)}
    if entry.line:
        physical["region"] = {"startLine": entry.line, "endLine": max(entry.line, entry.end_line)}
    logical = {"fullyQualifiedName": plain(entry.finding.path), "kind": "object"}
    return {"physicalLocation": physical, "logicalLocations": [logical]}


def _artifact(file: str) -> dict[str, str]:
    """Files outside the checkout have no base to be relative to."""
    path = quote(file.encode("utf-8", "replace"))
    return {"uri": f"file://{path}"} if file.startswith("/") else {"uri": path, "uriBaseId": "SRCROOT"}


def _notifications(report: Report) -> Iterator[dict[str, Any]]:
    for problem in report.problems:
        yield {"level": "error", "message": {"text": _said(problem)}, **_problem_place(problem)}
    for preview in report.previews:
        if preview.broke:
            why = "; ".join(preview.errors) or "its events break off"
            yield {
                "level": "error",
                "message": {"text": plain(f"The preview of {preview.stack} {preview.result}: {why}.")},
            }

    for remark in report.remarks:
        yield {"level": "note", "message": {"text": plain(remark)}}


def _said(problem: Problem) -> str:
    path = f"{problem.path}: " if problem.path else ""
    return plain(
        f"{problem.code}: {path}{problem.message}. {'Fix: ' + problem.fix + '.' if problem.fix else ''}"
    ).strip()


def _problem_place(problem: Problem) -> dict[str, Any]:
    if not problem.file:
        return {}
    physical: dict[str, Any] = {"artifactLocation": _artifact(problem.file)}
    if problem.line:
        physical["region"] = {"startLine": problem.line}
    return {"locations": [{"physicalLocation": physical}]}
