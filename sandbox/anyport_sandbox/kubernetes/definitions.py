"""Custom resource definitions: other projects' own, and small ones of ours where theirs cannot be had."""

from __future__ import annotations

import functools
import hashlib
import http.client
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from anyport_sandbox.kubernetes.api import Api
from anyport_sandbox.kubernetes.errors import ApiError

__all__ = ["install", "read"]

_OWN = Path(__file__).parent / "crds"
_DIGEST = "sandbox.anyport.dev/digest"
"""Tells that a kept definition is the same, which is cheaper to find out than to apply it."""
_CRD = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
# The C loader, where there is one, reads the 2.4 MB in a tenth of the time.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read(folder: Path) -> list[dict[str, Any]]:
    """The definitions in a folder and in this package, without their descriptions.

    Descriptions are most of the text and check nothing, but the API server takes seconds to publish them.
    """
    files = [*sorted(folder.glob("*.yaml")), *sorted(_OWN.glob("*.yaml"))]
    texts = (file.read_text(encoding="utf-8") for file in files)
    found = [each for text in texts for each in yaml.load_all(text, Loader=_LOADER) if each]
    for each in found:
        for version in each["spec"]["versions"]:
            version["schema"]["openAPIV3Schema"] = _plain(version["schema"]["openAPIV3Schema"])
        digest = hashlib.sha256(json.dumps(each, sort_keys=True).encode()).hexdigest()
        each["metadata"].setdefault("annotations", {})[_DIGEST] = digest
    return found


def _plain(schema: Any) -> Any:
    """A schema without the texts; a property called `description` is no text."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _plain(each) for name, each in value.items()} if key == "properties" else _plain(value)
        for key, value in schema.items()
        if key != "description"
    }


def install(api: Api, definitions: Iterable[dict[str, Any]], seconds: float = 60.0) -> list[str]:
    """Install definitions and wait until they are served; returns their names."""
    names, made = [], list(definitions)
    for each in made:
        names.append(str(each["metadata"]["name"]))
        try:
            api.create(each)
        except ApiError as error:
            if error.status != http.client.CONFLICT:
                raise
            found = api.get(*_CRD, names[-1])["metadata"].get("annotations") or {}
            if found.get(_DIGEST) != each["metadata"]["annotations"][_DIGEST]:
                api.apply(each)
    for name in names:
        api.wait(
            functools.partial(api.get, *_CRD, name),
            _established,
            seconds=seconds,
            means=f"the definition {name} is not served",
        )
    # Established comes first and the list of what is served some moments later.
    for api_version, kind in _kinds(made):
        api.wait(
            functools.partial(api.knows, api_version, kind),
            bool,
            seconds=seconds,
            means=f"{kind} of {api_version} is not listed",
        )
    return names


def _kinds(definitions: Iterable[dict[str, Any]]) -> Iterable[tuple[str, str]]:
    for each in definitions:
        spec = each["spec"]
        for version in spec["versions"]:
            if version.get("served"):
                yield f"{spec['group']}/{version['name']}", spec["names"]["kind"]


def _established(crd: dict[str, Any]) -> bool:
    conditions = (crd.get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Established" and each["status"] == "True" for each in conditions)
