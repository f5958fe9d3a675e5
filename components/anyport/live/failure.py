"""A cloud that gave no usable answer. Nobody's input is wrong then, so commands exit with 3."""

from __future__ import annotations

from ..errors import AnyportError, Problem

__all__ = ["NOT_ASKED", "LiveError", "failed"]

NOT_ASKED = frozenset({"AP521", "AP522", "AP530"})
"""Codes of questions that were never put, for want of a name, an address or a saved answer."""


class LiveError(AnyportError):
    """One problem: AP521 to AP531. Holds no token and no body of an answer."""

    @property
    def problem(self) -> Problem:
        """The one problem."""
        return self.problems[0]


def failed(code: str, asked: str, message: str, got: str = "", fix: str = "") -> LiveError:
    """A failure of one question.

    Args:
        code: of `anyport.errors.CODES`.
        asked: the question in words, such as `azure models in eastus2`.
        message: what went wrong.
        got: what the cloud said, shortened; never a body.
        fix: what to do.
    """
    return LiveError([Problem(code, asked, message, got=got, fix=fix, file="live")])
