"""A small value that satisfies a JSON schema: what the simulated models answer with.

Covers what structured outputs and tool parameters use: objects, arrays, strings, numbers, booleans,
null, enum, const, anyOf, oneOf, allOf, local $ref, lengths, ranges, formats and simple patterns.
Optional properties are left out. It deliberately doesn't solve `not`, `if`, `dependentSchemas` or
hard patterns: those raise instead of answering with something that does not fit.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

__all__ = ["UnsatisfiableError", "instance"]

MAX_DEPTH = 40

_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "user@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_PATTERN_TRIES = ("", "a", "A", "0", "1", "aa", "AA", "00", "a0", "A0", "aaa", "AAA", "000", "abcd", "0000",
                  "AA-00", "a-a", "00000", "0.0", "1.0.0", *_FORMATS.values())  # fmt: skip
_UNSOLVED = ("not", "if", "dependentSchemas", "dependentRequired", "contains", "patternProperties")


class UnsatisfiableError(ValueError):
    """No value was found; the text says at which part of the schema and why."""


def instance(schema: Mapping[str, Any]) -> Any:
    """The value for `schema`, the same one every time.

    Raises:
        UnsatisfiableError: the schema contradicts itself, recurses without end, or uses what isn't covered.
    """
    return _Generator(schema).make(schema, "#", 0)


class _Generator:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root

    def make(self, schema: Any, at: str, depth: int) -> Any:
        if depth > MAX_DEPTH:
            raise UnsatisfiableError(f"{at}: requires itself without end")
        if schema is True:
            return None
        if not isinstance(schema, Mapping):
            raise UnsatisfiableError(f"{at}: allows no value")
        schema = self._flatten(schema, at, depth)
        for word in _UNSOLVED:
            if word in schema:
                raise UnsatisfiableError(f"{at}: '{word}' is not supported by this stand-in")
        named = [schema["const"]] if "const" in schema else schema.get("enum")
        if named == []:
            raise UnsatisfiableError(f"{at}: the enum is empty")
        if named:
            return named[0]
        for word in ("anyOf", "oneOf"):
            if word in schema:
                return self._first_of(schema, word, at, depth)
        return self._typed(schema, at, depth)

    def _flatten(self, schema: Mapping[str, Any], at: str, depth: int) -> dict[str, Any]:
        """Follow $ref and merge allOf, properties and required lists joined."""
        merged: dict[str, Any] = {key: value for key, value in schema.items() if key not in ("$ref", "allOf")}
        parts = list(schema.get("allOf", ()))
        if "$ref" in schema:
            parts.append(self._resolve(schema["$ref"], at))
        for part in parts:
            if depth > MAX_DEPTH or not isinstance(part, Mapping):
                raise UnsatisfiableError(f"{at}: requires itself without end")
            for key, value in self._flatten(part, at, depth + 1).items():
                if key == "properties":
                    merged[key] = {**value, **merged.get(key, {})}
                elif key == "required":
                    merged[key] = [*merged.get(key, ()), *value]
                else:
                    merged.setdefault(key, value)
        return merged

    def _resolve(self, ref: Any, at: str) -> Any:
        if not isinstance(ref, str) or not ref.startswith("#"):
            raise UnsatisfiableError(f"{at}: only references inside the schema are followed, got {ref!r}")
        node: Any = self.root
        for part in ref[1:].split("/")[1:]:
            key = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(node, Mapping) or key not in node:
                raise UnsatisfiableError(f"{at}: the reference {ref!r} leads nowhere")
            node = node[key]
        return node

    def _first_of(self, schema: dict[str, Any], word: str, at: str, depth: int) -> Any:
        rest = {key: value for key, value in schema.items() if key != word}
        reasons = []
        for branch in schema[word]:
            try:
                return self.make({"allOf": [branch, rest]}, f"{at}/{word}", depth + 1)
            except UnsatisfiableError as error:
                reasons.append(str(error))
        raise UnsatisfiableError(reasons[0] if reasons else f"{at}: '{word}' is empty")

    def _typed(self, schema: dict[str, Any], at: str, depth: int) -> Any:
        kind = schema.get("type", _implied(schema))
        if isinstance(kind, list):
            kind = next((each for each in kind if each != "null"), "null")
        match kind:
            case "object":
                return self._object(schema, at, depth)
            case "array":
                return self._array(schema, at, depth)
            case "string":
                return _string(schema, at)
            case "integer" | "number":
                return _number(schema, at, whole=kind == "integer")
            case "boolean":
                return False
            case "null":
                return None
            case _:
                raise UnsatisfiableError(f"{at}: unknown type {kind!r}")

    def _object(self, schema: dict[str, Any], at: str, depth: int) -> dict[str, Any]:
        properties = schema.get("properties", {})
        other = schema.get("additionalProperties", True)
        wanted = list(dict.fromkeys(schema.get("required", ())))
        spare = [name for name in properties if name not in wanted]
        if schema.get("minProperties", 0) > len(wanted) + len(spare):
            raise UnsatisfiableError(f"{at}: more properties are required than are named")
        wanted += spare[: max(0, schema.get("minProperties", 0) - len(wanted))]
        return {name: self.make(properties.get(name, other), f"{at}/{name}", depth + 1) for name in wanted}

    def _array(self, schema: dict[str, Any], at: str, depth: int) -> list[Any]:
        least = schema.get("minItems", 0)
        if least > schema.get("maxItems", least) or least > 1000:
            raise UnsatisfiableError(f"{at}: no array has the lengths asked for")
        first = schema.get("prefixItems", [])
        rest = schema.get("items", True)
        items = [
            self.make(first[index] if index < len(first) else rest, f"{at}/{index}", depth + 1)
            for index in range(least)
        ]
        if schema.get("uniqueItems") and len({repr(item) for item in items}) < len(items):
            options = rest.get("enum", []) if isinstance(rest, Mapping) else []
            if first or len(options) < least:
                raise UnsatisfiableError(f"{at}: several unique items are not supported by this stand-in")
            return list(options[:least])
        return items


def _implied(schema: dict[str, Any]) -> str:
    if "properties" in schema or "required" in schema:
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else "string"


def _string(schema: dict[str, Any], at: str) -> str:
    least, most = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    if least > most or least > 100_000:
        raise UnsatisfiableError(f"{at}: no string has the lengths asked for")
    free = ("sandbox".ljust(least, "x"), *_PATTERN_TRIES, *(letter * least for letter in "aA0"))
    format_ = schema.get("format")
    for text in (_FORMATS[format_],) if format_ in _FORMATS else free:
        fitting: str = text if "pattern" in schema or format_ in _FORMATS else text[: int(min(most, 2**31))]
        if least <= len(fitting) <= most and _matches(schema.get("pattern"), fitting, at):
            return fitting
    raise UnsatisfiableError(f"{at}: no text was found for its format, pattern and lengths")


def _matches(pattern: str | None, text: str, at: str) -> bool:
    try:
        return pattern is None or re.search(pattern, text) is not None
    except re.error:
        raise UnsatisfiableError(f"{at}: the pattern {pattern!r} cannot be read") from None


def _number(schema: dict[str, Any], at: str, *, whole: bool) -> int | float:
    step = schema.get("multipleOf") or (1 if whole else None)
    least, above = schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf)
    most, below = schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf)
    low, high = max(least, above), min(most, below)
    near = min(max(0, low), high)
    tries: list[float] = [0, near, near + 1, near - 1]
    if step:
        tries = [0, *(step * (math.floor(near / step) + shift) for shift in (0, 1, -1))]
    elif math.isfinite(low) and math.isfinite(high):
        tries.append((low + high) / 2)
    for value in tries:
        if least <= value <= most and above < value < below and (not whole or value == int(value)):
            return int(value) if whole else value
    raise UnsatisfiableError(f"{at}: no number is in the range asked for")
