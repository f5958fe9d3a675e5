"""The environment of a container, as the kubelet makes it from the pod's spec.

`$(NAME)` in values, commands and arguments is replaced as Kubernetes documents it, `$$` stands for `$`. Files
(`fileKeyRef`) and resource fields are not simulated.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from anyport_sandbox.kubernetes.errors import ClusterError

__all__ = ["environment", "expand", "service_links"]

Read = Callable[[str, str], Mapping[str, Any] | None]
"""(kind, name) to the object in the pod's namespace, or None."""
_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")


def expand(text: str, known: Mapping[str, str]) -> str:
    """Replace references to what is known; others stay as they stand."""
    return _REFERENCE.sub(lambda found: "$" if found[0] == "$$" else known.get(found[1], found[0]), text)


def environment(
    container: Mapping[str, Any], pod: Mapping[str, Any], read: Read, linked: Mapping[str, str]
) -> dict[str, str]:
    """All variables of a container.

    Raises:
        ClusterError: a Secret or ConfigMap, or a key in it, is not there; in the kubelet's own words.
    """
    made = dict(linked)
    for source in container.get("envFrom") or ():
        kind = "Secret" if "secretRef" in source else "ConfigMap"
        reference = source.get("secretRef") or source.get("configMapRef") or {}
        for key, value in _data(kind, reference, read).items():
            made[f"{source.get('prefix', '')}{key}"] = value
    for entry in container.get("env") or ():
        found = _value(entry, pod, read) if "valueFrom" in entry else expand(entry.get("value") or "", made)
        if found is not None:
            made[entry["name"]] = found
    return made


def _value(entry: Mapping[str, Any], pod: Mapping[str, Any], read: Read) -> str | None:
    source = entry["valueFrom"]
    if "fieldRef" in source:
        return _field(source["fieldRef"]["fieldPath"], pod)
    for key, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
        if key in source:
            reference = source[key]
            data = _data(kind, reference, read)
            if reference["key"] not in data and not reference.get("optional"):
                space = pod["metadata"]["namespace"]
                raise ClusterError(
                    f"couldn't find key {reference['key']} in {kind} {space}/{reference['name']}"
                )
            return data.get(reference["key"])
    return ""


def _data(kind: str, reference: Mapping[str, Any], read: Read) -> dict[str, str]:
    found = read(kind, reference.get("name") or "")
    if found is None:
        if reference.get("optional"):
            return {}
        raise ClusterError(f'{kind.lower()} "{reference.get("name")}" not found')
    data = found.get("data") or {}
    if kind == "ConfigMap":
        return dict(data)
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}


def _field(path: str, pod: Mapping[str, Any]) -> str:
    keyed = re.fullmatch(r"metadata\.(labels|annotations)\['(.+)'\]", path)
    if keyed:
        return str((pod["metadata"].get(keyed[1]) or {}).get(keyed[2], ""))
    found: Any = pod
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return "" if found is None else str(found)


def service_links(services: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """The variables a pod gets for each Service of its namespace unless `enableServiceLinks` is false."""
    made = {}
    for service in services:
        address = service["spec"].get("clusterIP")
        ports = service["spec"].get("ports") or []
        if not ports or address in (None, "", "None"):
            continue
        name = service["metadata"]["name"].upper().replace("-", "_")
        port, protocol = ports[0]["port"], ports[0].get("protocol", "TCP")
        made[f"{name}_SERVICE_HOST"] = address
        made[f"{name}_SERVICE_PORT"] = str(port)
        made[f"{name}_PORT"] = f"{protocol.lower()}://{address}:{port}"
    return made
