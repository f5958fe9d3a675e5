"""Dated, owned, reasoned exceptions: `stacks/waivers.yaml`.

    waivers:
      - rule: AB004
        endpoint: chat
        reason: the private link is ordered and arrives with the next landing zone
        owner: ai-platform
        ticket: PLAT-123
        category: waiver          # or mitigated: the risk is met in another way
        granted: 2026-11-20
        expires: 2027-01-31

A term is counted from `granted`, 90 days at most, so that it is the same on every day the file is read. A
waived finding stays visible and counted; it only fails nothing. `today` is passed in, never read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, Literal, cast

from anyport.errors import Problem, nearest
from anyport.source import Source, read_yaml

from .engine import Finding
from .problems import PolicyFileError, PolicyProblem
from .rule import Rule

__all__ = ["Waiver", "apply_waivers", "load_waivers", "parse_waivers"]

LONGEST_DAYS = 90
SOON_DAYS = 14
SHORTEST_REASON = 20
KEYS = ("rule", "endpoint", "reason", "owner", "ticket", "category", "granted", "expires")
CATEGORIES = ("waiver", "mitigated")


@dataclass(frozen=True, slots=True)
class Waiver:
    """One exception. `rule` is an id; `place` is `file:line` for messages."""

    rule: str
    endpoint: str
    reason: str
    owner: str
    ticket: str
    category: Literal["waiver", "mitigated"]
    granted: date
    expires: date
    place: str = ""

    def expired(self, today: date) -> bool:
        """The last day still counts."""
        return today > self.expires

    def __str__(self) -> str:
        word = "mitigated" if self.category == "mitigated" else "waived"
        return f"{word} by {self.owner} until {self.expires} ({self.ticket}): {self.reason}"


def load_waivers(
    path: Path, rules: Iterable[Rule], today: date, endpoints: Iterable[str] | None = None
) -> tuple[Waiver, ...]:
    """Read the file; one that does not exist waives nothing.

    Args:
        path: the file.
        rules: rules that may be waived; others are an error.
        today: the day it is.
        endpoints: names of all endpoints of all stacks; None when not all are at hand, and then unknown
            endpoints are not found.

    Raises:
        PolicyFileError: every problem of the file at once, with file and line.
        SpecError: the file cannot be read or is not YAML.
    """
    if not path.is_file():
        return ()
    document, source = read_yaml(path)
    return parse_waivers(document, source, rules, today, endpoints)


def parse_waivers(
    document: Any, source: Source, rules: Iterable[Rule], today: date, endpoints: Iterable[str] | None = None
) -> tuple[Waiver, ...]:
    """Waivers of a mapping. Raises PolicyFileError."""
    if document is None:
        return ()
    items = document.get("waivers") if isinstance(document, Mapping) else None
    if not isinstance(items, list) or set(document) != {"waivers"}:
        raise PolicyFileError([_problem(source, "AW003", (), "the file must hold a list under waivers:")])
    reader = _Reader(source, tuple(r.id for r in rules), today, None if endpoints is None else set(endpoints))
    found = [waiver for index, item in enumerate(items) if (waiver := reader.read(index, item))]
    if reader.problems:
        raise PolicyFileError(reader.problems)
    return tuple(found)


def apply_waivers(
    findings: Iterable[Finding], waivers: Iterable[Waiver], today: date, *, whole: bool = False
) -> tuple[Finding, ...]:
    """The findings, excepted ones marked, and what there is to say of the waivers themselves.

    Args:
        findings: of the rules.
        waivers: of the file.
        today: the day it is.
        whole: whether the findings are those of all stacks; only then can a waiver be known to be unused.
    """
    by_place = {(waiver.rule, waiver.endpoint): waiver for waiver in waivers}
    used: set[tuple[str, str]] = set()
    out: list[Finding] = []
    for finding in findings:
        key = (finding.rule_id, finding.endpoint)
        waiver = by_place.get(key)
        if waiver is None:
            out.append(finding)
            continue
        used.add(key)
        if waiver.expired(today):
            days = (today - waiver.expires).days
            said = (
                f"{finding.message} (its waiver by {waiver.owner}, {waiver.ticket}, expired {days} days ago)"
            )
            out.append(replace(finding, message=said))
        else:
            out.append(replace(finding, waived=str(waiver)))
    for key, waiver in by_place.items():
        left = (waiver.expires - today).days
        if key in used and 0 <= left <= SOON_DAYS:
            what = f"the waiver of {waiver.rule} at {waiver.endpoint} expires in {left} days"
            out.append(_about(waiver, "note", what, "mend the finding, or grant the waiver anew"))
        elif whole and key not in used:
            what = f"the waiver of {waiver.rule} at {waiver.endpoint} is not needed: nothing is found there"
            out.append(_about(waiver, "advisory", what, f"remove it ({waiver.place})"))
    return tuple(out)


def _about(waiver: Waiver, level: Literal["advisory", "note"], message: str, fix: str) -> Finding:
    """A finding on the waiver; it keeps the rule's id, so a reader sees what it is about."""
    return Finding(
        waiver.rule, "waiver", waiver.endpoint, None, level, "low", message, fix,
        f"waivers.{waiver.rule}.{waiver.endpoint}",
    )  # fmt: skip


