"""Which resources serve models, at which provider, and whether they are built under a target that planned it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .stack_facts import ResourceFacts, StackFacts, list_at, value_at

__all__ = ["place_of", "planned_target", "pod_templates", "provider_of", "runs_vllm"]

SERVING = {
    "azure-native:cognitiveservices:Deployment": "azure_openai",
    "azure-native:cognitiveservices:Account": "azure_openai",
    "azure:cognitive/deployment:Deployment": "azure_openai",
    "azure:cognitive/account:Account": "azure_openai",
    "gcp:vertex/aiEndpoint:AiEndpoint": "vertex_ai",
    "gcp:vertex/aiEndpointWithModelGardenDeployment:AiEndpointWithModelGardenDeployment": "vertex_ai",
    "oci:GenerativeAi/endpoint:Endpoint": "oci_generative_ai",
    "oci:GenerativeAi/dedicatedAiCluster:DedicatedAiCluster": "oci_generative_ai",
    "oci:GenerativeAi/routingProfile:RoutingProfile": "oci_generative_ai",
}
"""Resource type → provider. Azure types may carry an API version in the middle; that is taken out first."""

POD_KEYS = ("containers", "initContainers")
_ACCOUNT_KINDS = (None, "OpenAI", "AIServices")


def provider_of(resource: ResourceFacts) -> str | None:
    """The provider whose models the resource serves; None when it serves none."""
    kind = _plain_type(resource.type)
    if kind.endswith(("Account", ":account:Account")) and kind in SERVING:
        given = value_at(resource.props, "kind")
        return SERVING[kind] if given in _ACCOUNT_KINDS or not isinstance(given, str) else None
    if kind in SERVING:
        return SERVING[kind]
    return "coreweave_vllm" if runs_vllm(resource) else None


def _plain_type(kind: str) -> str:
    """`azure-native:cognitiveservices/v20250601:Deployment` → without the version."""
    package, _, rest = kind.partition(":")
    if package != "azure-native":
        return kind
    module, _, name = rest.partition(":")
    return f"{package}:{module.split('/')[0]}:{name}"


def runs_vllm(resource: ResourceFacts) -> bool:
    """Whether a Kubernetes object (or a chart) starts vLLM: by its image or by its command."""
    if not resource.type.startswith("kubernetes:"):
        return False
    chart = value_at(resource.props, "chart")
    if resource.type.startswith("kubernetes:helm") and isinstance(chart, str) and "vllm" in chart.lower():
        return True
    return any(_says_vllm(item) for spec in pod_templates(resource.props) for item in _containers(spec))


def pod_templates(value: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Every map below `value` that has containers, however deep the object hides it."""
    if depth > 30:
        return
    if isinstance(value, Mapping):
        if isinstance(value.get("containers"), list | tuple):
            yield value
        for inner in value.values():
            yield from pod_templates(inner, depth + 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from pod_templates(inner, depth + 1)


def _containers(spec: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for key in POD_KEYS:
        for item in list_at(spec, key):
            if isinstance(item, Mapping):
                yield item


def _says_vllm(container: Mapping[str, Any]) -> bool:
    words = [container.get("image"), *list_at(container, "command"), *list_at(container, "args")]
    return any(isinstance(word, str) and "vllm" in word.lower() for word in words)


def planned_target(stack: StackFacts, resource: ResourceFacts) -> Mapping[str, Any] | None:
    """The planned target (its facts) under whose component the resource is built; None when there is none."""
    target, endpoint = stack.target_above(resource), stack.endpoint_above(resource)
    if target is None or endpoint is None:
        return None
    name = value_at(target.props, "target")
    for one in list_at(endpoint.props, "facts", "targets"):
        if value_at(one, "name") == name and isinstance(one, Mapping):
            return one
    return None


def place_of(resource: ResourceFacts) -> str | None:
    """Where the resource is, in its provider's own spelling without spaces and case; None when it does not say."""
    for key in ("location", "region"):
        found = value_at(resource.props, key)
        if isinstance(found, str) and found:
            return found.lower().replace(" ", "")
    return resource.region.lower() if resource.region else None
