"""AB007: the model's version changes when you say so."""

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
        if target.posture.version in {"pinned", "not_offered"}:
            continue
        how = "does not pin" if target.posture.version == "unpinned" else "is not known to pin"
        yield Verdict(
            f"target {target.name} of endpoint {endpoint.name} {how} the version of {target.model or 'its model'}",
            "say revision: <commit>, or version_upgrade: never, as the provider has it",
            target.name,
        )


RULE = Rule(
    id="AB007",
    slug="pinned-versions",
    pack="baseline",
    title="Every target pins its model's version where the provider lets it",
    severity="medium",
    why="A version that changes by itself changes answers on a day nobody chose, at one target and not the others.",
    fix="Pin a `revision`, or leave `version_upgrade` at never.",
    since="0.1.0",
    check=_check,
    level="advisory",
)
