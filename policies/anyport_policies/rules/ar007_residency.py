"""AR007: no target processes data outside the endpoint's geographies."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import EndpointFacts
from ..judging import no_targets
from ..rule import Context, Rule, Verdict

__all__ = ["RULE"]


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    """Cold targets too: they are called for when nobody has time to look."""
    del context
    yield from no_targets(endpoint)
    if not endpoint.residency:
        return
    allowed = ", ".join(endpoint.residency)
    for target in endpoint.targets:
        if target.passes_to is not None:
            where = f"where {target.passes_to} answers, which is not known"
        elif target.geography in (None, "unknown"):
            where = "in a place that is not known"
        elif target.geography == "none":
            where = "anywhere in the world"
        elif target.reach == "data_zone" and not target.data_zone:
            where = "in a data zone that is not known"
        elif {target.geography, *(target.data_zone or ())} <= set(endpoint.residency):
            continue
        elif target.data_zone:
            where = f"anywhere in a data zone of {', '.join(target.data_zone)}"
        else:
            where = f"in {target.geography}"
        yield Verdict(
            f"target {target.name} of endpoint {endpoint.name} processes data {where}; allowed: {allowed}",
            "move it to a region of an allowed geography, or to a kind of deployment that stays there",
            target.name,
        )


RULE = Rule(
    id="AR007",
    slug="residency",
    pack="resilience",
    title="Every target processes data within the endpoint's residency",
    severity="critical",
    why="A fallback abroad turns an outage into a breach of law or contract, unnoticed, since answers keep coming.",
    fix="Keep every target, cold ones too, in a geography that the endpoint allows.",
    since="0.1.0",
    check=_check,
)
