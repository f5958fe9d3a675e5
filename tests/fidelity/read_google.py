"""Google's description: the discovery documents that google-api-python-client carries.

Required and output-only are words at the head of a field's description; lengths and character sets of names
stand in its prose only, in a few fixed turns of phrase that are read here. Bounds said in other words go
unchecked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata, util
from pathlib import Path
from typing import Any

from field import Described, Field

__all__ = ["describe"]

PACKAGE = "google-api-python-client"
FORMATS = {"google-duration": r"^-?\d+(\.\d{1,9})?s$"}
NUMBERS_AS_TEXT = ("int64", "uint64")


def describe(source: Mapping[str, str]) -> Described:
    """A resource: `document` and `method`, and `schema` where the body is not the method's request."""
    document = _document(source["document"])
    method = dict(_methods(document))[source["method"]]
    schema = source.get("schema") or method["request"]["$ref"]
    return Described(
        PACKAGE,
        metadata.version(PACKAGE),
        f"{source['document']} ({document['revision']})",
        _field(source["document"], "", {"$ref": schema}),
        {name: _field(source["document"], name, found) for name, found in method["parameters"].items()},
    )


@cache
def _document(name: str) -> dict[str, Any]:
    origin = util.find_spec("googleapiclient")
    assert origin
    assert origin.origin
    path = Path(origin.origin).parent / "discovery_cache" / "documents" / f"{name}.json"
    loaded: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return loaded


def _methods(resource: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, method in resource.get("methods", {}).items():
        yield prefix + name, method
    for name, inner in resource.get("resources", {}).items():
        yield from _methods(inner, f"{prefix}{name}.")


@cache
def _members(document: str, schema: str) -> dict[str, Field]:
    found = _document(document)["schemas"][schema].get("properties", {})
    return {name: _field(document, name, entry) for name, entry in found.items()}


def _field(document: str, name: str, entry: Mapping[str, Any]) -> Field:
    said = entry.get("description", "")
    common: dict[str, Any] = {
        "required": bool(re.match(r"required[.:]", said, re.IGNORECASE)) or entry.get("required", False),
        "read_only": entry.get("readOnly", False) or said.startswith("Output only."),
    }
    if "$ref" in entry:
        return Field(name, "object", members=lambda: _members(document, entry["$ref"]), **common)
    if entry["type"] == "array":
        return Field(name, "array", item=_field(document, name, entry["items"]), **common)
    if entry["type"] == "object":
        if "additionalProperties" in entry:
            return Field(name, "map", item=_field(document, name, entry["additionalProperties"]), **common)
        inner = entry.get("properties", {})
        return Field(
            name, "object", members=lambda: {n: _field(document, n, e) for n, e in inner.items()}, **common
        )
    kind = "int64" if entry.get("format") in NUMBERS_AS_TEXT else entry["type"]
    return Field(name, kind, enum=tuple(entry.get("enum", ())), **common, **_bounds(entry, said))


def _bounds(entry: Mapping[str, Any], said: str) -> dict[str, Any]:
    """From the entry itself, or else from the prose."""
    found: dict[str, Any] = {}
    expression = re.search(r"match the regular expression `([^`]+)`", said)
    characters = re.search(r"may contain the characters \[([^\]]+)\]", said)
    if "pattern" in entry:
        found["pattern"] = entry["pattern"]
    elif entry.get("format") in FORMATS:
        found["pattern"] = FORMATS[entry["format"]]
    elif expression:
        found["pattern"] = f"^{expression.group(1)}$"
    elif characters:
        found["pattern"] = f"^[{characters.group(1)}]+$"
    if between := re.search(r"(?:be|is) (\d+)-(\d+) characters", said):
        found |= {"min_length": int(between.group(1)), "max_length": int(between.group(2))}
    elif most := re.search(
        r"(?:maximum length is|[Cc]annot exceed|limited to) (\d+) ?(?:UTF-8|Unicode|char)", said
    ):
        found["max_length"] = int(most.group(1))
    return found
