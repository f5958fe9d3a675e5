"""What the policy tests share."""

from __future__ import annotations

import pytest
from policy_cases import small_catalog

from anyport_policies import judging, suggest


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rules ask the small catalog instead of the shipped one."""
    catalog = small_catalog()
    monkeypatch.setattr(suggest, "load", lambda: catalog)
    monkeypatch.setattr(judging, "load", lambda: catalog)
