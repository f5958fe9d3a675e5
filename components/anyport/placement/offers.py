"""What the catalog says of one offer and region, for a placement: the reason against it, if there is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from ..catalog import Catalog, Offer, Region, processed_in
from ..plan_refusals import no_zone
from ..spec_options import missing_apis, typed_options
from ..targets.registry import traits
from .constraints import Standing
from .policy_limits import PolicyLimits

if TYPE_CHECKING:
    from ..plan import PlannedTarget
    from ..spec import EndpointSpec
    from ..spec_placement import Placement

__all__ = ["Way", "notice", "refused_offer", "refused_region", "standing", "ways"]

No = tuple[str, str] | None
"""A stable code and the reason, or nothing against it."""


@dataclass(frozen=True, slots=True)
class Way:
    """One way of serving: the kind, and the target's own options that lead to it. Without a kind, `note` says why."""

    kind: str
    options: Mapping[str, Any]
    note: str = ""


def ways(provider: str, shared: Mapping[str, Any], own: Mapping[str, Any], offer: Offer) -> Iterator[Way]:
    """The kind that the options lead to and, where they name none, every other one that the catalog lists."""
    about = traits(provider)
    kind, note = about.kind(typed_options(provider, shared, own), offer.kinds)
    asked = own.get("deployment_kind") or shared.get("deployment_kind")
    yield Way(kind, own, note)
    if asked or "deployment_kind" not in about.options.model_fields:
        return
    for other in offer.kinds:
        if other == kind:
            continue
        options = {**own, "deployment_kind": other}
        try:
            found, _ = about.kind(typed_options(provider, shared, options), offer.kinds)
        except ValidationError:
            continue
        if found == other:
            yield Way(other, options)


def refused_offer(
    endpoint: EndpointSpec,
    model: str,
    offer: Offer,
    kind: str,
    catalog: Catalog,
    today: date,
    limits: PolicyLimits,
) -> No:
    """What is against the offer in every region."""
    placement = endpoint.placement
    if placement is None:
        return None
    exclude = placement.exclude
    who = {
        catalog.providers[name].operator
        for name in (offer.provider, offer.passes_to)
        if name in catalog.providers
    }
    if (
        offer.provider in exclude.providers
        or kind in exclude.kinds
        or model in exclude.models
        or who & set(exclude.operators)
    ):
        return "excluded", "excluded by the placement"
    no = _not_agreed(offer, who, limits, catalog) or _dearer(offer, limits)
    if no:
        return no
    if exclude.unconfirmed and offer.evidence.doubtful:
        return "unconfirmed", f"not confirmed: {offer.evidence.note or offer.evidence.source}"
    if offer.lifecycle == "deprecated":
        return "closed", "closed to new deployments"
    missing = missing_apis(endpoint.apis, kind, catalog.providers[offer.provider])
    if missing:
        return "api_missing", f"does not serve {', '.join(missing)}"
    stale = _stale(endpoint, model, today, limits.sameness.evaluated_within_days)
    days = notice(placement, limits)
    return stale or _features(endpoint, offer) or _retires(offer, kind, days, today)


def notice(placement: Placement, limits: PolicyLimits) -> int:
    """Days to a retirement that are asked for: the placement's, where it says any, else those of AB001."""
    said = "retirement_days" in placement.model_fields_set or limits.retirement.days is None
    return placement.retirement_days if said else limits.retirement.days or 0


def _not_agreed(offer: Offer, who: set[str], limits: PolicyLimits, catalog: Catalog) -> No:
    agreed = limits.operators.operators
    unknown = offer.passes_to is not None and offer.passes_to not in catalog.providers
    if agreed is None or (who <= set(agreed) and not unknown):
        return None
    others = "who answers is not known" if unknown else f"{' and '.join(sorted(who - set(agreed)))} is not"
    return "not_agreed", f"{others} among the operators that policies allow ({', '.join(sorted(agreed))})"


