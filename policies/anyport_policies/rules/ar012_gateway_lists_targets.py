"""AR012: the gateway lists every target, in order, and moves on for every trigger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from ..rule import Context, Rule, Verdict
from ..stack_facts import GATEWAY_TYPE, ResourceFacts, StackFacts, list_at, value_at

__all__ = ["RULE"]

TRIGGERS = (
    "connect-failure", "reset", "first-byte-timeout", "401", "403", "404", "408", "410", "429", "5xx",
)  # fmt: skip
"""What moves a request on before its first byte, by the guarantee."""


def _check(stack: StackFacts, context: Context) -> Iterator[Verdict]:
    del context
    for gateway in stack.resources:
        if gateway.type == GATEWAY_TYPE:
            yield from _gateway(gateway)


def _gateway(gateway: ResourceFacts) -> Iterator[Verdict]:
    routes = value_at(gateway.props, "routes")
    endpoints = value_at(routes, "endpoints")
    if routes is not None and not isinstance(routes, Mapping):
        yield Verdict(
            f"gateway {gateway.name}: its routes are known only after the targets are built",
            "nothing; the update itself judges them",
            level="note",
            resource=gateway.urn,
        )
        return
    if not isinstance(endpoints, Mapping) or not endpoints:
        yield Verdict(
            f"gateway {gateway.name}: which endpoints it routes to is not known",
            "build it with an Anyport of this version",
            resource=gateway.urn,
        )
        return
    for name, listed in endpoints.items():
        for message, target in _endpoint(listed):
            yield Verdict(
                f"gateway {gateway.name}: {message} of endpoint {name}",
                "give it the contract of every stack that builds targets of the endpoint",
                target,
                endpoint=str(name),
                resource=gateway.urn,
            )
    yield from _triggers(gateway, list_at(routes, "triggers"))


def _endpoint(listed: Any) -> Iterator[tuple[str, str | None]]:
    targets, missing = value_at(listed, "targets"), value_at(listed, "missing")
    if not isinstance(targets, list | tuple) or not isinstance(missing, list | tuple):
        yield "it is not known whether it lists every target", None
        return
    for name in missing:
        said = name if isinstance(name, str) else "unknown"
        yield f"it does not list target {said}", said
    if not targets:
        yield "it lists no target", None
    orders = [value_at(one, "priority") for one in targets]
    if not all(isinstance(one, int | float) for one in orders) or any(a > b for a, b in pairwise(orders)):
        yield "its order is not that of the priorities", None


def _triggers(gateway: ResourceFacts, triggers: list[Any]) -> Iterator[Verdict]:
    absent = [one for one in TRIGGERS if one not in triggers]
    if absent:
        yield Verdict(
            f"gateway {gateway.name}: it does not move on for {', '.join(absent)}",
            "build it with an Anyport of this version",
            resource=gateway.urn,
        )


RULE = Rule(
    id="AR012",
    slug="gateway-lists-targets",
    pack="resilience",
    title="The gateway lists every target and its triggers",
    severity="high",
    why="A target that the gateway does not list is a fallback that no request ever reaches; a failure it does not "
    "move on for is one that callers see.",
    fix="Give the gateway the contracts of all stacks that build targets of the endpoint, and take no trigger out.",
    since="0.1.0",
    check_stack=_check,
    view="gateway",
)
