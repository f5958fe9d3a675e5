"""Azure's description: the models and request builders of the `azure-mgmt-*` packages.

Two generations of generated code are read, those with `_attribute_map` and those with `rest_field`. Both
say which properties are lifted out of `properties`, and azure-native lifts the same ones. Parameters of
the path are read from the text of the request builder, since importing all operations takes seconds.
Enums are taken as closed, though Azure calls most of them extensible: a value it has not published is
more likely a mistake than news.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
import types
import typing
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from importlib import metadata, util
from pathlib import Path
from typing import Any

from field import Described, Field

sys.path.insert(0, str(Path(__file__).parents[1]))

from syntax import parsed

__all__ = ["describe"]

SCALARS = {
    "str": "string",
    "int": "integer",
    "long": "integer",
    "float": "number",
    "decimal": "number",
    "bool": "boolean",
    "object": "any",
    "JSON": "any",
    "iso-8601": "string",
    "duration": "string",
    "date": "string",
    "time": "string",
    "base64": "string",
    "rfc-1123": "string",
}
DURATION = r"^P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$"
TIME = r"^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$"
PATTERNS = {"duration": DURATION, "iso-8601": TIME, "date": TIME}
PYTHON: dict[Any, str] = {
    str: "str",
    int: "int",
    float: "float",
    Decimal: "decimal",
    bool: "bool",
    timedelta: "duration",
    datetime: "iso-8601",
    date: "date",
    Any: "object",
}
LIMITS = ("pattern", "min_length", "max_length", "minimum", "maximum")


def describe(source: Mapping[str, str]) -> Described:
    """A resource: `package`, `module`, `model`, `operations` (file) and `builder` (function in it)."""
    parameters, api_version = _parameters(source["module"], source["operations"], source["builder"])
    models = f"{source['module']}.models"
    return Described(
        source["package"],
        metadata.version(source["package"]),
        api_version,
        Field("", "object", members=lambda: _members(models, source["model"])),
        parameters,
    )


def _parameters(module: str, file: str, builder: str) -> tuple[dict[str, Field], str]:
    origin = util.find_spec(module)
    assert origin
    assert origin.origin
    text = (Path(origin.origin).parent / "operations" / f"{file}.py").read_text("utf-8")
    start = text.index(f"\ndef {builder}(")
    code = text[start : text.index("\n\n\n", start)]
    found = {}
    for node in ast.walk(parsed(code)):
        if isinstance(node, ast.Dict):
            for key, call in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(call, ast.Call):
                    limits = {k.arg: ast.literal_eval(k.value) for k in call.keywords if k.arg in LIMITS}
                    found[str(key.value)] = Field(str(key.value), "string", required=True, **limits)
    version = re.search(r'"api-version", "([\w-]+)"', code)
    return found, version.group(1) if version else ""


@cache
def _members(models: str, name: str) -> dict[str, Field]:
    cls = getattr(importlib.import_module(models), name)
    return _by_map(models, cls) if hasattr(cls, "_attribute_map") else _by_rest_field(models, cls)


def _by_map(models: str, cls: Any) -> dict[str, Field]:
    found = {}
    hints = cls.__init__.__annotations__
    for attribute, entry in cls._attribute_map.items():
        rules = cls._validation.get(attribute, {})
        name = _sdk_name(re.split(r"(?<!\\)\.", entry["key"])[-1])
        field = _mapped_type(models, name, entry["type"], hints.get(attribute))
        more = {key: rules[key] for key in LIMITS if key in rules}
        more |= {"required": True} if rules.get("required") else {}
        more |= {"read_only": True} if rules.get("readonly") else {}
        found[name] = _with(field, **more)
    return found


def _sdk_name(name: str) -> str:
    """azure-native spells `odata.type` as `odataType`."""
    parts = name.replace("\\", "").replace("@", "").split(".")
    return parts[0] + "".join(part.capitalize() for part in parts[1:])


def _with(field: Field, **more: Any) -> Field:
    return Field(**{**{key: getattr(field, key) for key in Field.__dataclass_fields__}, **more})


def _mapped_type(models: str, name: str, kind: str, hint: Any) -> Field:
    if kind[0] in "[{":
        inner = next(iter(typing.get_args(_plain(hint))[-1:]), None) if hint else None
        item = _mapped_type(models, name, kind[1:-1], inner)
        return Field(name, "array" if kind[0] == "[" else "map", item=item)
    if kind in SCALARS:
        enum = _enum(models, hint) if kind == "str" else ()
        return Field(name, SCALARS[kind], enum=enum, pattern=PATTERNS.get(kind))
    return _model(models, name, kind)


def _model(models: str, name: str, kind: str) -> Field:
    cls = getattr(importlib.import_module(models), kind)
    selector, variants = _variants(cls)
    return Field(
        name,
        "object",
        members=lambda: _members(models, kind),
        selector=selector,
        variants={value: lambda sub=sub: _members(models, sub) for value, sub in variants.items()},
    )


def _variants(cls: Any) -> tuple[str | None, dict[str, str]]:
    for attribute, variants in getattr(cls, "_subtype_map", {}).items():
        return _sdk_name(re.split(r"(?<!\\)\.", cls._attribute_map[attribute]["key"])[-1]), variants
    return None, {}


def _optional(hint: Any) -> bool:
    return type(None) in typing.get_args(hint)


def _plain(hint: Any) -> Any:
    """Without Optional."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        inner = [argument for argument in typing.get_args(hint) if argument is not type(None)]
        return inner[0] if len(inner) == 1 else hint
    return hint


