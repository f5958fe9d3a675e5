"""One target with another model in it: what changes, what is not known, what speaks against it."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from .catalog import Catalog, Model, Offer
from .errors import SpecError
from .plan import Plan, PlannedEndpoint, PlannedTarget, resolve
from .source import Source
from .spec import EndpointSpec, StackSpec, TargetSpec
from .spec_options import Checked, check_offer

__all__ = ["Answer", "Move", "judge"]

OWN_MACHINES = "vllm"
"""Runs wherever the machines are, and ends when its owner says so."""
NOTICE_DAYS = 90
"""An end this near is a finding of rule AB001 by its default, so nobody should move there."""
_ISO_DAY = re.compile(r"\b\d{4}-\d\d-\d\d\b")
_REACH = {"regional": 0, "data_zone": 1, "global": 2}
_TO_FILL_IN = ("AP216", "AP303")
"""A commitment to acknowledge, a setting to give: work to do, nothing that speaks against the model."""
_LIMITS = ("context_window", "max_output_tokens")
_COMPARED = (
    "model", "model_id", "model_version", "model_format", "deployment_kind", "reach", "retires_on",
    "input_usd_per_million", "output_usd_per_million", "passes_to", "tool_call_parser", "reasoning_parser",
    "gpus_per_replica",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Move:
    """A target of an endpoint, and the model that would take the place of its own.

    Attributes:
        endpoint: the endpoint.
        target: the target.
        model: the candidate.
        kind: the kind of deployment to ask for; None leaves the options as they are.
        needed_by: the earliest end of the present model at any target; a candidate that ends no later would
            have to be left before the present one.
    """

    endpoint: PlannedEndpoint
    target: PlannedTarget
    model: Model
    kind: str | None = None
    needed_by: date | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a move comes to.

    Attributes:
        target: its name.
        refused: reasons against it; empty when none is known.
        unknown: facts that would have to be looked up first.
        changes: what would be different, `name: before -> after`.
        todo: what the stack file needs besides the model's name.
        retires_on: when the candidate ends there.
        usd_per_million: list price of a million tokens in and a million out; None when not known.
    """

    target: str
    refused: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    todo: tuple[str, ...] = ()
    retires_on: date | None = None
    usd_per_million: float | None = field(default=None)

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the keys are part of the interface."""
        return {
            "target": self.target,
            "refused": list(self.refused),
            "unknown": list(self.unknown),
            "changes": list(self.changes),
            "todo": list(self.todo),
            "retires_on": self.retires_on.isoformat() if self.retires_on else None,
            "usd_per_million": self.usd_per_million,
        }


def judge(move: Move, catalog: Catalog, today: date) -> Answer:
    """Hold a model against what a target and its endpoint need."""
    target, offer = move.target, move.model.offers.get(move.target.provider)
    if move.model.kind != target.kind:
        return Answer(target.name, (f"it serves other APIs ({move.model.kind})",))
    if move.model.name != target.model and target.kind == "embedding":
        return Answer(target.name, (_other_vectors(offer, target),))
    if offer is None:
        return Answer(target.name, (f"no offer of it is recorded at {target.provider}",))
    refused, todo = _refusals(move, catalog)
    if refused:
        return Answer(target.name, refused, todo=todo)
    found = _resolved(move, catalog, today)
    if isinstance(found, str):
        return Answer(target.name, (found,), todo=todo)
    too_soon, end_unknown = _end(move, found, today)
    prices = (found.input_usd_per_million, found.output_usd_per_million)
    return Answer(
        target=target.name,
        refused=(*([too_soon] if too_soon else []), *_against(move, found, offer)),
        unknown=(*([end_unknown] if end_unknown else []), *_unknown(move, found, offer)),
        changes=tuple(_changes(move, found, catalog)),
        todo=todo,
        retires_on=found.retires_on,
        usd_per_million=None if None in prices else sum(price or 0.0 for price in prices),
    )


def _other_vectors(offer: Offer | None, target: PlannedTarget) -> str:
    now, then = target.limits.embedding_dimensions, offer.embedding_dimensions if offer else None
    sizes = f"{now or 'unknown'} and {then or 'unknown'} dimensions"
    return f"other weights ({sizes}): its vectors cannot be compared with those already stored"


def _options(move: Move) -> Any:
    options = move.target.options
    if move.kind is None:
        return options
    return options.model_copy(update={"deployment_kind": move.kind})


def _refusals(move: Move, catalog: Catalog) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What a stack file that said so would be told, and what it would be asked to fill in."""
    target, endpoint = move.target, move.endpoint
    mapping = {
        "region": target.region,
        "zone": target.zone,
        "instance_type": target.instance_type,
        "replicas": target.replicas,
        "options": _options(move),
    }
    facts = Checked(Source(), catalog, {}, endpoint.tier)
    found = list(
        check_offer(mapping, {"residency": endpoint.residency}, move.model.name, target.provider, (), facts)
    )
    refused = [f"{p.message}{f' (got {p.got})' if p.got else ''}" for p in found if p.code not in _TO_FILL_IN]
    todo = [f"{p.message}; {p.fix}" if p.fix else p.message for p in found if p.code in _TO_FILL_IN]
    return tuple(dict.fromkeys(refused)), tuple(dict.fromkeys(todo))


