"""AB004: an open address is a choice and no default."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import EndpointFacts
from ..judging import no_targets
from ..rule import Context, Rule, Verdict

__all__ = ["RULE"]

CHOSEN = frozenset({"private", "closed", "open_said", "not_offered"})


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    del context
    yield from no_targets(endpoint)
    for target in endpoint.targets:
        if target.posture.network in CHOSEN:
            continue
        how = (
            "answers on the public network and nobody said so"
            if target.posture.network == "open_by_default"
            else "may answer on the public network; that is not known"
        )
        yield Verdict(
            f"target {target.name} of endpoint {endpoint.name} {how}",
            "give it private_access, or say public_network_access: true",
            target.name,
        )


RULE = Rule(
    id="AB004",
    slug="public-network",
    pack="baseline",
    title="No target answers on the public network unless somebody said so",
    severity="medium",
    why="An address that the whole world reaches leaves one stolen token between it and your bill. It may be "
    "right, and then somebody says so where a reviewer reads it.",
    fix="Give the target `private_access`, or write `public_network_access: true`.",
    since="0.1.0",
    check=_check,
    level="advisory",
)
