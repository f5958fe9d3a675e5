"""The four clouds by the short names of the command line."""

from __future__ import annotations

from types import ModuleType

from . import azure, coreweave, google, oci

__all__ = ["CLOUDS", "MODULES", "SCOPES"]

CLOUDS = {
    "azure": "azure_openai",
    "gcp": "vertex_ai",
    "oci": "oci_generative_ai",
    "coreweave": "coreweave_vllm",
}
"""Short name to provider."""
MODULES: dict[str, ModuleType] = {
    "azure_openai": azure,
    "vertex_ai": google,
    "oci_generative_ai": oci,
    "coreweave_vllm": coreweave,
}
"""Each has `SHAPES`, `base`, `first`, `read` and `source`."""
SCOPES = {"azure_openai": "subscription", "vertex_ai": "project", "oci_generative_ai": "compartment"}
"""Provider to the option that says whose listing it is."""
