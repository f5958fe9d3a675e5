"""AR002: the endpoint survives the loss of any one vendor."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ..facts import EndpointFacts, TargetFacts
from ..judging import operators, strangers
from ..rule import Context, Rule, Verdict
from ..suggest import places

__all__ = ["RULE"]


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    """Some two targets must need no operator in common."""
    del context
    able = [target for target in endpoint.targets if target.counts]
    if any(strangers(one, other) for one, other in combinations(able, 2)):
        return
    taken = {who for target in able for who in operators(target)}
    suggestion = places(endpoint.model, endpoint.residency, lambda _, operator: operator not in taken)
    yield Verdict(
        f"endpoint {endpoint.name} has no fallback provider: {_described(endpoint.targets)}",
        f"add a target at another operator, such as {suggestion}"
        if suggestion
        else "add a target at another operator; the catalog knows none for this model, so choose one with open weights",
    )


def _described(targets: tuple[TargetFacts, ...]) -> str:
    if not targets:
        return "its targets are not known"
    parts = []
    for target in targets:
        who = " and ".join(sorted(operators(target))) or "an unknown operator"
        parts.append(
            f"{target.name} {'needs' if target.counts else 'is cold with no stated restore_minutes at'} {who}"
        )
    return ", ".join(parts)


RULE = Rule(
    id="AR002",
    slug="fallback-provider",
    pack="resilience",
    title="Every endpoint has targets at two operators",
    severity="critical",
    why="A vendor's identity service, control plane, quota or contract fails in all its regions at once. A "
    "provider that only hands calls on to another fails with that one too.",
    fix="Add a target whose operator differs from those of all others.",
    since="0.1.0",
    check=_check,
)
