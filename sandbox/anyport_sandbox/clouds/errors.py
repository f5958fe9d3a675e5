"""Failures a simulated cloud reports on purpose, as one sentence for the person who runs `pulumi up`."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CloudError", "Problem", "SandboxError"]


class CloudError(Exception):
    """The simulated cloud refuses an operation, in the words the real one is known to use."""

    def __init__(self, message: str, *, code: str = "", status: int = 0) -> None:
        """Keep `code` and HTTP `status` in the text, where people look for them."""
        head = " ".join(part for part in (str(status) if status else "", code) if part)
        super().__init__(f"{head}: {message}" if head else message)
        self.code = code
        self.status = status


class SandboxError(Exception):
    """The sandbox itself cannot go on: state not readable or writable, a broken faults file."""


@dataclass(frozen=True)
class Problem:
    """One thing wrong with one input. `path` is spelled as the wire spells it (`properties.model.name`)."""

    path: str
    reason: str
