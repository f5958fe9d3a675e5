"""AB009: every bill finds its owner."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import EndpointFacts
from ..rule import Context, Rule, Verdict

__all__ = ["RULE"]


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    del context
    said = {"owner": endpoint.owner, "cost_center": endpoint.cost_center}
    missing = [word for word, value in said.items() if not value]
    if missing:
        yield Verdict(
            f"endpoint {endpoint.name} has no {' and no '.join(missing)}",
            f"say {' and '.join(f'anyport:{word}' for word in missing)}",
        )


RULE = Rule(
    id="AB009",
    slug="cost-tags",
    pack="baseline",
    title="Every endpoint has an owner and a cost center",
    severity="low",
    why="They become tags at every cloud that takes any; a bill without them is nobody's, and an alert has nobody "
    "to wake.",
    fix="Write `anyport:owner` and `anyport:cost_center`.",
    since="0.1.0",
    check=_check,
    level="advisory",
)
