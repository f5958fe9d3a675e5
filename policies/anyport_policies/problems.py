"""What is wrong with the files that steer the rules: coded problems with file and line, all at once."""

from __future__ import annotations

from anyport.errors import AnyportError, Problem

__all__ = ["CODES", "PolicyFileError", "PolicyProblem"]

CODES: dict[str, str] = {
    "AW001": "Unknown key",
    "AW002": "A required key is missing",
    "AW003": "Wrong type or form of value",
    "AW004": "Unknown rule",
    "AW005": "Unknown endpoint",
    "AW006": "The reason is too short",
    "AW007": "The waiver runs too long",
    "AW008": "The waiver is granted in the future",
    "AW009": "Two waivers of one rule at one endpoint",
    "AW010": "Unknown policy or parameter",
    "AW011": "Parameter out of its range or of the wrong type",
}
"""Codes never change their meaning and are never used again. Files that cannot be read keep AP001 to AP003."""


class PolicyProblem(Problem):
    """A problem of a waiver file or a policy configuration, with a code of this table."""

    def __post_init__(self) -> None:
        """Refuse a code that the table (and so the docs) do not have."""
        if self.code not in CODES:
            raise KeyError(self.code)


class PolicyFileError(AnyportError):
    """A waiver file or a policy configuration is wrong; nothing of it counts."""
