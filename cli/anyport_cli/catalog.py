"""`anyport catalog`: the facts that everything else rests on, shown, compared, dated and renewed."""

from __future__ import annotations

import click

from .lazy import LazyGroup

__all__ = ["catalog"]

_COMMANDS = {
    "show": ("catalog_show", "Show facts of models, providers and regions, with source and date."),
    "diff": ("catalog_diff", "Show which facts two states of the catalog differ in."),
    "calendar": ("catalog_calendar", "List retirements and expiries by day; iCalendar for subscribing."),
    "successors": ("catalog_successors", "Show what could take the place of a model that retires."),
    "refresh": ("catalog_refresh", "Ask a cloud what it offers now and show what the catalog should say."),
}


@click.group(cls=LazyGroup, table=_COMMANDS)
def catalog() -> None:
    """Dated, sourced facts: what is served where, as what, until when and for how much."""
