"""Places that rules propose are ones that their own judgement takes."""

from __future__ import annotations

from anyport.catalog import load
from anyport_policies.suggest import places


def test_no_place_is_proposed_that_fails_with_nowhere() -> None:
    proposed = {
        model: places(model, (), lambda region, operator: operator == "Google") for model in load().models
    }
    assert any(proposed.values())
    assert not {model for model, said in proposed.items() if "(none)" in said}
