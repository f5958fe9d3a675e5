"""Plain facts about an endpoint, read from a plan or from a component's inputs.

The reader is total: whatever it is given, it returns facts. A value that is missing, of the wrong type or
not yet known becomes None and is listed in `unknowns`; rules treat None as bad, never as good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from .reading import Reader, is_list

if TYPE_CHECKING:
    from anyport.plan import Plan

__all__ = ["EndpointFacts", "Posture", "TargetFacts", "from_mapping", "from_plan"]

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Posture:
    """How a target stands; the words are those of `anyport.posture`. None is not known.

    `image`, `commitment` and `capacity` are None too where they do not apply, and `unknown` (or, for the
    capacity, listed in the endpoint's `unknowns`) where they cannot be read.
    """

    billing: str | None
    billing_party: str | None
    identity_providers: tuple[str, ...] | None
    keyless: str | None
    network: str | None
    version: str | None
    budget: str | None
    alerts: str | None
    image: str | None
    commitment: str | None
    plain_secrets: tuple[str, ...] | None
    capacity: int | None


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """What rules know of one target; None is not known.

    `data_zone` are the geographies of the zone that a call may be processed in, where the reach is one.
    `passes_to` is `unknown` when whether calls are handed on, and to whom, cannot be read.
    `features` are those it is known to have, `features_unknown` those nobody knows about; both are None
    when they cannot be read.
    """

    name: str
    priority: int | None
    provider: str | None
    operator: str | None
    region: str | None
    failure_domain: str | None
    geography: str | None
    data_zone: tuple[str, ...] | None
    reach: str | None
    deployment_kind: str | None
    standby: str | None
    restore_minutes: int | None
    model: str | None
    model_owner: str | None
    open_weights: bool | None
    kind: str | None
    equivalence: str | None
    evaluated_on: date | None
    features: tuple[str, ...] | None
    features_unknown: tuple[str, ...] | None
    context_window: int | None
    embedding_dimensions: int | None
    input_usd_per_million: float | None
    output_usd_per_million: float | None
    passes_to: str | None
    retires_on: date | None
    retirement_known: bool
    retirement_conflict: str | None
    posture: Posture

    @property
    def counts(self) -> bool:
        """Whether the target can take over: warm, or cold with a stated time to restore."""
        return self.standby == "warm" or (self.standby == "cold" and self.restore_minutes is not None)


@dataclass(frozen=True, slots=True)
class EndpointFacts:
    """What rules know of one endpoint.

    Attributes:
        name: its name.
        tier: `prod` or `dev`.
        model: catalog name of its model.
        owner: the team that answers for it.
        cost_center: where the bills go.
        residency: geographies allowed; empty allows all, `unknown` none.
        required_features: what callers rely on; None when it cannot be read.
        requests_per_minute: declared peak.
        tokens_per_minute: declared peak.
        share: targets that the stack at hand builds; None when that is not known.
        targets: in order of use.
        unknowns: paths of what could not be read.
    """

    name: str
    tier: str | None
    model: str | None
    owner: str | None
    cost_center: str | None
    residency: tuple[str, ...]
    required_features: tuple[str, ...] | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    share: tuple[str, ...] | None
    targets: tuple[TargetFacts, ...]
    unknowns: tuple[str, ...]

    @property
    def mandatory(self) -> bool:
        """Findings are advisory in dev only; an unknown tier is treated as prod."""
        return self.tier != "dev"

    @property
    def primary(self) -> TargetFacts | None:
        """The target that serves while nothing is wrong."""
        return self.targets[0] if self.targets else None

    def unread(self, path: str) -> bool:
        """Whether something was given at the path that could not be read."""
        return path in self.unknowns


Builds = Callable[[str, str, str], bool]
"""Whether a stack builds a target: endpoint, target, provider. `BuildShare.includes` is one."""


def from_plan(plan: Plan, builds: Builds = lambda *_: True) -> list[EndpointFacts]:
    """Facts of every endpoint of a plan.

    Args:
        plan: a resolved spec.
        builds: the share of it that the stack builds (`stack.build.includes`); everything by default.
            Cold targets are built by nobody.
    """
    from anyport.plan import endpoint_facts  # packs read components' inputs and start without it

    return [
        from_mapping(
            endpoint_facts(
                endpoint,
                [
                    target.name
                    for target in endpoint.targets
                    if target.standby == "warm" and builds(endpoint.name, target.name, target.provider)
                ],
            )
        )
        for endpoint in plan.endpoints
    ]


def from_mapping(mapping: Any, name: str = "?") -> EndpointFacts:
    """Facts from plain values such as a component's inputs. `name` stands in for a missing name."""
    reader = Reader([])
    endpoint = mapping if isinstance(mapping, Mapping) else {}
    if not isinstance(mapping, Mapping):
        reader.unknowns.append("facts")
    targets = endpoint.get("targets")
    if not is_list(targets) or not targets:
        reader.unknowns.append("targets")
        targets = []
    traffic = reader.map(endpoint, "traffic", "")
    return EndpointFacts(
        name=reader.text(endpoint, "name", "") or name,
        tier=reader.text(endpoint, "tier", ""),
        model=reader.text(endpoint, "model", ""),
        owner=reader.text(endpoint, "owner", "", needed=False),
        cost_center=reader.text(endpoint, "cost_center", "", needed=False),
        residency=_residency(endpoint.get("residency")),
        required_features=reader.texts(endpoint, "required_features", "", needed=False),
        requests_per_minute=reader.number(traffic, "requests_per_minute", "traffic."),
        tokens_per_minute=reader.number(traffic, "tokens_per_minute", "traffic."),
        share=reader.texts(endpoint, "share", "") if "share" in endpoint else None,
        targets=tuple(_target(reader, item, index) for index, item in enumerate(targets)),
        unknowns=tuple(reader.unknowns),
    )


def _residency(value: Any) -> tuple[str, ...]:
    """What cannot be read allows no place rather than every place."""
    if not is_list(value):
        return () if value is None else (UNKNOWN,)
    return tuple(item if isinstance(item, str) else UNKNOWN for item in value)


def _target(reader: Reader, item: Any, index: int) -> TargetFacts:
    target: Mapping[str, Any] = item if isinstance(item, Mapping) else {}
    name = target.get("name") if isinstance(target.get("name"), str) else f"targets[{index}]"
    where = f"targets.{name}."
    if not target:
        reader.unknowns.append(f"targets[{index}]")
    limits = reader.map(target, "limits", where)
    equivalence = reader.map(target, "equivalence", where)
    return TargetFacts(
        name=str(name),
        priority=reader.number(target, "priority", where),
        provider=reader.text(target, "provider", where),
        operator=reader.text(target, "operator", where),
        region=reader.text(target, "region", where),
        failure_domain=reader.text(target, "failure_domain", where),
        geography=reader.text(target, "geography", where),
        data_zone=reader.texts(target, "data_zone", where, needed=target.get("reach") == "data_zone"),
        reach=reader.text(target, "reach", where),
        deployment_kind=reader.text(target, "deployment_kind", where, needed=False),
        standby=reader.text(target, "standby", where),
        restore_minutes=reader.number(target, "restore_minutes", where),
        model=reader.text(target, "model", where),
        model_owner=reader.text(target, "model_owner", where, needed=False),
        open_weights=reader.flag(target, "open_weights", where),
        kind=reader.text(target, "kind", where, needed=False),
        equivalence=reader.text(equivalence, "reason", f"{where}equivalence.", needed=False),
        evaluated_on=reader.day(equivalence, "evaluated_on", f"{where}equivalence."),
        features=reader.texts(target, "features", where, needed=False),
        features_unknown=reader.texts(target, "features_unknown", where, needed=False),
        context_window=reader.number(limits, "context_window", f"{where}limits."),
        embedding_dimensions=reader.number(limits, "embedding_dimensions", f"{where}limits."),
        input_usd_per_million=reader.amount(target, "input_usd_per_million", where),
        output_usd_per_million=reader.amount(target, "output_usd_per_million", where),
        passes_to=reader.otherwise(target, "passes_to", where, UNKNOWN),
        retires_on=reader.day(target, "retires_on", where),
        retirement_known=f"{where}retires_on" not in reader.unknowns,
        retirement_conflict=reader.text(target, "retirement_conflict", where, needed=False),
        posture=_posture(reader, target.get("posture"), f"{where}posture."),
    )


def _posture(reader: Reader, value: Any, where: str) -> Posture:
    """Nothing of a posture that is no map is known, not even that something does not apply."""
    known = isinstance(value, Mapping)
    posture: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
    if not known and value is not None:
        reader.unknowns.append(where.rstrip("."))
    return Posture(
        billing=reader.text(posture, "billing", where, needed=known),
        billing_party=reader.text(posture, "billing_party", where, needed=known),
        identity_providers=reader.texts(posture, "identity_providers", where, needed=False, empty=known),
        keyless=reader.text(posture, "keyless", where, needed=known),
        network=reader.text(posture, "network", where, needed=known),
        version=reader.text(posture, "version", where, needed=known),
        budget=reader.text(posture, "budget", where, needed=known),
        alerts=reader.text(posture, "alerts", where, needed=known),
        image=reader.otherwise(posture, "image", where, UNKNOWN) if known else UNKNOWN,
        commitment=reader.otherwise(posture, "commitment", where, UNKNOWN) if known else UNKNOWN,
        plain_secrets=reader.texts(posture, "plain_secrets", where, needed=False, empty=known),
        capacity=reader.number(posture, "capacity_tokens_per_minute", where),
    )
