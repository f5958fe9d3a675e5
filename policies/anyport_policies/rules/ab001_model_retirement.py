"""AB001: no target serves a model that is retired or soon will be."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ..facts import EndpointFacts
from ..rule import Rule, Verdict

__all__ = ["RULE"]

DAYS = 90


def _check(endpoint: EndpointFacts, today: date) -> Iterator[Verdict]:
    if not endpoint.targets:
        yield Verdict(
            f"endpoint {endpoint.name}: its targets are not known", "give the endpoint at least one target"
        )
    for target in endpoint.targets:
        place = f"target {target.name} of endpoint {endpoint.name}"
        fix = "move it to a model or provider without a near date, before it answers with errors"
        if target.model is None or not target.retirement_known:
            yield Verdict(
                f"{place}: when its model retires cannot be read", "say which model it serves", target.name
            )
            continue
        if target.retires_on is None:
            continue
        days = (target.retires_on - today).days
        if days >= DAYS:
            continue
        when = (
            f"retires in {days} days, on {target.retires_on}"
            if days > 0
            else f"retired on {target.retires_on}"
        )
        doubt = (
            f" (the earliest date governs; {target.retirement_conflict})"
            if target.retirement_conflict
            else ""
        )
        yield Verdict(f"{place}: {target.model} at {target.provider} {when}{doubt}", fix, target.name)


RULE = Rule(
    id="AB001",
    slug="model-retirement",
    pack="baseline",
    title="No target's model retires within 90 days",
    severity="high",
    why="A retired model answers every call with an error, and a deprecated one cannot be deployed anew, so "
    "a rebuild of the target fails on the day it is needed.",
    fix="Move the target to a model or provider whose date is further away. Where sources disagree the earliest counts.",
    since="0.1.0",
    check=_check,
)
