"""AB010: no target costs more per token than was agreed."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from ..facts import EndpointFacts
from ..judging import no_targets
from ..rule import Context, Parameters, Rule, Verdict

__all__ = ["RULE", "Ceiling"]


class Ceiling(Parameters):
    """List prices that are too much. Without any the rule is silent."""

    input_usd_per_million: float | None = Field(default=None, gt=0)
    """Most USD per million prompt tokens. Default: none."""
    output_usd_per_million: float | None = Field(default=None, gt=0)
    """Most USD per million answer tokens. Default: none."""


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    ceiling = context.of(Ceiling)
    most = {"input": ceiling.input_usd_per_million, "output": ceiling.output_usd_per_million}
    if most == {"input": None, "output": None}:
        return
    yield from no_targets(endpoint)
    for target in endpoint.targets:
        place = f"target {target.name} of endpoint {endpoint.name}"
        prices = {"input": target.input_usd_per_million, "output": target.output_usd_per_million}
        for side, limit in most.items():
            price = prices[side]
            if limit is not None and price is not None and price > limit:
                yield Verdict(
                    f"{place} costs {price:g} USD per million {side} tokens; agreed are {limit:g}",
                    "serve it at another provider, serve another model, or agree on more",
                    target.name,
                )
        unknown = [side for side, limit in most.items() if limit is not None and prices[side] is None]
        if unknown:
            by_hour = " and is paid by the hour" if target.posture.billing == "machine_hours" else ""
            yield Verdict(
                f"{place} has no known price of {' or '.join(unknown)} tokens{by_hour}",
                "work its price out from a bill",
                target.name,
                "note",
            )


RULE = Rule(
    id="AB010",
    slug="cost-ceiling",
    pack="baseline",
    title="No target's list price is above the agreed one",
    severity="low",
    why="A failover moves all traffic to the next target, at that target's price. Whoever agreed to the first one "
    "should have seen the others. A price that the catalog does not know is a note.",
    fix="Choose another provider or model for the target, or set a higher ceiling.",
    since="0.1.0",
    check=_check,
    level="advisory",
    parameters=Ceiling,
)
