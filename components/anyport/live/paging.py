"""A listing read page by page: whole or not at all, so that a missing page never reads as a missing model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .failure import failed
from .http import Page, Reader
from .questions import Item

__all__ = ["MOST_PAGES", "Call", "Shape", "cut", "items_at", "listing"]

MOST_PAGES = 200
Shape = Mapping[str, "Shape | None"]
"""Keys that are kept; None keeps a plain value or a list of them."""


@dataclass(frozen=True, slots=True)
class Call:
    """An address and its query."""

    url: str
    query: Mapping[str, str] = field(default_factory=dict)


Read = Callable[[str, Page, Call], tuple[list[Item], Call | None]]
"""Question in words, page and call → its items, and the call for the next page."""


def listing(asked: str, first: Call, read: Read, reader: Reader) -> tuple[Item, ...]:
    """All items.

    Raises:
        LiveError: AP523 to AP529; AP528 too for pages that never end.
    """
    items: list[Item] = []
    seen: list[Call] = []
    call: Call | None = first
    while call is not None:
        if call in seen:
            raise failed("AP528", asked, "the listing leads back to a page that was read already")
        if len(seen) == MOST_PAGES:
            raise failed("AP528", asked, f"the listing has more than {MOST_PAGES} pages")
        if _origin(call.url) != _origin(first.url):
            raise failed("AP527", asked, "the next page is at another address, which is not asked",
                         got=_host(call.url), fix="name that address with --endpoint")  # fmt: skip
        seen.append(call)
        found, call = read(asked, reader.get(asked, call.url, call.query), call)
        items += found
    return tuple(items)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme.lower(), parts.netloc.lower()


def _host(url: str) -> str:
    return urlsplit(url).hostname or "no host"


def items_at(asked: str, page: Page, key: str, required: bool = True) -> list[Item]:
    """The list of objects under a key.

    Args:
        asked: the question in words.
        page: where.
        key: its name.
        required: whether an answer without it is wrong; Google leaves an empty list out.

    Raises:
        LiveError: AP527.
    """
    found: Any = page.body.get(key)
    if found is None and not required:
        return []
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise failed(
            "AP527", asked, f"the answer has no list {key!r}", fix="is this the cloud's own address?"
        )
    return found


def cut(item: Any, shape: Shape | None) -> Any:
    """The item without all that is not in the shape; lists are cut item by item."""
    if isinstance(item, list):
        return [cut(part, shape) for part in item]
    if not isinstance(item, dict):
        return item
    if shape is None:
        return None
    return {key: cut(item[key], inner) for key, inner in shape.items() if key in item}
