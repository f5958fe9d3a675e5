"""A whole drill, from steps to verdicts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from .gateway import DrillError
from .judge import judge, judge_memory
from .measure import measure
from .model import Drilled, Measured, Observation, Recipe, Step, Verdict
from .plans import soak
from .run import run

__all__ = ["drill", "soak_drill"]

LEAST_TARGETS = 2
KEPT_BAD = 20
"""Steps of a soak that are kept whole for its report, the bad ones first: a long soak must not grow the client."""


def drill(recipe: Recipe, steps: Iterable[Step], saw: Callable[[Measured], None] = lambda _: None) -> Drilled:
    """Run these steps and judge them.

    Raises:
        DrillError: nothing to fail over to, or no usable Envoy.
    """
    _check(recipe)
    done = asyncio.run(run(recipe, steps, saw=lambda seen: saw(measure(seen, recipe))))
    measured = tuple(measure(seen, recipe) for seen in done.observations)
    verdicts = tuple(
        verdict
        for seen, found in zip(done.observations, measured, strict=True)
        for verdict in judge(seen, found, recipe)
    )
    return Drilled(recipe.endpoint, recipe.rules, done.gateway, done.observations, measured, verdicts)


def soak_drill(
    recipe: Recipe, seconds: float, seed: int, saw: Callable[[Measured], None] = lambda _: None
) -> Drilled:
    """Random faults by a seed for so long; besides the guarantee, memory must stay flat.

    Raises:
        DrillError: nothing to fail over to, or no usable Envoy.
    """
    _check(recipe)
    kept: list[Observation] = []
    measured: list[Measured] = []
    verdicts: list[Verdict] = []

    def look(seen: Observation) -> None:
        found = measure(seen, recipe)
        rows = judge(seen, found, recipe)
        measured.append(found)
        verdicts.extend(row for row in rows if not row.kept)
        if len(kept) < KEPT_BAD and not all(row.kept for row in rows):
            kept.append(seen)
        saw(found)

    done = asyncio.run(
        run(recipe, soak(recipe.places, seed, recipe.faults), seconds=seconds, saw=look, keep=False)
    )
    broken = {verdict.clause for verdict in verdicts}
    verdicts += [
        Verdict("soak", clause, True, f"kept in all of {len(measured)} steps")
        for clause in range(1, 7)
        if clause not in broken and measured
    ]
    verdicts += judge_memory(done.memory)
    notes = (f"soak of {seconds / 60:g} min, seed {seed}, {len(measured)} steps",)
    return Drilled(
        recipe.endpoint,
        recipe.rules,
        done.gateway,
        tuple(kept),
        tuple(measured),
        tuple(verdicts),
        done.memory,
        notes,
    )


def _check(recipe: Recipe) -> None:
    if len(recipe.places) < LEAST_TARGETS:
        raise DrillError(
            f"Endpoint {recipe.endpoint} has {len(recipe.places)} target: there is nothing to fail over to."
        )
