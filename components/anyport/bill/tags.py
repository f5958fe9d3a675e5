"""Tags in the forms that clouds export them: an object, Azure's classic text without braces, or a list of pairs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

__all__ = ["tag_values"]

WORDS = ("anyport-endpoint", "anyport-target", "anyport-tier")
"""What `InferenceEndpoint` sets on everything that takes tags."""


def tag_values(texts: Iterable[str | None]) -> dict[str, str]:
    """Endpoint, target and tier out of the tag columns, in order; the first that has a key wins.

    Returns: `endpoint`, `target`, `tier`, as far as they are there. Prefixes that clouds put before user tags
    (`tags/…`, `namespace.…`) and the case of keys do not matter.
    """
    found: dict[str, str] = {}
    for text in texts:
        if text:
            for key, value in _pairs(text):
                found.setdefault(key, value)
    return found


@lru_cache(maxsize=65536)
def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    if "anyport" not in text.lower():
        return ()
    return tuple(
        (word.removeprefix("anyport-"), value.encode("utf-8", "replace").decode().strip())
        for key, value in _parsed(text)
        if (word := _plain(key)) in WORDS and value.strip()
    )


def _plain(key: str) -> str:
    for mark in "/.:":
        key = key.rpartition(mark)[2]
    return key.strip().lower().replace("_", "-")


def _parsed(text: str) -> list[tuple[str, str]]:
    text = text.strip()
    for form in (text, "{" + text + "}"):
        try:
            return _flat(json.loads(form, object_pairs_hook=_first_wins))
        except (ValueError, RecursionError):
            continue
    return []


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return dict(reversed(pairs))


def _flat(value: Any) -> list[tuple[str, str]]:
    """Objects as they are; lists of structs by their key and value fields, whatever their case."""
    if isinstance(value, dict):
        return [
            (str(k), v if isinstance(v, str) else json.dumps(v)) for k, v in value.items() if v is not None
        ]
    found: list[tuple[str, str]] = []
    for item in value if isinstance(value, list) else ():
        if isinstance(item, dict):
            lower = {str(name).lower(): inner for name, inner in item.items()}
            if lower.get("key") is not None and lower.get("value") is not None:
                found.append((str(lower["key"]), str(lower["value"])))
    return found
