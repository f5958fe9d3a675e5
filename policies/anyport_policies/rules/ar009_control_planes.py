"""AR009: no single stack is needed to route around a vendor."""

from __future__ import annotations

from collections.abc import Iterator

from ..facts import EndpointFacts
from ..judging import no_targets, operators
from ..rule import Context, Parameters, Rule, Verdict

__all__ = ["RULE", "Control"]


class Control(Parameters):
    """What is known of other stacks."""

    gateway_stack: str = ""
    """Name of the stack that holds the gateway, when that is one of its own: a change of route then touches no
    vendor. Default: none."""


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    yield from no_targets(endpoint)
    if context.of(Control).gateway_stack or not endpoint.targets:
        return
    fix = (
        "split the spec with anyport:build, one stack per provider, or keep the gateway in a stack of its own"
    )
    level = None if endpoint.mandatory else "note"
    if endpoint.share is None:
        yield Verdict(f"endpoint {endpoint.name}: which targets this stack builds is not known", fix)
        return
    who = sorted({n for t in endpoint.targets if t.name in endpoint.share for n in operators(t)})
    if len(who) > 1:
        yield Verdict(
            f"endpoint {endpoint.name}: one stack builds targets at {', '.join(who)}, so while one of their "
            "control planes is down no update of it succeeds",
            fix,
            level="note" if level else None,
        )


RULE = Rule(
    id="AR009",
    slug="control-planes",
    pack="resilience",
    title="No single stack is needed to route around a vendor",
    severity="medium",
    why="During a vendor's outage its control plane may be down too; a stack that touches it then fails to "
    "update, including the update that would route around it. In dev this is a note.",
    fix="Build one share of the spec per stack (`anyport:build`), and the gateway in a stack of its own.",
    since="0.1.0",
    check=_check,
    level="advisory",
    parameters=Control,
    view="stack",
)
