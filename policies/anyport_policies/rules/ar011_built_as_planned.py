"""AR011: what was built is what was planned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..facts import EndpointFacts
from ..rule import Context, Rule, Verdict
from ..serving import place_of, planned_target, provider_of
from ..stack_facts import ResourceFacts, StackFacts, value_at

__all__ = ["RULE", "built_by_some_stack"]

DECLARED = ("provider", "operator", "region", "failure_domain")


def _check(stack: StackFacts, context: Context) -> Iterator[Verdict]:
    del context
    for endpoint in stack.endpoints:
        planned = value_at(endpoint.props, "facts", "targets")
        if not isinstance(planned, list | tuple):
            yield Verdict(
                f"endpoint {endpoint.name}: what was planned is not known, so what is built cannot be judged",
                "build it with an Anyport of this version",
                endpoint=endpoint.name,
                resource=endpoint.urn,
            )
            continue
        yield from _endpoint(stack, endpoint, {str(value_at(one, "name")): one for one in planned})


def _endpoint(stack: StackFacts, endpoint: ResourceFacts, planned: dict[str, Any]) -> Iterator[Verdict]:
    name = str(value_at(endpoint.props, "facts", "name") or endpoint.name)
    built = {str(value_at(one.props, "target")): one for one in stack.targets_of(endpoint)}
    for target in _missing(endpoint, planned, built):
        yield Verdict(
            f"target {target} of endpoint {name} is in this stack's share and was not built",
            "run the update again; if it stays, the program leaves it out",
            target,
            endpoint=name,
            resource=endpoint.urn,
        )
    for target, component in built.items():
        for problem in _differences(component, planned.get(target)):
            yield Verdict(
                f"target {target} of endpoint {name} {problem}",
                "build the target from the endpoint's own plan",
                target,
                endpoint=name,
                resource=component.urn,
            )
    yield from _places(stack, endpoint, name)


def _differences(component: ResourceFacts, planned: Any) -> Iterator[str]:
    if planned is None:
        yield "was built and not planned"
        return
    for key in DECLARED:
        got, wanted = value_at(component.props, key), value_at(planned, key)
        if got != wanted or not isinstance(got, str):
            said = got if isinstance(got, str) else "that is not known"
            yield f"was built with {key.replace('_', ' ')} {said}; planned was {wanted}"


def _missing(endpoint: ResourceFacts, planned: dict[str, Any], built: dict[str, Any]) -> list[str]:
    """Targets of the share without a component. A preview that does not know the share misses none."""
    share = value_at(endpoint.props, "facts", "share")
    if not isinstance(share, list | tuple):
        elsewhere = value_at(endpoint.props, "contract", "elsewhere")
        if not isinstance(elsewhere, list | tuple):
            return []
        share = [name for name in planned if name not in elsewhere]
    return [name if isinstance(name, str) else "unknown" for name in share if str(name) not in built]


def _places(stack: StackFacts, endpoint: ResourceFacts, name: str) -> Iterator[Verdict]:
    """What serves must stand where the target was planned; a place that a resource does not say is not judged."""
    for resource in stack.below(endpoint):
        if provider_of(resource) is None:
            continue
        planned, place = planned_target(stack, resource), place_of(resource)
        wanted = value_at(planned, "region")
        if planned is None or place is None or place == str(wanted).lower():
            continue
        yield Verdict(
            f"{resource.name} of endpoint {name} stands in {place}, planned was {wanted}",
            f"move it to {wanted}, or plan the target where it stands",
            str(value_at(planned, "name")),
            endpoint=name,
            resource=resource.urn,
        )


RULE = Rule(
    id="AR011",
    slug="built-as-planned",
    pack="resilience",
    title="What is built spans the places and operators that were declared",
    severity="high",
    why="Every other rule judges a plan. A target that was not built, or stands elsewhere, is a fallback on paper.",
    fix="Build every target of the share from the plan, in the planned region.",
    since="0.1.0",
    check_stack=_check,
    view="stack",
)


def built_by_some_stack(*, whole: bool) -> Rule:
    """The same demand on all stacks of a spec, before any is built: each warm target is in the share of one of them.

    Its facts are those of the whole spec, with what the stacks build together as `share`.

    Args:
        whole: whether all stacks that share the spec are at hand; if not, what is left out is a note.
    """
    return replace(RULE, check=_all_shares if whole else _some_shares)


def _all_shares(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    del context
    for target in _in_no_share(endpoint):
        yield Verdict(
            f"target {target} of endpoint {endpoint.name} is in no stack's share, so it is never built",
            "give it to a stack by anyport:build, or add a stack that builds it",
            target,
        )


def _some_shares(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    del context
    if left := _in_no_share(endpoint):
        yield Verdict(
            f"endpoint {endpoint.name}: {', '.join(left)} would have to be built by a stack that was not judged here",
            "judge the folders of all stacks that share the spec together",
            level="note",
        )


def _in_no_share(endpoint: EndpointFacts) -> list[str]:
    share = endpoint.share or ()
    return [
        target.name for target in endpoint.targets if target.standby != "cold" and target.name not in share
    ]
