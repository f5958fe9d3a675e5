"""Mistakes made on purpose in a good request, of every kind that its description lets one make."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from entry import Request
from field import Field
from validate import members

__all__ = ["KINDS", "Mistake", "mistakes"]

KINDS = ("misspelt", "enum", "missing", "read_only", "type", "pattern", "length", "parameter")
SAMPLE: dict[str, Any] = {
    "object": {},
    "map": {},
    "array": [],
    "boolean": True,
    "integer": 1,
    "number": 1.5,
    "int64": 1,
}
BREAKERS = ("", "-", "!", "!no such name!", "a b/c", "x" * 4000)


@dataclass(frozen=True)
class Mistake:
    """A request with one mistake in it."""

    kind: str
    path: str
    request: Request


def mistakes(request: Request) -> Iterator[Mistake]:
    """All of them, one at a time."""
    for kind, path, body in _object(dict(request.body), request.entry.described.body):
        yield Mistake(kind, path, Request(request.entry, request.arguments, body, request.parameters))
    for name, field in request.entry.described.parameters.items():
        if name not in request.parameters:
            continue
        rest = {key: value for key, value in request.parameters.items() if key != name}
        changed = [] if not field.required else [("missing", rest)]
        changed += [("parameter", {**rest, f"{name}X": request.parameters[name]})]
        changed += [("type", {**rest, name: 7})]
        changed += [(kind, {**rest, name: value}) for kind, value in _broken(field)]
        for kind, parameters in changed:
            yield Mistake(kind, name, Request(request.entry, request.arguments, request.body, parameters))


def _object(value: dict[str, Any], field: Field) -> Iterator[tuple[str, str, dict[str, Any]]]:
    known: Mapping[str, Field] = members(value, field)
    yield "misspelt", "xNoSuchFieldX", {**value, "xNoSuchFieldX": 1}
    if field.selector in value:
        yield "enum", str(field.selector), {**value, str(field.selector): "NO_SUCH_VALUE"}
    for name, inner in known.items():
        if inner.read_only:
            yield "read_only", name, {**value, name: SAMPLE.get(inner.type, "text")}
        elif name in value:
            rest = {key: item for key, item in value.items() if key != name}
            yield "misspelt", name, {**rest, f"{name}X": value[name]}
            if inner.required:
                yield "missing", name, rest
            for kind, path, changed in _value(value[name], inner):
                yield kind, f"{name}{path}", {**value, name: changed}


def _value(value: Any, field: Field) -> Iterator[tuple[str, str, Any]]:
    if field.type == "any":
        return
    yield "type", "", [] if field.type != "array" else {}
    if field.type == "object":
        for kind, path, changed in _object(value, field):
            yield kind, f".{path}", changed
    elif field.type in ("array", "map") and field.item:
        for at, item in list(enumerate(value) if field.type == "array" else value.items()):
            for kind, path, changed in _value(item, field.item):
                whole = copy.copy(value)
                whole[at] = changed
                yield kind, f"[{at}]{path}", whole
    else:
        yield from ((kind, "", changed) for kind, changed in _broken(field))


def _broken(field: Field) -> Iterator[tuple[str, Any]]:
    if field.enum:
        yield "enum", "NO_SUCH_VALUE"
    if field.pattern:
        yield from (("pattern", text) for text in BREAKERS if not re.search(field.pattern, text))
    if field.max_length is not None and field.type == "string":
        yield "length", "a" * (field.max_length + 1)
    if field.min_length and field.type == "string":
        yield "length", "a" * (field.min_length - 1)
    if field.minimum is not None:
        yield "length", int(field.minimum) - 1
    if field.maximum is not None:
        yield "length", int(field.maximum) + 1
