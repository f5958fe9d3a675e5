"""AB006: of a vLLM server only `/v1` can be reached from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..rule import Context, Rule, Verdict
from ..serving import pod_templates, runs_vllm
from ..stack_facts import ResourceFacts, StackFacts, list_at, value_at

__all__ = ["RULE"]


def _check(stack: StackFacts, context: Context) -> Iterator[Verdict]:
    del context
    pods = [(_namespace(one), labels) for one in stack.resources if runs_vllm(one) for labels in _labels(one)]
    services = {
        (_namespace(one), str(value_at(one.props, "metadata", "name")))
        for one in stack.resources
        if one.type == "kubernetes:core/v1:Service" and _selects(one, pods)
    }
    for one in stack.resources:
        name = _endpoint_name(stack, one)
        if (_namespace(one), str(value_at(one.props, "metadata", "name"))) in services and one.type.endswith(
            ":Service"
        ):
            kind = value_at(one.props, "spec", "type")
            if kind not in (None, "ClusterIP"):
                yield _verdict(one, name, f"is a Service of type {_word(kind)} over vLLM pods, so every path")
        for path in _paths(one, services):
            yield _verdict(one, name, f"routes {path} to vLLM, so more than /v1")


def _verdict(one: ResourceFacts, name: str | None, what: str) -> Verdict:
    return Verdict(
        f"{one.name} {what} can be reached from outside",
        "route the prefix /v1 alone, to a Service of type ClusterIP",
        endpoint=name,
        resource=one.urn,
    )


def _endpoint_name(stack: StackFacts, one: ResourceFacts) -> str | None:
    endpoint = stack.endpoint_above(one)
    return str(value_at(endpoint.props, "facts", "name") or endpoint.name) if endpoint else None


def _namespace(one: ResourceFacts) -> str:
    found = value_at(one.props, "metadata", "namespace")
    return found if isinstance(found, str) else "default" if found is None else "unknown"


def _labels(one: ResourceFacts) -> Iterator[Mapping[str, Any]]:
    """Labels of the pods it starts; those of the object itself when it is a pod."""
    spec = value_at(one.props, "spec")
    if next(pod_templates(spec), None) is spec:
        yield value_at(one.props, "metadata", "labels") or {}
    for template in _templates(spec):
        yield value_at(template, "metadata", "labels") or {}


def _templates(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if isinstance(value_at(value, "spec", "containers"), list | tuple):
            yield value
        for inner in value.values():
            yield from _templates(inner)


def _selects(service: ResourceFacts, pods: list[tuple[str, Mapping[str, Any]]]) -> bool:
    """A selector that cannot be read may select them."""
    selector = value_at(service.props, "spec", "selector")
    if selector is None:
        return False
    if not isinstance(selector, Mapping):
        return bool(pods)
    return any(
        _namespace(service) in (namespace, "unknown")
        and all(not isinstance(v, str) or labels.get(k) == v for k, v in selector.items())
        for namespace, labels in pods
        if isinstance(labels, Mapping)
    )


def _paths(one: ResourceFacts, services: set[tuple[str, str]]) -> Iterator[str]:
    """Paths to these services that are not below `/v1`."""
    if one.type.startswith("kubernetes:networking.k8s.io/") and one.type.endswith(":Ingress"):
        if _is_one(one, value_at(one.props, "spec", "defaultBackend", "service", "name"), services):
            yield "everything else"
        for rule in list_at(one.props, "spec", "rules"):
            for path in list_at(rule, "http", "paths"):
                wanted, kind = value_at(path, "path"), value_at(path, "pathType")
                if _is_one(one, value_at(path, "backend", "service", "name"), services):
                    yield from _beyond(wanted, kind in ("Prefix", "Exact"))
    elif one.type.endswith(":HTTPRoute"):
        for rule in list_at(one.props, "spec", "rules"):
            backends = [value_at(b, "name") for b in list_at(rule, "backendRefs")]
            if any(_is_one(one, name, services) for name in backends):
                for match in list_at(rule, "matches") or [None]:
                    kind = value_at(match, "path", "type")
                    yield from _beyond(
                        value_at(match, "path", "value"), kind in (None, "PathPrefix", "Exact")
                    )


def _is_one(one: ResourceFacts, name: Any, services: set[tuple[str, str]]) -> bool:
    return (_namespace(one), str(name)) in services


def _beyond(path: Any, plain: bool) -> Iterator[str]:
    """Only a plain prefix is read; what a regular expression lets through nobody sees at a glance."""
    if not isinstance(path, str):
        yield "/" if path is None else "a path that is not known"
    elif not plain or not (path == "/v1" or path.startswith("/v1/")):
        yield path


def _word(value: Any) -> str:
    return value if isinstance(value, str) else "unknown"


RULE = Rule(
    id="AB006",
    slug="only-v1-exposed",
    pack="baseline",
    title="Of a vLLM server only /v1 can be reached from outside",
    severity="high",
    why="vLLM asks for its key under /v1 and few other prefixes. Other paths run the model, show metrics or take "
    "commands for anyone who reaches them.",
    fix="Route the prefix /v1 alone, and leave the Service inside the cluster.",
    since="0.1.0",
    check_stack=_check,
    view="stack",
)
