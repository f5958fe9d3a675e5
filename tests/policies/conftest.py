"""What the policy tests share."""

from __future__ import annotations

import pytest
from policy_cases import small_catalog

from anyport_policies import suggest
from anyport_policies.rules import ar002_fallback_provider


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules ask the small catalog instead of the shipped one."""
    catalog = small_catalog()
    monkeypatch.setattr(suggest, "load", lambda: catalog)
    monkeypatch.setattr(ar002_fallback_provider, "load", lambda: catalog)
