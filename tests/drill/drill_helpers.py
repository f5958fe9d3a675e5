"""Observations made by hand, and a recipe that a test may spoil."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from anyport_cli.drill_recipe import EXAMPLE, recipe_of
from anyport_sandbox.drill.judge import judge
from anyport_sandbox.drill.measure import measure
from anyport_sandbox.drill.model import Call, Fault, Hit, Load, Observation, Recipe, Rules, Step, Verdict

RULES = Rules(slack=3.0)
"""Wide, for a machine that others keep busy: what is counted stays exact."""
FIRST, SECOND, THIRD = "east", "south", "other-cloud"


EMBEDDINGS = {**EXAMPLE, "apis": ["embeddings"]}


def recipe(
    rules: Rules = RULES, spoil: Callable[[str], str] = lambda text: text, contract: Any = None
) -> Recipe:
    """The example's recipe, or of another contract; `spoil` changes the gateway's configuration."""
    made = recipe_of(EXAMPLE if contract is None else contract, None, rules)

    def render(ports: Mapping[str, int], port: int, admin: int, folder: Path) -> str:
        good = made.render(ports, port, admin, folder)
        text = spoil(good)
        assert spoil("x") == "x" or text != good
        return text

    return replace(made, render=render)


def call(
    number: int, at: float, served: str = FIRST, attempts: int = 1, wait: float = 0.002, **more: Any
) -> Call:
    """One that was answered whole."""
    given = {
        "stream": False, "tools": False, "outcome": "answered", "status": 200, "served_by": served,
        "attempts": attempts, "said": served, "started": at, "first_byte": at + wait, "ended": at + wait + 0.001,
    }  # fmt: skip
    return Call(number, **{**given, **more})


def hit(target: str, number: int, at: float, took: float = 0.001, *, well: bool = True) -> Hit:
    return Hit(target, number, at, at + took, well)


def outage(fault: Fault = Fault.S503, load: Load = Load()) -> Observation:  # noqa: B008  # frozen
    """A good one: well until 1.0, broken until 3.5, known dead at 1.1, trials at 2.11 and 3.12, back at 4.13."""
    calls, hits = [call(1, 0.5)], [hit(FIRST, 1, 0.5)]
    for number, at in ((2, 1.0), (3, 1.1), (5, 2.11), (8, 3.12)):
        calls.append(call(number, at, SECOND, 2))
        hits += [hit(FIRST, number, at, well=False), hit(SECOND, number, at + 0.001)]
    for number, at in ((4, 1.5), (6, 2.5), (7, 3.0), (9, 3.9)):
        calls.append(call(number, at, SECOND))
        hits.append(hit(SECOND, number, at))
    calls.append(call(10, 4.13))
    hits.append(hit(FIRST, 10, 4.13, 0.3))
    calls.append(call(11, 4.6, tools=True))
    hits.append(hit(FIRST, 11, 4.6))
    hits.sort(key=lambda each: each.arrived)
    step = Step({FIRST: fault}, load)
    return Observation(
        step, 0.4, 1.0, 3.5, 5.0, tuple(calls), tuple(hits), {FIRST: 7, SECOND: 20, THIRD: 0}, (FIRST,)
    )


def cut(fault: Fault = Fault.CUT) -> Observation:
    """A good one of a fault after the first byte."""
    calls = [call(1, 0.5), call(2, 1.2, outcome="broken", said=""), call(3, 2.0)]
    hits = [hit(FIRST, 1, 0.5), hit(FIRST, 2, 1.2, well=False), hit(FIRST, 3, 2.0)]
    step = Step({FIRST: fault}, Load(), 0.5)
    return Observation(step, 0.4, 1.0, 1.5, 2.5, tuple(calls), tuple(hits), {FIRST: 3}, ())


def broken_clauses(seen: Observation, rules: Rules | None = None) -> dict[int, str]:
    """Clause → what was said of it, for every verdict that is not kept."""
    made = recipe(rules or Rules())
    rows: tuple[Verdict, ...] = judge(seen, measure(seen, made), made)
    said: dict[int, str] = {}
    for row in rows:
        if not row.kept:
            said[row.clause] = "; ".join([*([said[row.clause]] if row.clause in said else []), row.says])
    return said
