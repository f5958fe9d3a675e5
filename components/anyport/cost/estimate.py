"""A month of an endpoint by list prices: doing nothing, at the declared traffic, and with the primary out.

    standby    every warm target's machines and reserved units; pay-per-token targets cost 0, known
    steady     standby + the tokens of the targets that share the first priority
    failover   the target that is used first is out all month, the next ones in order take everything; what it rents is
               still paid, and machines of a cold target that has to be built are paid as well

Sums are USD in `Decimal`, rounded only by `money`. A price that the catalog does not know is never counted as
nothing: a total carries the names of the targets whose part is missing. No discounts, reserved prices, storage or network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from ..catalog import Catalog
from ..list_prices import price_of_machines, price_of_tokens
from ..plan import PlannedEndpoint, PlannedTarget

__all__ = [
    "Assumptions",
    "EndpointCost",
    "Part",
    "TargetCost",
    "Total",
    "cents",
    "estimate",
    "first_left",
    "money",
    "month",
]

OCI_MINIMUM_HOURS = 744
"""Unit-hours that an OCI hosting cluster is billed at least, even when deleted early; see the catalog's kind note."""


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What the catalog and the spec do not say.

    Attributes:
        hours: hours of the month; 730 is a mean month.
        input_share: share of all tokens that are prompt; the rest are answers. Embeddings have no answers.
        load_factor: mean traffic as a share of the declared one, which is the peak.
    """

    hours: int = 730
    input_share: Decimal = Decimal("0.8")
    load_factor: Decimal = Decimal(1)


@dataclass(frozen=True, slots=True)
class Part:
    """What one target adds to a month.

    Attributes:
        rent: USD paid busy or not; 0 for a cold target that is not built, None when not known.
        share: of the endpoint's tokens, 0 to 1.
        tokens: USD of that share; None when not known.
    """

    target: str
    rent: Decimal | None
    share: Decimal
    tokens: Decimal | None

    @property
    def known(self) -> Decimal:
        """USD of what is known of it."""
        return (self.rent or Decimal(0)) + (self.tokens or Decimal(0))

    @property
    def has_unknown(self) -> bool:
        """Whether something of it is not known."""
        return self.rent is None or self.tokens is None


@dataclass(frozen=True, slots=True)
class Total:
    """A month: what each target adds, in the endpoint's order."""

    parts: tuple[Part, ...]

    @property
    def known(self) -> Decimal:
        """USD that are known."""
        return sum((part.known for part in self.parts), Decimal(0))

    @property
    def unknown(self) -> tuple[str, ...]:
        """Targets of whose part something is not known."""
        return tuple(part.target for part in self.parts if part.has_unknown)

    def __str__(self) -> str:
        if not self.unknown:
            return money(self.known)
        return f"at least {money(self.known)} + unknown: {', '.join(self.unknown)}"

    def to_dict(self) -> dict[str, object]:
        """`known_usd` as text with cents, `unknown` as names."""
        return {"known_usd": str(cents(self.known)), "unknown": list(self.unknown)}

    def added_to(self, before: Total) -> tuple[Decimal, tuple[str, ...]]:
        """USD that this month costs more than another of the same endpoint, and the targets of which that is not known.

        What is not known, but the same in both, adds nothing.
        """
        added, unknown = Decimal(0), []
        for old, new in zip(before.parts, self.parts, strict=True):
            same_tokens = old.share == new.share
            if (old.rent is None) != (new.rent is None) or (
                not same_tokens and (old.tokens is None or new.tokens is None)
            ):
                unknown.append(new.target)
            if old.rent is not None and new.rent is not None:
                added += new.rent - old.rent
            if not same_tokens and old.tokens is not None and new.tokens is not None:
                added += new.tokens - old.tokens
        return added, tuple(unknown)


