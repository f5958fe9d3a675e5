"""Stack files of a tree, judged: findings with their places, and what each endpoint's targets are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from anyport.catalog import load
from anyport.cost import Assumptions, estimate
from anyport.errors import AnyportError, Problem
from anyport.placement.policy_limits import NO_LIMITS, PolicyLimits, limits_of
from anyport.plan import Plan, PlannedEndpoint, PlannedTarget, resolve
from anyport.source import Source, read_yaml, reading_through
from anyport.spec import BuildShare
from anyport.stackfile import is_foreign, load_stack_file
from anyport_policies.config import NO_CONFIG, PolicyConfig, parse_policy_config
from anyport_policies.engine import Finding, evaluate
from anyport_policies.facts import from_plan
from anyport_policies.report.model import Entry, numbered
from anyport_policies.rules import RULES
from anyport_policies.rules.ar011_built_as_planned import built_by_some_stack
from anyport_policies.waivers import Waiver, apply_waivers, parse_waivers

from .places import Places
from .tree import Tree, shown

__all__ = ["Judged", "Question", "judge"]


@dataclass(frozen=True)
class Question:
    """What to judge, and by what.

    `waivers` and `config` name files; None stands for `waivers.yaml` and `policy-config.json` beside each
    stack file, which need not exist.
    """

    paths: tuple[Path, ...]
    today: date
    waivers: Path | None = None
    config: Path | None = None


@dataclass
class Judged:
    """The answer.

    Attributes:
        entries: findings, each once even when several stacks share a spec.
        problems: what is wrong with the input, with paths as reports show them.
        files: those that could be judged.
        targets: one line per target, by file and endpoint.
        costs: list prices of a standby, a steady and a failover month, likewise.
        homes: by stack, and in it by endpoint, an entry that stands where the endpoint is written.
        steering: files of waivers and policy configuration that were read.
    """

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    targets: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    costs: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    homes: dict[str, dict[str, Entry]] = field(default_factory=dict)
    steering: list[Path] = field(default_factory=list)


def judge(tree: Tree, question: Question, files: Sequence[Path]) -> Judged:
    """Judge these stack files of `tree`. Problems never hide findings of other files."""
    answer = Judged()
    with reading_through(tree.read):
        by_folder: dict[Path, list[Path]] = {}
        for file in files:
            by_folder.setdefault(file.parent, []).append(file)
        folders = [_Folder(tree, question, folder, inside, answer) for folder, inside in by_folder.items()]
        for folder in folders:
            folder.judge_stacks()
        for folder in folders:
            folder.judge_shares(folders)
            folder.waive()
    answer.problems = [
        replace(p, file=shown(p.file)) if p.file else p for p in dict.fromkeys(answer.problems)
    ]
    answer.entries = numbered({(e.finding, e.file, e.line): e for e in answer.entries}.values())
    return answer


@dataclass
class _Spec:
    """A spec, and the shares of it that the stack files of a folder build."""

    plan: Plan
    places: Places
    shares: list[BuildShare] = field(default_factory=list)


@dataclass
class _Folder:
    """The stack files of one folder, which waivers and configuration beside them are about."""

    tree: Tree
    question: Question
    folder: Path
    files: list[Path]
    answer: Judged
    config: PolicyConfig = NO_CONFIG
    whole: bool = False
    names: set[str] = field(default_factory=set)
    specs: dict[str, _Spec] = field(default_factory=dict)
    entries: dict[tuple[Finding, str, int], Entry] = field(default_factory=dict)

    def judge_stacks(self) -> None:
        self.config, limits = self._config()
        before = len(self.answer.problems)
        for file in self.files:
            self._keep(self._file(file, limits))
        others = set(self.tree.stack_files([self.folder])) - set(self.files)
        self.whole = before == len(self.answer.problems) and all(is_foreign(file) for file in others)

    def judge_shares(self, folders: Sequence[_Folder]) -> None:
        """A target that no stack of a spec builds, whichever folders those stacks are in."""
        for written, spec in self.specs.items():
            together = [folder for folder in folders if written in folder.specs]
            shares = [share for folder in together for share in folder.specs[written].shares]
            if BuildShare() in shares:
                continue
            rule = built_by_some_stack(whole=all(folder.whole for folder in together))
            facts = from_plan(spec.plan, lambda *at, given=shares: any(each.includes(*at) for each in given))
            found = evaluate(facts, (rule,), self.question.today, self.config)
            self._keep(_entry(finding, written, spec.places, finding.path) for finding in found)

    def _keep(self, entries: Iterable[Entry]) -> None:
        for entry in entries:
            self.entries.setdefault((entry.finding, entry.file, entry.line), entry)

    def _file(self, file: Path, limits: PolicyLimits) -> list[Entry]:
        try:
            stack = load_stack_file(file)
            plan = resolve(stack.spec, None, self.question.today, stack.source, limits)
        except AnyportError as error:
            self.answer.problems += error.problems
            return []
        written = shown(stack.source.file)
        self.answer.files.append(shown(file))
        places = Places(stack.source)
        homes = self.answer.homes.setdefault(_stack_name(file), {})
        for endpoint in plan.endpoints:
            self.names.add(endpoint.name)
            self.answer.targets[written, endpoint.name] = tuple(_line(target) for target in endpoint.targets)
            self.answer.costs[written, endpoint.name] = _months(endpoint)
            homes[endpoint.name] = _entry(_NOTHING, written, places, f"endpoints.{endpoint.name}")
        self.specs.setdefault(written, _Spec(plan, places)).shares.append(stack.build)
        found = evaluate(from_plan(plan, stack.build.includes), RULES, self.question.today, self.config)
        return [_entry(finding, written, places, finding.path) for finding in found]

    def _config(self) -> tuple[PolicyConfig, PolicyLimits]:
        """What rules go by, and what of it bounds placements."""
        read = self._optional(
            self.question.config or self.folder / "policy-config.json", self.question.config
        )
        try:
            return (parse_policy_config(*read, RULES), limits_of(*read)) if read else (NO_CONFIG, NO_LIMITS)
        except AnyportError as error:
            self.answer.problems += error.problems
            return NO_CONFIG, NO_LIMITS

    def waive(self) -> None:
        """Give the answer what was found, with what is excepted marked."""
        today, entries = self.question.today, list(self.entries.values())
        names = self.names if self.whole else None
        read = self._optional(self.question.waivers or self.folder / "waivers.yaml", self.question.waivers)
        waivers: tuple[Waiver, ...] = ()
        try:
            waivers = parse_waivers(*read, RULES, today, names) if read else ()
        except AnyportError as error:
            self.answer.problems += error.problems
        found = apply_waivers((entry.finding for entry in entries), waivers, today, whole=names is not None)
        marked = [
            entry if entry.finding is finding else replace(entry, finding=finding)
            for entry, finding in zip(entries, found, strict=False)
        ]
        of = {(waiver.rule, waiver.endpoint): waiver for waiver in waivers}
        about = [_at_waiver(finding, of) for finding in found[len(entries) :]]
        self.answer.entries += [*marked, *about]

    def _optional(self, path: Path, named: Path | None) -> tuple[Any, Source] | None:
        """A file that may be absent unless somebody named it."""
        if named is None and not self.tree.exists(path):
            return None
        self.answer.steering.append(path)
        try:
            return read_yaml(path)
        except AnyportError as error:
            self.answer.problems += error.problems
            return None


_NOTHING = Finding("", "", "", None, "note", "low", "", "", "")


def _stack_name(file: Path) -> str:
    return file.name.removeprefix("Pulumi.").removesuffix(".yaml")


def _entry(finding: Finding, file: str, places: Places, path: str) -> Entry:
    line, end_line, column = places.of(path)
    return Entry(finding, file, line, end_line, column)


def _at_waiver(finding: Finding, waivers: dict[tuple[str, str], Waiver]) -> Entry:
    waiver = waivers.get((finding.rule_id, finding.endpoint))
    file, _, line = waiver.place.rpartition(":") if waiver else ("", "", "")
    number = int(line) if line.isdigit() else 0
    return Entry(finding, shown(file) if file else "", number, number)


def _months(endpoint: PlannedEndpoint) -> tuple[str, ...]:
    """As `Change` wants them."""
    found = estimate(endpoint, load(), Assumptions())
    return tuple(
        "not known" if total is None else str(total)
        for total in (found.standby, found.steady, found.failover)
    )


def _line(target: PlannedTarget) -> str:
    """A target as a change shows it: everything a reviewer would ask for."""
    weight = f" weight {target.weight}" if target.weight is not None else ""
    standby = "" if target.standby == "warm" else f", {target.standby}"
    return (
        f"{target.priority}{weight} {target.name}: {target.provider} {target.zone or target.region} "
        f"({target.failure_domain}), {target.deployment_kind}, {target.model}{standby}"
    )
