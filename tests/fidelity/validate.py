"""Walks a value along a description and says what the cloud would refuse."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from field import Field

__all__ = ["leaves", "loose", "problems"]

KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "int64": (int, str),
    "number": (int, float),
    "boolean": (bool,),
    "object": (dict,),
    "map": (dict,),
    "array": (list,),
}


def problems(value: Any, field: Field, path: str = "") -> Iterator[str]:
    """Everything wrong with a value, each with its path. An `any` takes everything."""
    if field.type == "any":
        return
    if not isinstance(value, KINDS[field.type]) or (isinstance(value, bool) and field.type != "boolean"):
        yield f"{path}: {value!r} is no {field.type}"
    elif field.type == "object":
        yield from _object(value, field, path)
    elif field.type == "map" and field.item:
        for key, item in value.items():
            yield from problems(item, field.item, f"{path}[{key!r}]")
    elif field.type == "array" and field.item:
        for at, item in enumerate(value):
            yield from problems(item, field.item, f"{path}[{at}]")
        yield from _length(value, field, path)
    else:
        yield from _scalar(value, field, path)


def members(value: dict[str, Any], field: Field) -> dict[str, Field]:
    """What may stand in this very object: the members of the chosen variant, if it has variants."""
    chosen = field.variants.get(str(value.get(field.selector))) if field.selector else None
    return {**field.children, **(chosen() if chosen else {})}


def _object(value: dict[str, Any], field: Field, path: str) -> Iterator[str]:
    known = members(value, field)
    chosen = value.get(field.selector) if field.selector else None
    if chosen is not None and str(chosen) not in field.variants:
        yield f"{path}.{field.selector}: {chosen!r} is none of {', '.join(field.variants)}"
    for name, item in value.items():
        inner = f"{path}.{name}" if path else name
        if name not in known:
            yield f"{inner}: no such field"
        elif known[name].read_only:
            yield f"{inner}: set by the cloud alone"
        else:
            yield from problems(item, known[name], inner)
    for name, wanted in known.items():
        if wanted.required and not wanted.read_only and name not in value:
            yield f"{path}.{name}: missing" if path else f"{name}: missing"


def _scalar(value: Any, field: Field, path: str) -> Iterator[str]:
    if field.enum and value not in field.enum:
        yield f"{path}: {value!r} is none of {', '.join(field.enum[:8])}{' …' if len(field.enum) > 8 else ''}"
    if field.type == "int64" and isinstance(value, str) and not re.fullmatch(r"-?\d+", value):
        yield f"{path}: {value!r} is no number"
    elif isinstance(value, str):
        if field.pattern and not re.search(field.pattern, value):
            yield f"{path}: {value!r} does not match {field.pattern}"
        yield from _length(value, field, path)
    elif not isinstance(value, bool):
        if field.minimum is not None and value < field.minimum:
            yield f"{path}: {value} is less than {field.minimum:g}"
        if field.maximum is not None and value > field.maximum:
            yield f"{path}: {value} is more than {field.maximum:g}"


def _length(value: Any, field: Field, path: str) -> Iterator[str]:
    if field.min_length is not None and len(value) < field.min_length:
        yield f"{path}: shorter than {field.min_length}"
    if field.max_length is not None and len(value) > field.max_length:
        yield f"{path}: longer than {field.max_length}"


def loose(value: Any, field: Field, path: str = "") -> Iterator[str]:
    """Paths at which the description takes anything, so that nothing was proved."""
    if field.type == "any":
        yield path
    elif isinstance(value, dict) and field.type == "object":
        known = members(value, field)
        for name, item in value.items():
            if name in known:
                yield from loose(item, known[name], f"{path}.{name}" if path else name)
    elif isinstance(value, dict | list) and field.item:
        for item in value.values() if isinstance(value, dict) else value:
            yield from loose(item, field.item, f"{path}[]")


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """Paths of the scalars (and of empty lists and objects) of a value; indices and nulls are left out."""
    if isinstance(value, dict) and value:
        for name, item in value.items():
            yield from leaves(item, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for item in value:
            yield from leaves(item, path)
    elif value is not None:
        yield path
