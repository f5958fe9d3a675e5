"""The shapes of a preflight."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal

from ..live.failure import LiveError
from ..live.questions import Quota
from ..plan import PlannedEndpoint, PlannedTarget

__all__ = ["Checked", "Need", "Report", "Request", "Row", "Subject", "Verdict", "unanswered", "whole"]

Verdict = Literal["PASS", "WARN", "FAIL"]
Check = Literal["offered", "quota", "failover"]


@dataclass(frozen=True, slots=True)
class Request:
    """What to ask the cloud for.

    Attributes:
        quota: its name.
        place: region or zone.
        current: the most that is allowed now.
        used: of it; None where the cloud does not tell.
        needed: the most that would do.
        unit: of the three.
        how: a command, or an address with what to write there.
    """

    quota: str
    place: str
    current: float
    used: float | None
    needed: float
    unit: str
    how: str

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the keys are part of the interface."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Row:
    """One answer about one target, or about an endpoint (`target` is empty then).

    Attributes:
        code: of the problem, where a cloud gave no usable answer; else empty.
        as_of: the oldest answer that it rests on; None where it rests on none.
    """

    file: str
    endpoint: str
    target: str
    check: Check
    verdict: Verdict
    text: str
    request: Request | None = None
    code: str = ""
    as_of: date | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the keys are part of the interface."""
        found = {name: getattr(self, name) for name in self.__slots__}
        return {**found, "request": self.request.to_dict() if self.request else None}


@dataclass(frozen=True, slots=True)
class Subject:
    """A target of an endpoint, and whose account it is in."""

    file: str
    endpoint: PlannedEndpoint
    target: PlannedTarget
    scope: str
    today: date

    @property
    def name(self) -> str:
        """`endpoint/target`."""
        return f"{self.endpoint.name}/{self.target.name}"

    def row(self, check: Check, verdict: Verdict, text: str, **more: Any) -> Row:
        """A row about it."""
        return Row(self.file, self.endpoint.name, self.target.name, check, verdict, text, **more)


@dataclass(frozen=True, slots=True)
class Need:
    """What a target takes from a quota.

    Attributes:
        pool: what all that take from it share: provider, account, place, name.
        amount: in `unit`.
        quota: as listed; None where no such quota is listed.
        how: the command or address, for a needed amount.
        tokens_per_minute: what it gives for sure when there is enough of it; None where nobody says.
        note: where the use of the quota is from, if that must be said.
        at_most: the amount is an upper bound, so a quota below it is not known to be too small.
    """

    pool: tuple[str, str, str, str]
    amount: float
    unit: str
    quota: Quota | None
    how: str
    tokens_per_minute: int | None = None
    note: str = ""
    at_most: bool = False


@dataclass
class Checked:
    """What the listings say of one target."""

    subject: Subject
    rows: list[Row] = field(default_factory=list)
    needs: list[Need] = field(default_factory=list)
    as_of: date | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """All rows, in the order of files, endpoints and targets."""

    rows: tuple[Row, ...]

    def count(self, verdict: Verdict) -> int:
        """Rows with a verdict."""
        return sum(row.verdict == verdict for row in self.rows)

    @property
    def requests(self) -> tuple[Request, ...]:
        """What to file, each once."""
        return tuple(dict.fromkeys(row.request for row in self.rows if row.request))

    def broken(self, not_asked: Iterable[str]) -> bool:
        """Whether a cloud that was asked gave no usable answer."""
        skipped = {"", *not_asked}
        return any(row.code not in skipped for row in self.rows)

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the keys are part of the interface."""
        return {
            "rows": [row.to_dict() for row in self.rows],
            "requests": [request.to_dict() for request in self.requests],
            "counts": {verdict: self.count(verdict) for verdict in ("PASS", "WARN", "FAIL")},
        }


def unanswered(subject: Subject, check: Check, error: LiveError) -> Row:
    """The row of a question that got no usable answer: a warning with the code of the failure."""
    problem = error.problem
    said = f" ({problem.got})" if problem.got else ""
    fix = f": {problem.fix}" if problem.fix else ""
    return subject.row(check, "WARN", f"{problem.path}: {problem.message}{said}{fix}", code=problem.code)


def whole(number: float) -> str:
    """A number without a needless fraction, thousands apart."""
    return f"{number:,.0f}" if number == int(number) else f"{number:,.2f}"
