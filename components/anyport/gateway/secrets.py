"""Credentials as files of their own, in the form that Envoy reads again when they change (SDS)."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

__all__ = [
    "PLACEHOLDER",
    "caller_line",
    "credential_text",
    "prepare_folder",
    "write_credential",
    "write_file",
]

PLACEHOLDER = '{"resources": []}\n'
"""A file without a credential. Envoy starts with it and answers 401 for that target, so requests move on, until
the credential comes; without any file it would not start at all."""


def credential_text(endpoint: str, target: str, token: str) -> str:
    """The file of one target's credential. `token` is the key or access token, without `Bearer`."""
    secret = {
        "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
        "name": f"{endpoint}.{target}",
        "generic_secret": {"secret": {"inline_string": f"Bearer {token}"}},
    }
    return json.dumps({"resources": [secret]}) + "\n"


def write_credential(folder: Path, endpoint: str, target: str, token: str) -> Path:
    """Write it, readable by the owner alone, in one rename, so that a reader sees the old or the new one."""
    path = folder / f"{endpoint}.{target}.yaml"
    write_file(path, credential_text(endpoint, target, token))
    return path


def write_file(path: Path, text: str) -> None:
    """Write a file that is in Envoy's form already, as `write_credential` does."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".credential-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def prepare_folder(folder: Path, names: Iterable[str]) -> None:
    """A placeholder for every `endpoint/target` without a file, so that Envoy can start; the folder is made too."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name in names:
        path = folder / f"{name.replace('/', '.')}.yaml"
        if not path.exists():
            write_file(path, PLACEHOLDER)


def caller_line(name: str, secret: str) -> str:
    """A line of the callers' file: the name and a hash of the secret.

    The form is the one Envoy's basic_auth filter reads (htpasswd SHA-1). SHA-1 without salt is right only for
    secrets that cannot be guessed, so short ones are refused.

    Raises:
        ValueError: the name is not one, or the secret has fewer than 32 characters.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,62}", name):
        raise ValueError("a caller's name is lower case letters, digits, - and _, beginning with a letter")
    if len(secret) < 32:
        raise ValueError("a caller's secret needs 32 characters or more of chance")
    digest = base64.b64encode(hashlib.sha1(secret.encode()).digest()).decode()  # noqa: S324  # Envoy's form
    return f"{name}:{{SHA}}{digest}"
