from __future__ import annotations

from typing import Any

import pytest

from anyport_sandbox.servers.instances import UnsatisfiableError, instance

TREE = {"$defs": {"n": {"type": "object", "properties": {"next": {"anyOf": [{"$ref": "#/$defs/n"}, {"type": "null"}]}},
        "required": ["next"]}}, "$ref": "#/$defs/n"}  # fmt: skip


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string", "maxLength": 3}, "san"),
        ({"type": "string", "format": "date"}, "2026-01-01"),
        ({"type": "string", "pattern": "^[A-Z]{3}$"}, "AAA"),
        ({"type": "integer", "minimum": 3, "multipleOf": 5}, 5),
        ({"type": "integer", "maximum": -2}, -2),
        ({"type": "integer", "exclusiveMinimum": 0.5}, 1),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}, 0.5),
        ({"type": ["null", "boolean"]}, False),
        ({"const": None}, None),
        ({"enum": ["b", "a"]}, "b"),
        ({"type": "array", "items": {"const": 1}, "minItems": 2}, [1, 1]),
        ({"type": "array", "items": {"enum": [1, 2]}, "minItems": 2, "uniqueItems": True}, [1, 2]),
        ({"anyOf": [{"not": {}}, {"type": "integer"}]}, 0),
        ({"allOf": [{"properties": {"a": {"const": 1}}, "required": ["a"]}, {"type": "object"}]}, {"a": 1}),
        (
            {"properties": {"a": {"type": "string"}, "b": {"$ref": "#/properties/a"}}, "required": ["b"]},
            {"b": "sandbox"},
        ),
    ],
)
def test_values(schema: dict[str, Any], value: object) -> None:
    assert instance(schema) == value


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$ref": "#/nowhere"},
        {"$ref": "https://example.com/s"},
        {"type": "integer", "minimum": 2, "maximum": 1},
        {"type": "string", "minLength": 2, "maxLength": 1},
        {"type": "string", "pattern": "("},
        {"type": "martian"},
        {"enum": []},
        {"properties": {"a": False}, "required": ["a"]},
        {"properties": {"a": {"$ref": "#"}}, "required": ["a"]},
    ],
)
def test_what_cannot_be_said(schema: dict[str, Any]) -> None:
    with pytest.raises(UnsatisfiableError):
        instance(schema)


def test_a_recursive_schema_that_may_end_does() -> None:
    value = instance(TREE)
    assert set(value) == {"next"}
