"""What a rule is. One rule per file in `rules/`; its id and slug never change their meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from .facts import EndpointFacts

__all__ = ["Rule", "Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """One thing a rule found wrong: the message says what and what was got, the fix what to do.

    `target` names the target concerned; None when it is the endpoint as a whole.
    """

    message: str
    fix: str
    target: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: pure judgement of one endpoint's facts on a given day.

    Attributes:
        id: permanent id, such as `AR001`.
        slug: permanent short name; policies of a pack are named after it.
        pack: the pack it belongs to.
        title: what it demands, one line.
        severity: how bad breaking it is.
        why: what happens to callers without it.
        fix: how to satisfy it, in general.
        since: first version that has it.
        check: yields verdicts; must fail closed on what is unknown.
    """

    id: str
    slug: str
    pack: Literal["resilience", "baseline"]
    title: str
    severity: Literal["low", "medium", "high", "critical"]
    why: str
    fix: str
    since: str
    check: Callable[[EndpointFacts, date], Iterator[Verdict]]
