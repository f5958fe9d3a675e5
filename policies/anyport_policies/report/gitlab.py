"""GitLab's code quality report, which a merge request compares with that of its target branch."""

from __future__ import annotations

import json
from typing import Any

from anyport.errors import Problem

from .escape import plain
from .model import Entry, Report

__all__ = ["gitlab"]

_SEVERITY = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor"}


def gitlab(report: Report) -> str:
    """One issue per finding and problem. Waived findings are `info`, since the format knows no exceptions."""
    issues = [*map(_finding, report.entries), *map(_problem, report.problems)]
    return "[\n" + ",\n".join(json.dumps(issue) for issue in issues) + "\n]\n"


def _finding(entry: Entry) -> dict[str, Any]:
    found = entry.finding
    quiet = found.level == "note" or found.waived is not None
    waived = f" ({found.waived})" if found.waived else ""
    return {
        "description": plain(f"{found.message}; fix: {found.fix}{waived}"),
        "check_name": f"{found.rule_id} {found.slug}",
        "fingerprint": entry.fingerprint,
        "severity": "info" if quiet else _SEVERITY.get(found.severity, "major"),
        "location": {"path": entry.file or "-", "lines": {"begin": max(entry.line, 1)}},
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "description": plain(f"{problem.path}: {problem.message}; fix: {problem.fix}"),
        "check_name": problem.code,
        "fingerprint": f"{problem.code}:{problem.file}:{problem.path}:{problem.line}",
        "severity": "blocker",
        "location": {"path": problem.file or "-", "lines": {"begin": max(problem.line, 1)}},
    }
