"""How many GPUs, and so how many machines, one vLLM server needs: sums that a reader can check.

    usable memory = GPUs x GB per GPU x share that vLLM takes (0.92 unless said otherwise)

Below the weights a model cannot load: refused. Between the weights and the published minimum it may load
and serve short prompts only: a note. What the catalog does not know is not judged. Does not look at speed, nor
at the memory that many long prompts at once need.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .catalog import Catalog, InstanceType, Offer
from .targets.options import TargetOptions

if TYPE_CHECKING:
    from .spec import TargetSpec

__all__ = [
    "GPU_MEMORY_SHARE",
    "Misfit",
    "gpus_needed",
    "gpus_needed_on",
    "memory_text",
    "misfits",
    "nodes_needed",
    "sizing_notes",
    "usable_gb",
]

GPU_MEMORY_SHARE = 0.92
"""Share of GPU memory that vLLM takes by default (`--gpu-memory-utilization`, vLLM 0.33.0)."""
MOST_NODES = 8


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a model cannot run so: the option it hangs on, what is wrong, what to write."""

    option: str
    message: str
    fix: str


def usable_gb(gpus: int, gpu_memory_gb: int, share: float = GPU_MEMORY_SHARE) -> float:
    """GB of GPU memory that vLLM may use."""
    return gpus * gpu_memory_gb * share


def memory_text(gpus: int, gpu_memory_gb: int, share: float = GPU_MEMORY_SHARE) -> str:
    """The same as a sum: `2 x 80 GB x 0.92 = 147 GB`."""
    return f"{gpus} x {gpu_memory_gb} GB x {share:g} = {usable_gb(gpus, gpu_memory_gb, share):.0f} GB"


