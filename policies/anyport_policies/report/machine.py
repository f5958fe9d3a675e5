"""JSON for programs; its keys are part of the interface."""

from __future__ import annotations

from dataclasses import asdict

from .json_text import SLOT, json_text
from .model import Report

__all__ = ["machine"]


def machine(report: Report) -> str:
    """Everything in the report, findings in the order of the other formats."""
    findings = [
        {
            **entry.finding.to_dict(),
            "file": entry.file,
            "line": entry.line,
            "end_line": entry.end_line,
            "column": entry.column,
            "state": entry.state,
            "fails": entry.fails,
            "nets": list(entry.nets),
            "fingerprint": entry.fingerprint,
        }
        for entry in report.entries
    ]
    document = {
        "version": report.version,
        "findings": SLOT,
        "problems": [problem.to_dict() for problem in report.problems],
        "counts": report.counts,
        "files": list(report.files),
        "since": report.since,
        "changes": [asdict(change) for change in report.changes],
        "previews": [asdict(preview) for preview in report.previews],
        "remarks": list(report.remarks),
    }
    return json_text(document, findings)
