"""What the engine's policies said in a preview, out of its stream of events.

`pulumi preview --json` alone leaves policies out. With PULUMI_ENABLE_STREAMING_JSON_PREVIEW=1 it writes one
event per line instead, and `--event-log FILE` does so beside other output; both are read here (observed with
engine 3.259.0). Nothing in the events is trusted: what has not the form of our own policies is shown as said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ..engine import Finding
from ..rule import Level, Rule
from .model import Entry, Preview

__all__ = ["Events", "joined", "read_events"]

ENDPOINT_TYPE = "anyport:index:InferenceEndpoint"
MOST_ERRORS = 20
_OURS = re.compile(r"(A[A-Z][0-9]{3}) ([a-z0-9-]{1,60})( \(note\))?: (.+)")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_FIX, _WAIVED, _UNKNOWN = "    fix: ", "    waived: ", "    facts unknown"
_SEVERITIES = ("low", "medium", "high", "critical")
_EMPTY = {"preview failed", "update failed", ""}


@dataclass(frozen=True)
class Events:
    """What one preview said."""

    preview: Preview
    findings: tuple[Finding, ...]


@dataclass
class _Gathering:
    """What was read so far."""

    stack: str
    findings: list[Finding] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    summary: Mapping[str, Any] | None = None

    def policy(self, event: Mapping[str, Any], rules: Mapping[str, Rule]) -> None:
        urn = _text(event, "resourceUrn")
        parts = urn.split("::")
        if urn.startswith("urn:pulumi:") and len(parts) >= 4:
            self.stack = parts[0].removeprefix("urn:pulumi:")
        finding = _finding(event, urn, parts, rules)
        if finding not in self.findings:
            self.findings.append(finding)

    def diagnostic(self, event: Mapping[str, Any]) -> None:
        message = _text(event, "message").strip()
        if event.get("severity") == "error" and message not in _EMPTY and message not in self.errors:
            self.errors.append(message)


def read_events(lines: Iterable[str], name: str, rules: Iterable[Rule]) -> Events:
    """Read a stream of events.

    Args:
        lines: of the file; those that hold no event are passed over.
        name: shown when no event names a stack.
        rules: severities come from here, since the engine's own may be missing.
    """
    by_id = {rule.id: rule for rule in rules}
    seen = _Gathering(name)
    for line in lines:
        event = _event(line)
        if isinstance(said := event.get("policyEvent"), Mapping):
            seen.policy(said, by_id)
        elif isinstance(said := event.get("diagnosticEvent"), Mapping):
            seen.diagnostic(said)
        elif isinstance(said := event.get("summaryEvent"), Mapping):
            seen.summary = said
    mandatory = any(f.level == "mandatory" for f in seen.findings)
    return Events(
        Preview(
            seen.stack,
            _result(seen.summary, mandatory, seen.errors),
            _changes(seen.summary),
            tuple(seen.errors[:MOST_ERRORS]),
        ),
        tuple(seen.findings),
    )


def joined(entries: Iterable[Entry], events: Events, endpoints: Mapping[str, Entry]) -> list[Entry]:
    """The offline entries with those marked that the preview saw too, and what only the preview saw.

    Where the two disagree, what fails counts.

    Args:
        entries: of the files.
        events: of a preview of one stack.
        endpoints: by name, an entry that stands where the endpoint of that stack is written.
    """
    out = list(entries)
    files = {entry.file for entry in endpoints.values()}
    places: dict[tuple[str, str, str], list[int]] = {}
    for index, entry in enumerate(out):
        if entry.file in files:
            found = entry.finding
            places.setdefault((found.rule_id, found.endpoint, found.message), []).append(index)
    for finding in events.findings:
        finding = _at_home(finding, endpoints)
        same = places.get((finding.rule_id, finding.endpoint, finding.message), [])
        for index in same:
            seen = out[index].finding
            worse = finding.fails and not seen.fails
            seen = replace(seen, level=finding.level, waived=None) if worse else seen
            out[index] = replace(out[index], finding=seen, nets=("offline", "preview"))
        if not same:
            home = endpoints.get(finding.endpoint, Entry(finding))
            out.append(replace(home, finding=finding, nets=("preview",)))
    return out


def _at_home(finding: Finding, endpoints: Mapping[str, Entry]) -> Finding:
    """A resource under an endpoint is named after it, so its finding can be shown there."""
    if finding.endpoint or not finding.resource:
        return finding
    parts = finding.resource.split("::")
    if ENDPOINT_TYPE not in parts[2].split("$"):
        return finding
    above = [name for name in endpoints if parts[-1].startswith(f"{name}-")]
    return replace(finding, endpoint=max(above, key=len)) if above else finding


def _event(line: str) -> Mapping[str, Any]:
    try:
        event = json.loads(line) if line.lstrip().startswith("{") else {}
    except (ValueError, RecursionError):
        return {}
    return event if isinstance(event, Mapping) else {}


def _finding(event: Mapping[str, Any], urn: str, parts: list[str], rules: Mapping[str, Rule]) -> Finding:
    lines = _text(event, "message").splitlines()
    start = next((index for index, line in enumerate(lines) if _OURS.fullmatch(line)), None)
    at_endpoint = len(parts) >= 4 and parts[2] == ENDPOINT_TYPE
    endpoint = parts[-1] if at_endpoint else ""
    enforced: Level = "mandatory" if event.get("enforcementLevel") == "mandatory" else "advisory"
    resource = None if at_endpoint or len(parts) < 4 else urn
    path = f"endpoints.{endpoint}" if endpoint else f"resources.{urn}" if resource else "resources"
    match = _OURS.fullmatch(lines[start]) if start is not None else None
    if match is None or start is None:
        policy, pack = _word(event, "policyName"), _word(event, "policyPackName")
        severity = _text(event, "severity")
        severity = severity if severity in _SEVERITIES else "medium"
        message = " ".join(line.strip() for line in lines if line.strip())
        return Finding(policy, pack, endpoint, None, enforced, severity, message, "", path, resource)
    rule_id, slug, note, message = match.groups()
    rest = lines[start + 1 :]
    return Finding(
        rule_id,
        slug,
        endpoint,
        None,
        "note" if note else enforced,
        rules[rule_id].severity if rule_id in rules and slug != "waiver" else "low",
        message + "".join(f" ({line.strip()})" for line in rest if line.startswith(_UNKNOWN)),
        next((line.removeprefix(_FIX) for line in rest if line.startswith(_FIX)), ""),
        path,
        resource,
        next((line.removeprefix(_WAIVED) for line in rest if line.startswith(_WAIVED)), None),
    )


def _result(
    summary: Mapping[str, Any] | None, mandatory: bool, errors: list[str]
) -> Literal["succeeded", "refused", "failed", "unfinished"]:
    if summary is None:
        return "unfinished"
    if summary.get("result") == "succeeded" and not errors:
        return "succeeded"
    return "refused" if mandatory and not errors else "failed"


def _changes(summary: Mapping[str, Any] | None) -> tuple[tuple[str, int], ...]:
    found = summary.get("resourceChanges") if summary else None
    if not isinstance(found, Mapping):
        return ()
    return tuple(sorted((str(what), count) for what, count in found.items() if isinstance(count, int)))


def _text(event: Mapping[str, Any], key: str) -> str:
    value = event.get(key)
    return value if isinstance(value, str) else ""


def _word(event: Mapping[str, Any], key: str) -> str:
    value = _text(event, key)
    return value if _WORD.fullmatch(value) else "unnamed"
