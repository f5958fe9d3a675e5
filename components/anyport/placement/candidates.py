"""Every place that could serve an endpoint, from the catalog: candidates, and for each other one the reason.

A candidate is a provider, a region, a deployment kind and, on machines of your own, a zone and an instance type.
It is resolved by the plan's own code, so that it carries the facts a target written by hand would. What is refused
here cannot be in any set, whatever else is chosen; how candidates go together is the affair of `search`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..catalog import Catalog, Offer, Region
from ..spec_options import typed_options
from ..targets.options import OptionsContext
from ..targets.registry import provider_names, traits
from .constraints import Standing, fits_alone
from .offers import Way, refused_offer, refused_region, standing, ways
from .policy_limits import NO_LIMITS, PolicyLimits
from .price import Monthly, Volume, monthly, volume
from .result import Refused

if TYPE_CHECKING:
    from ..plan import PlannedTarget
    from ..spec import EndpointSpec, TargetSpec

__all__ = ["Bench", "Candidate", "Found", "find"]


@dataclass(frozen=True)
class Bench:
    """What the planner works with.

    Attributes:
        endpoint: with its placement.
        tier: `prod` or `dev`.
        shared: options under `providers` of the spec.
        catalog: facts.
        today: the day to judge retirements by.
        planned: resolves one target as `anyport.plan` does; else code, path, message and fix.
        posture: the words of `anyport.posture` for a resolved target.
        limits: what the policy configuration says.
        lenient: providers whose options are taken for complete, to ask what else there is.
    """

    endpoint: EndpointSpec
    tier: str
    shared: Mapping[str, Mapping[str, Any]]
    catalog: Catalog
    today: date
    planned: Callable[[EndpointSpec, TargetSpec], PlannedTarget | tuple[str, tuple[str, ...], str, str]]
    posture: Callable[[PlannedTarget], Mapping[str, Any]]
    limits: PolicyLimits = NO_LIMITS
    lenient: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Candidate:
    """One place that could serve.

    Attributes:
        key: provider, zone or region, kind, instance type, model: what it is sorted by last.
        spec: the target as a spec would write it; its priority is set when it is chosen.
        target: the same, resolved.
        standing: what constraints know of it.
        price: by list prices.
        latency_class: 0 near, 1 far, 2 not known.
        closed: 0 for open weights, 1 for closed and unknown ones.
    """

    key: tuple[str, ...]
    spec: TargetSpec
    target: PlannedTarget
    standing: Standing
    price: Monthly
    latency_class: int
    closed: int

    @property
    def place(self) -> str:
        """Zone or region."""
        return self.target.zone or self.target.region


@dataclass(frozen=True)
class Found:
    """Candidates in the order of their keys, what was refused and why, and the volume prices are for."""

    candidates: tuple[Candidate, ...]
    refused: tuple[Refused, ...]
    asked: Volume


def find(bench: Bench) -> Found:
    """All candidates of an endpoint with a placement."""
    placement = bench.endpoint.placement
    if placement is None:
        raise ValueError("the endpoint has no placement")
    models = bench.catalog.models
    embeds = models[bench.endpoint.model].kind == "embedding"
    asked = volume(bench.endpoint.traffic, placement.answer_share, embeds=embeds)
    candidates: list[Candidate] = []
    refused: list[Refused] = []
    for model in (bench.endpoint.model, *sorted(placement.equivalents)):
        for provider in provider_names():
            offer = models[model].offers.get(provider)
            if offer is None:
                reason = f"the catalog does not list {model} there"
                refused.append(Refused(provider=provider, model=model, code="not_offered", reason=reason))
                continue
            for one in _of_offer(_Search(bench, offer, model, asked)):
                (candidates if isinstance(one, Candidate) else refused).append(one)  # type: ignore[arg-type]
    return Found(tuple(sorted(candidates, key=lambda one: one.key)), merged(refused), asked)


def merged(refused: list[Refused]) -> tuple[Refused, ...]:
    """One entry for all places that were refused for one reason."""
    groups: dict[tuple[str, ...], list[Refused]] = {}
    for one in refused:
        groups.setdefault((one.provider, one.model, one.kind, one.code, one.reason), []).append(one)
    return tuple(
        first.model_copy(update={"places": tuple(sorted({place for one in same for place in one.places}))})
        for same in groups.values()
        for first in same[:1]
    )


@dataclass(frozen=True)
class _Search:
    bench: Bench
    offer: Offer
    model: str
    asked: Volume

    @property
    def provider(self) -> str:
        return self.offer.provider

    def refused(self, code: str, reason: str, *places: str, kind: str = "") -> Refused:
        return Refused(
            provider=self.provider, model=self.model, kind=kind, places=places, code=code, reason=reason
        )


def _of_offer(search: _Search) -> Iterator[Candidate | Refused]:
    bench, provider = search.bench, search.provider
    placement = bench.endpoint.placement
    assert placement is not None  # find() has looked
    own = placement.options.get(provider, {})
    regions = bench.catalog.regions_of(provider)
    for way in ways(provider, bench.shared.get(provider, {}), own, search.offer):
        if not way.kind:
            yield search.refused("kind", way.note)
            continue
        no = refused_offer(
            bench.endpoint, search.model, search.offer, way.kind, bench.catalog, bench.today, bench.limits
        )
        if no:
            yield search.refused(no[0], no[1], *(region.name for region in regions), kind=way.kind)
            continue
        posture: dict[str, Any] = {}
        for region in regions:
            no = refused_region(bench.endpoint, search.offer, way.kind, region, bench.catalog)
            if no:
                yield search.refused(no[0], no[1], region.name, kind=way.kind)
                continue
            for place in _machines(search, region):
                if isinstance(place, Refused):
                    yield place.model_copy(update={"kind": way.kind})
                else:
                    yield _candidate(search, way, region, place, posture)


_Place = tuple[str | None, str | None]
"""Zone and instance type; None where the provider has no such thing."""


def _machines(search: _Search, region: Region) -> Iterator[_Place | Refused]:
    """Zones and machines of a region, as far as known or pinned."""
    placement = search.bench.endpoint.placement
    assert placement is not None  # find() has looked
    if "instance_type" not in traits(search.provider).target_keys:
        yield None, None
        return
    asked = placement.machines.get(search.provider)
    wanted, zones = (asked.instance_types, asked.zones) if asked else ((), ())
    for zone in region.zones or (None,):
        name = zone or region.name
        pinned = bool({name, region.name} & set(placement.include.regions))
        there = region.instance_types.get(name, wanted if pinned else ())
        types = [one for one in sorted(there) if not wanted or one in wanted]
        if zone in placement.exclude.regions:
            yield search.refused("excluded", "excluded by the placement", name)
        elif zones and zone not in zones:
            yield search.refused("excluded", "not among the zones that the placement names", name)
        elif region.status != "general" and not pinned:
            reason = (
                f"not open to every customer ({region.status}); name it under include.regions if it is to you"
            )
            yield search.refused("reserved", reason, name)
        elif not there:
            yield search.refused("machines_unknown", "which machines it has is not known", name)
        elif not types:
            yield search.refused("machines", f"has none of {', '.join(sorted(wanted))}", name)
        else:
            yield from ((zone, one) for one in types)


def _candidate(
    search: _Search, way: Way, region: Region, place: _Place, posture: dict[str, Any]
) -> Candidate | Refused:
    """One place resolved; `posture` keeps what is the same for all places of one way of serving."""
    from ..spec import TargetSpec

    bench, (zone, instance_type) = search.bench, place
    endpoint, placement = bench.endpoint, bench.endpoint.placement
    assert placement is not None  # find() has looked
    name = zone or region.name
    machines = placement.machines.get(search.provider)
    spec = TargetSpec(
        priority=1,
        provider=search.provider,
        region=region.name,
        zone=zone,
        model=None if search.model == endpoint.model else search.model,
        equivalence=placement.equivalents.get(search.model),
        instance_type=instance_type,
        replicas=(machines.replicas if machines else 1) if instance_type else None,
        options=dict(way.options),
    )
    label = f"{name} ({instance_type})" if instance_type else name
    no = "" if search.provider in bench.lenient else _refusal(bench, spec, way.kind, search.model)
    if no:
        return search.refused("options", no, label, kind=way.kind)
    target = bench.planned(endpoint, spec)
    if isinstance(target, tuple):
        return search.refused("options", f"{target[2]}; {target[3]}", label, kind=way.kind)
    if not posture:
        posture.update(bench.posture(target))
    facts = standing(target, posture, bench.catalog)
    if not fits_alone(facts, endpoint.traffic.tokens_per_minute):
        reason = (
            "its place is not known, and with declared traffic nothing is sure to survive the loss of that"
        )
        return search.refused("place_unknown", reason, label, kind=way.kind)
    near = placement.near or endpoint.residency
    far = 2 if target.geography in ("none", "unknown") or target.passes_to else 1
    return Candidate(
        key=(search.provider, name, way.kind, instance_type or "", search.model),
        spec=spec,
        target=target,
        standing=facts,
        price=monthly(target, search.asked, bench.catalog),
        latency_class=0 if not near or (far == 1 and target.geography in near) else far,
        closed=0 if target.open_weights is True else 1,
    )


def _refusal(bench: Bench, spec: TargetSpec, kind: str, model: str) -> str:
    """What the provider says against the options at this place, as the check of a spec would."""
    try:
        options = typed_options(spec.provider, bench.shared.get(spec.provider, {}), spec.options)
    except ValidationError:
        return f"the options do not suit {kind}"
    context = OptionsContext(
        options, kind, bench.tier, spec.region, bench.endpoint.residency, model,
        zone=spec.zone, instance_type=spec.instance_type, replicas=spec.replicas,
    )  # fmt: skip
    for refusal in traits(spec.provider).refuse(context):
        option = ".".join(refusal.path)
        return f"{option + ': ' if option else ''}{refusal.message}; {refusal.fix}"
    return ""
