"""Dated, sourced facts: which model is served where, as what, until when and for how much.

    from anyport.catalog import load
    load().offer("gpt-oss-120b", "vertex_ai")

The facts are a cache in `data/`; each says when and where it was collected. Empty means not known.
"""

from __future__ import annotations

from .loader import CatalogError, load, vllm_flags
from .models import (
    FEATURES,
    ApiVersion,
    Catalog,
    DataZone,
    DeploymentKind,
    Evidence,
    InstanceType,
    Model,
    Offer,
    Provider,
    Region,
    Serving,
    independent,
)
from .places import processed_in

__all__ = [
    "FEATURES",
    "ApiVersion",
    "Catalog",
    "CatalogError",
    "DataZone",
    "DeploymentKind",
    "Evidence",
    "InstanceType",
    "Model",
    "Offer",
    "Provider",
    "Region",
    "Serving",
    "independent",
    "load",
    "processed_in",
    "vllm_flags",
]
