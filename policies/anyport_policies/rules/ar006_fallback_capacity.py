"""AR006: what is left after any one loss carries the traffic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from ..facts import EndpointFacts, TargetFacts
from ..judging import losses, no_targets
from ..rule import Context, Parameters, Rule, Verdict

__all__ = ["RULE", "Capacity"]


class Capacity(Parameters):
    """How much must be left, and what is known besides the options."""

    share: float = Field(default=1.0, gt=0, le=10)
    """Share of the endpoint's traffic that must be left. Default: 1.0, all of it."""
    tokens_per_minute: dict[str, Annotated[int, Field(ge=0)]] = {}
    """Tokens per minute that a target carries, by `endpoint/target`, where it was measured or promised.
    Default: what the target's capacity option buys; pay-per-token services promise none."""


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    wanted = context.of(Capacity)
    yield from no_targets(endpoint)
    if endpoint.unread("traffic") or endpoint.unread("traffic.tokens_per_minute"):
        yield Verdict(f"endpoint {endpoint.name}: its traffic cannot be read", "say traffic as whole numbers")
        return
    if endpoint.tokens_per_minute is None:
        if endpoint.requests_per_minute is not None:
            said = "its traffic is declared in requests only, so its fallbacks' capacity is not judged"
            yield Verdict(
                f"endpoint {endpoint.name}: {said}", "say traffic.tokens_per_minute too", level="note"
            )
        return
    needed = endpoint.tokens_per_minute * wanted.share
    for lost, left in losses(tuple(t for t in endpoint.targets if t.counts)):
        held = {target.name: _capacity(endpoint, target, wanted) for target in left}
        total = sum(found or 0 for found in held.values())
        if total >= needed:
            continue
        guessed = sorted(name for name, found in held.items() if found is None)
        unread = any(endpoint.unread(f"targets.{n}.posture.capacity_tokens_per_minute") for n in guessed)
        doubt = f"; not known: {', '.join(guessed)}" if guessed else ""
        yield Verdict(
            f"endpoint {endpoint.name}: without {lost} it is sure of {total} of {needed:.0f} tokens per minute"
            f"{doubt}",
            "raise the capacity of other targets, or say what was measured: fallback-capacity."
            "tokens_per_minute in the policy configuration",
            level="advisory" if guessed and not unread else None,
        )


def _capacity(endpoint: EndpointFacts, target: TargetFacts, wanted: Capacity) -> int | None:
    return wanted.tokens_per_minute.get(f"{endpoint.name}/{target.name}", target.posture.capacity)


RULE = Rule(
    id="AR006",
    slug="fallback-capacity",
    pack="resilience",
    title="After the loss of any one operator or place the rest carries the declared traffic",
    severity="high",
    why="A fallback without quota answers 429 in the very minute it is needed, when everyone else asks for the "
    "same quota. Capacity that nobody knows is no pass; known to be too small is mandatory, unknown advisory.",
    fix="Buy capacity on the fallbacks, or measure what they carry and say so in the policy configuration.",
    since="0.1.0",
    check=_check,
    parameters=Capacity,
)
