"""The simulated Oracle Cloud, for the resource types an OCI Generative AI endpoint needs.

What is written out: the Generative AI control plane (`oci_generative_ai.py`), what stands round it (`oci_services.py`)
and, for API keys, which no resource makes, the REST calls of Oracle's own client (`oci_api_keys.py`).
"""

from __future__ import annotations

from . import oci_generative_ai, oci_services
from .behaviour import Behaviour
from .oci_base import AnyOci, home_region
from .operations import Package

__all__ = ["PACKAGE", "home_region"]

_BEHAVIOURS: dict[str, Behaviour] = {**oci_generative_ai.behaviours(), **oci_services.behaviours()}
PACKAGE = Package(name="oci", behaviours=_BEHAVIOURS, fallback=AnyOci)
