"""The spec resolved against the catalog: ordered targets with every fact that rules and builders need.

Pure: the day is passed in, nothing is read from the network, a clock or chance. What the catalog does
not know stays None or "unknown" and is said in `notes`; it is never filled with a guess.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, SerializeAsAny

from .catalog import Catalog, Offer, Region, load, processed_in
from .contract import Limits, smallest
from .errors import Problem, SpecError
from .placement.candidates import Bench
from .placement.infeasible import infeasible
from .placement.planner import Placing, place
from .placement.policy_limits import NO_LIMITS, PolicyLimits
from .plan_refusals import Refusal, no_zone, retired
from .posture import posture
from .sizing import gpus_needed, sizing_notes
from .source import Source
from .spec import EndpointSpec, Equivalence, StackSpec, TargetSpec, Traffic
from .spec_options import typed_options
from .spec_problems import problem_at
from .targets.options import TargetOptions
from .targets.registry import traits

__all__ = ["Plan", "PlannedEndpoint", "PlannedTarget", "endpoint_facts", "placing_of", "resolve"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class PlannedTarget(_Model):
    """One target with its facts."""

    name: str
    priority: int
    weight: int | None
    standby: Literal["warm", "cold"]
    restore_minutes: int | None
    provider: str
    operator: str
    """Company that runs the provider."""
    region: str
    zone: str | None
    failure_domain: str
    """The place that fails together; `none` and `unknown` are never independent of anything."""
    geography: str
    """For residency; `none` and `unknown` satisfy no residency."""
    data_zone: tuple[str, ...] | None
    """Geographies of the data zone, in any of which a call may be processed; None for other reaches."""
    deployment_kind: str
    """The catalog's kind: `standard`, `maas`, `on_demand`, `vllm`, …"""
    reach: str
    """`regional`, `data_zone` or `global`."""
    model: str
    """Catalog name."""
    model_id: str
    """What the provider calls it."""
    model_version: str | None
    model_format: str | None
    model_owner: str
    passes_to: str | None
    """Provider that really answers, when this one only hands the call on."""
    open_weights: bool | None
    kind: Literal["chat", "embedding"]
    equivalence: Equivalence | None
    features: tuple[str, ...]
    """Features the catalog says it has."""
    features_unknown: tuple[str, ...]
    """Features about which the catalog says nothing."""
    limits: Limits
    input_usd_per_million: float | None
    output_usd_per_million: float | None
    retires_on: date | None
    """Earliest date that any source gives."""
    retirement_conflict: str | None
    """What another source says, when they disagree."""
    instance_type: str | None
    replicas: int | None
    gpus_per_replica: int | None
    tool_call_parser: str | None
    reasoning_parser: str | None
    options: SerializeAsAny[TargetOptions]
    source: str
    """Where the catalog has the row from."""
    collected_on: date
    doubtful: bool
    notes: tuple[str, ...]


class PlannedEndpoint(_Model):
    """One endpoint with its targets in order of use."""

    name: str
    tier: Literal["prod", "dev"]
    owner: str | None
    cost_center: str | None
    model: str
    apis: tuple[str, ...]
    required_features: tuple[str, ...]
    """What callers rely on."""
    features: tuple[str, ...]
    """What every target is known to give."""
    limits: Limits
    """The smallest of each limit over all targets."""
    residency: tuple[str, ...]
    traffic: Traffic
    targets: tuple[PlannedTarget, ...]
    today: date
    """The day it was resolved for; not among the facts, so an unchanged spec shows no change."""


class Plan(_Model):
    """All endpoints of a stack, resolved."""

    tier: Literal["prod", "dev"]
    endpoints: tuple[PlannedEndpoint, ...]
    catalog_collected_on: date

    def endpoint(self, name: str) -> PlannedEndpoint:
        """The endpoint of that name. Raises KeyError."""
        for found in self.endpoints:
            if found.name == name:
                return found
        raise KeyError(name)