def _resolved(move: Move, catalog: Catalog, today: date) -> PlannedTarget | str:
    """The target as the planner sees it with the other model, or why there is no such target."""
    target, endpoint = move.target, move.endpoint
    spec = TargetSpec(
        priority=target.priority,
        provider=target.provider,
        region=target.region,
        zone=target.zone,
        standby=target.standby,
        restore_minutes=target.restore_minutes,
        weight=target.weight,
        instance_type=target.instance_type,
        replicas=target.replicas,
        options=_options(move),
    )
    whole = StackSpec(
        tier=endpoint.tier,
        endpoints={
            endpoint.name: EndpointSpec(
                model=move.model.name,
                apis=endpoint.apis,
                features=endpoint.required_features,
                traffic=endpoint.traffic,
                residency=endpoint.residency,
                targets={target.name: spec},
            )
        },
    )
    try:
        plan: Plan = resolve(whole, catalog, today)
    except SpecError as error:
        return "; ".join(problem.message for problem in error.problems)
    return plan.endpoints[0].targets[0]


def _against(move: Move, found: PlannedTarget, offer: Offer) -> Iterator[str]:
    target, endpoint = move.target, move.endpoint
    if offer.lifecycle == "deprecated":
        yield f"{target.provider} has closed it to new deployments"
    missing = [f for f in endpoint.required_features if f not in (*found.features, *found.features_unknown)]
    if missing:
        yield f"it has no {', '.join(missing)}"
    for name in _LIMITS:
        need, has = getattr(endpoint.limits, name), getattr(found.limits, name)
        if need is not None and has is not None and has < need:
            yield f"{name.replace('_', ' ')} {has:,} is less than the {need:,} that callers rely on"
    if _REACH[found.reach] > _REACH[target.reach]:
        yield f"only as {found.deployment_kind} ({found.reach.replace('_', ' ')}), where {target.deployment_kind} is {target.reach.replace('_', ' ')}"
    if endpoint.residency and found.geography not in (*endpoint.residency, "unknown"):
        yield f"answers may come from {found.geography}, and residency is {', '.join(endpoint.residency)}"
    others = {t.provider for t in endpoint.targets if t.name != target.name}
    if found.passes_to and found.passes_to != target.passes_to and found.passes_to in others:
        yield f"calls are handed on to {found.passes_to}, which serves another target"


def _too_soon(move: Move, day: date, today: date) -> str:
    """Why an end on that day is no place to move to; empty when it is."""
    if move.needed_by is not None and day <= move.needed_by:
        return "no later than what it would replace"
    return f"less than {NOTICE_DAYS} days ahead" if (day - today).days < NOTICE_DAYS else ""


def _end(move: Move, found: PlannedTarget, today: date) -> tuple[str, str]:
    """What speaks against the candidate's end, and what is not known of it; one of the two at most.

    Where sources disagree the earliest day governs, but it refuses only if no other day would do: a dispute
    is something to look up.
    """
    day, dispute = found.retires_on, found.retirement_conflict
    if day is None:
        return "", "" if found.deployment_kind == OWN_MACHINES else "when it retires"
    why = _too_soon(move, day, today)
    if not why:
        return "", ""
    said = f"{day}, {why}{f'; {dispute}' if dispute else ''}"
    others = list(_days(dispute or ""))
    if dispute and (not others or any(not _too_soon(move, other, today) for other in others)):
        return "", f"when it retires: {said}"
    return f"it retires on {said}", ""


def _days(text: str) -> Iterator[date]:
    """Days that a remark names; what only looks like one is passed over."""
    for word in _ISO_DAY.findall(text):
        with contextlib.suppress(ValueError):
            yield date.fromisoformat(word)


def _unknown(move: Move, found: PlannedTarget, offer: Offer) -> Iterator[str]:
    yield from _unknown_service(found, offer)
    for feature in move.endpoint.required_features:
        if feature in found.features_unknown:
            yield f"whether it has {feature}"
    limits = move.endpoint.limits
    for name in _LIMITS:
        if getattr(limits, name) is not None and getattr(found.limits, name) is None:
            yield f"its {name.replace('_', ' ')} ({getattr(limits, name):,} is relied on)"
    if move.endpoint.residency and found.geography == "unknown":
        yield "where answers come from"
    if offer.lifecycle == "legacy":
        yield "whether it is open to new deployments (legacy)"
    if found.doubtful:
        yield f"the row is doubtful: {offer.evidence.note or offer.evidence.source}"


def _unknown_service(found: PlannedTarget, offer: Offer) -> Iterator[str]:
    """How and where it is served; on machines of one's own only what it takes to run."""
    kind = found.deployment_kind
    if not offer.servings:
        yield f"whether it is offered as {kind}"
    if kind != OWN_MACHINES:
        if not offer.regions_for(kind):
            yield f"whether {found.region} has it ({kind})"
    elif offer.weights_gb is None and offer.min_gpu_memory_gb is None:
        yield "how much GPU memory it needs"


def _changes(move: Move, found: PlannedTarget, catalog: Catalog) -> Iterator[str]:
    target, endpoint = move.target, move.endpoint
    kinds = catalog.providers[target.provider].kinds
    paid = [kinds[kind].billing.replace("_", " ") for kind in (target.deployment_kind, found.deployment_kind)]
    if paid[0] != paid[1]:
        yield f"paid by: {paid[0]} -> {paid[1]}"
    for name in _COMPARED:
        before, after = getattr(target, name), getattr(found, name)
        if before != after:
            yield f"{name.replace('_', ' ')}: {_word(before)} -> {_word(after)}"
    for name in (*_LIMITS, "embedding_dimensions"):
        before, after = getattr(target.limits, name), getattr(found.limits, name)
        if before != after:
            yield f"{name.replace('_', ' ')}: {_word(before)} -> {_word(after)}"
    lost = sorted(set(endpoint.features) - set(endpoint.required_features) - set(found.features))
    if lost:
        yield f"no longer promised: {', '.join(lost)}"
    won = sorted(set(found.features) - set(target.features))
    if won:
        yield f"also has: {', '.join(won)}"


def _word(value: Any) -> str:
    if value is None:
        return "not known"
    return f"{value:,}" if isinstance(value, int) else str(value)
