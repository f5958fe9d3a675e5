"""Which cloud a row is from, and whether it is AI spend. Service names follow no list, so patterns are data."""

from __future__ import annotations

import re
from collections.abc import Iterable

__all__ = ["AI_CATEGORY", "AI_RESOURCES", "AI_SERVICES", "is_ai", "provider_named"]

_NAMES: tuple[tuple[str, str], ...] = (
    ("microsoft", "azure_openai"),
    ("azure", "azure_openai"),
    ("google", "vertex_ai"),
    ("gcp", "vertex_ai"),
    ("oracle", "oci_generative_ai"),
    ("oci", "oci_generative_ai"),
    ("coreweave", "coreweave_vllm"),
)
AI_CATEGORY = "ai and machine learning"
"""FOCUS's closed list has one category for it; Google's export has no such column."""
AI_SERVICES = (
    r"azure (ai|openai)|cognitive services|foundry|vertex|gemini|generative.?ai|machine learning|bedrock|sagemaker"
    r"|openai|anthropic|cohere|mistral|ai platform"
)
"""Names of services and meter categories, in lower case, that are AI spend."""
AI_RESOURCES = (
    "microsoft.cognitiveservices",
    "microsoft.machinelearningservices",
    "generativeai",
    "aiplatform",
)
"""Parts of resource ids, in lower case."""


def provider_named(names: Iterable[str | None]) -> str | None:
    """The provider that the first telling name means, or that name itself for a cloud that Anyport does not have.

    A marketplace row names its vendor and the cloud that hosts it; the cloud's bill it is.
    """
    seen = [name for name in names if name and name.strip()]
    for name in seen:
        words = re.split(r"[^a-z]+", name.lower())
        for word, provider in _NAMES:
            if word in words:
                return provider
    return seen[0].strip() if seen else None


def is_ai(category: str | None, *services: str | None, resource: str | None = None) -> bool:
    """Whether a charge is AI spend; the same test as `select.py` makes in SQL."""
    if (category or "").strip().lower() == AI_CATEGORY:
        return True
    if any(service and re.search(AI_SERVICES, service.lower()) for service in services):
        return True
    return any(part in (resource or "").lower() for part in AI_RESOURCES)
