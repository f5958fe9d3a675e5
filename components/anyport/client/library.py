"""The HTTP library that the installed `openai` client is built on: `httpx2` for newer ones, `httpx` for older.

A transport must be made of the same library as the client that holds it, so there is one place that chooses.
"""

from __future__ import annotations

import importlib
import re
from importlib import metadata, util
from typing import TYPE_CHECKING

__all__ = ["httpx", "library_name"]

_KNOWN = ("httpx2", "httpx")


def library_name() -> str:
    """Which one to use: what `openai` requires, else what is installed.

    Raises:
        ImportError: neither is installed.
    """
    try:
        required = {re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in metadata.requires("openai") or ()}
    except metadata.PackageNotFoundError:
        required = set()
    for name in sorted(_KNOWN, key=lambda name: name not in required):
        if util.find_spec(name):
            return name
    raise ImportError("anyport.client needs the HTTP library of the openai client; run: pip install openai")


if TYPE_CHECKING:
    import httpx2 as httpx
else:
    httpx = importlib.import_module(library_name())
