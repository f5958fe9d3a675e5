"""What `anyport check` refuses of a vLLM target: sizes, places, arguments, and options that cannot go together.

What the catalog does not know is never refused for it, and the plan's notes say it; but a size that can neither be
counted nor was said is missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from ...catalog import Catalog, InstanceType, Offer, load, vllm_flags
from ...errors import nearest
from ...sizing import gpus_needed_on, memory_text, misfits, nodes_needed
from ...vllm.command import refused_arguments
from ..options import OptionsContext, Refusal

if TYPE_CHECKING:
    from .options import CoreweaveVllmOptions

__all__ = ["refuse"]


def refuse(context: OptionsContext) -> Iterable[Refusal]:
    """Everything that cannot work."""
    options = cast("CoreweaveVllmOptions", context.options)
    catalog = load()
    instance = catalog.instances.get(context.instance_type or "")
    offer = catalog.offer(context.model, "coreweave_vllm")
    yield from _machine(context, catalog, offer)
    yield from _place(context, catalog)
    yield from _image(options, context.tier)
    yield from _arguments(options, offer)
    yield from _cluster(options)
    yield from _cache(options, context, instance, offer)
    yield from _exposure(options)
    yield from _scaling(options, context)
    if instance is not None and offer is not None:
        for misfit in misfits(instance, offer, options):
            yield Refusal((misfit.option,), misfit.message, misfit.fix)
        yield from _counted(options, instance, offer)
        yield from _nodes(options, instance, offer)
    yield from _quota(options, context, gpus_needed_on(instance, options, offer))
    if instance is not None and offer is not None:
        yield from _pool(options, context, instance, offer)


def _machine(context: OptionsContext, catalog: Catalog, offer: Offer | None) -> Iterator[Refusal]:
    """A machine must be named: its GPUs decide whether the model fits and where the pods may go."""
    if context.instance_type is not None:
        return
    weights = offer.weights_gb if offer else None
    needs = f": its weights need {weights:g} GB" if weights is not None else ""
    fitting = list(_fitting(context, catalog, offer))[:3] if offer else []
    yield Refusal(
        (),
        f"the target names no instance_type, so nothing shows that {context.model} fits{needs}",
        f"add instance_type to the target{', such as ' if fitting else ''}{' or '.join(fitting)}",
        code="AP303",
    )


def _fitting(context: OptionsContext, catalog: Catalog, offer: Offer) -> Iterator[str]:
    """Machines of the place, or any where the catalog does not know it, that hold the model, with the sum."""
    options = cast("CoreweaveVllmOptions", context.options)
    region = catalog.region("coreweave_vllm", context.region)
    zones = region.instance_types if region else {}
    here = {name for zone, types in zones.items() if context.zone in (None, zone) for name in types}
    for name in sorted(here or catalog.instances):
        instance = catalog.instances[name]
        gpus = gpus_needed_on(instance, options, offer)
        if gpus and instance.gpu_memory_gb and not list(misfits(instance, offer, options)):
            yield f"{name} ({memory_text(gpus, instance.gpu_memory_gb, options.gpu_memory_utilization)})"


def _place(context: OptionsContext, catalog: Catalog) -> Iterator[Refusal]:
    """The zone's machines, where the catalog knows them."""
    region = catalog.region("coreweave_vllm", context.region)
    zones = region.instance_types if region else {}
    wanted = context.instance_type
    if wanted not in catalog.instances:
        return
    if context.zone is None:
        known = {name for types in zones.values() for name in types}
        whole = region is not None and zones and set(zones) == set(region.zones)
        place = context.region
    else:
        known, whole, place = set(zones.get(context.zone, ())), context.zone in zones, context.zone
    if whole and wanted not in known:
        elsewhere = sorted(
            zone
            for other in catalog.regions_of("coreweave_vllm")
            for zone, types in other.instance_types.items()
            if wanted in types
        )
        fix = f"say instance_type: {_closest(wanted or '', sorted(known))}"
        if elsewhere:
            fix += f", or a zone that has it: {', '.join(elsewhere[:6])}"
        yield Refusal((), f"{place} has no {wanted}; it has {', '.join(sorted(known))}", fix)


