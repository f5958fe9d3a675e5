"""An exit plan's JSON in words, for the Markdown page and the HTML one alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["HEADS", "added", "capacity", "cells", "details", "drill_lines", "head_lines", "restore"]

HEADS = (
    "without", "stack", "endpoint", "verdict", "lives on, in order", "answers after", "capacity left", "steady month before",
    "after", "added",
)  # fmt: skip


def head_lines(value: dict[str, Any]) -> tuple[str, ...]:
    """Where the page comes from and what it assumes."""
    checkouts, asked = value["checkouts"], value["assumptions"]
    origin = "; ".join(_origin(one, len(checkouts) > 1) for one in checkouts)
    return (
        f"As of {value['today']}, {origin}; facts of the catalog as of {value['catalog_collected_on']}.",
        (
            f"Costs: list prices, {asked['hours']} h, {asked['input_share']} of tokens are prompt, mean traffic is "
            f"{asked['load_factor']} of the declared. What is lost is taken as still rented."
        ),
        "A target without a known place is counted as lost with every region and domain.",
    )


def _origin(checkout: dict[str, Any], several: bool) -> str:
    """Commit and state; of several checkouts also what is from there."""
    stacks = f"{', '.join(checkout['stacks'])} " if several else ""
    state = ", with changes not committed" if checkout["dirty"] else ""
    return f"{stacks}from {checkout['commit'] or 'no checkout'}{state}"


def cells(row: dict[str, Any]) -> tuple[str, ...]:
    """One row of the table, below `HEADS`."""
    cold = [f"{one['target']} (cold, {_minutes(one['restore_minutes'])})" for one in row["cold"]]
    return (
        row["loss"], row["stack"], row["endpoint"], row["verdict"], ", ".join([*row["warm"], *cold]) or "nothing", restore(row),
        capacity(row["capacity"]), _total(row["before"]), _total(row["after"]), added(row["added"]),
    )  # fmt: skip


def restore(row: dict[str, Any]) -> str:
    """When something answers again."""
    if row["restore_minutes"] == 0:
        return "at once"
    if row["restore_minutes"] is not None:
        return f"{row['restore_minutes']} minutes"
    return "not stated" if row["needed"] else "never"


def capacity(found: dict[str, Any]) -> str:
    """Verdict and sum."""
    if found["verdict"] in ("none", "not declared"):
        return {"none": "none", "not declared": "traffic not declared"}[found["verdict"]]
    sums = f"{found['sure_tokens_per_minute']:,} of {found['declared_tokens_per_minute']:,} tokens per minute"
    unknown = f" + unknown: {', '.join(found['unknown'])}" if found["unknown"] else ""
    return f"{found['verdict']}: sure of {sums}{unknown}"


def added(found: dict[str, Any] | None) -> str:
    """The difference with its sign."""
    if found is None:
        return "not known"
    sign = "" if found["usd"].startswith("-") else "+"
    unknown = f", and unknown: {', '.join(found['unknown'])}" if found["unknown"] else ""
    return f"{sign}{found['usd']} USD{unknown}"


def details(row: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """What is there to know and to do, each with its kind."""
    yield from (("dead", f"{one['target']}: {one['why']}") for one in row["dead"])
    yield from (("by hand", step) for step in row["manual"])
    for tie in row["ties"]:
        option = f" ({tie['option']})" if tie["option"] else ""
        yield (tie["kind"], f"{tie['target']}{option}: {tie['step']}")
    for name, held in sorted(row["capacity"]["targets"].items()):
        yield "capacity", f"{name}: {'not known' if held is None else f'{held:,} tokens per minute'}"
    yield from (("not known", note) for note in row["unknown"])
    yield from (("not drilled", note) for note in row["undrilled"])


def drill_lines(value: dict[str, Any]) -> list[str]:
    """Stored drills; where there are none, why is said."""
    lines = [
        f"{one['file']}: {one['endpoint']}, {one['steps']} steps, {'kept' if one['kept'] else 'not kept'}, "
        f"{one['date'] or 'date not recorded'}"
        for one in value["drills"]
    ]
    if value["drills_folder"] is None:
        return ["none was given (--drills)"]
    return lines or [f"{value['drills_folder']} holds none"]


def _minutes(minutes: int | None) -> str:
    return "time to restore not stated" if minutes is None else f"{minutes} minutes"


def _total(total: dict[str, Any] | None) -> str:
    if total is None:
        return "not known"
    if total["unknown"]:
        return f"at least {total['known_usd']} USD + unknown: {', '.join(total['unknown'])}"
    return f"{total['known_usd']} USD"
