"""What the shape of a spec cannot say: names known to the catalog, priorities, options per provider.

Works on the raw mapping, so that a mistyped region is reported in the same run as a misspelt key
elsewhere. Wherever a value has the wrong form, its own problem was already reported and it is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from .catalog import Catalog
from .errors import Problem
from .source import Source
from .spec_problems import problem_at, problems_of
from .targets.options import TargetOptions
from .targets.registry import provider_names, traits

__all__ = ["check_endpoints", "typed_options"]

Loc = tuple[str | int, ...]

_API_OF_KIND = {"chat": ("chat_completions", "responses"), "embedding": ("embeddings",)}
_TARGET_KEYS = ("zone", "instance_type", "replicas")


def typed_options(
    provider: str, shared: Mapping[str, Any], own: Mapping[str, Any] | TargetOptions
) -> TargetOptions:
    """A target's options: the provider-wide ones with the target's own over them."""
    model = traits(provider).options
    if isinstance(own, TargetOptions):
        own = own.model_dump(exclude_unset=True)
    return model.model_validate({**shared, **own})


def check_endpoints(mapping: Any, source: Source, catalog: Catalog) -> list[Problem]:
    """All problems of meaning in a spec's mapping."""
    if not isinstance(mapping, Mapping):
        return []
    shared = mapping.get("providers")
    shared = shared if isinstance(shared, Mapping) else {}
    problems = list(_provider_options(shared, source))
    for name, endpoint in _maps(mapping.get("endpoints")):
        problems += _endpoint(endpoint, ("endpoints", name), source, catalog, shared)
    return problems


