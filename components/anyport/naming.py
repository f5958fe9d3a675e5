"""Physical names: the same spec always gives the same names, within each cloud's limits.

Names carry what a person needs to find a resource and, where they must be unique in the world or had to
be cut, a short hash of everything that makes them this stack's. No randomness: a random suffix would
make names differ between preview and update, and between two machines.
"""

from __future__ import annotations

import hashlib
import re
import uuid

__all__ = ["digest", "physical_name", "stable_uuid"]

_NAMESPACE = uuid.UUID("6f1c1a54-3f0e-5c59-9a57-0d6a4f0f5a11")


def digest(*parts: str, length: int = 6) -> str:
    """Hexadecimal digits that depend on every part and on where one part ends."""
    joined = "\x1f".join(parts).encode()
    return hashlib.sha256(joined).hexdigest()[:length]


def physical_name(*words: str, limit: int, unique: tuple[str, ...] = (), separator: str = "-") -> str:
    """Join words into a name of lower case letters, digits and the separator.

    Args:
        words: parts in order; other characters become the separator.
        limit: most characters the cloud takes.
        unique: what makes the name this stack's; when given, a hash of it is always appended.
        separator: `-`, or nothing where the cloud takes none.

    A name over the limit is cut and gets a hash of the uncut name, so two long names stay apart.
    Raises ValueError for a limit too small to hold a hash.
    """
    if limit < 8:
        raise ValueError(f"a limit of {limit} characters leaves no room for a hash")
    plain = [re.sub(r"[^a-z0-9]+", separator, word.lower()).strip("-") for word in words]
    name = re.sub(r"-{2,}", "-", separator.join(word for word in plain if word))
    if not name or not name[0].isalpha():
        name = f"a{separator}{name}" if name else "a"
    full = f"{name}{separator}{digest(*words, *unique)}" if unique else name
    if len(full) <= limit:
        return full
    tail = digest(*words, *unique)
    return f"{name[: limit - len(tail) - len(separator)].rstrip('-')}{separator}{tail}"


def stable_uuid(*parts: str) -> str:
    """A UUID made from the parts, for clouds that want one as a name."""
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(parts)))
