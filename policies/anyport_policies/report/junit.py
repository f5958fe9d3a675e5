"""JUnit XML, which every pipeline shows: one suite per file, one case per rule and endpoint."""

from __future__ import annotations

import xml.etree.ElementTree as ET  # only writes
from collections import defaultdict

from .escape import xml_text
from .model import Entry, Report

__all__ = ["junit"]


def junit(report: Report) -> str:
    """A failure where a finding fails the check; what is waived, old or less than mandatory is output of its case.

    Problems with the input are errors of a suite of their own, remarks the output of one without cases.
    """
    by_case: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
    for entry in report.entries:
        by_case[entry.file, entry.finding.endpoint, entry.finding.rule_id].append(entry)
    cases = {(file, name, rule.id) for file, name in report.endpoints for rule in report.rules}
    slugs = {rule.id: rule.slug for rule in report.rules}
    ordered = sorted(cases | set(by_case))
    top = ET.Element("testsuites", name="anyport check")
    suites: dict[str, ET.Element] = {}
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for file, endpoint, rule_id in ordered:
        suite = suites.get(file)
        if suite is None:
            suite = suites[file] = ET.SubElement(top, "testsuite", name=xml_text(file or "stack"))
        found = by_case.get((file, endpoint, rule_id), [])
        name = f"{rule_id} {slugs.get(rule_id, '')}".strip()
        case = ET.SubElement(suite, "testcase", classname=xml_text(endpoint or "stack"), name=name)
        if found and found[0].line:
            case.set("file", xml_text(file))
            case.set("line", str(found[0].line))
        totals[file][0] += 1
        totals[file][1] += _fill(case, found)
    for file, suite in suites.items():
        tests, failures = totals[file]
        suite.set("tests", str(tests))
        suite.set("failures", str(failures))
        suite.set("errors", "0")
    _problems(top, report)
    if report.remarks:
        suite = ET.SubElement(top, "testsuite", name="notes", tests="0", failures="0", errors="0")
        ET.SubElement(suite, "system-out").text = "\n".join(xml_text(remark) for remark in report.remarks)
    ET.indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(top, encoding="unicode") + "\n"


def _fill(case: ET.Element, found: list[Entry]) -> int:
    """Write what was found into the case; 1 when it fails."""
    failing = [entry for entry in found if entry.fails]
    quiet = [entry for entry in found if not entry.fails]
    if failing:
        failure = ET.SubElement(case, "failure", type=failing[0].finding.severity)
        failure.set("message", xml_text(failing[0].finding.message))
        failure.text = "\n".join(_line(entry) for entry in failing)
    if quiet:
        ET.SubElement(case, "system-out").text = "\n".join(_line(entry) for entry in quiet)
    return 1 if failing else 0


def _line(entry: Entry) -> str:
    found = entry.finding
    state = found.level if entry.state == "new" else entry.state
    waived = f" ({found.waived})" if found.waived else ""
    return xml_text(f"{entry.at}: {state}: {found.message}; fix: {found.fix}{waived}")


def _problems(top: ET.Element, report: Report) -> None:
    said = [(p.file, f"{p.code} {p.path}".strip(), str(p)) for p in report.problems]
    said += [
        ("preview", p.stack, "; ".join(p.errors) or f"the preview {p.result}")
        for p in report.previews
        if p.broke
    ]
    if not said:
        return
    suite = ET.SubElement(
        top, "testsuite", name="input", tests=str(len(said)), failures="0", errors=str(len(said))
    )
    for file, name, message in said:
        case = ET.SubElement(suite, "testcase", classname=xml_text(file or "input"), name=xml_text(name))
        ET.SubElement(case, "error", message=xml_text(message))
