"""AR010: nothing serves a model beside the endpoints."""

from __future__ import annotations

from collections.abc import Iterator

from ..rule import Context, Rule, Verdict
from ..serving import planned_target, provider_of
from ..stack_facts import StackFacts, value_at

__all__ = ["RULE"]


def _check(stack: StackFacts, context: Context) -> Iterator[Verdict]:
    del context
    for resource in stack.resources:
        provider = provider_of(resource)
        if provider is None:
            continue
        endpoint = stack.endpoint_above(resource)
        planned = planned_target(stack, resource)
        name = str(value_at(endpoint.props, "facts", "name") or endpoint.name) if endpoint else None
        if planned is not None and value_at(planned, "provider") == provider:
            continue
        where = (
            "below no endpoint"
            if endpoint is None
            else f"below endpoint {name}, which planned no target of {provider} there"
        )
        yield Verdict(
            f"{resource.name} ({resource.type}) serves models at {provider} {where}: it has no fallback and no rule sees it",
            "make it a target of an InferenceEndpoint, or remove it",
            endpoint=name,
            resource=resource.urn,
        )


RULE = Rule(
    id="AR010",
    slug="no-bypass",
    pack="resilience",
    title="No model is served beside an endpoint",
    severity="high",
    why="A deployment made by hand beside the endpoints is what an application calls by its vendor's address: it "
    "has no fallback, and no rule, gateway or drill knows it.",
    fix="Describe it as a target in the spec.",
    since="0.1.0",
    check_stack=_check,
    view="stack",
)