def _closest(wanted: str, known: list[str]) -> str:
    return nearest(wanted, known) or known[0]


def _image(options: CoreweaveVllmOptions, tier: str) -> Iterator[Refusal]:
    if tier == "prod" and "@sha256:" not in options.image:
        name = options.image.rpartition(":")[0] or options.image
        yield Refusal(
            ("image",),
            f"{options.image} is a tag, which can be moved to another image, and the tier is prod",
            f"say image: {name}@sha256:…, with the digest that `docker buildx imagetools inspect {options.image}` "
            "or `crane digest` prints",
        )


def _arguments(options: CoreweaveVllmOptions, offer: Offer | None) -> Iterator[Refusal]:
    parsers = (offer.tool_call_parser, offer.reasoning_parser) if offer else ()
    for index, message, fix in refused_arguments(options.extra_args, vllm_flags(), parsers=parsers):
        yield Refusal(("extra_args", str(index)), message, fix)


def _cluster(options: CoreweaveVllmOptions) -> Iterator[Refusal]:
    if options.cluster and options.kubeconfig:
        yield Refusal(("cluster",), "cluster and kubeconfig both say which cluster", "keep one of the two")


def _cache(
    options: CoreweaveVllmOptions, context: OptionsContext, instance: InstanceType | None, offer: Offer | None
) -> Iterator[Refusal]:
    if options.shared_cache and options.cache != "shared":
        yield Refusal(
            ("shared_cache",), f"cache is {options.cache}, so this volume is never made", "say cache: shared"
        )
    if options.object_storage and options.cache != "object_storage":
        yield Refusal(
            ("object_storage",),
            f"cache is {options.cache}, so this bucket is never read",
            "say cache: object_storage",
        )
    if options.cache == "object_storage":
        if options.object_storage is None:
            yield Refusal(
                ("object_storage",),
                "cache: object_storage needs to know the bucket",
                "add object_storage: {bucket, prefix, access_key_id, secret_access_key}",
                code="AP303",
            )
        if options.revision:
            yield Refusal(
                ("revision",),
                "files in a bucket have no commits",
                "remove revision, and let the prefix name the version",
            )
    shared = options.shared_cache
    pods = (context.replicas or 1) * _node_count(options, instance, offer) + options.surge_replicas
    if options.autoscaling:
        pods = max(pods, options.autoscaling.max_replicas)
    if options.cache == "shared" and shared and shared.access_mode == "ReadWriteOnce" and pods > 1:
        yield Refusal(
            ("shared_cache", "access_mode"),
            f"a ReadWriteOnce volume is mounted by one node, and there may be {pods} pods",
            "say access_mode: ReadWriteMany with a class such as shared-vast, or cache: nvme",
        )


def _exposure(options: CoreweaveVllmOptions) -> Iterator[Refusal]:
    said = options.model_fields_set
    if options.route == "gateway":
        if options.domain is None:
            yield Refusal(("route",), "a route needs a domain", "add domain, or remove route", code="AP303")
        if options.gateway is None:
            yield Refusal(
                ("gateway",),
                "route: gateway needs to know the Gateway",
                "add gateway: {name, namespace}",
                code="AP303",
            )
        for word in ("ingress_class", "cluster_issuer"):
            if word in said:
                yield Refusal(
                    (word,),
                    f"with route: gateway nothing reads {word}",
                    "remove the key; the Gateway's listener decides",
                )
    elif options.gateway is not None:
        yield Refusal(("gateway",), "route is ingress, so no Gateway is used", "say route: gateway")
    if options.domain is None and options.route == "ingress" and not options.network.caller_namespaces:
        yield Refusal(
            ("domain",),
            "nobody could call the servers: without a domain nothing is exposed, and no namespace is let in",
            "add domain, or network: {caller_namespaces: […]} with the namespaces of your callers",
        )


def _scaling(options: CoreweaveVllmOptions, context: OptionsContext) -> Iterator[Refusal]:
    scaling, replicas = options.autoscaling, context.replicas or 1
    if scaling is None:
        return
    if scaling.max_replicas <= replicas:
        yield Refusal(
            ("autoscaling", "max_replicas"),
            f"the target starts with {replicas} replicas, so {scaling.max_replicas} leaves nothing to scale",
            f"say max_replicas: {replicas + 1} or more, or fewer replicas",
        )
    if options.monitoring is None:
        yield Refusal(
            ("autoscaling",),
            "scaling reads vllm:num_requests_waiting from Prometheus, but nothing scrapes it without monitoring",
            "add monitoring: {}",
        )


