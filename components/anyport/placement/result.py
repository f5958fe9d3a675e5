"""What the planner answers, as plain values for people and for `--format json`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Alternative", "Chosen", "Placed", "Refused"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Refused(_Model):
    """Places that were not chosen, and the one reason.

    Attributes:
        provider: their provider; likewise the catalog name of the model and the deployment kind (empty for all).
        places: regions or zones, with the instance type in brackets; empty for all of the provider.
        code: stable word for the sort of reason.
        reason: in a sentence without a full stop.
    """

    provider: str
    model: str
    kind: str = ""
    places: tuple[str, ...] = ()
    code: str
    reason: str


class Alternative(_Model):
    """The best set without one of the chosen targets.

    Attributes:
        without: name of the chosen target that is left out.
        targets: names of the set that would be chosen then; empty when there is none.
        difference: what would be worse, or why there is none.
    """

    without: str
    targets: tuple[str, ...]
    difference: str


class Chosen(_Model):
    """One chosen target.

    Attributes:
        name: as the plan has it; likewise priority and what follows.
        usd_per_month_serving: list price while it takes all calls; None when not known.
        usd_per_month_idle: list price while it waits; None when not known.
        price_basis: the sum, or what is missing.
        why: what the set would lack without it.
        doubts: what the catalog is not sure of.
    """

    name: str
    priority: int
    provider: str
    place: str
    kind: str
    instance_type: str | None
    model: str
    operator: str
    failure_domain: str
    usd_per_month_serving: float | None
    usd_per_month_idle: float | None
    price_basis: str
    why: str
    doubts: tuple[str, ...]


class Placed(_Model):
    """Why an endpoint's targets are what they are.

    Attributes:
        endpoint: its name.
        asked: what the placement and the endpoint ask, in words.
        volume: tokens that prices were compared at, and where the number comes from.
        usd_per_month: list price while the first target serves; None when a part is not known.
        unpriced: names of chosen targets without a known price.
        targets: in order of use.
        next_best: per chosen target the best set without it; the first entry is the best of all.
        refused: every other place and the reason.
        notes: what else should be known.
    """

    endpoint: str
    asked: tuple[str, ...]
    volume: str
    usd_per_month: float | None
    unpriced: tuple[str, ...]
    targets: tuple[Chosen, ...]
    next_best: tuple[Alternative, ...]
    refused: tuple[Refused, ...]
    notes: tuple[str, ...]
