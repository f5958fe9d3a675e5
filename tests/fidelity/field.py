"""One shape for what a cloud's own description says about an argument, whichever cloud it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

__all__ = ["Described", "Field"]


def _none() -> dict[str, Field]:
    return {}


@dataclass(frozen=True)
class Field:
    """What may be sent under one name. Bounds that the description leaves open are None or empty."""

    name: str
    type: str
    """string, integer, int64 (a number, or its digits as text), number, boolean, object, array, map or any."""
    required: bool = False
    read_only: bool = False
    enum: tuple[str, ...] = ()
    pattern: str | None = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    item: Field | None = None
    """Of an array or a map."""
    members: Callable[[], Mapping[str, Field]] = field(default=_none, repr=False, compare=False)
    """Of an object; asked for late, because descriptions refer to themselves."""
    selector: str | None = None
    """Member whose value chooses one of `variants`."""
    variants: Mapping[str, Callable[[], Mapping[str, Field]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    @cached_property
    def children(self) -> Mapping[str, Field]:
        """Members of an object by wire name."""
        return self.members()


@dataclass(frozen=True)
class Described:
    """What one resource is made with."""

    package: str
    """Distribution that holds the description."""
    version: str
    api_version: str
    body: Field
    parameters: Mapping[str, Field]
    """Of the path and the query."""