@dataclass(frozen=True, slots=True)
class TargetCost:
    """One target's month.

    Attributes:
        rent: USD of what is paid busy or not, were it built; None when not known.
        tokens: USD of the tokens while it takes all calls; None when not known, or when no traffic is declared.
        basis: the sum, or what is missing.
        commitment: what is owed even when it is given up at once; empty when nothing is known.
        source: where prices come from, with the day.
    """

    name: str
    provider: str
    standby: str
    rent: Decimal | None
    tokens: Decimal | None
    basis: str
    commitment: str
    source: str

    def to_dict(self) -> dict[str, object]:
        """JSON with money as text; null is not known."""
        return {
            "name": self.name, "provider": self.provider, "standby": self.standby,
            "rent_usd": None if self.rent is None else str(cents(self.rent)),
            "tokens_usd": None if self.tokens is None else str(cents(self.tokens)),
            "basis": self.basis, "commitment": self.commitment, "source": self.source,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class EndpointCost:
    """One endpoint's months; `steady` and `failover` are None without declared tokens, `failover` without a fallback.

    Attributes:
        parts: what each target adds to the steady month; also without declared tokens, as far as it is known then.
    """

    name: str
    tier: str
    targets: tuple[TargetCost, ...]
    standby: Total
    steady: Total | None
    failover: Total | None
    note: str
    parts: tuple[Part, ...]

    def to_dict(self) -> dict[str, object]:
        """JSON."""
        return {
            "name": self.name,
            "tier": self.tier,
            "targets": [
                {**target.to_dict(), "steady_usd": None if part.has_unknown else str(cents(part.known))}
                for target, part in zip(self.targets, self.parts, strict=True)
            ],
            "standby": self.standby.to_dict(),
            "steady": self.steady and self.steady.to_dict(),
            "failover": self.failover and self.failover.to_dict(),
            "note": self.note,
        }


def money(amount: Decimal) -> str:
    """USD with cents; the one place that rounds for reading."""
    return f"{cents(amount):,} USD"


def cents(amount: Decimal) -> Decimal:
    """To the cent, halves up."""
    return amount.quantize(Decimal("0.01"), ROUND_HALF_UP)


def estimate(endpoint: PlannedEndpoint, catalog: Catalog, asked: Assumptions) -> EndpointCost:
    """Months of one endpoint."""
    costs = {target.name: _target(endpoint, target, catalog, asked) for target in endpoint.targets}
    note, steady, failover = "", None, None
    usual = month(endpoint.targets, costs, ())
    if endpoint.traffic.tokens_per_minute is None:
        note = "traffic.tokens_per_minute is not declared, so only standby is known"
    else:
        steady = usual
        if len(endpoint.targets) > 1:
            failover = month(endpoint.targets, costs, (endpoint.targets[0].name,))
        else:
            note = "no fallback: with its only target out, nothing answers"
    return EndpointCost(
        endpoint.name,
        endpoint.tier,
        tuple(costs.values()),
        _total(endpoint.targets, costs, {}),
        steady,
        failover,
        note,
        usual.parts,
    )


def month(targets: Sequence[PlannedTarget], costs: dict[str, TargetCost], out: Iterable[str]) -> Total:
    """All calls go to the first priority that is left, shared by weight; what is out is still rented.

    Cold targets serve only when no warm one is left.
    """
    serving = first_left(targets, out)
    weights = {target.name: Decimal(1 if target.weight is None else target.weight) for target in serving}
    whole = sum(weights.values()) or Decimal(1)
    return _total(targets, costs, {name: weight / whole for name, weight in weights.items()})


def first_left(targets: Sequence[PlannedTarget], out: Iterable[str]) -> list[PlannedTarget]:
    """Who takes the calls: the first priority of the warm targets that are left, else of the cold ones."""
    gone = set(out)
    left = [target for target in targets if target.name not in gone]
    left = [target for target in left if target.standby == "warm"] or left
    return [target for target in left if target.priority == left[0].priority]


def _total(
    targets: Iterable[PlannedTarget], costs: dict[str, TargetCost], shares: dict[str, Decimal]
) -> Total:
    parts = []
    for target in targets:
        cost, share = costs[target.name], shares.get(target.name)
        is_built = target.standby == "warm" or share is not None
        tokens = Decimal(0) if not share else None if cost.tokens is None else cost.tokens * share
        parts.append(Part(target.name, cost.rent if is_built else Decimal(0), share or Decimal(0), tokens))
    return Total(tuple(parts))


def _target(
    endpoint: PlannedEndpoint, target: PlannedTarget, catalog: Catalog, asked: Assumptions
) -> TargetCost:
    billing = catalog.providers[target.provider].kinds[target.deployment_kind].billing
    offer = catalog.models[target.model].offers[target.provider]
    source = f"{offer.price_source or target.source}, {offer.priced_on or target.collected_on}"
    source += " (doubtful)" if target.doubtful else ""
    commitment = ""
    rent: Decimal | None
    tokens: Decimal | None
    if billing == "per_token":
        rent, (tokens, basis) = Decimal(0), _tokens(endpoint, target, asked)
    elif billing == "machine_hours" and target.instance_type:
        instance = catalog.instances[target.instance_type]
        tokens, (rent, basis) = Decimal(0), price_of_machines(target, instance, asked.hours)
        evidence = instance.evidence
        source = f"{evidence.source}, {evidence.collected_on}" + (" (doubtful)" if evidence.doubtful else "")
    else:
        what = "machines" if billing == "machine_hours" else "reserved units"
        rent, tokens, basis = None, Decimal(0), f"the catalog has no price of these {what}"
    if target.provider == "oci_generative_ai" and billing == "machine_hours":
        commitment = f"{OCI_MINIMUM_HOURS} unit-hours at least, even when deleted early"
    elif billing == "reserved_units":
        commitment = "reserved units, paid by the hour or by a reservation; the term is not in the spec"
    if target.standby == "cold":
        wait = "not stated" if target.restore_minutes is None else f"{target.restore_minutes} minutes"
        basis += f"; cold: nothing is paid until it is built, which takes: {wait}"
    return TargetCost(target.name, target.provider, target.standby, rent, tokens, basis, commitment, source)


def _tokens(
    endpoint: PlannedEndpoint, target: PlannedTarget, asked: Assumptions
) -> tuple[Decimal | None, str]:
    per_minute = endpoint.traffic.tokens_per_minute
    if per_minute is None:
        return None, "pays by token; traffic.tokens_per_minute is not declared"
    tokens = Decimal(per_minute) * asked.hours * 60 * asked.load_factor
    share = Decimal(1) if target.kind == "embedding" else asked.input_share
    return price_of_tokens(target, tokens * share, tokens * (1 - share))
