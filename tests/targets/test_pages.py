"""Pages that are generated from what the providers say and make; and pages that name tests that must exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from resource_counts import counts_markdown

from anyport.targets.options import FEATURES
from anyport.targets.reference import capabilities_markdown
from anyport.targets.registry import provider_names, traits

CHECKOUT = Path(__file__).parents[2]
FAILURE_MODES = CHECKOUT / "docs" / "failure-modes"


@pytest.mark.parametrize("provider", provider_names())
def test_a_provider_answers_for_every_feature(provider: str) -> None:
    capabilities = traits(provider).capabilities
    assert sorted(capabilities) == sorted(FEATURES)
    assert all(capability.reason for capability in capabilities.values() if not capability.supported)


def test_the_page_of_capabilities_is_current() -> None:
    assert (CHECKOUT / "docs" / "capabilities.md").read_text("utf-8") == capabilities_markdown(), "make docs"


def test_the_page_of_resource_counts_is_current() -> None:
    assert (CHECKOUT / "docs" / "resource-counts.md").read_text("utf-8") == counts_markdown(), "make docs"


@pytest.mark.parametrize("provider", provider_names())
def test_every_failure_mode_names_a_test_that_exists_or_says_why_there_is_none(provider: str) -> None:
    rows = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        for line in (FAILURE_MODES / f"{provider}.md").read_text("utf-8").splitlines()
        if line.startswith("|") and not re.match(r"^\|[\s|:-]+$", line)
    ]
    assert len(rows) > 5
    for row in rows[1:]:
        assert len(row) == 3, row
        proofs = re.findall(r"`(tests/[\w/.-]+)::(\w+)`", row[2])
        assert proofs or row[2].startswith("stated only: "), row
        for path, name in proofs:
            assert f"def {name}(" in (CHECKOUT / path).read_text("utf-8"), (path, name)
