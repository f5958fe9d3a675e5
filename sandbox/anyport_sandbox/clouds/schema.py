"""Checks inputs against the installed SDK's own argument classes, all problems at once.

The SDK is generated from the real provider's schema, so what it accepts is what the provider accepts:
names, nesting, required arguments, basic types, closed enums. Values are never quoted in a problem, they may
be secret. It does not know formats, ranges or rules between fields: those are the clouds' business.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import sys
import threading
from functools import cache
from typing import Any

from pulumi import _types as sdk_types
from pulumi.runtime import rpc

from .errors import Problem
from .hints import Node, Shape, node_of
from .wire import SIGNATURE, UNKNOWN, plain

__all__ = ["UnknownTypeError", "arguments", "check", "check_config", "shape_of"]

MODULES = {
    "azure-native": "pulumi_azure_native",
    "gcp": "pulumi_gcp",
    "oci": "pulumi_oci",
    "kubernetes": "pulumi_kubernetes",
}
_LOADING = threading.RLock()
"""The SDKs load their modules lazily, and a second thread would see one that is not whole yet."""
_CONFIG_EXTRAS = ("version", "pluginDownloadURL", "pluginChecksums")


class UnknownTypeError(Exception):
    """The SDK has no resource of that type; the text names the nearest one it has."""


def check(token: str, inputs: dict[str, Any]) -> list[Problem]:
    """Every way in which wire-form `inputs` are not what the SDK's arguments for `token` allow."""
    try:
        arguments_class = arguments(token)
    except UnknownTypeError as error:
        return [Problem("", str(error))]
    if arguments_class is None:
        return _check_custom_resource(inputs)
    return _check_object(shape_of(arguments_class), plain(inputs), "")


def check_config(package: str, inputs: dict[str, Any]) -> list[Problem]:
    """Unknown provider settings. Only names: the engine hands nested settings over as JSON texts."""
    with _LOADING:
        provider = importlib.import_module(MODULES[package])
        settings = provider.ProviderArgs
    known = sorted(shape_of(settings).fields)
    return [
        Problem(key, _unknown(key, known))
        for key in inputs
        if key not in known and key not in _CONFIG_EXTRAS and not key.startswith("__")
    ]


def arguments(token: str) -> type | None:
    """The SDK's argument class for a resource type; None for a Kubernetes custom resource.

    Raises:
        UnknownTypeError: the SDK does not have the type.
    """
    with _LOADING:
        return _arguments(token)


@cache
def _arguments(token: str) -> type | None:
    package, _, rest = token.partition(":")
    module_name, _, kind = rest.rpartition(":")
    importlib.import_module(MODULES[package])
    module = rpc.get_resource_module(package, module_name, "")
    if module is None:
        if package == "kubernetes" and "." in module_name:
            return None
        raise UnknownTypeError(_unknown_type(token))
    info: dict[str, Any] = getattr(module, "mod_info")  # noqa: B009  # set by the generated SDK, untyped
    name = info["classes"].get(token)
    if name is None:
        raise UnknownTypeError(_unknown_type(token))
    resource = getattr(importlib.import_module(info["fqn"]), name)
    home = sys.modules[resource.__module__]
    for candidate in (f"{name}InitArgs", f"{name}Args"):
        if hasattr(home, candidate):
            found: type = getattr(home, candidate)
            return found
    raise UnknownTypeError(f"The SDK has no argument class for {token} ({kind}).")


def _unknown_type(token: str) -> str:
    package = token.partition(":")[0]
    known = [
        known_token
        for key, modules in rpc._RESOURCE_MODULES.items()  # noqa: SLF001  # the SDK's only index of its types
        if key.startswith(f"{package}:")
        for module in modules
        for known_token in getattr(module, "mod_info")["classes"]  # noqa: B009
    ]
    near = difflib.get_close_matches(token, known, n=1, cutoff=0.6)
    return f"Unknown resource type {token}" + (f"; did you mean {near[0]}?" if near else ".")


def shape_of(arguments_class: type) -> Shape:
    """The fields of an SDK argument class by their wire names."""
    with _LOADING:
        return _shape_of(arguments_class)


@cache
def _shape_of(arguments_class: type) -> Shape:
    names: dict[str, str] = sdk_types.input_type_py_to_pulumi_names(arguments_class)
    hints: dict[str, Any] = sdk_types.input_type_types(arguments_class)
    parameters = inspect.signature(arguments_class).parameters
    required = {
        names[name]
        for name, p in parameters.items()
        if name in names and p.default is inspect.Parameter.empty
    }
    fields = {wire_name: node_of(hints.get(wire_name, Any)) for wire_name in names.values()}
    return Shape(fields=fields, required=frozenset(required), python_names={v: k for k, v in names.items()})


def _check_custom_resource(inputs: dict[str, Any]) -> list[Problem]:
    meta = importlib.import_module("pulumi_kubernetes.meta.v1").ObjectMetaArgs
    problems = [
        Problem(key, "missing required argument") for key in ("apiVersion", "kind") if not inputs.get(key)
    ]
    if "metadata" in inputs:
        problems += _check_value(Node("object", object=meta), plain(inputs["metadata"]), "metadata")
    return problems


def _check_object(shape: Shape, value: dict[str, Any], path: str) -> list[Problem]:
    problems: list[Problem] = []
    unknown = [key for key in value if key not in shape.fields and not key.startswith("__")]
    problems += [Problem(_join(path, key), _unknown(key, list(shape.fields))) for key in unknown]
    meant = {near for key in unknown for near in difflib.get_close_matches(key, shape.fields, n=1)}
    problems += [
        Problem(_join(path, key), "missing required argument")
        for key in sorted(shape.required)
        if value.get(key) is None and key not in meant
    ]
    for key, item in value.items():
        if key in shape.fields and item is not None:
            problems += _check_value(shape.fields[key], item, _join(path, key))
    return problems


def _check_value(node: Node, value: Any, path: str) -> list[Problem]:
    if value is None or value == UNKNOWN or node.kind == "any":
        return []
    if isinstance(value, dict) and SIGNATURE in value:
        return []  # an asset, an archive or a resource reference: the engine's own shapes
    if node.kind == "union":
        return _check_union(node, value, path)
    if not node.fits(value):
        got = "" if node.kind == "enum" else f", got {_title(value)}"
        return [Problem(path, f"must be {node.title}{got}")]
    if node.kind == "object" and node.object is not None:
        return _check_object(shape_of(node.object), value, path)
    if node.kind == "list":
        return [p for i, item in enumerate(value) for p in _check_value(node.item, item, f"{path}[{i}]")]
    if node.kind == "map":
        return [p for key, item in value.items() for p in _check_value(node.item, item, _join(path, key))]
    return []


def _check_union(node: Node, value: Any, path: str) -> list[Problem]:
    attempts = [_check_value(option, value, path) for option in node.options]
    if not all(attempts):
        return []
    fitting = [found for option, found in zip(node.options, attempts, strict=True) if option.fits(value)]
    if fitting:
        return min(fitting, key=len)
    return [Problem(path, f"must be {' or '.join(o.title for o in node.options)}, got {_title(value)}")]


def _unknown(key: str, known: list[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.6)
    lowered = {name.lower(): name for name in known}
    plainer = lowered.get(key.replace("_", "").lower())
    best = plainer or (near[0] if near else None)
    return f"unknown argument; did you mean `{best}`?" if best else "unknown argument"


def _title(value: Any) -> str:
    names = {
        bool: "a boolean",
        int: "a number",
        float: "a number",
        str: "a string",
        list: "a list",
        dict: "an object",
    }
    return names.get(type(value), type(value).__name__)


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