def _dearer(offer: Offer, limits: PolicyLimits) -> No:
    """A price that nobody knows is no reason: AB010 has it as a note."""
    ceiling = limits.ceiling
    for side, price, most in (
        ("prompt", offer.input_usd_per_million, ceiling.input_usd_per_million),
        ("answer", offer.output_usd_per_million, ceiling.output_usd_per_million),
    ):
        if price is not None and most is not None and price > most:
            return "ceiling", f"{price:g} USD per million {side} tokens; policies agree to {most:g}"
    return None


def _stale(endpoint: EndpointSpec, model: str, today: date, within: int) -> No:
    given = endpoint.placement.equivalents.get(model) if endpoint.placement else None
    if given is None or 0 <= (today - given.evaluated_on).days <= within:
        return None
    return (
        "evaluation",
        f"its equivalence was evaluated on {given.evaluated_on}, not within the last {within} days",
    )


def _features(endpoint: EndpointSpec, offer: Offer) -> No:
    missing = [feature for feature in endpoint.features if offer.features.get(feature) is False]
    if missing:
        return "feature_missing", f"does not have {', '.join(missing)}"
    unknown = [feature for feature in endpoint.features if offer.features.get(feature) is not True]
    return ("feature_unknown", f"not known to have {', '.join(unknown)}") if unknown else None


def _retires(offer: Offer, kind: str, within: int, today: date) -> No:
    retires = offer.retires(kind)
    if retires is None or (retires - today).days >= within:
        return None
    doubt = f" (the earliest date governs; {offer.retirement_conflict})" if offer.retirement_conflict else ""
    if retires <= today:
        return "retires", f"retired on {retires}{doubt}"
    return "retires", f"retires on {retires}, in {(retires - today).days} days; {within} are asked for{doubt}"


def refused_region(endpoint: EndpointSpec, offer: Offer, kind: str, region: Region, catalog: Catalog) -> No:
    """What is against one region."""
    placement = endpoint.placement
    if placement is not None and region.name in placement.exclude.regions:
        return "excluded", "excluded by the placement"
    served = offer.regions_for(kind)
    if served and region.name not in served:
        return "region", f"not among the regions known to serve it as {kind}"
    geographies = processed_in(catalog, offer.provider, region.name, kind)
    if not geographies:
        return "data_zone", no_zone(offer.provider, region.name, kind, catalog)[2]
    if endpoint.residency:
        allowed = ", ".join(endpoint.residency)
        if offer.passes_to:
            return (
                "residency",
                f"calls are handed on to {offer.passes_to}, in a place that is not known; allowed: {allowed}",
            )
        if set(geographies) - set(endpoint.residency):
            where = {"none": "anywhere", "unknown": "in a place that is not known"}.get(
                geographies[0], f"in {' or '.join(geographies)}"
            )
            return "residency", f"processes data {where}; allowed: {allowed}"
    pinned = placement is not None and bool({region.name, *region.zones} & set(placement.include.regions))
    if region.status != "general" and not region.zones and not pinned:
        reason = (
            f"not open to every customer ({region.status}); name it under include.regions if it is to you"
        )
        return "reserved", reason
    return None


def standing(target: PlannedTarget, posture: Mapping[str, Any], catalog: Catalog) -> Standing:
    """What constraints know of a resolved target."""
    behind = catalog.providers.get(target.passes_to or "")
    operators = {target.operator} | ({behind.operator} if behind else set())
    if target.passes_to is not None and behind is None:
        operators = set()
    needs = (
        operators
        | set(posture.get("identity_providers", ()))
        | {posture.get("billing_party") or target.operator}
    )
    if target.open_weights is False and target.model_owner:
        needs.add(target.model_owner)
    domain = target.failure_domain if target.reach == "regional" else "none"
    return Standing(
        provider=target.provider,
        region=target.region,
        zone=target.zone,
        model=target.model,
        domain="unknown" if target.passes_to is not None else domain,
        operators=frozenset(operators),
        needs=frozenset(needs),
        owner_known=target.open_weights is True
        or (target.open_weights is False and bool(target.model_owner)),
        embeds=target.kind == "embedding",
        dimensions=target.limits.embedding_dimensions,
        context_window=target.limits.context_window,
        capacity=posture.get("capacity_tokens_per_minute"),
        retires=target.retires_on,
    )
