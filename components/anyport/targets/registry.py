"""Finds providers by folder: a new cloud is a new folder here and a catalog file, nothing else."""

from __future__ import annotations

import functools
import importlib
import pkgutil
from typing import TYPE_CHECKING

from . import __path__ as _folders
from .options import ProviderTraits

if TYPE_CHECKING:
    from .base import Target

__all__ = ["component_class", "provider_names", "traits"]


@functools.cache
def provider_names() -> tuple[str, ...]:
    """Names of all providers, sorted."""
    return tuple(sorted(m.name for m in pkgutil.iter_modules(_folders) if m.ispkg))


@functools.cache
def traits(provider: str) -> ProviderTraits:
    """The traits of one provider. Raises KeyError with the valid names for an unknown one."""
    if provider not in provider_names():
        raise KeyError(f"unknown provider {provider!r}; known: {', '.join(provider_names())}")
    found = importlib.import_module(f"{__package__}.{provider}.options").TRAITS
    if not isinstance(found, ProviderTraits):
        raise TypeError(f"{provider}/options.py must define TRAITS: ProviderTraits")
    return found


def component_class(provider: str) -> type[Target]:
    """The component class of one provider; this is where Pulumi gets imported."""
    module = importlib.import_module(f"{__package__}.{provider}.component")
    found: type[Target] = getattr(module, traits(provider).component)
    return found
