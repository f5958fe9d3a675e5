"""Turns the SDK's type hints into small nodes that can be asked whether a wire value fits."""

from __future__ import annotations

import types
import typing
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from pulumi import Output
from pulumi import _types as sdk_types

__all__ = ["Node", "Shape", "node_of"]

_SCALARS: dict[Any, tuple[str, str]] = {
    str: ("string", "a string"),
    int: ("integer", "a whole number"),
    float: ("number", "a number"),
    bool: ("boolean", "a boolean"),
}


@dataclass(frozen=True)
class Node:
    """One type. Only the attribute that belongs to its `kind` is set."""

    kind: str
    object: type | None = None
    inner: tuple[Node, ...] = ()
    values: tuple[Any, ...] = ()

    @property
    def item(self) -> Node:
        """What a list or map holds."""
        return self.inner[0]

    @property
    def options(self) -> tuple[Node, ...]:
        """The members of a union."""
        return self.inner

    @property
    def title(self) -> str:
        """For a person: `a string`, `one of A, B`."""
        if self.kind == "enum":
            return "one of " + ", ".join(str(value) for value in self.values)
        fixed = {"list": "a list", "map": "a map", "object": "an object", "any": "anything"}
        return fixed.get(self.kind) or next(t for k, t in _SCALARS.values() if k == self.kind)

    def fits(self, value: Any) -> bool:
        """Whether the outermost type is right; strict, save that an int is a float too."""
        match self.kind:
            case "string":
                return isinstance(value, str)
            case "integer":
                return isinstance(value, int) and not isinstance(value, bool)
            case "number":
                return isinstance(value, (int, float)) and not isinstance(value, bool)
            case "boolean":
                return isinstance(value, bool)
            case "list":
                return isinstance(value, list)
            case "map" | "object":
                return isinstance(value, dict)
            case "enum":
                return value in self.values
        return True


@dataclass(frozen=True)
class Shape:
    """The fields of one argument class, by wire name."""

    fields: dict[str, Node]
    required: frozenset[str]
    python_names: dict[str, str] = field(default_factory=dict)


def node_of(hint: Any) -> Node:
    """The node for a resolved hint. What is not understood becomes `any`: never a false alarm."""
    if hint in _SCALARS:
        return Node(_SCALARS[hint][0])
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _union(hint)
    if origin is Literal:
        return Node("enum", values=typing.get_args(hint))
    if isinstance(origin, type):
        return _generic(origin, typing.get_args(hint))
    if isinstance(hint, type):
        if issubclass(hint, Enum):
            return Node("enum", values=tuple(member.value for member in hint))
        if sdk_types.is_input_type(hint):
            return Node("object", object=hint)
    return Node("any")


def _generic(origin: type, inner: tuple[Any, ...]) -> Node:
    if issubclass(origin, Mapping):
        return Node("map", inner=(node_of(inner[-1]) if inner else Node("any"),))
    if issubclass(origin, Sequence):
        return Node("list", inner=(node_of(inner[0]) if inner else Node("any"),))
    return Node("any")


def _union(hint: Any) -> Node:
    options: list[Node] = []
    for member in typing.get_args(hint):
        base = typing.get_origin(member) or member
        if base is type(None) or base is Output or base is Awaitable or typing.is_typeddict(base):
            continue
        node = node_of(member)
        if node not in options:
            options.append(node)
    if not options or any(option.kind == "any" for option in options):
        return Node("any")
    if any(option.kind == "string" for option in options):
        options = [option for option in options if option.kind != "enum"]
    return options[0] if len(options) == 1 else Node("union", inner=tuple(options))