def _node_count(options: CoreweaveVllmOptions, instance: InstanceType | None, offer: Offer | None) -> int:
    return nodes_needed(gpus_needed_on(instance, options, offer), instance)


def _counted(options: CoreweaveVllmOptions, instance: InstanceType, offer: Offer) -> Iterator[Refusal]:
    """Without a figure there is no number of GPUs to start from, and one would be a guess."""
    if gpus_needed_on(instance, options, offer) is None:
        yield Refusal(
            ("gpus_per_replica",),
            f"the GPU memory of {instance.name}, or the need of the model, is not known, so GPUs cannot be counted",
            "say gpus_per_replica",
            code="AP303",
        )


def _nodes(options: CoreweaveVllmOptions, instance: InstanceType, offer: Offer) -> Iterator[Refusal]:
    if options.multi_node is None or _node_count(options, instance, offer) > 1:
        return
    yield Refusal(
        ("multi_node",),
        f"a server of this model fits on one {instance.name}, so there is nothing to split",
        "remove multi_node, or say gpus_per_replica for several machines",
    )


def _pool(
    options: CoreweaveVllmOptions, context: OptionsContext, instance: InstanceType, offer: Offer
) -> Iterator[Refusal]:
    pool = options.node_pool
    if pool is None:
        return
    if instance.rack_nodes and pool.autoscaling:
        yield Refusal(
            ("node_pool", "autoscaling"),
            f"{instance.name} comes in racks and cannot autoscale",
            "remove autoscaling",
        )
    if instance.rack_nodes and pool.nodes % instance.rack_nodes:
        yield Refusal(
            ("node_pool", "nodes"),
            f"{instance.name} comes in racks of {instance.rack_nodes} nodes",
            f"say a multiple of {instance.rack_nodes}",
        )
    scaled = pool.autoscaling
    if scaled and not scaled.min_nodes <= pool.nodes <= scaled.max_nodes:
        yield Refusal(
            ("node_pool", "nodes"),
            f"{pool.nodes} nodes are not between min_nodes {scaled.min_nodes} and max_nodes {scaled.max_nodes}",
            "change one of them",
        )
    yield from _room(options, context, instance, offer, scaled.max_nodes if scaled else pool.nodes)


def _most_replicas(options: CoreweaveVllmOptions, context: OptionsContext) -> int:
    """Replicas that there may be at one moment."""
    replicas = (context.replicas or 1) + options.surge_replicas
    return max(replicas, options.autoscaling.max_replicas) if options.autoscaling else replicas


def _quota(options: CoreweaveVllmOptions, context: OptionsContext, gpus: int | None) -> Iterator[Refusal]:
    """A roll-out that needs more than the quota would wait for ever."""
    if options.quota is None or gpus is None:
        return
    replicas = _most_replicas(options, context)
    if replicas * gpus > options.quota.max_gpus:
        yield Refusal(
            ("quota", "max_gpus"),
            f"there may be {replicas} replicas of {gpus} GPUs, and the quota admits {options.quota.max_gpus} GPUs",
            f"say max_gpus: {replicas * gpus} or more, or fewer replicas",
        )


def _room(
    options: CoreweaveVllmOptions, context: OptionsContext, instance: InstanceType, offer: Offer, nodes: int
) -> Iterator[Refusal]:
    """Whether all replicas find a place in the pool."""
    gpus = gpus_needed_on(instance, options, offer)
    if gpus is None:
        return
    replicas = _most_replicas(options, context)
    fit = nodes // nodes_needed(gpus, instance) if gpus > instance.gpus else nodes * (instance.gpus // gpus)
    if fit < replicas:
        yield Refusal(
            ("node_pool", "nodes"),
            f"{nodes} x {instance.gpus} GPUs hold {fit} replicas of {gpus} GPUs, and there may be {replicas}",
            "say more nodes, or fewer replicas",
        )
