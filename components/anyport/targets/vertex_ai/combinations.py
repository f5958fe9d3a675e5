"""Vertex AI options that are right one by one and wrong together. Pure: what a plan knows, and no cloud."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from ..options import OptionsContext, Refusal

if TYPE_CHECKING:
    from .options import VertexAiOptions

__all__ = ["MULTI_REGIONS", "QUOTA_IDS", "accelerators_asked", "refuse"]

MULTI_REGIONS = ("global", "us", "eu")
"""Locations that are hosts and not places: only managed models, and no machines."""

QUOTA_IDS = {
    "NVIDIA_L4": "CustomModelServingL4GPUsPerProjectPerRegion",
    "NVIDIA_A100_80GB": "CustomModelServingA10080GBGPUsPerProjectPerRegion",
    "NVIDIA_H100_80GB": "CustomModelServingH100GPUsPerProjectPerRegion",
}
"""Accelerator → quota id of ordinary machines, as public notebooks and quota messages spell it (collected 2026-11-25)."""

_MACHINES = {
    "g2-standard-12": ("NVIDIA_L4", 1),
    "g2-standard-16": ("NVIDIA_L4", 1),
    "g2-standard-48": ("NVIDIA_L4", 4),
    "a2-ultragpu-1g": ("NVIDIA_A100_80GB", 1),
    "a3-highgpu-2g": ("NVIDIA_H100_80GB", 2),
    "a3-highgpu-4g": ("NVIDIA_H100_80GB", 4),
    "a3-highgpu-8g": ("NVIDIA_H100_80GB", 8),
}
# Machine → what is in it, from Google's vLLM notebook for Model Garden (collected 2026-11-22). Not all there are.

_SELF_DEPLOYED_ONLY = (
    "machine_type", "accelerator_type", "accelerator_count", "min_replicas", "max_replicas", "required_replicas",
    "autoscaling", "spot", "reservation", "accept_eula", "hugging_face_token", "private_access", "quota",
)  # fmt: skip

_BUDGET_CHANNELS = 5


def accelerators_asked(options: VertexAiOptions) -> int:
    """GPUs that the quota is charged with: the most machines times the accelerators of each."""
    return (options.max_replicas or options.min_replicas) * options.accelerator_count


def refuse(context: OptionsContext) -> Iterable[Refusal]:
    """Everything that cannot work together."""
    options = cast("VertexAiOptions", context.options)
    if context.kind == "model_garden":
        yield from _machines(options, context.region)
        yield from _replicas(options)
        yield from _quota(options)
    else:
        yield from _managed(options)
    yield from _budget(options)


def _managed(options: VertexAiOptions) -> Iterator[Refusal]:
    """A managed model has no machines, so what is about machines would silently do nothing."""
    for name in _SELF_DEPLOYED_ONLY:
        if name in options.model_fields_set and getattr(options, name) != _default(options, name):
            yield Refusal(
                (name,),
                f"{name} is about machines of your own, and this model is served by Google",
                f"remove {name}, or say deployment_kind: model_garden",
            )


def _default(options: VertexAiOptions, name: str) -> object:
    return type(options).model_fields[name].default


def _machines(options: VertexAiOptions, region: str) -> Iterator[Refusal]:
    if region in MULTI_REGIONS:
        yield Refusal(
            ("deployment_kind",),
            f"there are no machines in {region}: it is an address in front of several regions",
            "name one region, or take a managed kind",
        )
    for name, example in (("machine_type", "a3-highgpu-2g"), ("accelerator_type", "NVIDIA_H100_80GB")):
        if getattr(options, name) is None:
            yield Refusal(
                (name,),
                f"model_garden runs on machines of your own and cannot be built without {name}",
                f"say {name}, such as {example}",
                code="AP303",
            )
    yield from _fitting(options)
    if options.spot and options.reservation:
        yield Refusal(
            ("spot",), "spot machines cannot run on a reservation", "remove spot, or remove reservation"
        )


def _fitting(options: VertexAiOptions) -> Iterator[Refusal]:
    kind, count = _MACHINES.get(options.machine_type or "", (None, 0))
    if kind is None:
        return
    if options.accelerator_type not in (None, kind):
        yield Refusal(
            ("accelerator_type",),
            f"{options.machine_type} has {kind}, not {options.accelerator_type}",
            f"say accelerator_type: {kind}, or another machine",
        )
    elif options.accelerator_count != count:
        yield Refusal(
            ("accelerator_count",),
            f"{options.machine_type} has {count} accelerators, not {options.accelerator_count}",
            f"say accelerator_count: {count}, or another machine",
        )


def _replicas(options: VertexAiOptions) -> Iterator[Refusal]:
    most = options.max_replicas or options.min_replicas
    if most < options.min_replicas:
        yield Refusal(
            ("max_replicas",),
            f"max_replicas {most} is below min_replicas {options.min_replicas}",
            f"say max_replicas: {options.min_replicas} or more",
        )
    if options.required_replicas is not None and options.required_replicas > options.min_replicas:
        yield Refusal(
            ("required_replicas",),
            f"required_replicas {options.required_replicas} is above min_replicas {options.min_replicas}",
            f"say required_replicas: {options.min_replicas} or less",
        )
    if options.autoscaling is not None and most == options.min_replicas:
        yield Refusal(
            ("autoscaling",),
            f"nothing can scale between {options.min_replicas} and {most} machines",
            "say a max_replicas above min_replicas, or remove autoscaling",
        )
    if options.autoscaling is not None and not options.autoscaling.model_dump(exclude_none=True):
        yield Refusal(
            ("autoscaling",),
            "autoscaling says no threshold",
            "say accelerator_percent or cpu_percent, or remove autoscaling",
        )


def _quota(options: VertexAiOptions) -> Iterator[Refusal]:
    quota = options.quota
    if quota is None:
        return
    if quota.quota_id is None and (options.spot or options.accelerator_type not in QUOTA_IDS):
        kind = "spot machines" if options.spot else options.accelerator_type or "the accelerator"
        yield Refusal(
            ("quota", "quota_id"),
            f"Google's name of the quota for {kind} is not on record",
            "say quota_id as the console's quota page shows it",
            code="AP303",
        )
    if quota.preferred_value < accelerators_asked(options):
        yield Refusal(
            ("quota", "preferred_value"),
            f"a quota of {quota.preferred_value} is less than this target's {accelerators_asked(options)} accelerators "
            "(the most machines times the accelerators of each)",
            f"say {accelerators_asked(options)} or more, or a smaller max_replicas",
        )


def _budget(options: VertexAiOptions) -> Iterator[Refusal]:
    if options.budget is not None and len(set(options.budget.emails)) > _BUDGET_CHANNELS:
        yield Refusal(
            ("budget", "emails"),
            f"a Google budget tells {_BUDGET_CHANNELS} channels at most, not {len(set(options.budget.emails))}",
            "name a mailing list",
        )
