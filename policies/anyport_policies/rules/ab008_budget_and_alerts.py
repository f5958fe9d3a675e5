"""AB008: somebody is told when money or patience runs out."""

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
        stands = {"budget": target.posture.budget, "alerts": target.posture.alerts}
        missing = [word for word, found in stands.items() if found not in {"set", "not_offered"}]
        if missing:
            known = all(stands[word] == "unset" for word in missing)
            yield Verdict(
                f"target {target.name} of endpoint {endpoint.name} {'has' if known else 'may have'} no "
                f"{' and no '.join(missing)}",
                f"say {' and '.join(f'{word}: {{…}}' for word in missing)} for the provider or the target",
                target.name,
            )


RULE = Rule(
    id="AB008",
    slug="budget-and-alerts",
    pack="baseline",
    title="Every target has a budget and alerts where its provider has them",
    severity="medium",
    why="A loop in an application spends a month's money in a night, and a lack of quota shows as slow answers "
    "long before it shows as an outage. No cloud stops spending by itself.",
    fix="Set `budget` and `alerts`, best once under `anyport:providers`.",
    since="0.1.0",
    check=_check,
    level="advisory",
)
