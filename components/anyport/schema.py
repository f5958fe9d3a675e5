"""The JSON schema of stack files, generated from the spec's own models so that it cannot disagree.

Provider, region and model names come from the catalog as enumerations, so that an editor completes
them. The schema checks less than `anyport check` does: it cannot compare two keys.
"""

from __future__ import annotations

import json
from typing import Any

from .catalog import Catalog, load
from .spec import BuildShare, StackSpec
from .targets.registry import provider_names, traits

__all__ = ["schema_text", "stack_schema"]


def stack_schema(catalog: Catalog | None = None) -> dict[str, Any]:
    """The schema of a whole stack file (`config:` with `anyport:` keys; other keys are free)."""
    catalog = catalog or load()
    spec = StackSpec.model_json_schema(ref_template="#/$defs/{model}")
    defs = spec.pop("$defs")
    build = BuildShare.model_json_schema()
    options = _options(defs)
    _target_by_provider(defs, catalog, options)
    defs["EndpointSpec"]["properties"]["model"]["enum"] = sorted(catalog.models)
    defs["EndpointSpec"]["oneOf"] = [{"required": ["targets"]}, {"required": ["placement"]}]
    _placement(defs, catalog, options)
    own = dict(spec["properties"])
    own["providers"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"$ref": f"#/$defs/{options[name]}"} for name in provider_names()},
        "description": own["providers"].get("description", ""),
    }
    own["spec"] = {"type": "string", "description": "Path of a shared spec file, instead of the keys above."}
    own["build"] = {key: value for key, value in build.items() if key != "title"}
    properties = {f"anyport:{key}": value for key, value in own.items()}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Anyport stack file",
        "type": "object",
        "properties": {
            "config": {
                "type": "object",
                "properties": properties,
                "patternProperties": {"^(?!anyport:)": {}},
                "additionalProperties": False,
            }
        },
        "$defs": defs,
    }


def schema_text() -> str:
    """The schema as it stands in `stacks/schema.json`."""
    return json.dumps(stack_schema(), indent=1, sort_keys=True) + "\n"


def _options(defs: dict[str, Any]) -> dict[str, str]:
    names = {}
    for provider in provider_names():
        schema = traits(provider).options.model_json_schema(ref_template="#/$defs/{model}")
        defs.update(schema.pop("$defs", {}))
        defs[schema["title"]] = schema
        names[provider] = schema["title"]
    return names


def _placement(defs: dict[str, Any], catalog: Catalog, options: dict[str, str]) -> None:
    """Names in a placement come from the catalog; its options by provider are those of targets."""
    known = {
        "providers": list(provider_names()),
        "operators": sorted({provider.operator for provider in catalog.providers.values()}),
        "models": sorted(catalog.models),
        "kinds": sorted({kind for provider in catalog.providers.values() for kind in provider.kinds}),
    }
    for group in ("Exclude", "Include"):
        for key, names in known.items():
            if key in defs[group]["properties"]:
                defs[group]["properties"][key]["items"] = {"enum": names}
    own = defs["Placement"]["properties"]
    own["equivalents"]["propertyNames"] = {"enum": sorted(catalog.models)}
    own["options"] = {
        "type": "object",
        "additionalProperties": False,
        "properties": {name: {"$ref": f"#/$defs/{options[name]}"} for name in provider_names()},
        "description": own["options"]["description"],
    }
    defs["Machines"]["properties"]["instance_types"]["items"] = {"enum": sorted(catalog.instances)}


def _target_by_provider(defs: dict[str, Any], catalog: Catalog, options: dict[str, str]) -> None:
    """Which regions and options are right depends on the provider."""
    target = defs["TargetSpec"]
    defs.pop("TargetOptions", None)
    target["properties"]["provider"]["enum"] = list(provider_names())
    target["properties"]["model"] = {**target["properties"]["model"], "enum": [*sorted(catalog.models), None]}
    target["properties"]["options"] = {"type": "object"}
    target["allOf"] = [
        {
            "if": {"properties": {"provider": {"const": name}}, "required": ["provider"]},
            "then": {
                "properties": {
                    "region": {"enum": sorted(catalog.regions[name])},
                    "options": {"$ref": f"#/$defs/{options[name]}"},
                }
            },
        }
        for name in provider_names()
    ]
