"""AR004: two targets that hang on no common contract, bill or identity."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from ..facts import EndpointFacts, TargetFacts
from ..judging import no_targets, operators, strangers
from ..rule import Context, Rule, Verdict

__all__ = ["RULE"]


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    """Only what two operators have in common is said here; one operator for all is AR002's finding."""
    del context
    yield from no_targets(endpoint)
    able = [target for target in endpoint.targets if target.counts]
    pairs = list(combinations(able, 2))
    candidates = [pair for pair in pairs if strangers(*pair)] or pairs
    if not candidates:
        return
    shared = [(_shared(*pair), pair) for pair in candidates]
    if any(not common for common, _ in shared):
        return
    common, (one, other) = min(shared, key=lambda found: len(found[0]))
    yield Verdict(
        f"endpoint {endpoint.name}: {one.name} and {other.name} both hang on {' and on '.join(common)}, and no "
        "two targets are freer of each other",
        "add a target with open weights, or another owner's model with a declared equivalence, at an operator "
        "with its own bill and identity",
    )


def _shared(one: TargetFacts, other: TargetFacts) -> list[str]:
    """Companies that both need for something, and for what; leaving out one that runs both."""
    first, second = _needs(one), _needs(other)
    runs_both = operators(one) & operators(other)
    found = [
        f"{who} ({first[who]})"
        if first[who] == second[who]
        else f"{who} ({one.name}: {first[who]}; {other.name}: {second[who]})"
        for who in sorted(first.keys() & second.keys() - runs_both)
    ]
    if any(_owner_unknown(target) for target in (one, other)):
        found.append("an owner of the model that is not known")
    return found


def _owner_unknown(target: TargetFacts) -> bool:
    return target.open_weights is None or (target.open_weights is False and target.model_owner is None)


def _needs(target: TargetFacts) -> dict[str, str]:
    """Company → what it is needed for."""
    found = dict.fromkeys(sorted(operators(target)), "it runs the target")
    for who in target.posture.identity_providers or ():
        found.setdefault(who, "callers need its tokens")
    if target.posture.billing_party:
        found.setdefault(target.posture.billing_party, "it sends the bill")
    if target.open_weights is False and target.model_owner:
        found.setdefault(target.model_owner, "the contract for its closed model")
    return found


RULE = Rule(
    id="AR004",
    slug="independence",
    pack="resilience",
    title="Two targets share no closed model's owner, no bill and no identity provider",
    severity="high",
    why="A closed model at a second operator still ends with the contract of its owner; so does a target whose "
    "callers need the first vendor's tokens. Open weights have no such owner.",
    fix="Have one target with open weights, or a model of another owner, at an independent operator.",
    since="0.1.0",
    check=_check,
)
