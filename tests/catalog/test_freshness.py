"""The age of the catalog: said once it may have missed a notice, and not a day before."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from anyport.freshness import STALE_DAYS, stale_note

FOUND = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("days", "said"), [(-5, False), (0, False), (STALE_DAYS, False), (STALE_DAYS + 1, True)]
)
def test_the_day_after_the_last_fresh_one(days: int, said: bool) -> None:
    note = stale_note(FOUND, FOUND + timedelta(days=days))
    assert bool(note) is said
    if said:
        assert f"{days} days old (2026-11-23" in note
        assert "anyport catalog refresh" in note
