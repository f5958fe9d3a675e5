"""How many GPUs one vLLM server needs, by the catalog's published minimum for the model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .catalog import Catalog, Offer
from .targets.options import TargetOptions

if TYPE_CHECKING:
    from .spec import TargetSpec

__all__ = ["GPU_MEMORY_SHARE", "gpus_needed"]

GPU_MEMORY_SHARE = 0.92
"""Share of GPU memory that vLLM takes by default (`--gpu-memory-utilization`, vLLM 0.33.0)."""


def gpus_needed(target: TargetSpec, options: TargetOptions, offer: Offer, catalog: Catalog) -> int | None:
    """GPUs per replica: as asked, else the smallest power of two whose usable memory holds the minimum.

    None when the provider runs no containers of ours, or when the catalog lacks a figure.
    """
    asked: int | None = getattr(options, "gpus_per_replica", None)
    if asked is not None or target.instance_type is None or offer.min_gpu_memory_gb is None:
        return asked
    instance = catalog.instances[target.instance_type]
    if instance.gpu_memory_gb is None:
        return None
    gpus = 1
    while gpus < instance.gpus and gpus * instance.gpu_memory_gb * GPU_MEMORY_SHARE < offer.min_gpu_memory_gb:
        gpus *= 2
    return gpus
