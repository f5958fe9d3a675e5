"""Files of Secrets and ConfigMaps that a container mounts, laid into a folder of this machine.

A process of ours has no file system of its own, so paths under a mount in its command line are made to lead there. Other
kinds of volumes have no files.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from anyport_sandbox.kubernetes.environment import Read
from anyport_sandbox.kubernetes.errors import MountError
from anyport_sandbox.servers.files import private_dir, write_private

__all__ = ["check_volumes", "lay_out", "with_real_paths"]


def check_volumes(pod: Mapping[str, Any], read: Read) -> dict[str, dict[str, bytes]]:
    """The files of each volume of the two kinds.

    Raises:
        MountError: an object is not there and not optional; in the kubelet's words.
    """
    found = {}
    for volume in pod["spec"].get("volumes") or ():
        for field, kind, name_key in (("secret", "Secret", "secretName"), ("configMap", "ConfigMap", "name")):
            if field in volume:
                found[volume["name"]] = _files(volume["name"], kind, volume[field], name_key, read)
    return found


def _files(volume: str, kind: str, source: Mapping[str, Any], name_key: str, read: Read) -> dict[str, bytes]:
    name = source.get(name_key) or ""
    body = read(kind, name)
    if body is None:
        if source.get("optional"):
            return {}
        raise MountError(
            f'MountVolume.SetUp failed for volume "{volume}" : {kind.lower()} "{name}" not found'
        )
    data = {
        key: base64.b64decode(value) if kind == "Secret" else str(value).encode()
        for key, value in (body.get("data") or {}).items()
    }
    items = source.get("items")
    if items is None:
        return data
    missing = [item["key"] for item in items if item["key"] not in data]
    if missing and not source.get("optional"):
        raise MountError(
            f'MountVolume.SetUp failed for volume "{volume}" : references non-existent {kind.lower()} key: {missing[0]}'
        )
    return {item["path"]: data[item["key"]] for item in items if item["key"] in data}


def lay_out(
    folder: Path, container: Mapping[str, Any], volumes: Mapping[str, Mapping[str, bytes]]
) -> dict[str, Path]:
    """Write the files of what a container mounts; returns the folder (or file, with `subPath`) by mount path."""
    places = {}
    for mount in container.get("volumeMounts") or ():
        if mount["name"] not in volumes:
            continue
        place = private_dir(folder / "volumes" / mount["name"])
        for path, content in volumes[mount["name"]].items():
            # The API server has refused paths that lead outside.
            private_dir((place / path).parent)
            write_private(place / path, content)
        places[mount["mountPath"].rstrip("/")] = place / (mount.get("subPath") or "")
    return places


def with_real_paths(words: Sequence[str], places: Mapping[str, Path]) -> list[str]:
    """The command line with paths under a mount replaced, also after `--flag=`."""
    return [_real(word, places) for word in words]


def _real(word: str, places: Mapping[str, Path]) -> str:
    flag, joined, path = word.partition("=") if word.startswith("-") else ("", "", word)
    for mount, place in places.items():
        if path.startswith("/") and PurePosixPath(path).is_relative_to(mount):
            return f"{flag}{joined}{place / PurePosixPath(path).relative_to(mount)}"
    return word
