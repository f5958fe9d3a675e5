"""AR001: the endpoint survives the loss of any one place."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ..facts import EndpointFacts, TargetFacts
from ..judging import apart, domain
from ..rule import Context, Rule, Verdict
from ..suggest import places

__all__ = ["RULE"]


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    """Two independent domains are what it takes: whichever place is lost, one of the two is another."""
    del context
    able = [target for target in endpoint.targets if target.counts]
    for one, other in combinations(able, 2):
        if apart(one, other):
            return
    taken = {domain(target) for target in able}
    suggestion = places(
        endpoint.model,
        endpoint.residency,
        lambda region, _: region.failure_domain not in taken | {"none", "unknown"},
    )
    yield Verdict(
        f"endpoint {endpoint.name} has no fallback region: {_described(endpoint.targets)}",
        f"add a target in another failure domain, such as {suggestion}"
        if suggestion
        else "add a target in another failure domain",
    )


def _described(targets: tuple[TargetFacts, ...]) -> str:
    if not targets:
        return "its targets are not known"
    return ", ".join(f"{target.name} {_place(target)}" for target in targets)


def _place(target: TargetFacts) -> str:
    if not target.counts:
        return (
            "is cold with no stated restore_minutes" if target.standby == "cold" else "has an unknown standby"
        )
    if target.passes_to is not None:
        return f"hands calls on to {target.passes_to}, in a place that is not known"
    if domain(target) == "none":
        return "may be served anywhere, so it has no failure domain"
    if domain(target) == "unknown":
        return "is in a place that is not known"
    return f"is in {target.failure_domain}"


RULE = Rule(
    id="AR001",
    slug="fallback-region",
    pack="resilience",
    title="Every endpoint has targets in two independent failure domains",
    severity="critical",
    why="A region fails as a whole. Two regions of one metro, and deployments that may run anywhere, can "
    "fail together; only two known and different places cannot.",
    fix="Add a target whose failure domain differs. Global and data-zone deployments have none.",
    since="0.1.0",
    check=_check,
)
