"""Phrases that several rules share, so that one fact reads the same everywhere."""

from __future__ import annotations

from collections.abc import Sequence

from .facts import TargetFacts

__all__ = ["listed", "why_not_counting"]


def listed(words: Sequence[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return f" {last} ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


def why_not_counting(target: TargetFacts) -> str:
    """Why a target that does not count is no fallback."""
    if target.standby != "cold":
        return f"whether {target.name} is warm is not known"
    if "restore_minutes" in target.unknowns:
        return f"how long {target.name} takes to restore cannot be read"
    return f"{target.name} is cold and states no restore_minutes"
