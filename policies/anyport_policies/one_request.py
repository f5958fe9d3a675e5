"""What is read while one request of the engine is answered is read once.

The policy SDK opens the same values anew for each policy of a pack, and so would we. Values are told apart by
identity, and held while the request lasts, so that no other value can come to stand at the same place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

__all__ = ["once", "one_request"]

Found = TypeVar("Found")
_READ: ContextVar[dict[tuple[Any, ...], tuple[Any, Any]] | None] = ContextVar("read", default=None)


@contextmanager
def one_request() -> Iterator[None]:
    """Within it `once` remembers; outside it, it does not."""
    token = _READ.set({})
    try:
        yield
    finally:
        _READ.reset(token)


def once(function: Callable[..., Found], by: Callable[[Any], int] = id) -> Callable[..., Found]:
    """The function, asked once per value and request. What it returns is shared: nobody changes it.

    Args:
        function: of one value; what else it is given must be hashable.
        by: what tells values apart; identity by default.
    """

    def answer(value: Any, *more: Any) -> Found:
        read = _READ.get()
        if read is None:
            return function(value, *more)
        key = (function, by(value), more)
        if key not in read:
            read[key] = (value, function(value, *more))
        found: Found = read[key][1]
        return found

    return answer