@dataclass
class _Reader:
    source: Source
    rules: tuple[str, ...]
    today: date
    endpoints: set[str] | None

    def __post_init__(self) -> None:
        self.problems: list[Problem] = []
        self.seen: set[tuple[str, str]] = set()

    def read(self, index: int, item: Any) -> Waiver | None:
        before = len(self.problems)
        if not isinstance(item, Mapping):
            self.say("AW003", index, None, "a waiver must be a map")
            return None
        for key in item:
            if key not in KEYS:
                near = nearest(str(key), KEYS)
                self.say("AW001", index, str(key), "unknown key", f"did you mean {near}?" if near else "")
        for key in KEYS:
            if key not in item:
                self.say("AW002", index, None, f"{key} is missing")
        texts = {key: self.text(index, item, key) for key in KEYS[:6] if key in item}
        days = {key: self.day(index, item, key) for key in KEYS[6:] if key in item}
        self.names(index, texts)
        if texts.get("category") and texts["category"] not in CATEGORIES:
            self.say("AW003", index, "category", "not a category", f"write {' or '.join(CATEGORIES)}")
        if (reason := texts.get("reason")) and len(reason.strip()) < SHORTEST_REASON:
            self.say("AW006", index, "reason", f"shorter than {SHORTEST_REASON} characters")
        self.term(index, days.get("granted"), days.get("expires"))
        if len(self.problems) > before:
            return None
        place = f"{self.source.file}:{self.source.at(('waivers', index)).line}"
        return Waiver(**cast("dict[str, Any]", {**texts, **days}), place=place)

    def text(self, index: int, item: Mapping[str, Any], key: str) -> str | None:
        value = item[key]
        if isinstance(value, str) and value.strip():
            return value
        self.say("AW003", index, key, "must be text")
        return None

    def day(self, index: int, item: Mapping[str, Any], key: str) -> date | None:
        value = item[key]
        if type(value) is date:
            return value
        self.say("AW003", index, key, "must be a day", "write it as 2027-01-31")
        return None

    def names(self, index: int, texts: Mapping[str, str | None]) -> None:
        rule, endpoint = texts.get("rule"), texts.get("endpoint")
        if rule and rule not in self.rules:
            near = nearest(rule, self.rules)
            self.say("AW004", index, "rule", f"no rule {rule}", f"did you mean {near}?" if near else "")
        if endpoint and self.endpoints is not None and endpoint not in self.endpoints:
            near = nearest(endpoint, sorted(self.endpoints))
            fix = f"did you mean {near}?" if near else "remove the waiver"
            self.say("AW005", index, "endpoint", f"no stack has an endpoint {endpoint}", fix)
        if rule and endpoint:
            if (rule, endpoint) in self.seen:
                self.say("AW009", index, "rule", f"{rule} is waived twice at {endpoint}", "keep one")
            self.seen.add((rule, endpoint))

    def term(self, index: int, granted: date | None, expires: date | None) -> None:
        if granted and granted > self.today:
            self.say("AW008", index, "granted", "is in the future")
        if granted and expires and not 0 <= (expires - granted).days <= LONGEST_DAYS:
            fix = f"a waiver runs {LONGEST_DAYS} days at most from the day it is granted"
            self.say("AW007", index, "expires", "runs too long, or ends before it begins", fix)

    def say(self, code: str, index: int, key: str | None, message: str, fix: str = "") -> None:
        path = ("waivers", index) if key is None else ("waivers", index, key)
        self.problems.append(_problem(self.source, code, path, message, fix))


def _problem(source: Source, code: str, path: tuple[str | int, ...], message: str, fix: str = "") -> Problem:
    at = source.at(path)
    return PolicyProblem(
        code, ".".join(map(str, path)), message, fix=fix, file=source.file, line=at.line, column=at.column
    )
