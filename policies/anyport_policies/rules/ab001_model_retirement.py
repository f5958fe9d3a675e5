"""AB001: no target serves a model that is retired or soon will be."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from ..facts import EndpointFacts, TargetFacts
from ..judging import no_targets
from ..rule import Context, Parameters, Rule, Verdict

__all__ = ["RULE", "Retirement"]

OWN_MACHINES = "vllm"


class Retirement(Parameters):
    """How far ahead."""

    days: int = Field(default=90, ge=0, le=1000)
    """Days before a retirement from which on it is a finding. Default: 90, the notice that providers give."""


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    today, within = context.today, context.of(Retirement).days
    yield from no_targets(endpoint)
    for target in endpoint.targets:
        place = f"target {target.name} of endpoint {endpoint.name}"
        fix = "move it to a model or provider without a near date, before it answers with errors"
        if target.model is None or not target.retirement_known:
            yield Verdict(
                f"{place}: when its model retires cannot be read", "say which model it serves", target.name
            )
            continue
        if target.retires_on is None:
            if target.deployment_kind != OWN_MACHINES:
                yield _not_known(place, target)
            continue
        days = (target.retires_on - today).days
        if days >= within:
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


def _not_known(place: str, target: TargetFacts) -> Verdict:
    return Verdict(
        f"{place}: the catalog knows no retirement date of {target.model} at {target.provider}",
        "look it up at the provider; weights on machines of your own retire when you say so",
        target.name,
        "note",
    )


RULE = Rule(
    id="AB001",
    slug="model-retirement",
    pack="baseline",
    title="No target's model retires within `days`",
    severity="high",
    why="A retired model answers every call with an error, and a deprecated one cannot be deployed anew, so "
    "a rebuild of the target fails on the day it is needed.",
    fix="Move the target to a model or provider whose date is further away. Where sources disagree the earliest counts.",
    since="0.1.0",
    check=_check,
    parameters=Retirement,
)
