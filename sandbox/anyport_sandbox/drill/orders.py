"""Which targets a call may go to, judged from the contract alone and not by the gateway under test."""

from __future__ import annotations

from collections.abc import Sequence

from .model import Call, Place

__all__ = ["able", "last_group", "offers_tools"]


def able(places: Sequence[Place], call: Call) -> list[Place]:
    """Targets that have what the call needs, in order of use. A target not known to stream may do so where none
    is known to, since catalogs often say nothing about it.
    """
    needs = {"tools"} if call.tools else set()
    if call.stream and any("streaming" in place.features for place in places):
        needs.add("streaming")
    found = [place for place in places if needs <= place.features]
    return sorted(found, key=lambda place: (place.priority, place.name))


def last_group(places: Sequence[Place], call: Call) -> set[str]:
    """Names of the targets that may be the last of this call: never left alone, however dead."""
    order = able(places, call)
    return {place.name for place in order if place.priority == order[-1].priority} if order else set()


def offers_tools(places: Sequence[Place]) -> bool:
    """Whether calls with tools can be made at all."""
    probe = Call(0, True, True, 0, None, 0, "failed")
    return bool(able(places, probe))
