"""AR005: whichever target serves, callers get what they rely on."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from ..facts import EndpointFacts, TargetFacts
from ..judging import no_targets
from ..rule import Context, Parameters, Rule, Verdict

__all__ = ["RULE", "Sameness"]


class Sameness(Parameters):
    """How much may differ."""

    context_share: float = Field(default=0.9, gt=0, le=1)
    """Least share of the first target's context window that a fallback must have. Default: 0.9, since
    providers cut the same model a little differently."""
    evaluated_within_days: int = Field(default=365, ge=1)
    """Age in days beyond which an evaluation of another model no longer counts. Default: 365."""


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    wanted = context.of(Sameness)
    yield from no_targets(endpoint)
    if endpoint.model is None or endpoint.unread("required_features"):
        yield Verdict(
            f"endpoint {endpoint.name}: what callers rely on cannot be read", "say its model and its features"
        )
        return
    for target in endpoint.targets:
        yield from _model(endpoint, target, context, wanted)
        yield from _features(endpoint, target)
    for target in endpoint.targets[1:]:
        yield from _limits(endpoint, endpoint.targets[0], target, wanted)


def _at(endpoint: EndpointFacts, target: TargetFacts) -> str:
    return f"target {target.name} of endpoint {endpoint.name}"


def _model(
    endpoint: EndpointFacts, target: TargetFacts, context: Context, wanted: Sameness
) -> Iterator[Verdict]:
    if target.model == endpoint.model:
        return
    place = f"{_at(endpoint, target)} serves {target.model or 'a model that is not known'}"
    fix = "serve the endpoint's own model, or say equivalence: {reason, evaluated_on}"
    if target.model is not None and _embeds(endpoint):
        yield Verdict(
            f"{place}: vectors of two models cannot be compared, whatever was evaluated",
            f"serve {endpoint.model} there, or re-embed into an endpoint of its own",
            target.name,
        )
    elif target.model is None or target.equivalence is None or target.evaluated_on is None:
        yield Verdict(
            f"{place} and not {endpoint.model}, with no declared equivalence of a known day", fix, target.name
        )
    elif not 0 <= (days := (context.today - target.evaluated_on).days) <= wanted.evaluated_within_days:
        when = f"{days} days ago" if days > 0 else "in the future"
        yield Verdict(
            f"{place}, which was evaluated {when}", "evaluate it again and say the day", target.name
        )


def _embeds(endpoint: EndpointFacts) -> bool:
    return any(target.kind == "embedding" for target in endpoint.targets)


def _features(endpoint: EndpointFacts, target: TargetFacts) -> Iterator[Verdict]:
    for feature in endpoint.required_features or ():
        if target.features is not None and feature in target.features:
            continue
        known = target.features is not None and feature not in (target.features_unknown or ())
        said = "does not have" if known else "is not known to have"
        yield Verdict(
            f"{_at(endpoint, target)} {said} {feature}, which callers rely on",
            f"remove {feature} from features, or serve it where it is known to work",
            target.name,
        )


def _limits(
    endpoint: EndpointFacts, first: TargetFacts, target: TargetFacts, wanted: Sameness
) -> Iterator[Verdict]:
    place = _at(endpoint, target)
    if _embeds(endpoint):
        one, other = first.embedding_dimensions, target.embedding_dimensions
        if one is None or other is None or one != other:
            yield Verdict(
                f"{place} gives vectors of {other or 'unknown'} dimensions, {first.name} of {one or 'unknown'}",
                "serve weights of one and the same dimension",
                target.name,
            )
    elif first.context_window is not None:
        if target.context_window is None:
            yield Verdict(
                f"{place}: its context window is not known; {first.name} has {first.context_window} tokens",
                "try the longest prompt there",
                target.name,
                "note",
            )
        elif target.context_window < first.context_window * wanted.context_share:
            yield Verdict(
                f"{place} takes {target.context_window} tokens, {first.name} takes {first.context_window}",
                "serve a model with the same window, or put the smaller one first so that callers rely on it",
                target.name,
            )


RULE = Rule(
    id="AR005",
    slug="equivalence",
    pack="resilience",
    title="Every target has the features and limits callers rely on, and another model is a reasoned choice",
    severity="high",
    why="A fallback without tools, with half the window, or with other embeddings answers, and breaks the "
    "application all the same. What nobody knows of a target is not relied on.",
    fix="Serve the same model; or declare why another is good enough, and when that was evaluated.",
    since="0.1.0",
    check=_check,
    parameters=Sameness,
)
