"""Whose a group of charges is.

Rules in order; the first that answers wins, and the answer says which it was:

tag      the tags that Anyport sets on everything that takes tags
name     the name that Anyport gives the resource
place    project, compartment, region, model or machine type that only one planned target has
shared   several planned targets fit: nothing is split by a guess
none     AI spend that is nobody's
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from .places import Place
from .scan import Group
from .sku import Names
from .tags import tag_values

__all__ = ["Owner", "owner_of"]


@dataclass(frozen=True)
class Owner:
    """Who caused a group of charges.

    Attributes:
        rule: `tag`, `name`, `place`, `shared`, `none` (AI spend of nobody) or `other` (no AI spend).
        tier, endpoint, target: as tagged or planned; empty where not known.
        place: the planned target; None when no stack file has it.
        model: the planned target's, else as the SKU's text surely says.
        candidates: `endpoint/target` of all that fit, for `shared`.
    """

    rule: str
    tier: str = ""
    endpoint: str = ""
    target: str = ""
    place: Place | None = None
    model: str | None = None
    candidates: tuple[str, ...] = field(default=())


def owner_of(group: Group, provider: str, places: Sequence[Place], names: Names) -> Owner:
    """The owner of a group of charges of a provider."""
    if not group.relevant:
        return Owner("other")
    said = names.model(group.meter) or names.model(group.description) or names.model(group.sku)
    tags = tag_values(group.tags.split("\x1f")) if group.tags else {}
    if tags.get("endpoint"):
        return _tagged(tags, provider, places, said)
    own = [place for place in places if place.provider == provider]
    named = [place for place in own if place.name and _has_name(place, group)]
    if named:
        return _one_of(named, "name", said)
    if group.category in ("tax", "purchase") or not (group.ai or _is_machine(group, provider)):
        return Owner("other")
    fits = _built(_fitting(group, provider, own, said))
    return _one_of(fits, "place", said) if fits else Owner("none", model=said)


def _tagged(tags: dict[str, str], provider: str, places: Iterable[Place], said: str | None) -> Owner:
    """A tag counts also for an endpoint that no stack file has: it was built once, and somebody pays for it."""
    tier, endpoint, target = tags.get("tier", ""), tags["endpoint"], tags.get("target", "")
    found = [
        place
        for place in places
        if place.endpoint == endpoint
        and (not target or place.target == target)
        and (not tier or place.tier == tier)
        and place.provider == provider
    ]
    place = found[0] if len({one.key for one in found}) == 1 else None
    return Owner(
        "tag",
        tier or (place.tier if place else ""),
        endpoint,
        target or (place.target if place else ""),
        place,
        place.model if place else said,
    )


def _has_name(place: Place, group: Group) -> bool:
    if place.name is None:
        return False
    if place.provider == "azure_openai":
        return bool(group.resource and place.name.search(group.resource.lower()))
    return bool(group.resource_name and place.name.search(group.resource_name.lower()))


def _fitting(group: Group, provider: str, own: Sequence[Place], said: str | None) -> list[Place]:
    """Narrowed step by step; a step that has nothing to tell by is left out, one that nobody passes ends it."""
    if provider == "coreweave_vllm":
        return _machines(group, own)
    payer = (group.compartment or group.sub_account or "").lower().rpartition("/")[2]
    fits = [place for place in own if place.owner and place.owner == payer]
    if group.region and group.region.lower() != "global":
        fits = [place for place in fits if place.reach != "regional" or place.region == group.region.lower()]
    if said:
        fits = [place for place in fits if place.model == said]
    return fits


def _built(fits: list[Place]) -> list[Place]:
    """A cold standby is not built, so it is looked at only where no warm target fits."""
    return [place for place in fits if place.standby == "warm"] or fits


def _is_machine(group: Group, provider: str) -> bool:
    """CoreWeave's rows have no service category of use; its GPU machines are what AI runs on."""
    return (
        provider == "coreweave_vllm" and "gpu" in " ".join((group.family or "", group.service or "")).lower()
    )


def _machines(group: Group, own: Sequence[Place]) -> list[Place]:
    """CoreWeave bills machines by zone and type, and knows no pod. Other families (storage, network) are nobody's."""
    texts = " ".join(text for text in (group.sku, group.meter, group.description) if text).lower()
    spots = " ".join(text for text in (group.zone, group.region) if text).upper()
    return [
        place
        for place in own
        if (place.instance_type or "?") in texts
        and (
            (place.zone and place.zone in spots) or (place.region in spots and not _other_zone(place, group))
        )
    ]


def _other_zone(place: Place, group: Group) -> bool:
    return bool(group.zone and place.zone and group.zone.upper() != place.zone)


def _one_of(found: Sequence[Place], rule: str, said: str | None) -> Owner:
    if len(found) > 1:
        return Owner(
            "shared", model=said, candidates=tuple(sorted(f"{p.endpoint}/{p.target}" for p in found))
        )
    place = found[0]
    return Owner(rule, place.tier, place.endpoint, place.target, place, place.model)
