"""An exit plan as a Markdown page for an evidence folder. The same input gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["markdown"]


def markdown(value: dict[str, Any]) -> str:
    """The page; `value` is what `--format json` prints."""
    commit = value["checkout"]["commit"] or "no checkout"
    state = {True: ", with changes not committed", False: "", None: ""}[value["checkout"]["dirty"]]
    asked = value["assumptions"]
    lines = [
        "# Exit plan",
        "",
        f"As of {value['today']}, from {commit}{state}; facts of the catalog as of {value['catalog_collected_on']}.",
        (
            f"Costs: list prices, {asked['hours']} h, {asked['input_share']} of tokens are prompt, mean traffic is "
            f"{asked['load_factor']} of the declared. What is lost is taken as still rented."
        ),
        "A target without a known place is counted as lost with every region and domain.",
        "",
        "| without | endpoint | verdict | lives on, in order | steady month before | after |",
        "|---|---|---|---|---|---|",
    ]
    for row in value["rows"]:
        cold = [f"{one['target']} (cold, {_minutes(one['restore_minutes'])})" for one in row["cold"]]
        cells = (
            row["loss"], row["endpoint"], row["verdict"], ", ".join([*row["warm"], *cold]) or "nothing",
            _total(row["before"]), _total(row["after"]),
        )  # fmt: skip
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    for row in value["rows"]:
        if row["dead"]:
            lines += _details(row)
    lines += [
        "",
        "## Inputs",
        "",
        *(f"- `{digest}` {name}" for name, digest in sorted(value["inputs"].items())),
    ]
    return "\n".join(lines) + "\n"


def _details(row: dict[str, Any]) -> Iterator[str]:
    yield from ("", f"## {row['endpoint']} without {row['loss']} ({row['stack']})", "")
    yield from (f"- dead: {one['target']}: {one['why']}" for one in row["dead"])
    yield from (f"- by hand: {step}" for step in row["manual"])
    yield from (f"- not known: {note}" for note in row["unknown"])
    if row["undrilled"]:
        yield f"- not drilled: {row['undrilled']}"


def _minutes(minutes: int | None) -> str:
    return "time to restore not stated" if minutes is None else f"{minutes} minutes"


def _total(total: dict[str, Any] | None) -> str:
    if total is None:
        return "not known"
    if total["unknown"]:
        return f"at least {total['known_usd']} USD + unknown: {', '.join(total['unknown'])}"
    return f"{total['known_usd']} USD"
