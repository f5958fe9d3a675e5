"""Credentials as files of their own, in the form that Envoy reads again when they change (SDS)."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import tempfile
from pathlib import Path

__all__ = ["caller_line", "credential_text", "write_credential"]


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
    handle, temporary = tempfile.mkstemp(dir=folder, prefix=".credential-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(credential_text(endpoint, target, token))
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


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
