"""What options of an OCI target cannot work together, found before any engine runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ...catalog import load
from ..options import OptionsContext, Refusal
from .target_options import OciGenerativeAiOptions

__all__ = ["refuse"]

_PROVIDER = "oci_generative_ai"
_DEDICATED_ONLY = {
    "unit_shape": "a cluster has a shape; on demand has none",
    "unit_count": "a cluster has units; on demand has none",
    "model_ocid": "on demand serves the model that the target names",
    "imported_model": "imported weights run on a dedicated cluster only",
    "private_access": "only a dedicated endpoint can have a private address",
    "content_safety": "only a dedicated endpoint takes content moderation",
    "alerts": "on demand emits no metrics to raise an alarm on",
}
_IN_THE_TENANCY = {
    "workload_identity": "a dynamic group lives in the tenancy itself",
    "quota": "a quota lives in the tenancy itself",
    "budget": "a budget lives in the tenancy itself",
}


def refuse(context: OptionsContext) -> Iterable[Refusal]:
    """All refusals of one target."""
    if not isinstance(context.options, OciGenerativeAiOptions):
        raise TypeError(f"expected OciGenerativeAiOptions, got {type(context.options).__name__}")
    options = context.options
    yield from _dedicated(options) if context.kind == "dedicated" else _on_demand(options)
    yield from _tenancy(options)
    yield from _regions(context, options)
    if options.managed_api_key and "api_key" in options.model_fields_set:
        yield Refusal(
            ("api_key",),
            "api_key names a key made outside and managed_api_key makes one",
            "keep one of the two",
        )


def _on_demand(options: OciGenerativeAiOptions) -> Iterator[Refusal]:
    for name, reason in _DEDICATED_ONLY.items():
        if name in options.model_fields_set and getattr(options, name) is not None:
            yield Refusal(
                (name,), f"{name} needs a dedicated cluster: {reason}", "remove it, or say deployment_kind: dedicated"
            )  # fmt: skip


def _dedicated(options: OciGenerativeAiOptions) -> Iterator[Refusal]:
    if not options.minimum_commitment_acknowledged:
        yield Refusal(
            ("minimum_commitment_acknowledged",),
            "a dedicated hosting cluster is billed for 744 unit-hours at least, however soon it is destroyed",
            "say minimum_commitment_acknowledged: true, or use deployment_kind: on_demand",
            "AP216",
        )
    if options.unit_shape is None:
        yield Refusal(
            ("unit_shape",),
            "a dedicated cluster cannot be built without unit_shape",
            "say one, such as OAI_A100_80G_X2 for gpt-oss-120b or H100_X2 for its imported weights",
            "AP303",
        )
    if options.model_ocid is None and options.imported_model is None:
        yield Refusal(
            ("model_ocid",),
            "a dedicated endpoint cannot be built without a model",
            "set model_ocid to a model of the region, or imported_model to weights of your own",
            "AP303",
        )
    if options.model_ocid and options.imported_model:
        yield Refusal(
            ("model_ocid",),
            "model_ocid and imported_model both say what the endpoint serves",
            "keep one of the two",
        )
    if options.region_fallback:
        yield Refusal(
            ("region_fallback",),
            "a routing profile routes on-demand calls only, never to a dedicated endpoint",
            "remove it, or use deployment_kind: on_demand",
        )


def _tenancy(options: OciGenerativeAiOptions) -> Iterator[Refusal]:
    needing = [name for name in _IN_THE_TENANCY if getattr(options, name) is not None]
    if needing and options.tenancy_id is None:
        reason = "; ".join(_IN_THE_TENANCY[name] for name in needing)
        yield Refusal(("tenancy_id",), f"{', '.join(needing)} cannot be built without tenancy_id: {reason}",
                      "set tenancy_id to the OCID of the tenancy", "AP303")  # fmt: skip


def _regions(context: OptionsContext, options: OciGenerativeAiOptions) -> Iterator[Refusal]:
    """Fallback regions: known, other than the own one, serving the model, inside the residency."""
    if not options.region_fallback or context.kind != "on_demand":
        return
    catalog, path = load(), ("region_fallback",)
    known = catalog.regions.get(_PROVIDER, {})
    offer = catalog.models[context.model].offers.get(_PROVIDER)
    served = offer.regions_for("on_demand") if offer else ()
    for region in options.region_fallback:
        if region == context.region:
            yield Refusal(path, f"{region} is the target's own region, which always comes first", "remove it")
        elif region not in known:
            yield Refusal(
                path, f"{region} is not a region with Generative AI", f"use one of {', '.join(sorted(known))}"
            )
        elif served and region not in served:
            fix = f"use one of {', '.join(sorted(set(served) - {context.region}))}"
            yield Refusal(path, f"{context.model} is not known to be served on demand in {region}", fix)
        elif context.residency and known[region].geography not in context.residency:
            allowed = ", ".join(context.residency)
            yield Refusal(
                path,
                f"calls could be served in {region} ({known[region].geography}), but the endpoint's residency is {allowed}",
                "remove the region, or widen the endpoint's residency",
                "AP215",
            )
