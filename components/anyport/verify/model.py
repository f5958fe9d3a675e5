"""The words of the suite: who is asked, what came of each check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from ..contract import EndpointContract, Limits, TargetContract

__all__ = ["CHECKS", "GATEWAY", "Cell", "CheckFailed", "OwnForm", "Row", "Status", "Subject", "gateway_subject",
           "target_subject"]  # fmt: skip

CHECKS: tuple[str, ...] = (
    "chat", "stream", "tools", "json_schema", "embeddings", "usage", "errors", "auth", "context", "served_by",
)  # fmt: skip
"""In the order they are made and shown."""
GATEWAY = "gateway"
"""Name of the row that goes through the gateway; `(gateway)` would need quoting in shells."""


class Status(StrEnum):
    """What came of a check. Only `broken` fails a run."""

    KEPT = "yes"
    BROKEN = "NO"
    ABSENT = "absent"
    """Not promised, and not there."""
    MORE = "more"
    """Not promised, and there all the same: the contract could say more."""
    DIFFERS = "differs"
    """Kept in substance, in the provider's own form: a target may, a gateway must not."""
    OPEN = "n/a"
    """Does not apply here; the detail says why."""
    SKIPPED = "skipped"
    """The caller asked for it not to be made."""


class CheckFailed(Exception):  # noqa: N818  # a finding about somebody else's server
    """The sentence that says what was wrong with an answer."""


class OwnForm(CheckFailed):
    """What was wrong is the form alone, and a provider may have its own."""


@dataclass(frozen=True)
class Subject:
    """One place to ask, with all that a call needs. The key is never shown.

    Attributes:
        name: of the target, or `GATEWAY`.
        features: what its contract promises.
        targets: names that may serve, when this is a gateway; empty for a target.
        lets_strangers_in: a gateway on loopback may answer without a key; nothing else may.
    """

    endpoint: str
    name: str
    base_url: str
    model: str
    kind: Literal["chat", "embedding"]
    features: frozenset[str]
    limits: Limits
    key: str
    targets: tuple[str, ...] = ()
    lets_strangers_in: bool = False

    def __repr__(self) -> str:
        return f"Subject({self.endpoint}/{self.name} at {self.base_url})"


@dataclass(frozen=True)
class Cell:
    """One check of one subject. `detail` is one line, empty when there is nothing to add."""

    check: str
    status: Status
    detail: str = ""


@dataclass(frozen=True)
class Row:
    """All checks of one subject, in the order of `CHECKS`."""

    subject: Subject
    cells: tuple[Cell, ...]

    @property
    def kept(self) -> bool:
        """Whether nothing promised was missing."""
        return all(cell.status is not Status.BROKEN for cell in self.cells)

    def differences(self) -> Iterable[str]:
        """Where it is not as its contract says, a sentence each."""
        for cell in self.cells:
            place = f"{self.subject.endpoint}/{self.subject.name}: {cell.check.replace('_', ' ')}"
            if cell.status is Status.BROKEN:
                yield f"{place}: promised, and broken: {cell.detail}"
            elif cell.status is Status.DIFFERS:
                yield f"{place}: {cell.detail}"
            elif cell.status is Status.MORE:
                yield f"{place}: not promised, and there{f': {cell.detail}' if cell.detail else ''}"


def target_subject(target: TargetContract, key: str) -> Subject:
    """A target, asked by itself."""
    return Subject(
        target.endpoint, target.target, target.base_url, target.model, target.kind, frozenset(target.features),
        target.limits, key,
    )  # fmt: skip


def gateway_subject(contract: EndpointContract, url: str, key: str, *, on_loopback: bool) -> Subject:
    """An endpoint as its callers see it."""
    kind: Literal["chat", "embedding"] = contract.targets[0].kind if contract.targets else "chat"
    return Subject(
        contract.endpoint, GATEWAY, url, contract.endpoint, kind, frozenset(contract.features), contract.limits, key,
        tuple(target.target for target in contract.targets), on_loopback,
    )  # fmt: skip