def resolve(
    spec: StackSpec,
    catalog: Catalog | None,
    today: date,
    source: Source | None = None,
    limits: PolicyLimits = NO_LIMITS,
) -> Plan:
    """Resolve every target of a spec.

    Args:
        spec: a parsed spec.
        catalog: facts; None for the shipped ones.
        today: the day to judge retirements by.
        source: positions for messages.
        limits: what the policy configuration says; bounds placements, and nothing of targets that are written.

    Raises:
        SpecError: AP210 a kind that is not offered, AP212 a retired model, AP218 a placement that cannot be met.
    """
    catalog, source = catalog or load(), source or Source()
    problems: list[Problem] = []
    endpoints = []
    for name, endpoint in spec.endpoints.items():
        if endpoint.placement is not None:
            placing = placing_of(name, spec, catalog, today, limits)
            if placing.choice is None:
                problems.append(infeasible(name, placing, source))
                continue
            endpoint = endpoint.model_copy(update={"targets": placing.targets, "placement": None})
        targets = []
        for target_name, target in endpoint.targets.items():
            path = ("endpoints", name, "targets", target_name)
            found = _target(target_name, target, endpoint, spec, catalog, today)
            if isinstance(found, PlannedTarget):
                targets.append(found)
            else:
                code, where, message, fix = found
                problems.append(problem_at(code, (*path, *where), source, message, fix=fix))
        endpoints.append(_endpoint(name, endpoint, spec, targets, today))
    if problems:
        raise SpecError(problems)
    return Plan(tier=spec.tier, endpoints=tuple(endpoints), catalog_collected_on=catalog.collected_on)


def placing_of(
    name: str, spec: StackSpec, catalog: Catalog, today: date, limits: PolicyLimits = NO_LIMITS
) -> Placing:
    """What the planner makes of an endpoint with a placement; `anyport.placement.explain` says why."""
    endpoint = spec.endpoints[name]
    return place(name, Bench(
        endpoint, spec.tier, spec.providers, catalog, today,
        lambda asked, target: _target(target.region, target, asked, spec, catalog, today),
        lambda target: posture(_endpoint(name, endpoint, spec, [target], today), target),
        limits,
    ))  # fmt: skip


def _endpoint(
    name: str, endpoint: EndpointSpec, spec: StackSpec, targets: list[PlannedTarget], today: date
) -> PlannedEndpoint:
    ordered = tuple(sorted(targets, key=lambda t: (t.priority, -(t.weight or 0), t.name)))
    common = set.intersection(*(set(t.features) for t in ordered)) if ordered else set()
    return PlannedEndpoint(
        name=name,
        tier=spec.tier,
        owner=spec.owner,
        cost_center=spec.cost_center,
        model=endpoint.model,
        apis=endpoint.apis,
        required_features=endpoint.features,
        features=tuple(sorted(common)),
        limits=smallest(t.limits for t in ordered),
        residency=endpoint.residency,
        traffic=endpoint.traffic,
        targets=ordered,
        today=today,
    )


