"""Addresses of exports in object stores: where Azure, Google, Oracle and S3-compatible stores keep them.

    s3://bucket/prefix                                          AWS_* variables; AWS_ENDPOINT_URL for CoreWeave and others
    gs://bucket/prefix                                          application default credentials
    az://container/prefix                                       AZURE_STORAGE_* and AZURE_* variables
    abfss://container@account.dfs.core.windows.net/prefix       the same
    https://account.blob.core.windows.net/container/prefix      the same
    oci://bucket@namespace/prefix                               the profile that OCI_CLI_PROFILE names in ~/.oci/config

No credential stands in an address: what looks like one is refused, and no message repeats it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from ..errors import Problem

__all__ = ["Remote", "parse_remote", "scheme_of"]

Kind = Literal["s3", "gs", "az", "oci"]
FORMS = (
    "s3://bucket/prefix, gs://bucket/prefix, az://container/prefix, https://account.blob.core.windows.net/container/prefix, "
    "oci://bucket@namespace/prefix, or a file or folder"
)
# Of Azure's public cloud only: the others have other logins, and an account of that name here is somebody else's.
_BLOB = re.compile(r"([a-z0-9]{3,24})\.(?:blob|dfs)\.core\.windows\.net", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,254}")


@dataclass(frozen=True)
class Remote:
    """One place in an object store.

    Attributes:
        url: as given, without a slash at its end.
        kind: whose interface it speaks.
        bucket: bucket or container.
        prefix: of the keys, by whole segments; a key itself where it ends like an export. Empty for the whole bucket.
        owner: storage account (Azure) or namespace (Oracle); empty where the environment says it.
    """

    url: str
    kind: Kind
    bucket: str
    prefix: str
    owner: str = ""

    def shown(self, key: str) -> str:
        """Address of an object below."""
        if key == self.prefix:
            return self.url
        return f"{self.url}/{key.removeprefix(f'{self.prefix}/' if self.prefix else '')}"


def scheme_of(path: str) -> str:
    """The scheme of a URL; empty for a path. `file://` is no scheme of ours either, and is refused with the rest."""
    found = re.match(r"([a-z][a-z0-9+.-]+)://", path, re.IGNORECASE)
    return found.group(1).lower() if found else ""


def parse_remote(url: str) -> Remote | Problem:
    """The place that a URL names, or why it is none (AP568)."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return _wrong(_shown(url), "the address cannot be read")
    scheme, plain = parts.scheme.lower(), url.split("?")[0].split("#")[0].rstrip("/")
    if parts.query or parts.fragment or parts.password is not None:
        return _wrong(
            _shown(url),
            "an address may carry no query and no credential: give credentials by the environment",
        )
    # Only a web address is spelled in percents; elsewhere a percent is a character of the key.
    path = (unquote(parts.path) if scheme == "https" else parts.path).strip("/")
    before, _, after = parts.netloc.rpartition("@")
    if scheme in ("s3", "gs", "gcs", "az", "azure") and not before and port is None:
        kind: Kind = "gs" if scheme in ("gs", "gcs") else "s3" if scheme == "s3" else "az"
        return _checked(Remote(plain, kind, parts.netloc, path))
    if scheme == "oci" and before:
        return _checked(Remote(plain, "oci", before, path, after))
    account = _BLOB.fullmatch(host)
    if scheme in ("abfss", "abfs") and before and account:
        return _checked(Remote(plain, "az", before, path, account[1]))
    if scheme == "https" and account and path and not before:
        container, _, prefix = path.partition("/")
        return _checked(Remote(plain, "az", container, prefix, account[1]))
    return _wrong(_shown(url), "exports are not read from there")


def _shown(url: str) -> str:
    """An address that was refused, without what may be a credential. Keys of Amazon hold slashes, so what stands before
    the last `@` may be one wherever it stands.
    """
    scheme, _, rest = url.split("?")[0].split("#")[0].partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}".rstrip("/")


def _checked(remote: Remote) -> Remote | Problem:
    named = all(_NAME.fullmatch(name) for name in (remote.bucket, *([remote.owner] if remote.owner else [])))
    if not named:
        return _wrong(remote.url, "the address names no bucket")
    if any(part in ("", ".", "..") for part in remote.prefix.split("/")) and remote.prefix:
        return _wrong(remote.url, "a prefix has no empty segments, `.` or `..`")
    return remote


def _wrong(shown: str, why: str) -> Problem:
    fix = "fetch the files with the cloud's own tool and name their folder"
    return Problem("AP568", "", why, got=shown, allowed=FORMS, fix=fix, file=shown)
