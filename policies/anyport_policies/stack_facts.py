"""The resources of a stack as rules see them, with or without Pulumi: type, name, place in the tree, values.

Total like the reader of facts: a value that is missing or not known yet is None, and rules fail closed on it
where they need it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

__all__ = ["ENDPOINT_TYPE", "GATEWAY_TYPE", "ResourceFacts", "StackFacts", "list_at", "value_at"]

ENDPOINT_TYPE = "anyport:index:InferenceEndpoint"
GATEWAY_TYPE = "anyport:index:InferenceGateway"
_TARGET_PREFIX, _TARGET_SUFFIX = "anyport:index:", "Target"


@dataclass(frozen=True, slots=True)
class ResourceFacts:
    """One resource. `parent` is an URN, empty at the top; `region` is that of its explicit provider."""

    urn: str
    type: str
    name: str
    parent: str
    props: Mapping[str, Any]
    region: str | None = None

    @property
    def is_target(self) -> bool:
        """Whether it is the component of one target."""
        return self.type.startswith(_TARGET_PREFIX) and self.type.endswith(_TARGET_SUFFIX)


@dataclass(frozen=True)
class StackFacts:
    """All resources of a stack. What rules look up is indexed once: stacks have thousands of resources."""

    resources: tuple[ResourceFacts, ...]

    @cached_property
    def by_urn(self) -> dict[str, ResourceFacts]:
        """The resources by URN."""
        return {one.urn: one for one in self.resources}

    @cached_property
    def _by_parent(self) -> dict[str, list[ResourceFacts]]:
        found: defaultdict[str, list[ResourceFacts]] = defaultdict(list)
        for one in self.resources:
            found[one.parent].append(one)
        return found

    @cached_property
    def _by_endpoint(self) -> dict[str, list[ResourceFacts]]:
        found: defaultdict[str, list[ResourceFacts]] = defaultdict(list)
        for one in self.resources:
            if endpoint := self.endpoint_above(one):
                found[endpoint.urn].append(one)
        return found

    @cached_property
    def endpoints(self) -> tuple[ResourceFacts, ...]:
        """Components of endpoints."""
        return tuple(one for one in self.resources if one.type == ENDPOINT_TYPE)

    def above(self, resource: ResourceFacts) -> Iterator[ResourceFacts]:
        """The resource's ancestors, nearest first; a circle ends where it closes."""
        seen = {resource.urn}
        while (parent := self.by_urn.get(resource.parent)) and parent.urn not in seen:
            seen.add(parent.urn)
            yield parent
            resource = parent

    def targets_of(self, endpoint: ResourceFacts) -> tuple[ResourceFacts, ...]:
        """Components of the endpoint's targets that this stack has."""
        return tuple(one for one in self._by_parent.get(endpoint.urn, ()) if one.is_target)

    def below(self, endpoint: ResourceFacts) -> tuple[ResourceFacts, ...]:
        """Resources at any depth whose nearest endpoint it is."""
        return tuple(self._by_endpoint.get(endpoint.urn, ()))

    def target_above(self, resource: ResourceFacts) -> ResourceFacts | None:
        """The target component that the resource belongs to."""
        return next((one for one in self.above(resource) if one.is_target), None)

    def endpoint_above(self, resource: ResourceFacts) -> ResourceFacts | None:
        """The endpoint component that the resource belongs to."""
        return next((one for one in self.above(resource) if one.type == ENDPOINT_TYPE), None)


def value_at(value: Any, *path: str | int) -> Any:
    """The value at a path, or None where it is missing or of another shape."""
    for key in path:
        if isinstance(value, Mapping) and isinstance(key, str):
            value = value.get(key)
        elif isinstance(value, list | tuple) and isinstance(key, int) and key < len(value):
            value = value[key]
        else:
            return None
    return value


def list_at(value: Any, *path: str | int) -> list[Any]:
    """The list at a path; empty where it is missing or no list."""
    found = value_at(value, *path)
    return list(found) if isinstance(found, list | tuple) else []
