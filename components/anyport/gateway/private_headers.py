"""Headers of a caller that no target may see: its keys and cookies, and what steers an account at a vendor.

One list for the gateway and the client. A target is another company: the key for one of them is nobody else's.
"""

from __future__ import annotations

__all__ = ["PRIVATE_HEADERS", "PRIVATE_WORDS", "is_private"]

PRIVATE_HEADERS: frozenset[str] = frozenset({"dpop", "key", "x-key"})
"""Whole names, in lower case, that no word of `PRIVATE_WORDS` gives away."""

PRIVATE_WORDS: tuple[str, ...] = (
    "access-key",
    "api-key",
    "apikey",
    "auth",
    "cookie",
    "credential",
    "functions-key",
    "jwt",
    "openai-",
    "password",
    "secret",
    "subscription-key",
    "token",
    "x-amz-",
    "x-goog-",
)
"""Plain texts, no patterns: a header with one of them anywhere in its name is private. Pseudo-headers such as
`:authority` are none."""


def is_private(name: str) -> bool:
    """Whether a header, its name in any case, is kept from targets."""
    lower = name.lower()
    if lower.startswith(":"):
        return False
    return lower in PRIVATE_HEADERS or any(word in lower for word in PRIVATE_WORDS)
