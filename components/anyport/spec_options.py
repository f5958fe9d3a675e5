"""The options of a target: their form, why a provider lacks one, and which cannot go together.

Needs the whole file, since a target's own options stand over those that its provider shares, and what
deployment they lead to decides which regions and combinations are possible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import ValidationError

from .catalog import Catalog, Provider, processed_in
from .errors import Problem
from .source import Source
from .spec_problems import problem_at, problems_of
from .targets.options import OptionsContext, TargetOptions
from .targets.registry import provider_names, traits
from .targets.shared_options import SHARED_WORDS

__all__ = [
    "Checked",
    "check_offer",
    "check_own_options",
    "check_shared_options",
    "missing_apis",
    "typed_options",
]

Loc = tuple[str | int, ...]
APIS = ("chat_completions", "responses", "embeddings")


@dataclass(frozen=True, slots=True)
class Checked:
    """What every check of one file needs. `shared` is the raw map of provider-wide options."""

    source: Source
    catalog: Catalog
    shared: Mapping[str, Any]
    tier: str


def typed_options(
    provider: str, shared: Mapping[str, Any], own: Mapping[str, Any] | TargetOptions
) -> TargetOptions:
    """A target's options: the provider-wide ones with the target's own over them."""
    model = traits(provider).options
    if isinstance(own, TargetOptions):
        own = own.model_dump(exclude_unset=True)
    return model.model_validate({**shared, **own})


def check_shared_options(facts: Checked) -> Iterator[Problem]:
    """The options under `providers`, each provider's by its own model."""
    for name, options in facts.shared.items():
        path: Loc = ("providers", str(name))
        if name not in provider_names():
            yield problem_at(
                "AP201", path, facts.source, "unknown provider", got=str(name), allowed=provider_names()
            )
        elif isinstance(options, Mapping):
            try:
                traits(str(name)).options.model_validate(dict(options))
            except ValidationError as error:
                found = problems_of(error, traits(str(name)).options, facts.source, path)
                yield from _with_reasons(found, str(name), len(path), facts.source)


def check_own_options(
    target: Mapping[str, Any], provider: str, path: Loc, facts: Checked
) -> Iterator[Problem]:
    """A target's own options. What the shared ones got wrong was already said at its own place."""
    own = target.get("options", {})
    if not isinstance(own, Mapping):
        return
    model, base = traits(provider).options, facts.shared.get(provider)
    try:
        model.model_validate({**(base if isinstance(base, Mapping) else {}), **own})
    except ValidationError as error:
        found = [
            problem
            for problem in problems_of(error, model, facts.source, (*path, "options"))
            if problem.path.split(".options.")[-1].split(".")[0] in own
        ]
        yield from _with_reasons(found, provider, len(path) + 1, facts.source)


def check_offer(
    target: Mapping[str, Any],
    endpoint: Mapping[str, Any],
    model: str,
    provider: str,
    path: Loc,
    facts: Checked,
) -> Iterator[Problem]:
    """Region and combinations, for the deployment kind that the options lead to.

    Refuses a region only where the catalog knows the whole list for that kind.
    """
    region, regions = target.get("region"), facts.catalog.regions.get(provider, {})
    offer = facts.catalog.models[model].offers[provider]
    try:
        options = typed_options(provider, facts.shared.get(provider, {}), target.get("options", {}))
    except (ValidationError, TypeError):
        return
    kind, _ = traits(provider).kind(options, offer.kinds)
    if not kind or region not in regions:
        return
    residency = tuple(item for item in _list(endpoint.get("residency")) if isinstance(item, str))
    context = OptionsContext(
        options, kind, facts.tier, region, residency, model,
        zone=_of_type(target.get("zone"), str),
        instance_type=_of_type(target.get("instance_type"), str),
        replicas=_of_type(target.get("replicas"), int),
    )  # fmt: skip
    yield from _combinations(context, provider, path, facts)
    yield from _apis(endpoint, context, provider, path, facts)
    served = offer.regions_for(kind)
    if served and region not in served:
        yield problem_at(
            "AP211",
            (*path, "region"),
            facts.source,
            f"{model} ({kind}) is not known to be served by {provider} here",
            got=region,
            allowed=served,
        )


def _combinations(context: OptionsContext, provider: str, path: Loc, facts: Checked) -> Iterator[Problem]:
    """Options that are right one by one and wrong together."""
    for refusal in traits(provider).refuse(context):
        where = (*path, "options", *refusal.path)
        yield problem_at(refusal.code, where, facts.source, refusal.message, fix=refusal.fix)
    if context.residency:
        yield from _residency(context, provider, path, facts)


def _residency(context: OptionsContext, provider: str, path: Loc, facts: Checked) -> Iterator[Problem]:
    """Where calls travel by the kind; a region that simply lies elsewhere is the affair of rule AR007."""
    places = processed_in(facts.catalog, provider, context.region, context.kind)
    if places == ("none",):
        where, fix = "anywhere", "use a regional kind and region, or take residency off the endpoint"
    elif len(places) > 1 and set(places) - set(context.residency):
        where, fix = (
            f"in any of {', '.join(places)}",
            "use a regional kind, or allow all of them in residency",
        )
    else:
        return
    anywhere = facts.catalog.regions[provider][context.region].geography == "none"
    yield problem_at(
        "AP215",
        (*path, "region") if anywhere else (*path, "options", "deployment_kind"),
        facts.source,
        f"{context.kind} in {context.region} may process {where}, but the endpoint's residency is "
        f"{', '.join(context.residency)}",
        fix=fix,
    )


def _apis(
    endpoint: Mapping[str, Any], context: OptionsContext, provider: str, path: Loc, facts: Checked
) -> Iterator[Problem]:
    """APIs that the model has and this kind of deployment does not. The model's own are checked at the endpoint."""
    embeds = facts.catalog.models[context.model].kind == "embedding"
    for api in missing_apis(_list(endpoint.get("apis")), context.kind, facts.catalog.providers[provider]):
        if (api == "embeddings") == embeds:
            serves = facts.catalog.providers[provider].serves(context.kind)
            yield problem_at(
                "AP208",
                (*path, "options", "deployment_kind"),
                facts.source,
                f"{provider} ({context.kind}) does not serve this API",
                got=api,
                allowed=serves,
                fix="name another deployment_kind or provider, or take the API off the endpoint",
            )


def missing_apis(asked: Iterable[Any], kind: str, provider: Provider) -> list[str]:
    """Those of the APIs asked for that a kind of deployment is known not to serve."""
    serves = provider.serves(kind)
    return [api for api in asked if serves and api in APIS and api not in serves]


def _with_reasons(
    problems: Iterable[Problem], provider: str, depth: int, source: Source
) -> Iterator[Problem]:
    """A word that other providers have is not unknown: say why this provider lacks it."""
    for problem in problems:
        keys = problem.path.split(".")
        word = keys[depth] if problem.code == "AP101" and len(keys) == depth + 1 else ""
        capability = traits(provider).capabilities.get(SHARED_WORDS.get(word, ""))
        if capability is None or capability.supported or not capability.reason:
            yield problem
        else:
            message = f"{provider} has no {word}: {capability.reason}"
            yield problem_at("AP213", tuple(keys), source, message, fix="remove the key")


T = TypeVar("T")


def _of_type(value: Any, kind: type[T]) -> T | None:
    """A value of the wrong form was reported at its own place."""
    return value if isinstance(value, kind) and not isinstance(value, bool) else None


def _list(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else ()
