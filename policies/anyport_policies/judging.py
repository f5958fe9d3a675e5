"""What several rules mean by the same words: where a target fails, whom it needs, what is lost with whom."""

from __future__ import annotations

from collections.abc import Iterator

from anyport.catalog import independent, load

from .facts import EndpointFacts, TargetFacts
from .rule import Verdict

__all__ = ["apart", "domain", "losses", "no_targets", "operators", "strangers"]


def no_targets(endpoint: EndpointFacts) -> Iterator[Verdict]:
    """The verdict on an endpoint whose targets cannot be read, so that no rule passes it."""
    if not endpoint.targets:
        yield Verdict(
            f"endpoint {endpoint.name}: its targets are not known", "give the endpoint at least one target"
        )


def domain(target: TargetFacts) -> str:
    """Where the target fails: only a regional one fails with its place, and one that hands calls on with another."""
    if target.passes_to is not None or target.reach is None:
        return "unknown"
    return (target.failure_domain or "unknown") if target.reach == "regional" else "none"


def operators(target: TargetFacts) -> frozenset[str]:
    """Whom the target needs; empty when that is not known, which matches nobody."""
    if target.operator is None:
        return frozenset()
    if target.passes_to is None:
        return frozenset({target.operator})
    behind = load().providers.get(target.passes_to)
    return frozenset({target.operator, behind.operator}) if behind else frozenset()


def apart(one: TargetFacts, other: TargetFacts) -> bool:
    """Whether no one place takes both."""
    return independent(domain(one), domain(other))


def strangers(one: TargetFacts, other: TargetFacts) -> bool:
    """Whether no one operator takes both."""
    first, second = operators(one), operators(other)
    return bool(first and second) and not first & second


def losses(targets: tuple[TargetFacts, ...]) -> Iterator[tuple[str, tuple[TargetFacts, ...]]]:
    """Every loss of one operator or one failure domain, with the targets that surely survive it.

    A target whose operator or domain is not known survives no loss of that sort.
    """
    for who in sorted({name for target in targets for name in operators(target)}):
        yield who, tuple(t for t in targets if operators(t) and who not in operators(t))
    for place in sorted({domain(target) for target in targets}):
        yield place, tuple(t for t in targets if independent(domain(t), place))
