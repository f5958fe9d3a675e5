"""How old the catalog is, and when that is worth saying."""

from __future__ import annotations

from datetime import date

__all__ = ["STALE_DAYS", "stale_note"]

STALE_DAYS = 30
"""Days. Azure gives at least 30 days' notice before a preview model goes (model retirements page of 2026-01-30), so
an older catalog can have missed a whole notice. Oracle's 14 days for on-demand models are shorter still: only a
question to the live service answers that."""


def stale_note(collected_on: date, today: date) -> str:
    """One sentence for a catalog that is too old for `today`, else an empty text.

    Args:
        collected_on: the oldest collection date of its facts.
        today: the day it is.
    """
    age = (today - collected_on).days
    if age <= STALE_DAYS:
        return ""
    return (
        f"the catalog's oldest facts are {age} days old ({collected_on}; {STALE_DAYS} is the most that is taken as "
        "fresh): run anyport catalog refresh, or install a newer Anyport"
    )
