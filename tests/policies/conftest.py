"""What the policy tests share."""

from __future__ import annotations

import pytest
from anyport_policies import places
from anyport_policies.rules import ab001_model_retirement
from policy_cases import small_catalog


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Advice comes from the small catalog instead of the shipped one."""
    catalog = small_catalog()
    monkeypatch.setattr(places, "load", lambda: catalog)
    monkeypatch.setattr(ab001_model_retirement, "load", lambda: catalog)
