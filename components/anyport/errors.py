"""What Anyport says when the input is wrong: coded problems, all at once, never a traceback.

    AnyportError              anything a user can mend; carries one or more problems
    ├── SpecError             the spec (stack file) is wrong: exit 2
    └── BuildError            the spec is right but cannot be built as this stack asks: exit 2

A `Problem` says what is wrong, what was got, what is allowed and how to mend it, in the words of the
YAML path, with a stable code. Codes never change their meaning and are never used again.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["CODES", "AnyportError", "BuildError", "Problem", "SpecError", "nearest"]

CODES: dict[str, str] = {
    "AP001": "The file cannot be read",
    "AP002": "The file is not valid YAML",
    "AP003": "A key is given twice",
    "AP004": "The file has no Anyport configuration",
    "AP101": "Unknown key",
    "AP102": "A required key is missing",
    "AP103": "Wrong type or form of value",
    "AP104": "Value out of range",
    "AP105": "Empty map or list",
    "AP106": "Value is not one of the allowed ones",
    "AP107": "Name is not usable as a resource name",
    "AP201": "Unknown provider",
    "AP202": "Unknown region",
    "AP203": "Unknown model",
    "AP204": "The provider is not known to serve this model",
    "AP205": "Two targets have the same priority and no weights",
    "AP206": "Zone and region do not belong together",
    "AP207": "Another model without a declared equivalence",
    "AP208": "The model does not serve this API",
    "AP209": "Unknown instance type",
    "AP210": "The deployment kind is not offered",
    "AP211": "The model is not known to be served in this region",
    "AP212": "The model has been retired there",
    "AP213": "The provider does not have this option",
    "AP214": "Options that cannot go together",
    "AP215": "The place of processing cannot be kept",
    "AP216": "A commitment is not acknowledged",
    "AP217": "Targets and placement are mixed",
    "AP218": "No set of targets meets the placement",
    "AP219": "A placement includes and excludes the same",
    "AP220": "A share of the build names a target that is left to the planner",
    "AP221": "A model cannot stand in for the endpoint's",
    "AP222": "Targets share what only one of them can have",
    "AP301": "Shared spec and inline spec are mixed",
    "AP302": "The build share names something the spec does not have",
    "AP303": "A setting needed to build this target is missing",
    "AP304": "The secret reference cannot be resolved",
    "AP305": "The build share leaves out targets that no other stack can build",
    "AP401": "The contract cannot be read",
    "AP402": "The base URL of a target cannot be used",
    "AP403": "Two targets of an endpoint have one address",
    "AP404": "No target has a feature that the contract promises",
    "AP405": "The contract names a secret that is not known",
    "AP406": "A target leads back to the gateway",
    "AP407": "A source of a credential is wrong",
    "AP408": "A target has no source for its credential",
    "AP409": "The folder of credentials cannot be used",
    "AP410": "A setting of the gateway lacks what it needs",
    "AP411": "A key for a live drill is missing or cannot be used",
    "AP412": "The address of a live gateway cannot be used",
    "AP413": "The endpoint cannot be drilled live",
    "AP501": "The catalog has nothing of this name",
    "AP502": "There is no such folder or revision of catalog data",
    "AP503": "A catalog data file is wrong",
    "AP521": "Something that the cloud must be asked with is missing",
    "AP522": "A saved answer cannot be used",
    "AP523": "No credentials to ask the cloud with",
    "AP524": "The cloud refuses the credentials",
    "AP525": "The cloud does not know what was asked for",
    "AP526": "The cloud throttles, or its listing is not available",
    "AP527": "The cloud's answer cannot be understood",
    "AP528": "The cloud's answer is cut short or never ends",
    "AP529": "The cloud cannot be reached",
    "AP530": "There is no saved answer to the question",
    "AP531": "The address of a cloud cannot be used",
    "AP532": "A catalog data file cannot be changed safely",
    "AP541": "There is no such thing to lose",
    "AP542": "The name of a loss means several things",
    "AP543": "A stored drill result cannot be used",
    "AP561": "A billing export cannot be read",
    "AP562": "A billing export lacks a column that is needed",
    "AP563": "A value in a billing export is wrong",
    "AP564": "A billing export is cut short or damaged",
    "AP565": "The same charges stand in two billing exports",
    "AP566": "A file of token usage is wrong",
    "AP567": "An estimate cannot be compared",
    "AP568": "Billing exports are in a place that is not read",
    "AP569": "A billing export is not what its manifest says",
    "AP570": "The machine has no room for the bills",
    "AP571": "The billing exports hold nothing of the month",
    "AP572": "An object store with billing exports cannot be read",
    "AP573": "A billing export changed or was cut while it was fetched",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input.

    Attributes:
        code: a key of `CODES`.
        path: where, as the user wrote it: `endpoints.chat.targets.azure.region`.
        message: what is wrong, one sentence without a full stop.
        got: the offending value as shown to the user; empty when nothing was given.
        allowed: what would be right, shortened when long.
        fix: what to do.
        file: path of the file, or empty when the input was no file.
        line: 1-based, 0 when unknown.
        column: 1-based, 0 when unknown.
    """

    code: str
    path: str
    message: str
    got: str = ""
    allowed: str = ""
    fix: str = ""
    file: str = ""
    line: int = 0
    column: int = 0

    def __post_init__(self) -> None:
        """Refuse a code that the table (and so the docs) do not have."""
        if self.code not in CODES:
            raise KeyError(self.code)

    @property
    def place(self) -> str:
        """`file:line:column`, as far as known."""
        parts = [self.file or "spec"]
        if self.line:
            parts.append(str(self.line))
            if self.column:
                parts.append(str(self.column))
        return ":".join(parts)

    def __str__(self) -> str:
        text = f"{self.place}: {self.code} {self.path + ': ' if self.path else ''}{self.message}"
        for label, value in (("got", self.got), ("allowed", self.allowed), ("fix", self.fix)):
            if value:
                text += f"\n    {label + ':':9}{value}"
        return text

    def to_dict(self) -> dict[str, str | int]:
        """Plain values for `--format json`; the keys are part of the interface."""
        return {name: getattr(self, name) for name in self.__slots__}


class AnyportError(Exception):
    """Bad input. `problems` is never empty and is ordered by place in the file."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(
            sorted(problems, key=lambda p: (p.file, p.line, p.column, p.path, p.code))
        )
        super().__init__("\n".join(str(p) for p in self.problems))


class SpecError(AnyportError):
    """The spec is wrong; nothing was resolved."""


class BuildError(AnyportError):
    """The spec is right, but this stack lacks what it needs to build its share of it."""


def nearest(got: str, allowed: Sequence[str]) -> str:
    """The allowed spelling closest to what was written, or an empty string.

    Compares without regard to case, hyphens and underscores, since those are what people mix up.
    """

    def plain(word: str) -> str:
        return word.lower().replace("-", "").replace("_", "").replace(".", "").replace(" ", "")

    by_plain = {plain(word): word for word in reversed(allowed)}
    found = difflib.get_close_matches(plain(got), list(by_plain), n=1, cutoff=0.6)
    return by_plain[found[0]] if found else ""
