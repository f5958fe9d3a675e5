"""AB003: no stored keys where the cloud can do without."""

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
        if target.posture.keyless in {"yes", "not_offered"}:
            continue
        said = (
            "takes keys" if target.posture.keyless == "no" else "may take keys: how callers prove themselves"
        )
        tail = "" if target.posture.keyless == "no" else " is not known"
        yield Verdict(
            f"target {target.name} of endpoint {endpoint.name} {said}{tail}",
            "turn the provider's own keys off and name callers, who then use short-lived tokens",
            target.name,
        )


RULE = Rule(
    id="AB003",
    slug="keyless",
    pack="baseline",
    title="Callers use short-lived tokens wherever the cloud has them",
    severity="high",
    why="A key that leaks works for everyone until somebody notices. Where a cloud knows keys only, this rule is silent.",
    fix="Leave local keys off; name `callers` or a `workload_identity`.",
    since="0.1.0",
    check=_check,
)
