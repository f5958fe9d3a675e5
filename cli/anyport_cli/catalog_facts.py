"""Facts of the catalog as text and as plain values; unknown is a word, not an empty place."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from anyport.catalog import ApiVersion, Catalog, Evidence, Model, Offer, Provider, Region
from anyport.freshness import stale_note

from .text import columns

if TYPE_CHECKING:
    from .catalog_show import Wanted

__all__ = ["as_json", "as_text"]

UNKNOWN = "unknown"


def as_json(catalog: Catalog, wanted: Wanted, today: date) -> dict[str, Any]:
    """What was asked for as plain values; null and empty are not known."""
    models = {m.name: _model_json(catalog, m, wanted) for m in _models(catalog, wanted)}
    providers = {p.name: p.model_dump(mode="json") for p in _providers(catalog, wanted)}
    regions = [r.model_dump(mode="json") for r in _regions(catalog, wanted)]
    return {
        "collected_on": catalog.collected_on.isoformat(),
        "note": stale_note(catalog.collected_on, today),
        "models": models,
        "providers": providers if wanted.model is None or wanted.provider else {},
        "regions": regions if wanted.region or (wanted.provider and not wanted.model) else [],
        "problems": [],
    }


def as_text(catalog: Catalog, wanted: Wanted, today: date) -> Iterator[str]:
    """The same for a person."""
    if wanted.model:
        yield from _model(catalog, catalog.models[wanted.model], wanted, today)
    elif wanted.provider and not wanted.region:
        yield from _provider(catalog, catalog.providers[wanted.provider], today)
    elif wanted.region:
        yield from _region(catalog, wanted, today)
    else:
        yield from _overview(catalog, today)
    yield f"Facts as of {catalog.collected_on} at the earliest; ask the provider before relying on one."
    note = stale_note(catalog.collected_on, today)
    if note:
        yield f"note: {note}"


def _models(catalog: Catalog, wanted: Wanted) -> list[Model]:
    return [
        catalog.models[name]
        for name in catalog.names
        if (wanted.model in (None, name)) and list(_offers(catalog, catalog.models[name], wanted))
    ]


def _offers(catalog: Catalog, model: Model, wanted: Wanted) -> Iterator[Offer]:
    """Offers that are, or for all that is known may be, in the region asked for."""
    for provider in sorted(model.offers):
        offer = model.offers[provider]
        if wanted.provider not in (None, provider):
            continue
        if wanted.region is None or _served(catalog, offer, wanted.region) != "no":
            yield offer


def _served(catalog: Catalog, offer: Offer, region: str) -> str:
    """`yes`, `unknown`, or `no` where all kinds have a known list without it, or the provider has no such region."""
    if catalog.region(offer.provider, region) is None:
        return "no"
    if region in offer.regions:
        return "yes"
    open_kinds = [kind for kind in offer.kinds if not offer.regions_for(kind)]
    return UNKNOWN if open_kinds or not offer.regions else "no"


def _providers(catalog: Catalog, wanted: Wanted) -> list[Provider]:
    return [
        p
        for name, p in sorted(catalog.providers.items())
        if wanted.provider in (None, name) and (wanted.region is None or catalog.region(name, wanted.region))
    ]


def _regions(catalog: Catalog, wanted: Wanted) -> list[Region]:
    return [
        region
        for provider in sorted(catalog.regions)
        if wanted.provider in (None, provider)
        for region in catalog.regions_of(provider)
        if wanted.region in (None, region.name)
    ]


def _model_json(catalog: Catalog, model: Model, wanted: Wanted) -> dict[str, Any]:
    plain = model.model_dump(mode="json", exclude={"offers"})
    offers = {}
    for offer in _offers(catalog, model, wanted):
        offers[offer.provider] = offer.model_dump(mode="json")
        if wanted.region:
            offers[offer.provider]["in_region"] = _served(catalog, offer, wanted.region)
    return {**plain, "offers": offers}


def _overview(catalog: Catalog, today: date) -> Iterator[str]:
    rows = []
    for name in catalog.names:
        model = catalog.models[name]
        ends = [o.retires_on for o in model.offers.values() if o.retires_on]
        rows.append(
            (
                name,
                model.kind,
                model.owner,
                ", ".join(sorted(model.offers)),
                _day(min(ends, default=None), today),
            )
        )
    yield columns(("model", "kind", "owner", "providers", "first retirement"), rows)
    yield ""
    listed = [
        (
            p.name,
            p.operator,
            str(len(catalog.regions.get(p.name, {}))),
            ", ".join(a.version for a in p.apis("data")),
        )
        for _, p in sorted(catalog.providers.items())
    ]
    yield columns(("provider", "operator", "regions", "data-plane API"), listed)
    yield ""


def _model(catalog: Catalog, model: Model, wanted: Wanted, today: date) -> Iterator[str]:
    weights = {True: "open weights", False: "closed weights", None: "weights: unknown"}[model.open_weights]
    yield f"{model.name}: {model.title}, {model.kind}, of {model.owner}, {weights}, licence {model.licence or UNKNOWN}"
    yield ""
    offers = list(_offers(catalog, model, wanted))
    for offer in offers:
        yield from _offer(catalog, offer, wanted, today)
        yield ""
    if not offers:
        at = f" at {wanted.provider}" if wanted.provider else ""
        place = f" in {wanted.region}" if wanted.region else ""
        yield f"No offer is recorded{at}{place}: not a proof that there is none."
        yield ""


def _offer(catalog: Catalog, offer: Offer, wanted: Wanted, today: date) -> Iterator[str]:
    provider = catalog.providers[offer.provider]
    yield f"{offer.provider}{'  (doubtful)' if offer.evidence.doubtful else ''}"
    ids = {kind: offer.model_id_for(kind) or UNKNOWN for kind in offer.kinds}
    same = len(set(ids.values())) <= 1
    facts = {
        "model id": (offer.model_id or UNKNOWN) if same else "; ".join(f"{v} ({k})" for k, v in ids.items()),
        "version": offer.version or ("named by the id" if offer.provider != "azure_openai" else UNKNOWN),
        "kinds": ", ".join(offer.kinds) or UNKNOWN,
        "regions": _places(offer),
        "prompt, answer": f"{_number(offer.context_window)}, {_number(offer.max_output_tokens)} tokens",
        "dimensions": str(offer.embedding_dimensions) if offer.embedding_dimensions else "",
        "features": ", ".join(f"{n} {_word(has)}" for n, has in offer.features.items()),
        "price": f"{_money(offer.input_usd_per_million)} in, {_money(offer.output_usd_per_million)} out (USD per million tokens)",
        "retires": _retires(offer, today),
        "lifecycle": offer.lifecycle or "",
        "answered by": offer.passes_to or "",
        "data-plane API": ", ".join(_api(one) for one in provider.apis("data")) or UNKNOWN,
        "control-plane API": ", ".join(dict.fromkeys(one.title for one in provider.apis("control")[:1]))
        or UNKNOWN,
    }
    if wanted.region:
        facts[f"in {wanted.region}"] = _served(catalog, offer, wanted.region)
    yield from (f"  {name + ':':19}{value}" for name, value in facts.items() if value)
    yield from _evidence(offer.evidence)


def _places(offer: Offer) -> str:
    if not offer.regions:
        return f"{UNKNOWN} in full"
    of = f" ({', '.join(offer.regions_servings)})" if offer.regions_servings else ""
    open_kinds = [kind for kind in offer.kinds if not offer.regions_for(kind)]
    rest = f"; {UNKNOWN} for {', '.join(open_kinds)}" if open_kinds else ""
    return f"{', '.join(offer.regions)}{of}{rest}"


def _retires(offer: Offer, today: date) -> str:
    if offer.retires_on is None:
        return "no date known"
    only = f" ({', '.join(offer.retires_servings)})" if offer.retires_servings else ""
    conflict = (
        f"; the earliest date governs, {offer.retirement_conflict}" if offer.retirement_conflict else ""
    )
    return f"{_day(offer.retires_on, today)}{only}, {offer.retirement_basis}{conflict}"


def _provider(catalog: Catalog, provider: Provider, today: date) -> Iterator[str]:
    yield f"{provider.name}: {provider.title}, run by {provider.operator}, callers show {provider.auth}, {provider.docs}"
    yield from _evidence(provider.evidence)
    yield ""
    yield columns(
        ("kind", "title", "reach", "paid by", "note"),
        ((k.name, k.title, k.reach, k.billing.replace("_", " "), k.note) for k in provider.kinds.values()),
    )
    yield ""
    yield columns(
        ("plane", "API", "version", "use", "ends", "source"),
        (
            (
                a.plane,
                a.api,
                a.version,
                a.use.replace("_", " "),
                _day(a.retires_on, today),
                _where(a.evidence),
            )
            for a in provider.api_versions
        ),
    )
    yield ""
    served = [
        (m.name, o.model_id or UNKNOWN, ", ".join(o.kinds) or UNKNOWN, _day(o.retires_on, today))
        for m in (catalog.models[name] for name in catalog.names)
        for o in m.offers.values()
        if o.provider == provider.name
    ]
    yield columns(("model", "called", "kinds", "retires"), served)
    yield ""
    yield columns(
        ("region", "place", "failure domain", "geography", "status"),
        map(_region_row, catalog.regions_of(provider.name)),
    )
    yield ""


def _region(catalog: Catalog, wanted: Wanted, today: date) -> Iterator[str]:
    for region in _regions(catalog, wanted):
        yield f"{region.name} of {region.provider}: {region.place}, country {region.country or UNKNOWN}"
        yield f"  failure domain {region.failure_domain}, geography {region.geography}, {region.status}"
        if region.zones:
            yield f"  zones {', '.join(region.zones)}"
        yield from _evidence(region.evidence)
        yield ""
        rows = []
        for name in catalog.names:
            offer = catalog.offer(name, region.provider)
            if offer and (served := _served(catalog, offer, region.name)) != "no":
                rows.append((name, offer.model_id or UNKNOWN, served, _day(offer.retires_on, today)))
        yield columns(("model", "called", "served here", "retires"), rows)
        yield ""


def _region_row(region: Region) -> tuple[str, ...]:
    return region.name, region.place, region.failure_domain, region.geography, region.status


def _api(one: ApiVersion) -> str:
    return f"{one.version}{f' ({chr(44).join(one.kinds)})' if one.kinds else ''}"


def _evidence(evidence: Evidence) -> Iterator[str]:
    yield f"  {'source:':19}{_where(evidence)}"
    if evidence.note:
        yield f"  {'note:':19}{evidence.note}"


def _where(evidence: Evidence) -> str:
    return f"{evidence.source} ({evidence.collected_on}{', doubtful' if evidence.doubtful else ''})"


def _day(when: date | None, today: date) -> str:
    if when is None:
        return "no date known"
    return f"{when} (past)" if when <= today else str(when)


def _word(has: bool | None) -> str:
    return {True: "yes", False: "no", None: UNKNOWN}[has]


def _number(value: int | None) -> str:
    return UNKNOWN if value is None else f"{value:,}"


def _money(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:g}"
