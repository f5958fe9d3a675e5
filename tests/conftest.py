"""What all tests share."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
TODAY = date(2026, 11, 25)


@pytest.fixture(scope="session")
def checkout() -> Path:
    return CHECKOUT


@pytest.fixture(scope="session")
def today() -> date:
    """The day the expected results were written for; tests never read the clock."""
    return TODAY