def _target(
    name: str, target: TargetSpec, endpoint: EndpointSpec, spec: StackSpec, catalog: Catalog, today: date
) -> PlannedTarget | Refusal:
    model_name = target.model or endpoint.model
    model = catalog.models[model_name]
    offer = model.offers[target.provider]
    region = catalog.regions[target.provider][target.region]
    options = typed_options(target.provider, spec.providers.get(target.provider, {}), target.options)
    kind, note = traits(target.provider).kind(options, offer.kinds)
    if not kind:
        return "AP210", ("options",), note, "name an offered kind, or another region or provider"
    model_id = offer.model_id_for(kind)
    if not model_id:
        fix = "choose another deployment_kind, provider or model"
        said = f"the catalog does not know how {target.provider} ({kind}) names {model_name}"
        return "AP204", ("provider",), said, fix
    places = processed_in(catalog, target.provider, target.region, kind)
    refusal = retired(model_name, target, offer, kind, today)
    refusal = refusal or (None if places else no_zone(target.provider, target.region, kind, catalog))
    if refusal:
        return refusal
    reach = catalog.providers[target.provider].kinds[kind].reach
    gpus = gpus_needed(target, options, offer, catalog)
    return PlannedTarget(
        name=name,
        priority=target.priority,
        weight=target.weight,
        standby=target.standby,
        restore_minutes=target.restore_minutes,
        provider=target.provider,
        operator=catalog.providers[target.provider].operator,
        region=target.region,
        zone=target.zone,
        failure_domain=region.failure_domain if reach == "regional" else "none",
        geography=region.geography if reach != "global" else "none",
        data_zone=places if reach == "data_zone" else None,
        deployment_kind=kind,
        reach=reach,
        model=model_name,
        model_id=model_id,
        model_version=offer.version,
        model_format=offer.format,
        model_owner=model.owner,
        passes_to=offer.passes_to,
        open_weights=model.open_weights,
        kind=model.kind,
        equivalence=target.equivalence,
        **_features(offer),
        limits=Limits(
            context_window=offer.context_window,
            max_output_tokens=offer.max_output_tokens,
            embedding_dimensions=offer.embedding_dimensions,
            tokens_per_minute=endpoint.traffic.tokens_per_minute,
        ),
        input_usd_per_million=offer.input_usd_per_million,
        output_usd_per_million=offer.output_usd_per_million,
        retires_on=offer.retires(kind),
        retirement_conflict=offer.retirement_conflict,
        instance_type=target.instance_type,
        replicas=target.replicas,
        gpus_per_replica=gpus,
        tool_call_parser=offer.tool_call_parser,
        reasoning_parser=offer.reasoning_parser,
        options=options,
        source=offer.evidence.source,
        collected_on=offer.evidence.collected_on,
        doubtful=offer.evidence.doubtful,
        notes=(*_notes(note, region, offer), *sizing_notes(target, options, offer, catalog)),
    )


def _features(offer: Offer) -> dict[str, Any]:
    known = offer.features
    return {
        "features": tuple(sorted(f for f, has in known.items() if has)),
        "features_unknown": tuple(sorted(f for f, has in known.items() if has is None)),
    }


def _notes(note: str, region: Region, offer: Offer) -> tuple[str, ...]:
    notes = [note] if note else []
    if offer.passes_to:
        notes.append(f"calls are passed on to {offer.passes_to}, so this target fails with it")
    if region.status != "general":
        notes.append(f"region {region.name} is not open to every customer: {region.status}")
    if not offer.regions and offer.evidence.doubtful:
        notes.append(f"the offer is not confirmed: {offer.evidence.note or offer.evidence.source}")
    if offer.retirement_conflict:
        notes.append(f"sources disagree on retirement: {offer.retirement_conflict}")
    return tuple(notes)


def endpoint_facts(endpoint: PlannedEndpoint, share: Iterable[str] | None = None) -> dict[str, Any]:
    """Plain values for a component's inputs: what resource policies judge before anything exists.

    Args:
        endpoint: a resolved endpoint.
        share: names of the targets that this stack builds; left out when the caller does not say.

    Holds no option values and no secrets, only the words of `anyport.posture`. The day is not in it, so an
    unchanged spec shows no change.
    """
    keep = {
        "name", "priority", "weight", "standby", "restore_minutes", "provider", "operator", "region", "zone",
        "failure_domain", "geography", "data_zone", "deployment_kind", "reach", "model", "model_id", "model_version", "model_owner", "passes_to",
        "open_weights", "kind", "equivalence", "features", "features_unknown", "limits", "input_usd_per_million",
        "output_usd_per_million", "retires_on", "retirement_conflict", "doubtful",
    }  # fmt: skip
    facts = endpoint.model_dump(mode="json", exclude={"targets", "today"}, exclude_none=True)
    facts["targets"] = [
        {**t.model_dump(mode="json", include=keep, exclude_none=True), "posture": posture(endpoint, t)}
        for t in endpoint.targets
    ]
    if share is not None:
        facts["share"] = sorted(share)
    return facts