def nodes_needed(gpus: int | None, instance: InstanceType | None) -> int:
    """Machines of one server; 1 when the machine is not known."""
    if gpus is None or instance is None:
        return 1
    return max(1, -(-gpus // instance.gpus))


def gpus_needed(target: TargetSpec, options: TargetOptions, offer: Offer, catalog: Catalog) -> int | None:
    """GPUs per replica over all its machines: as asked, else the smallest number whose usable memory holds
    the published minimum, or the weights where no minimum is published.

    Powers of two within a machine; whole machines beyond it, and only of a type with RDMA. None when the
    provider runs no containers of ours, or when the catalog lacks a figure.
    """
    return gpus_needed_on(catalog.instances.get(target.instance_type or ""), options, offer)


def gpus_needed_on(instance: InstanceType | None, options: TargetOptions, offer: Offer | None) -> int | None:
    """The same for a machine; None for a machine, a model or a figure that is not known."""
    asked: int | None = getattr(options, "gpus_per_replica", None)
    wanted = _wanted(offer) if offer else None
    if asked is not None or instance is None or wanted is None or instance.gpu_memory_gb is None:
        return asked
    return _smallest(instance, wanted, _share(options))


def misfits(instance: InstanceType, offer: Offer, options: TargetOptions) -> Iterator[Misfit]:
    """Everything that keeps a model from running on so many GPUs of a machine."""
    share = _share(options)
    gpus = gpus_needed_on(instance, options, offer)
    if gpus is None:
        return
    yield from _shape(gpus, instance, offer, tensor=_tensor_split(options))
    weights, memory = offer.weights_gb, instance.gpu_memory_gb
    if weights is not None and memory is not None and usable_gb(gpus, memory, share) < weights:
        yield Misfit(
            "gpus_per_replica",
            f"the weights need {weights:g} GB ({offer.weights_basis}) and vLLM may use "
            f"{memory_text(gpus, memory, share)} on {_on(gpus, instance)}",
            _more(offer, weights, instance, share),
        )


def sizing_notes(
    target: TargetSpec, options: TargetOptions, offer: Offer, catalog: Catalog
) -> tuple[str, ...]:
    """What a plan should say about the size: the sum, a tight fit, a fact that is not known."""
    if not hasattr(options, "gpus_per_replica") or target.instance_type is None:
        return ()
    instance, share = catalog.instances[target.instance_type], _share(options)
    gpus = gpus_needed(target, options, offer, catalog)
    if gpus is None or instance.gpu_memory_gb is None:
        return (f"GPU memory of {instance.name} or need of the model not known: the size is not checked",)
    sums = memory_text(gpus, instance.gpu_memory_gb, share)
    usable = usable_gb(gpus, instance.gpu_memory_gb, share)
    chosen = "asked for" if getattr(options, "gpus_per_replica", None) is not None else "chosen"
    notes = [f"{gpus} GPUs per replica {chosen} on {_on(gpus, instance)}: {sums} {_against(offer)}"]
    if offer.min_gpu_memory_gb is not None and usable < offer.min_gpu_memory_gb:
        notes.append(
            f"below the published minimum of {offer.min_gpu_memory_gb} GB: expect short prompts or a failed start"
        )
    if nodes_needed(gpus, instance) > 1 and instance.rdma is None:
        notes.append(f"whether {instance.name} has RDMA between machines is not known: ask CoreWeave first")
    where = catalog.region(target.provider, target.region)
    if where is not None and target.zone not in where.instance_types:
        notes.append(f"which machines {target.zone or target.region} has is not known")
    return tuple(notes)


def _wanted(offer: Offer) -> float | None:
    return offer.min_gpu_memory_gb if offer.min_gpu_memory_gb is not None else offer.weights_gb


def _share(options: TargetOptions) -> float:
    return float(getattr(options, "gpu_memory_utilization", None) or GPU_MEMORY_SHARE)


def _tensor_split(options: TargetOptions) -> bool:
    return getattr(getattr(options, "multi_node", None), "split", "pipeline") == "tensor"


def _smallest(instance: InstanceType, wanted: float, share: float) -> int:
    memory = instance.gpu_memory_gb or 0
    gpus = 1
    while gpus < instance.gpus and usable_gb(gpus, memory, share) < wanted:
        gpus = min(gpus * 2, instance.gpus)
    while instance.rdma and gpus < instance.gpus * MOST_NODES and usable_gb(gpus, memory, share) < wanted:
        gpus += instance.gpus
    return gpus


def _shape(gpus: int, instance: InstanceType, offer: Offer, *, tensor: bool) -> Iterator[Misfit]:
    """Whether the GPUs can be had in that number, and the model be cut into that many pieces."""
    divisors = [n for n in range(1, instance.gpus + 1) if instance.gpus % n == 0]
    whole = f"{', '.join(map(str, divisors))}, or a multiple of {instance.gpus}"
    if gpus > instance.gpus and gpus % instance.gpus:
        yield Misfit(
            "gpus_per_replica",
            f"{gpus} GPUs are {gpus / instance.gpus:g} machines of type {instance.name} with {instance.gpus} each",
            f"say {whole}",
        )
    elif gpus <= instance.gpus and gpus not in divisors:
        yield Misfit(
            "gpus_per_replica",
            f"tensor parallelism over {gpus} GPUs does not divide the {instance.gpus} of a {instance.name}, so "
            "some can never be used",
            f"say {whole}",
        )
    if gpus > instance.gpus and instance.rdma is False:
        yield Misfit(
            "gpus_per_replica",
            f"{gpus} GPUs are more than one {instance.name} has, and machines of that type have no RDMA between them",
            f"say {instance.gpus} or less, or an instance type with InfiniBand such as gd-8xh100ib-i128",
        )
    pieces = gpus if tensor else min(gpus, instance.gpus)
    if offer.attention_heads and offer.attention_heads % pieces:
        yield Misfit(
            "gpus_per_replica",
            f"tensor parallelism over {pieces} GPUs does not divide the model's {offer.attention_heads} attention heads",
            f"say a number that divides {offer.attention_heads}",
        )


def _on(gpus: int, instance: InstanceType) -> str:
    nodes = nodes_needed(gpus, instance)
    return f"{instance.name} ({nodes} machines)" if nodes > 1 else instance.name


def _against(offer: Offer) -> str:
    if offer.min_gpu_memory_gb is not None:
        return f"usable for a published minimum of {offer.min_gpu_memory_gb} GB"
    if offer.weights_gb is not None:
        return f"usable for weights of {offer.weights_gb:g} GB; no minimum is published"
    return "usable; what the model needs is not known"


def _more(offer: Offer, weights: float, instance: InstanceType, share: float) -> str:
    """The number of GPUs that would do, best for the published minimum; or that no number would."""
    memory = instance.gpu_memory_gb or 0
    for wanted in (_wanted(offer) or weights, weights):
        enough = _smallest(instance, wanted, share)
        if usable_gb(enough, memory, share) >= wanted:
            return f"say gpus_per_replica: {enough} ({memory_text(enough, memory, share)})"
    return "choose an instance type with more memory, or a smaller or quantized model"
