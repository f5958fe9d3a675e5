"""AB012: options hold references to secrets and never a secret."""

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
        held = target.posture.plain_secrets
        if held == ():
            continue
        place = f"target {target.name} of endpoint {endpoint.name}"
        yield Verdict(
            f"{place}: whether its options hold secrets is not known"
            if held is None
            else f"{place} holds a secret in plain text under {', '.join(held)}",
            "write a reference, such as config:secrets:name or env:NAME, and renew the secret: it is in the history",
            target.name,
        )


RULE = Rule(
    id="AB012",
    slug="secrets-by-reference",
    pack="baseline",
    title="Secrets are referred to and never written",
    severity="critical",
    why="What stands in a spec is in every clone, every state file and every preview for good.",
    fix="Put the secret into the stack's encrypted configuration or an environment variable and refer to it.",
    since="0.1.0",
    check=_check,
)
