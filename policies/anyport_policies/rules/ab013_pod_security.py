"""AB013: pods that run vLLM live in a namespace that enforces the restricted profile."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..rule import Context, Rule, Verdict
from ..serving import runs_vllm
from ..stack_facts import ResourceFacts, StackFacts, value_at

__all__ = ["RULE"]

LABEL = "pod-security.kubernetes.io/enforce"


def _check(stack: StackFacts, context: Context) -> Iterator[Verdict]:
    del context
    namespaces = {
        str(value_at(one.props, "metadata", "name")): one
        for one in stack.resources
        if one.type == "kubernetes:core/v1:Namespace"
    }
    for one in stack.resources:
        if not runs_vllm(one):
            continue
        name = value_at(one.props, "metadata", "namespace") or value_at(one.props, "namespace") or "default"
        endpoint = stack.endpoint_above(one)
        held_by = namespaces.get(name) if isinstance(name, str) else None
        problem = _problem(name, held_by)
        if problem:
            known = isinstance(name, str) and held_by is None
            yield Verdict(
                f"{one.name} runs vLLM in {problem}",
                f"label the namespace {LABEL}: restricted",
                endpoint=str(value_at(endpoint.props, "facts", "name") or endpoint.name)
                if endpoint
                else None,
                resource=one.urn,
                level="note" if known else None,
            )


def _problem(name: Any, namespace: ResourceFacts | None) -> str:
    if not isinstance(name, str):
        return "a namespace that is not known"
    if namespace is None:
        return f"namespace {name}, which this stack does not make, so its labels are not known"
    level = value_at(namespace.props, "metadata", "labels", LABEL)
    if level == "restricted":
        return ""
    said = level if isinstance(level, str) else "nothing" if level is None else "an unknown level"
    return f"namespace {name}, which enforces {said}"


RULE = Rule(
    id="AB013",
    slug="pod-security",
    pack="baseline",
    title="Namespaces with vLLM enforce the restricted profile",
    severity="medium",
    why="A model server runs code from model repositories. The restricted profile keeps it from the node and "
    "from other pods. A namespace made elsewhere is a note.",
    fix="Label the namespace pod-security.kubernetes.io/enforce: restricted.",
    since="0.1.0",
    check_stack=_check,
    level="advisory",
    view="stack",
)
