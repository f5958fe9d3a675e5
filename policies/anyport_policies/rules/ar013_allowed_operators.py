"""AR013: no target runs at a company that was not agreed on."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from ..facts import EndpointFacts
from ..judging import no_targets, operators
from ..rule import Context, Parameters, Rule, Verdict

__all__ = ["RULE", "Agreed"]


class Agreed(Parameters):
    """Who may run targets. Without a list the rule is silent."""

    operators: list[str] | None = Field(default=None, min_length=1)
    """Companies by the names that the catalog has for operators, such as `Microsoft`. Default: any."""


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    """Cold targets too, and whoever answers behind a provider that hands calls on."""
    agreed = context.of(Agreed).operators
    if agreed is None:
        return
    yield from no_targets(endpoint)
    for target in endpoint.targets:
        who = operators(target)
        others = sorted(who - set(agreed))
        if who and not others:
            continue
        yield Verdict(
            f"target {target.name} of endpoint {endpoint.name} needs {' and '.join(others) or 'an operator that is not known'}; "
            f"agreed are {', '.join(sorted(agreed))}",
            "serve it at an agreed operator, or agree on this one: allowed-operators.operators in the policy "
            "configuration",
            target.name,
        )


RULE = Rule(
    id="AR013",
    slug="allowed-operators",
    pack="resilience",
    title="Targets run only at operators that were agreed on",
    severity="high",
    why="A failover hands callers' data to the next target's operator. Where purchasing or data protection has agreed "
    "on some companies only, that must not be found out in an outage.",
    fix="Serve the target at an agreed operator, or agree on another one first.",
    since="0.1.0",
    check=_check,
    parameters=Agreed,
)
