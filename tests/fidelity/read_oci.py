"""Oracle's description: the `Create…Details` models and client methods of the oci package.

Types and wire names are tables on the class; what is required, and which values are allowed, stands in the
docstrings of its properties. The model of the finished resource adds values that the request's leaves open,
and the fields that only the cloud sets. Oracle publishes no patterns for names.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from typing import Any

from field import Described, Field

__all__ = ["describe"]

SCALARS = {
    "str": "string",
    "int": "integer",
    "long": "integer",
    "float": "number",
    "bool": "boolean",
    "object": "any",
    "datetime": "string",
}
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$"


def describe(source: Mapping[str, str]) -> Described:
    """A resource: `module` of oci, `model` of the request, `client` and `method`, `made` (finished model)."""
    module = f"oci.{source['module']}"
    client = getattr(importlib.import_module(module), source["client"])
    taken = [
        name for name in inspect.signature(getattr(client, source["method"])).parameters if name != "self"
    ]
    text = inspect.getsource(importlib.import_module(_class(module, source["model"]).__module__))
    version = re.search(r"API Version: (\w+)", text)
    made = source.get("made", source["model"].removeprefix("Create").removesuffix("Details"))
    return Described(
        "oci",
        metadata.version("oci"),
        version.group(1) if version else "",
        Field("", "object", members=lambda: _members(module, source["model"], made)),
        {_camel(n): Field(_camel(n), "string", required=True) for n in taken if n.endswith("_id")},
    )


def _class(module: str, name: str) -> Any:
    return getattr(importlib.import_module(f"{module}.models"), name)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


@cache
def _members(module: str, name: str, made: str | None = None) -> dict[str, Field]:
    cls = _class(module, name)
    found = {}
    finished = (
        _members(module, made) if made and hasattr(importlib.import_module(f"{module}.models"), made) else {}
    )
    shape = cls()
    for attribute, kind in shape.swagger_types.items():
        wire = shape.attribute_map[attribute]
        said = getattr(cls, attribute).__doc__ or ""
        enum = _allowed(said)
        if not enum and kind == "str" and wire in finished:
            enum = finished[wire].enum
        found[wire] = _field(module, wire, kind, enum=enum, required="**[Required]**" in said)
    for wire, field in finished.items():
        if wire not in found:
            found[wire] = Field(wire, field.type, read_only=True)
    return found


def _allowed(said: str) -> tuple[str, ...]:
    listed = re.search(r"Allowed values for this (?:property|list) are: (.*)", said)
    values = re.findall(r"[\"']([^\"']+)[\"']", listed.group(1)) if listed else []
    return tuple(value for value in values if value != "UNKNOWN_ENUM_VALUE")


def _field(module: str, name: str, kind: str, *, enum: tuple[str, ...] = (), required: bool = False) -> Field:
    if listed := re.fullmatch(r"list\[(.+)\]", kind):
        return Field(name, "array", required=required, item=_field(module, name, listed.group(1), enum=enum))
    if mapped := re.fullmatch(r"dict\(str, (.+)\)", kind):
        return Field(name, "map", required=required, item=_field(module, name, mapped.group(1)))
    if kind in SCALARS:
        pattern = TIME if kind == "datetime" else None
        return Field(name, SCALARS[kind], required=required, enum=enum, pattern=pattern)
    selector, variants = _variants(_class(module, kind))
    return Field(
        name,
        "object",
        required=required,
        members=lambda: _members(module, kind),
        selector=selector,
        variants={value: lambda sub=sub: _members(module, sub) for value, sub in variants.items()},
    )


def _variants(cls: Any) -> tuple[str | None, dict[str, str]]:
    if not hasattr(cls, "get_subtype"):
        return None, {}
    text = inspect.getsource(cls.get_subtype)
    selector = re.search(r"object_dictionary\['(\w+)'\]", text)
    return selector.group(1) if selector else None, dict(re.findall(r"== '([^']+)':\s+return '(\w+)'", text))