def _names(hint: Any) -> list[str]:
    if isinstance(hint, str):
        return [hint]
    if isinstance(hint, typing.ForwardRef):
        return [hint.__forward_arg__]
    return [name for argument in typing.get_args(hint) for name in _names(argument)]


def _enum(models: str, hint: Any) -> tuple[str, ...]:
    for name in _names(hint):
        found = getattr(importlib.import_module(models), name.rpartition(".")[2], None)
        if isinstance(found, type) and hasattr(found, "__members__"):
            return tuple(str(member.value) for member in found)
    return ()


def _by_rest_field(models: str, cls: Any) -> dict[str, Field]:
    found: dict[str, Field] = {}
    lifted = False
    for base in reversed(cls.__mro__):
        lifted = lifted or f"_{base.__name__.lstrip('_')}__flattened_items" in vars(base)
        for attribute, rest in vars(base).items():
            if type(rest).__name__ == "_RestField":
                name = rest._rest_name_input or attribute
                found[name] = _rest_type(models, name, base.__annotations__[attribute], rest)
    if lifted:
        found |= {
            name: field for name, field in found.pop("properties").children.items() if name not in found
        }
    return found


def _rest_type(models: str, name: str, hint: Any, rest: Any) -> Field:
    plain = _plain(hint)
    visible = rest._visibility
    more = {
        "read_only": bool(visible) and not {"create", "update"} & set(visible),
        "required": not _optional(hint),
    }
    return _with(_hinted(models, name, plain), **more)


def _hinted(models: str, name: str, hint: Any) -> Field:
    origin = typing.get_origin(hint)
    if origin in (list, dict):
        item = _hinted(models, name, _plain(typing.get_args(hint)[-1]))
        return Field(name, "array" if origin is list else "map", item=item)
    if origin is typing.Literal:
        return Field(name, "string", enum=tuple(str(value) for value in typing.get_args(hint)))
    if origin is typing.Union:
        return Field(name, "string", enum=_enum(models, hint))
    if isinstance(hint, str | typing.ForwardRef):
        return _model(models, name, _names(hint)[0].rpartition(".")[2])
    kind = PYTHON[hint]
    return Field(name, SCALARS[kind], pattern=PATTERNS.get(kind))
