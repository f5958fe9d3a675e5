"""Plans for commands that ask about retirements: a model already retired is what they ask about, not a mistake."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from anyport.errors import AnyportError, Problem, SpecError
from anyport.placement.policy_limits import PolicyLimits
from anyport.plan import Plan, resolve
from anyport.stackfile import StackConfig, load_stack_file

from .policy_file import limits_for

__all__ = ["Planned", "plans_of"]

RETIRED = "AP212"


@dataclass(frozen=True)
class Planned:
    """A stack file with its plan."""

    file: Path
    stack: StackConfig
    plan: Plan


def plans_of(files: Iterable[Path], today: date) -> tuple[list[Planned], list[Problem]]:
    """Plans of the files that are right, retired models included, and the problems of the others."""
    found: list[Planned] = []
    problems: list[Problem] = []
    for file in files:
        try:
            stack = load_stack_file(file)
            found.append(Planned(file, stack, _resolved(stack, today, limits_for(file, stack))))
        except AnyportError as error:
            problems += error.problems
    return found, problems


def _resolved(stack: StackConfig, today: date, limits: PolicyLimits) -> Plan:
    try:
        return resolve(stack.spec, None, today, stack.source, limits)
    except SpecError as error:
        if RETIRED not in {problem.code for problem in error.problems}:
            raise
    return resolve(stack.spec, None, date.min, stack.source, limits)  # on that day nothing was retired yet
