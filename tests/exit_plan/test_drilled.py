"""What stored drills show of a loss; the files are written by the drill's own report."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import date

import pytest

from anyport.errors import AnyportError
from anyport.exit_plan.drilled import Drill, read_drills, undrilled
from anyport_sandbox.drill.model import Drilled, Measured, Rules, Verdict
from anyport_sandbox.drill.report import as_json


def drill(*steps: tuple[str, bool], **more: object) -> tuple[Drill, ...]:
    """A stored drill of `chat` with a verdict per step."""
    numbers = dict.fromkeys((field.name for field in fields(Measured)), 0)
    measured = tuple(Measured(**{**numbers, "step": step, "load": "open"}) for step, _ in steps)  # type: ignore[arg-type]
    verdicts = tuple(Verdict(step, 1, kept, "0 lost") for step, kept in steps)
    text = as_json(Drilled("chat", Rules(), "Envoy", (), measured, verdicts))
    return read_drills({"a.json": json.dumps({**json.loads(text), **more}).encode()})


def said(drills: Sequence[Drill], kind: str = "provider", dead: Sequence[str] = ("a",)) -> tuple[str, ...]:
    return undrilled("chat", kind, dead, ("b", "c"), (), drills)


def test_the_day_is_the_one_that_the_drill_s_report_says() -> None:
    text = as_json(Drilled("chat", Rules(), "Envoy", (), (), ()), date(2026, 11, 25))
    assert read_drills({"a.json": text.encode()})[0].on == date(2026, 11, 25)
    assert drill(("a: 503", True))[0].on is None


def test_a_drill_like_the_loss_says_it_all() -> None:
    assert said(drill(("a: 503", True))) == ()


@pytest.mark.parametrize(
    ("kind", "fault", "shown"),
    [
        ("provider", "401", True), ("operator", "refuse", True), ("region", "401", False), ("domain", "hang", True),
        ("owner", "503", False), ("owner", "410", True), ("provider", "429 retry-after", False),
        ("provider", "end without [DONE]", False),
    ],
)  # fmt: skip
def test_a_fault_shows_only_losses_that_look_like_it(kind: str, fault: str, shown: bool) -> None:
    found = said(drill((f"a: {fault}", True)), kind)
    assert (found == ()) is shown
    assert shown or f"as the loss of its {kind} would do it" in found[0]


def test_what_was_never_broken_is_named() -> None:
    assert said(drill(("b: 503", True))) == ("a was never broken",)


def test_a_step_that_leaves_nothing_shows_nothing() -> None:
    assert said(drill(("a: 503, b: 503, c: 503", True))) == ("a was never broken",)


def test_a_step_that_was_not_kept_shows_nothing() -> None:
    (found,) = said(drill(("a: 503", False), ("b: 503", True)))
    assert found == "a was broken, and the guarantee was never kept: 503"


def test_targets_that_die_together_must_have_been_broken_together() -> None:
    alone = drill(("a: 503", True), ("b: 503", True))
    assert undrilled("chat", "provider", ("a", "b"), ("c",), (), alone) == (
        "a, b were never broken together with the guarantee kept",
    )
    assert undrilled("chat", "provider", ("a", "b"), ("c",), (), drill(("a: hang, b: 503", True))) == ()
    lost = drill(("a: 503", True), ("b: 503", True), ("a: hang, b: hang", False))
    assert len(undrilled("chat", "provider", ("a", "b"), ("c",), (), lost)) == 1


def test_a_drill_of_targets_that_are_gone_is_called_old() -> None:
    assert "a.json broke z" in said(drill(("a: 503", True), ("z: 503", True)))[0]


def test_no_drill_at_all_and_nothing_to_drill() -> None:
    assert said(()) == ("failover was never drilled: no stored result is of this endpoint",)
    assert undrilled("chat", "provider", (), ("b",), (), ()) == ()
    assert undrilled("chat", "provider", ("a",), (), (), ()) == ()


def test_building_a_cold_target_is_never_drilled() -> None:
    (found,) = undrilled("chat", "provider", ("a",), (), ("cold",), drill(("a: 503", True)))
    assert found.startswith("building cold was never drilled")


@pytest.mark.parametrize(
    ("given", "told"), [("2026-11-20T10:00:00Z", "2026-11-20"), (None, None), ("soon", None)]
)
def test_a_date_is_told_only_where_there_is_one(given: str | None, told: str | None) -> None:
    (found,) = drill(("a: 503", True), date=given)
    assert found.to_dict()["date"] == told


@pytest.mark.parametrize(
    "text",
    [
        "[]", "nonsense", '{"endpoint": 1, "kept": true, "steps": []}', '{"endpoint": "x", "kept": 1, "steps": []}',
        '{"endpoint": "x", "kept": true, "steps": [{"step": []}]}', '{"endpoint": "x", "kept": true, "steps": 3}',
        '{"endpoint": "x", "kept": true, "steps": [], "verdicts": null}', "[" * 100_000,
    ],
)  # fmt: skip
def test_what_is_no_drill_is_refused(text: str) -> None:
    with pytest.raises(AnyportError, match="AP543"):
        read_drills({"a.json": text.encode()})
