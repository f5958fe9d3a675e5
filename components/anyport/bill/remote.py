"""Exports in object stores. DuckDB reads them through extensions that its Python wheel does not carry.

They are not fetched from here: an extension is code from a network, and a credential given to it would have to pass
through this program. The way that needs neither is to copy the folder first, with the cloud's own tool and identity.
"""

from __future__ import annotations

import re

from ..errors import Problem

__all__ = ["scheme_of", "unreadable_remote"]

_COPY = {
    "s3": "aws s3 sync {url} exports/",
    "gs": "gcloud storage rsync --recursive {url} exports/",
    "gcs": "gcloud storage rsync --recursive {url} exports/",
    "az": "azcopy copy 'https://<account>.blob.core.windows.net/<container>/<path>' exports/ --recursive",
    "azure": "azcopy copy 'https://<account>.blob.core.windows.net/<container>/<path>' exports/ --recursive",
    "abfss": "azcopy copy 'https://<account>.blob.core.windows.net/<container>/<path>' exports/ --recursive",
    "oci": "oci os object bulk-download --namespace bling --bucket-name <tenancy OCID> --prefix 'FOCUS Reports/' --download-dir exports/",
    "https": "curl --fail --output exports/part.csv {url}",
    "http": "curl --fail --output exports/part.csv {url}",
}


def scheme_of(path: str) -> str:
    """The scheme of a URL; empty for a path. `file://` is no scheme of ours either, and is refused with the rest."""
    found = re.match(r"([a-z][a-z0-9+.-]+)://", path, re.IGNORECASE)
    return found.group(1).lower() if found else ""


def unreadable_remote(url: str) -> Problem:
    """Why a URL is not read, and the command that makes it readable."""
    copy = _COPY.get(scheme_of(url), "copy it to a folder").format(url=url)
    return Problem(
        "AP568",
        "",
        "exports are read from folders only: object stores need extensions that DuckDB would fetch from a network",
        got=url,
        allowed="a file or folder",
        fix=copy,
        file=url,
    )
