"""AB011: nobody commits to a minimum by accident."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import EndpointFacts
from ..judging import no_targets
from ..rule import Context, Rule, Verdict

__all__ = ["RULE"]


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    del context
    yield from no_targets(endpoint)
    for target in endpoint.targets:
        if target.posture.commitment is None:
            continue
        how = (
            "is billed for a minimum that nobody acknowledged"
            if target.posture.commitment == "unacknowledged"
            else "may be billed for a minimum; that is not known"
        )
        yield Verdict(
            f"target {target.name} of endpoint {endpoint.name} {how}",
            "say minimum_commitment_acknowledged: true, or choose a kind of deployment without a minimum",
            target.name,
        )


RULE = Rule(
    id="AB011",
    slug="commitments",
    pack="baseline",
    title="A minimum that is billed in any case is acknowledged",
    severity="high",
    why="Some capacity is billed for a month however soon it is destroyed; that is no thing to learn from a bill.",
    fix="Write `minimum_commitment_acknowledged: true`, or use pay-per-token capacity.",
    since="0.1.0",
    check=_check,
)
