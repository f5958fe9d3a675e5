"""Reads plain values one by one, and notes the path of everything that cannot be read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from math import isfinite
from typing import Any

__all__ = ["Reader", "is_list"]


def is_list(value: Any) -> bool:
    """Whether it is a list and no text."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


@dataclass(slots=True)
class Reader:
    """`unknowns` grows by the path of each value that is missing though needed, or of the wrong type."""

    unknowns: list[str]

    def text(self, mapping: Mapping[str, Any], key: str, where: str, *, needed: bool = True) -> str | None:
        """A text that is not empty."""
        value = mapping.get(key)
        if isinstance(value, str) and value:
            return value
        if needed or value is not None:
            self.unknowns.append(where + key)
        return None

    def otherwise(self, mapping: Mapping[str, Any], key: str, where: str, unknown: str) -> str | None:
        """A text that may be missing; what is there and cannot be read becomes `unknown`."""
        found = self.text(mapping, key, where, needed=False)
        return unknown if found is None and mapping.get(key) is not None else found

    def texts(
        self, mapping: Mapping[str, Any], key: str, where: str, *, needed: bool = True, empty: bool = False
    ) -> tuple[str, ...] | None:
        """A list of texts. None when one of them cannot be read; missing is an empty list with `empty`."""
        value = mapping.get(key)
        if value is None and empty:
            return ()
        if value is not None and is_list(value) and all(isinstance(item, str) for item in value):
            return tuple(value)
        if needed or value is not None:
            self.unknowns.append(where + key)
        return None

    def map(self, mapping: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
        """A map, empty when missing."""
        value = mapping.get(key)
        if isinstance(value, Mapping):
            return value
        if value is not None:
            self.unknowns.append(where + key)
        return {}

    def flag(self, mapping: Mapping[str, Any], key: str, where: str) -> bool | None:
        """Yes, no, or None."""
        value = mapping.get(key)
        if value is None or isinstance(value, bool):
            return value
        self.unknowns.append(where + key)
        return None

    def amount(self, mapping: Mapping[str, Any], key: str, where: str) -> float | None:
        """A finite number of zero or more, or None."""
        value = mapping.get(key)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and value >= 0:
            return float(value)
        self.unknowns.append(where + key)
        return None

    def number(self, mapping: Mapping[str, Any], key: str, where: str) -> int | None:
        """A whole number above zero, or None."""
        found = self.amount(mapping, key, where)
        if found is not None and found < 1:
            self.unknowns.append(where + key)
            return None
        return None if found is None else int(found)

    def day(self, mapping: Mapping[str, Any], key: str, where: str) -> date | None:
        """A day in ISO form, or None."""
        value = mapping.get(key)
        if value is None:
            return None
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            self.unknowns.append(where + key)
            return None
