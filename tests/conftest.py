"""What all tests share."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

SLOW = (
    "bill/",
    "client/",
    "drill/",
    "fidelity/",
    "gateway/",
    "gitops/",
    "kubernetes/",
    "live/",
    "placement/",
    "policies/report/",
    "policies/test_pulumi_view.py",
    "preflight/",
    "sandbox/servers/",
    "verify/",
)
"""What starts servers, reads big descriptions or tries many cases: not for the inner loop."""

CHECKOUT = Path(__file__).resolve().parents[1]
TODAY = date(2026, 11, 25)


@pytest.fixture(scope="session")
def checkout() -> Path:
    return CHECKOUT


@pytest.fixture(scope="session")
def today() -> date:
    """The day the expected results were written for; tests never read the clock."""
    return TODAY


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.relative_to(CHECKOUT / "tests").as_posix().startswith(SLOW):
            item.add_marker("slow")
