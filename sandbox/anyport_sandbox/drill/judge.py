"""The numbers of a step held against the guarantee, clause by clause. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .measure import comes_first, fail_back_bound
from .model import Effect, Fault, Measured, Memory, Observation, Recipe, Verdict

__all__ = ["judge", "judge_memory"]

FLAT_SHARE = 0.10
FLAT_MIB = 8.0
"""Memory is flat when its later half is no more than this above its earlier one."""
FEWEST_SAMPLES = 8


def judge(seen: Observation, found: Measured, recipe: Recipe) -> tuple[Verdict, ...]:
    """Every clause the step says something about."""
    rows = [
        *_moved(seen, found, comes_first(seen, recipe.places)),
        *_bounded(found, recipe),
        *_came_back(seen, found, recipe),
        *_honest(seen, found),
    ]
    if any(call.tools for call in seen.calls):
        rows.append(
            (6, found.wrong_place == 0, f"{found.wrong_place} requests at a target without what they need")
        )
    return tuple(Verdict(found.step, clause, kept, says) for clause, kept, says in rows)


Row = tuple[int, bool, str]


def _moved(seen: Observation, found: Measured, first: bool) -> Iterator[Row]:
    """A target that does not come first is not asked: what breaks in it then shows nothing, and need not."""
    yield 1, found.lost == 0 and found.calls > 0, f"{found.lost} of {found.calls} requests lost"
    if Fault.S400 in seen.step.broken.values():
        refused = sum(call.status == 400 for call in seen.calls)
        yield (
            1,
            found.moved_late == 0 and (refused > 0 or not first),
            (f"{refused} refusals given to their callers, {found.moved_late} moved on"),
        )
    if seen.step.effect is Effect.BREAKS:
        yield (
            4,
            found.moved_late == 0 and (found.told > 0 or not first),
            (
                f"{found.told} callers told of a cut, {found.moved_late} requests moved on after the first byte"
            ),
        )
    yield 4, found.silent == 0, f"{found.silent} answers cut silently"


def _bounded(found: Measured, recipe: Recipe) -> Iterator[Row]:
    yield 2, found.twice == 0, f"{found.twice} second attempts at one target"
    yield 2, found.dead_hits_known == 0, f"{found.dead_hits_known} hits on a target known to be dead"
    slack = recipe.rules.slack
    yield 2, found.over_bound == 0, f"{found.over_bound} requests over the sum of timeouts + {slack:g} s"
    yield 2, found.last_not_tried == 0, f"{found.last_not_tried} requests without a try at the last target"


def _came_back(seen: Observation, found: Measured, recipe: Recipe) -> Iterator[Row]:
    if seen.step.effect is not Effect.MOVES_ON:
        return
    yield 3, found.herd == 0, f"{found.herd} requests beside the trial"
    if comes_first(seen, recipe.places):
        bound = fail_back_bound(recipe.rules, seen.step.load.rate)
        took = found.fail_back_seconds
        says = "did not come back" if took is None else f"back after {took:.2f} s, at most {bound:.2f} s"
        yield 3, took is not None and took <= bound, says


def _honest(seen: Observation, found: Measured) -> Iterator[Row]:
    yield 5, found.untold == 0, f"{found.untold} answers that do not say who served, or not truly"
    yield 5, found.uncounted == 0, f"{found.uncounted} requests of fallbacks missing in the metrics"
    if seen.step.effect is Effect.MOVES_ON:
        yield 5, found.unlogged == 0, f"{found.unlogged} deaths missing in the log"


def judge_memory(samples: Sequence[Memory]) -> tuple[Verdict, ...]:
    """Whether the gateway's and the client's memory stayed flat. The first quarter is warming up."""
    kept = samples[len(samples) // 4 :]
    half = len(kept) // 2
    rows = []
    for who in ("gateway", "client"):
        values = [float(getattr(sample, who)) for sample in kept]
        if len(samples) < FEWEST_SAMPLES or not all(values):
            rows.append(
                Verdict("soak", 2, False, f"memory of the {who}: too few samples ({len(samples)}) to tell")
            )
            continue
        early, late = _middle(values[:half]), _middle(values[half:])
        flat = late <= early * (1 + FLAT_SHARE) + FLAT_MIB
        rows.append(
            Verdict("soak", 2, flat, f"memory of the {who}: {early:.0f} MiB early, {late:.0f} MiB late")
        )
    return tuple(rows)


def _middle(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]