def _maps(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        yield from ((str(key), inner) for key, inner in value.items() if isinstance(inner, Mapping))


def _provider_options(shared: Mapping[str, Any], source: Source) -> Iterator[Problem]:
    for name, options in shared.items():
        path: Loc = ("providers", str(name))
        if name not in provider_names():
            yield problem_at(
                "AP201", path, source, "unknown provider", got=str(name), allowed=provider_names()
            )
        elif isinstance(options, Mapping):
            try:
                traits(str(name)).options.model_validate(dict(options))
            except ValidationError as error:
                yield from problems_of(error, traits(str(name)).options, source, path)


def _endpoint(
    endpoint: Mapping[str, Any], path: Loc, source: Source, catalog: Catalog, shared: Mapping[str, Any]
) -> Iterator[Problem]:
    model = endpoint.get("model")
    if isinstance(model, str):
        yield from _model(model, endpoint, (*path, "model"), source, catalog)
    yield from _residency(endpoint.get("residency"), (*path, "residency"), source, catalog)
    targets = list(_maps(endpoint.get("targets")))
    yield from _priorities(targets, path, source)
    for name, target in targets:
        yield from _target(target, endpoint, (*path, "targets", name), source, catalog, shared)


def _model(
    model: str, endpoint: Mapping[str, Any], path: Loc, source: Source, catalog: Catalog
) -> Iterator[Problem]:
    if model not in catalog.models:
        yield problem_at("AP203", path, source, "unknown model", got=model, allowed=sorted(catalog.models))
        return
    apis = endpoint.get("apis", ["chat_completions"])
    serves = _API_OF_KIND[catalog.models[model].kind]
    for api in apis if isinstance(apis, list | tuple) else []:
        if (
            isinstance(api, str)
            and api not in serves
            and api in {"chat_completions", "responses", "embeddings"}
        ):
            yield problem_at(
                "AP208",
                (*path[:-1], "apis"),
                source,
                f"{model} does not serve this API",
                got=api,
                allowed=serves,
                fix=f"say apis: [{serves[0]}], or name another model",
            )


def _residency(value: Any, path: Loc, source: Source, catalog: Catalog) -> Iterator[Problem]:
    known = sorted(
        {r.geography for regions in catalog.regions.values() for r in regions.values()} - {"none", "unknown"}
    )
    for index, item in enumerate(value if isinstance(value, list | tuple) else []):
        if isinstance(item, str) and item not in known:
            yield problem_at("AP106", (*path, index), source, "unknown geography", got=item, allowed=known)


def _priorities(targets: list[tuple[str, Mapping[str, Any]]], path: Loc, source: Source) -> Iterator[Problem]:
    first: dict[Any, tuple[str, bool]] = {}
    for name, target in targets:
        priority, weighted = target.get("priority"), target.get("weight") is not None
        if not isinstance(priority, int):
            continue
        if priority in first and not (weighted and first[priority][1]):
            other = first[priority][0]
            yield problem_at(
                "AP205",
                (*path, "targets", name, "priority"),
                source,
                f"has the same priority as {other}",
                got=priority,
                fix="give each target its own priority, or both a weight",
            )
        first.setdefault(priority, (name, weighted))


def _target(
    target: Mapping[str, Any],
    endpoint: Mapping[str, Any],
    path: Loc,
    source: Source,
    catalog: Catalog,
    shared: Mapping[str, Any],
) -> Iterator[Problem]:
    provider = target.get("provider")
    if not isinstance(provider, str):
        return
    if provider not in provider_names():
        yield problem_at(
            "AP201", (*path, "provider"), source, "unknown provider", got=provider, allowed=provider_names()
        )
        return
    yield from _place(target, provider, path, source, catalog)
    yield from _target_keys(target, provider, path, source, catalog)
    yield from _target_model(target, endpoint, provider, path, source, catalog, shared)
    yield from _target_options(target, provider, path, source, shared)


def _place(
    target: Mapping[str, Any], provider: str, path: Loc, source: Source, catalog: Catalog
) -> Iterator[Problem]:
    region, zone = target.get("region"), target.get("zone")
    known = catalog.regions.get(provider, {})
    if not isinstance(region, str):
        return
    if region not in known:
        fix = ""
        owner = next((r for r in known.values() if region in r.zones), None)
        if owner:
            fix = f"this is a zone; say region: {owner.name} and zone: {region}"
        yield problem_at(
            "AP202",
            (*path, "region"),
            source,
            f"{provider} has no such region",
            got=region,
            allowed=sorted(known),
            fix=fix,
        )
    elif isinstance(zone, str) and known[region].zones and zone not in known[region].zones:
        yield problem_at(
            "AP206",
            (*path, "zone"),
            source,
            f"zone is not in region {region}",
            got=zone,
            allowed=known[region].zones,
        )


def _target_keys(
    target: Mapping[str, Any], provider: str, path: Loc, source: Source, catalog: Catalog
) -> Iterator[Problem]:
    usable = traits(provider).target_keys
    for key in _TARGET_KEYS:
        if target.get(key) is not None and key not in usable:
            yield problem_at(
                "AP101",
                (*path, key),
                source,
                f"{provider} has no {key}",
                fix="remove the key; see the provider's options",
            )
    instance = target.get("instance_type")
    if isinstance(instance, str) and "instance_type" in usable and instance not in catalog.instances:
        yield problem_at(
            "AP209",
            (*path, "instance_type"),
            source,
            "unknown instance type",
            got=instance,
            allowed=sorted(catalog.instances),
        )


def _target_model(
    target: Mapping[str, Any],
    endpoint: Mapping[str, Any],
    provider: str,
    path: Loc,
    source: Source,
    catalog: Catalog,
    shared: Mapping[str, Any],
) -> Iterator[Problem]:
    own, main = target.get("model"), endpoint.get("model")
    model = own if own is not None else main
    if not isinstance(model, str):
        return
    if model not in catalog.models:
        if own is not None:
            yield problem_at(
                "AP203", (*path, "model"), source, "unknown model", got=own, allowed=sorted(catalog.models)
            )
        return
    if own is not None and own != main and target.get("equivalence") is None:
        yield problem_at(
            "AP207",
            (*path, "model"),
            source,
            f"serves another model than the endpoint's {main}",
            got=own,
            fix="add equivalence: {reason: …, evaluated_on: YYYY-MM-DD}, or remove model",
        )
    offers = catalog.models[model].offers
    if provider not in offers:
        yield problem_at(
            "AP204",
            (*path, "model" if own is not None else "provider"),
            source,
            f"{provider} is not known to serve {model}",
            allowed=sorted(offers),
            fix=_serves(provider, catalog),
        )
        return
    yield from _offer_region(target, model, provider, path, source, catalog, shared)


def _serves(provider: str, catalog: Catalog) -> str:
    names = sorted(name for name, model in catalog.models.items() if provider in model.offers)
    return f"choose another provider, or a model that {provider} serves: {', '.join(names[:8])}{' …' if len(names) > 8 else ''}"


def _offer_region(
    target: Mapping[str, Any],
    model: str,
    provider: str,
    path: Loc,
    source: Source,
    catalog: Catalog,
    shared: Mapping[str, Any],
) -> Iterator[Problem]:
    """Refuse a region only where the catalog knows the whole list for the kind that would be used."""
    region, base, own = target.get("region"), shared.get(provider, {}), target.get("options", {})
    offer = catalog.models[model].offers[provider]
    try:
        options = typed_options(provider, base, own)
    except (ValidationError, TypeError):
        return
    kind, _ = traits(provider).kind(options, offer.kinds)
    served = offer.regions_for(kind) if kind else ()
    if served and region in catalog.regions.get(provider, {}) and region not in served:
        yield problem_at(
            "AP211",
            (*path, "region"),
            source,
            f"{model} ({kind}) is not known to be served by {provider} here",
            got=region,
            allowed=served,
        )


def _target_options(
    target: Mapping[str, Any], provider: str, path: Loc, source: Source, shared: Mapping[str, Any]
) -> Iterator[Problem]:
    own = target.get("options", {})
    if not isinstance(own, Mapping):
        return
    model = traits(provider).options
    base = shared.get(provider)
    try:
        model.model_validate({**(base if isinstance(base, Mapping) else {}), **own})
    except ValidationError as error:
        # What the shared options got wrong was already said at its own place.
        yield from (
            problem
            for problem in problems_of(error, model, source, (*path, "options"))
            if problem.path.split(".options.")[-1].split(".")[0] in own
        )
