"""GitLab's code quality report, which a merge request compares with that of its target branch."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from anyport.errors import Problem

from .escape import plain
from .model import Entry, Report

__all__ = ["gitlab"]

_SEVERITY = {"critical": "blocker", "high": "critical", "medium": "major", "low": "minor"}


def gitlab(report: Report) -> str:
    """One issue per finding, problem and remark. Waived findings are `info`, since the format knows no exceptions."""
    at = next(iter(report.files), "-")
    issues = [
        *map(_finding, report.entries),
        *map(_problem, report.problems),
        *(_remark(remark, at) for remark in report.remarks),
    ]
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


def _remark(remark: str, file: str) -> dict[str, Any]:
    """The format wants a place, so the first file stands in; numbers change from day to day and identify nothing."""
    said = plain(remark)
    return {
        "description": said,
        "check_name": "note",
        "fingerprint": hashlib.sha256(re.sub(r"[0-9]+", "", said).encode()).hexdigest()[:32],
        "severity": "info",
        "location": {"path": file, "lines": {"begin": 1}},
    }


def _problem(problem: Problem) -> dict[str, Any]:
    return {
        "description": plain(f"{problem.path}: {problem.message}; fix: {problem.fix}"),
        "check_name": problem.code,
        "fingerprint": f"{problem.code}:{problem.file}:{problem.path}:{problem.line}",
        "severity": "blocker",
        "location": {"path": problem.file or "-", "lines": {"begin": max(problem.line, 1)}},
    }
