"""The words of a control plane's drill: what was run in which stack, what it had to do, what it did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["RIGHT", "Check", "ControlPlaneDrill", "Happened", "Must", "StackStep"]

Must = Literal["go through", "be refused"]
Happened = Literal["went through", "refused", "failed", "not tried"]
"""`refused`: failed with the vendor's own sentence; `failed`: for any other reason; `not tried`: the estate that it
needs was not built."""
RIGHT: dict[Must, Happened] = {"go through": "went through", "be refused": "refused"}
"""What a step that did what it must has done."""


@dataclass(frozen=True)
class Check:
    """Something that must be so after a command, beside its exit code."""

    claim: str
    kept: bool


@dataclass(frozen=True)
class StackStep:
    """One command in one stack.

    Attributes:
        what: in words, for people who were not there.
        says: what a command that did not go through said: the vendor's sentence, else the engine's last words.
        seconds: how long the command took, the engine's start included.
    """

    what: str
    stack: str
    command: str
    must: Must
    happened: Happened
    seconds: float = 0.0
    says: str = ""
    checks: tuple[Check, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether it did what it must, and all is so that must be so."""
        return self.happened == RIGHT[self.must] and all(check.kept for check in self.checks)


@dataclass(frozen=True)
class ControlPlaneDrill:
    """The whole run.

    Attributes:
        without: the provider whose control plane was down, and that was routed around.
        message: what its simulated cloud answered to every call meanwhile; made up for the drill.
        engine: the engine's version.
    """

    without: str
    message: str
    engine: str
    steps: tuple[StackStep, ...]

    @property
    def kept(self) -> bool:
        """Whether every step did what it must; no step is no proof."""
        return bool(self.steps) and all(step.kept for step in self.steps)
