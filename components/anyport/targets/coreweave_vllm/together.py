"""What vLLM targets of one file cannot share: a cluster lies in one zone, so in one failure domain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, cast

from ...catalog import load
from ..options import Claim, OptionsContext, Refusal

if TYPE_CHECKING:
    from .options import CoreweaveVllmOptions

__all__ = ["claims", "refuse_zone"]

_HOST = re.compile(r"\.k8s\.([a-z0-9-]+)\.coreweave\.com$")


def claims(context: OptionsContext) -> Iterable[Claim]:
    """The target's cluster, by its address, by a reference to its kubeconfig, or as the ambient one."""
    options = cast("CoreweaveVllmOptions", context.options)
    path: tuple[str, ...]
    if options.cluster:
        path, got = ("cluster", "endpoint"), options.cluster.endpoint
    elif options.kubeconfig:
        path, got = ("kubeconfig",), options.kubeconfig.uri
    else:
        path, got = (), "neither cluster nor kubeconfig: the ambient one"
    yield _in_one_place(path, got, (), context.region)
    if context.zone:
        yield _in_one_place(path, got, (context.region,), context.zone)


def _in_one_place(path: tuple[str, ...], got: str, within: tuple[str, ...], place: str) -> Claim:
    return Claim(
        path,
        ("cluster", got, *within),
        got,
        "a cluster lies in one zone, so all of them would be built there and fail together",
        "one cluster for each zone",
        "write cluster or kubeconfig in the options of each target",
        place=place,
    )


def refuse_zone(context: OptionsContext) -> Iterator[Refusal]:
    """A CoreWeave address tells the zone of the cluster; other addresses tell nothing."""
    options = cast("CoreweaveVllmOptions", context.options)
    found = _HOST.search(options.cluster.endpoint) if options.cluster else None
    if found is None:
        return
    zone = found[1].upper()
    region = load().region("coreweave_vllm", context.region)
    fits = zone == context.zone if context.zone else zone in (region.zones if region else ())
    if not fits:
        yield Refusal(
            ("cluster", "endpoint"),
            f"the cluster of this address lies in {zone}, and the target in {context.zone or context.region}",
            f"write the address of a cluster there, or the region and zone: {zone} that the cluster lies in",
            code="AP206",
        )
