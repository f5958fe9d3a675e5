"""What the shape of a spec cannot say: names known to the catalog, priorities, options per provider.

Works on the raw mapping, so that a mistyped region is reported in the same run as a misspelt key
elsewhere. Wherever a value has the wrong form, its own problem was already reported and it is skipped.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .catalog import Catalog
from .errors import Problem
from .placement.check import check_placement
from .source import Source
from .spec_options import Checked, check_offer, check_own_options, check_shared_options
from .spec_problems import problem_at
from .spec_together import TargetOfFile, check_together
from .targets.registry import provider_names, traits

__all__ = ["check_endpoints"]

Loc = tuple[str | int, ...]

_API_OF_KIND = {"chat": ("chat_completions", "responses"), "embedding": ("embeddings",)}
_TARGET_KEYS = ("zone", "instance_type", "replicas")


def check_endpoints(mapping: Any, source: Source, catalog: Catalog) -> list[Problem]:
    """All problems of meaning in a spec's mapping."""
    if not isinstance(mapping, Mapping):
        return []
    shared = mapping.get("providers")
    shared = shared if isinstance(shared, Mapping) else {}
    facts = Checked(source, catalog, shared, str(mapping.get("tier") or "prod"))
    problems = list(check_shared_options(facts))
    for name, endpoint in _maps(mapping.get("endpoints")):
        problems += _endpoint(endpoint, ("endpoints", name), facts)
    problems += check_together(_targets(mapping), facts)
    return problems


def _targets(mapping: Mapping[str, Any]) -> Iterator[TargetOfFile]:
    """Every target that is written; those of a placement are not known before it is resolved."""
    for endpoint_name, endpoint in _maps(mapping.get("endpoints")):
        for name, target in _maps(endpoint.get("targets")):
            yield TargetOfFile(endpoint_name, name, endpoint.get("model"), target)


def _maps(value: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(value, Mapping):
        yield from ((str(key), inner) for key, inner in value.items() if isinstance(inner, Mapping))


def _endpoint(endpoint: Mapping[str, Any], path: Loc, facts: Checked) -> Iterator[Problem]:
    model, source, catalog = endpoint.get("model"), facts.source, facts.catalog
    if isinstance(model, str):
        yield from _model(model, endpoint, (*path, "model"), source, catalog)
    yield from _residency(endpoint.get("residency"), (*path, "residency"), source, catalog)
    yield from check_placement(endpoint, path, facts)
    targets = list(_maps(endpoint.get("targets")))
    yield from _priorities(targets, path, source)
    for name, target in targets:
        yield from _target(target, endpoint, (*path, "targets", name), facts)


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
    target: Mapping[str, Any], endpoint: Mapping[str, Any], path: Loc, facts: Checked
) -> Iterator[Problem]:
    provider, source, catalog = target.get("provider"), facts.source, facts.catalog
    if not isinstance(provider, str):
        return
    if provider not in provider_names():
        yield problem_at(
            "AP201", (*path, "provider"), source, "unknown provider", got=provider, allowed=provider_names()
        )
        return
    yield from _place(target, provider, path, source, catalog)
    yield from _target_keys(target, provider, path, source, catalog)
    yield from _target_model(target, endpoint, provider, path, facts)
    yield from check_own_options(target, provider, path, facts)


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
    facts: Checked,
) -> Iterator[Problem]:
    own, main, source, catalog = target.get("model"), endpoint.get("model"), facts.source, facts.catalog
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
    yield from check_offer(target, endpoint, model, provider, path, facts)


def _serves(provider: str, catalog: Catalog) -> str:
    names = sorted(name for name, model in catalog.models.items() if provider in model.offers)
    return f"choose another provider, or a model that {provider} serves: {', '.join(names[:8])}{' …' if len(names) > 8 else ''}"
