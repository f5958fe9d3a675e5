"""What the shape of a placement cannot say: names that the catalog knows, options, contradictions.

Works on the raw mapping like `anyport.spec_check`, and for the same reason: all problems of a file at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from ..errors import Problem
from ..spec_options import Checked
from ..spec_problems import problem_at, problems_of
from ..targets.registry import provider_names, traits

__all__ = ["check_placement"]

Loc = tuple[str | int, ...]


def check_placement(endpoint: Mapping[str, Any], path: Loc, facts: Checked) -> Iterator[Problem]:
    """All problems of meaning of an endpoint's placement, and of having both or neither of the two forms."""
    placement, source = endpoint.get("placement"), facts.source
    if placement is not None and "targets" in endpoint:
        fix = "keep targets to name them yourself, or placement to have them chosen"
        message = "an endpoint has both targets and placement"
        yield problem_at("AP217", (*path, "placement"), source, message, fix=fix)
    if placement is None:
        if "targets" not in endpoint:
            fix = "add targets:, or placement: to have them chosen"
            yield problem_at("AP102", (*path, "targets"), source, "required key is missing", fix=fix)
        return
    if not isinstance(placement, Mapping):
        return
    here = (*path, "placement")
    yield from _names(placement, here, facts)
    yield from _contradictions(placement, here, facts)
    yield from _equivalents(placement, endpoint, here, facts)
    yield from _options(placement, here, facts)
    yield from _machines(placement, here, facts)


def _known(facts: Checked) -> dict[str, tuple[str, list[str]]]:
    """Key → the code for a name that is not known, and the names that are."""
    catalog = facts.catalog
    places = {region for regions in catalog.regions.values() for region in regions}
    places |= {z for regions in catalog.regions.values() for region in regions.values() for z in region.zones}
    return {
        "providers": ("AP201", list(provider_names())),
        "operators": ("AP106", sorted({provider.operator for provider in catalog.providers.values()})),
        "regions": ("AP202", sorted(places)),
        "models": ("AP203", sorted(catalog.models)),
        "kinds": ("AP106", sorted({kind for p in catalog.providers.values() for kind in p.kinds})),
    }


_WHAT = {
    "providers": "unknown provider", "operators": "unknown operator", "regions": "no provider has such a region",
    "models": "unknown model", "kinds": "unknown deployment kind",
}  # fmt: skip


def _names(placement: Mapping[str, Any], path: Loc, facts: Checked) -> Iterator[Problem]:
    known = _known(facts)
    for key in ("exclude", "include"):
        for what, names in _lists(placement.get(key), known):
            code, allowed = known[what]
            for index, name in enumerate(names):
                if isinstance(name, str) and name not in allowed:
                    where = (*path, key, what, index)
                    yield problem_at(code, where, facts.source, _WHAT[what], got=name, allowed=allowed)
    geographies = sorted(
        {r.geography for regions in facts.catalog.regions.values() for r in regions.values()}
        - {"none", "unknown"}
    )
    for index, name in enumerate(_list(placement.get("near"))):
        if isinstance(name, str) and name not in geographies:
            where = (*path, "near", index)
            yield problem_at("AP106", where, facts.source, "unknown geography", got=name, allowed=geographies)


def _contradictions(placement: Mapping[str, Any], path: Loc, facts: Checked) -> Iterator[Problem]:
    """A name that must be there and must not."""
    known = _known(facts)
    out = dict(_lists(placement.get("exclude"), known))
    for what, names in _lists(placement.get("include"), known):
        for index, name in enumerate(names):
            if isinstance(name, str) and name in out.get(what, ()):
                yield problem_at(
                    "AP219",
                    (*path, "include", what, index),
                    facts.source,
                    "is both included and excluded",
                    got=name,
                    fix="take it out of one of the two",
                )


def _equivalents(
    placement: Mapping[str, Any], endpoint: Mapping[str, Any], path: Loc, facts: Checked
) -> Iterator[Problem]:
    models, own = facts.catalog.models, endpoint.get("model")
    given = placement.get("equivalents")
    for name in given if isinstance(given, Mapping) else ():
        where = (*path, "equivalents", name)
        if name not in models:
            yield problem_at("AP203", where, facts.source, "unknown model", got=name, allowed=sorted(models))
        elif name == own:
            fix = "remove it; the endpoint's own model may always serve"
            yield problem_at("AP221", where, facts.source, f"{name} is the endpoint's own model", fix=fix)
        elif models[name].kind == "embedding":
            message = "vectors of two models cannot be compared, whatever was evaluated"
            fix = "remove it, or re-embed into an endpoint of its own"
            yield problem_at("AP221", where, facts.source, message, got=name, fix=fix)
        elif isinstance(own, str) and own in models and models[own].kind != models[name].kind:
            message = f"{name} is a {models[name].kind} model and the endpoint's {own} is not"
            yield problem_at("AP221", where, facts.source, message, fix="remove it")


def _options(placement: Mapping[str, Any], path: Loc, facts: Checked) -> Iterator[Problem]:
    given = placement.get("options")
    for name, options in given.items() if isinstance(given, Mapping) else ():
        where = (*path, "options", str(name))
        if name not in provider_names():
            yield problem_at(
                "AP201", where, facts.source, "unknown provider", got=str(name), allowed=provider_names()
            )
        elif isinstance(options, Mapping):
            yield from _own_options(str(name), options, where, facts)


def _own_options(provider: str, own: Mapping[str, Any], path: Loc, facts: Checked) -> Iterator[Problem]:
    """What the shared options got wrong was already said at their own place."""
    shared, model = facts.shared.get(provider), traits(provider).options
    try:
        model.model_validate({**(shared if isinstance(shared, Mapping) else {}), **own})
    except ValidationError as error:
        for problem in problems_of(error, model, facts.source, path):
            if problem.path.split(".")[len(path)] in own:
                yield problem


def _machines(placement: Mapping[str, Any], path: Loc, facts: Checked) -> Iterator[Problem]:
    with_machines = [name for name in provider_names() if "instance_type" in traits(name).target_keys]
    given = placement.get("machines")
    for name, machines in given.items() if isinstance(given, Mapping) else ():
        where = (*path, "machines", str(name))
        if name not in with_machines:
            message = f"{name} has no machines to choose" if name in provider_names() else "unknown provider"
            yield problem_at("AP201", where, facts.source, message, got=str(name), allowed=with_machines)
            continue
        zones = [zone for region in facts.catalog.regions_of(str(name)) for zone in region.zones]
        instances = sorted(facts.catalog.instances)
        for key, code, message, allowed in (
            ("instance_types", "AP209", "unknown instance type", instances),
            ("zones", "AP202", f"{name} has no such zone", sorted(zones)),
        ):
            for index, value in enumerate(
                _list(machines.get(key) if isinstance(machines, Mapping) else None)
            ):
                if isinstance(value, str) and value not in allowed:
                    yield problem_at(
                        code, (*where, key, index), facts.source, message, got=value, allowed=allowed
                    )


def _lists(value: Any, keys: Iterable[str]) -> Iterator[tuple[str, tuple[Any, ...]]]:
    if isinstance(value, Mapping):
        yield from ((key, _list(value.get(key))) for key in keys)


def _list(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else ()
