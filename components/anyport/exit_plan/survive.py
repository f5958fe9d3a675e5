"""What is left of an endpoint after a loss: on what, with how much room, for how much more, after how long."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from ..catalog import Catalog
from ..cost import Assumptions, Total, estimate
from ..cost.estimate import TargetCost, cents, first_left, month
from ..plan import Plan, PlannedEndpoint, PlannedTarget
from .capacity import Capacity, capacity_left, capacity_of
from .leaving import Tie, secrets_of, ties
from .losses import Loss

__all__ = ["Survival", "survivals"]


@dataclass(frozen=True, slots=True)
class Survival:
    """An endpoint after a loss.

    Attributes:
        loss: what is gone.
        dead: targets that die, with why.
        dead_warm: those of them that take calls today.
        warm: targets left that answer at once, in order of use.
        cold: targets left that must be built first, with minutes (None: not stated).
        needed: cold targets without which nothing answers.
        capacity: what the targets that answer carry; of `needed` where no warm one is left.
        before: the steady month; None where traffic is not declared.
        after: the month after the loss; what is lost is taken as still rented. None likewise, and when it dies.
        ties: keys, identities, data and commitments of the dead targets.
        manual: steps that somebody has to take, in order.
        unknown: what could not be found out.
    """

    endpoint: str
    loss: Loss
    dead: tuple[tuple[str, str], ...]
    dead_warm: tuple[str, ...]
    warm: tuple[str, ...]
    cold: tuple[tuple[str, int | None], ...]
    needed: tuple[str, ...]
    capacity: Capacity
    before: Total | None
    after: Total | None
    ties: tuple[Tie, ...]
    manual: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """`untouched`, `survives`, `restorable` (only on cold targets with a stated time) or `dies`."""
        if not self.dead:
            return "untouched"
        if self.warm:
            return "survives"
        return "restorable" if self.needed and self.restore_minutes is not None else "dies"

    @property
    def restore_minutes(self) -> int | None:
        """Minutes until something answers: 0 with a warm target left, else the longest of what is needed.

        None where a time is not stated, or where nothing is left.
        """
        if self.warm:
            return 0
        minutes = [found for name, found in self.cold if name in self.needed]
        known = [found for found in minutes if found is not None]
        return max(known) if known and len(known) == len(minutes) else None

    def to_dict(self) -> dict[str, object]:
        """JSON."""
        added = None
        if self.before is not None and self.after is not None:
            usd, unknown = self.after.added_to(self.before)
            added = {"usd": str(cents(usd)), "unknown": list(unknown)}
        return {
            "endpoint": self.endpoint, "loss": str(self.loss), "verdict": self.verdict,
            "dead": [{"target": name, "why": why} for name, why in self.dead],
            "warm": list(self.warm),
            "cold": [{"target": name, "restore_minutes": minutes} for name, minutes in self.cold],
            "needed": list(self.needed), "restore_minutes": self.restore_minutes,
            "capacity": self.capacity.to_dict(),
            "before": self.before and self.before.to_dict(),
            "after": self.after and self.after.to_dict(),
            "added": added,
            "ties": [tie.to_dict() for tie in self.ties],
            "manual": list(self.manual), "unknown": list(self.unknown),
        }  # fmt: skip


@dataclass(frozen=True)
class _Endpoint:
    """What is the same for every loss."""

    endpoint: PlannedEndpoint
    costs: dict[str, TargetCost]
    held: dict[str, int | None]


def survivals(
    plan: Plan, losses: Iterable[Loss], catalog: Catalog, asked: Assumptions, measured: Mapping[str, int]
) -> Iterator[Survival]:
    """Every endpoint of a plan after each loss, loss by loss; `measured` is as `capacity_of` wants it."""
    known = [
        _Endpoint(
            endpoint,
            {cost.name: cost for cost in estimate(endpoint, catalog, asked).targets},
            {target.name: capacity_of(endpoint, target, measured) for target in endpoint.targets},
        )
        for endpoint in plan.endpoints
    ]
    for loss in losses:
        reasons = [[loss.kills(target, catalog) for target in one.endpoint.targets] for one in known]
        shared = _shared(known, reasons)
        for one, whys in zip(known, reasons, strict=True):
            yield _survive(one, loss, whys, catalog, shared)


def _shared(known: Iterable[_Endpoint], reasons: Iterable[list[str]]) -> dict[str, tuple[str, ...]]:
    """Reference of a secret → targets that live on with it, in the whole plan."""
    found: dict[str, list[str]] = {}
    for one, whys in zip(known, reasons, strict=True):
        for target, why in zip(one.endpoint.targets, whys, strict=True):
            if not why:
                for uri in dict.fromkeys(secrets_of(target).values()):
                    found.setdefault(uri, []).append(f"{one.endpoint.name}/{target.name}")
    return {uri: tuple(names) for uri, names in found.items()}


def _survive(
    one: _Endpoint, loss: Loss, whys: list[str], catalog: Catalog, shared: Mapping[str, tuple[str, ...]]
) -> Survival:
    targets = one.endpoint.targets
    dying = [target for target, why in zip(targets, whys, strict=True) if why]
    left = [target for target, why in zip(targets, whys, strict=True) if not why]
    warm = tuple(target.name for target in left if target.standby == "warm")
    out = [target.name for target in dying]
    needed = () if warm else _needed(left)
    declared = one.endpoint.traffic.tokens_per_minute is not None
    capacity = capacity_left(one.endpoint, warm or needed, one.held)
    cold = tuple((target.name, target.restore_minutes) for target in left if target.standby == "cold")
    return Survival(
        endpoint=one.endpoint.name,
        loss=loss,
        dead=tuple((target.name, why) for target, why in zip(targets, whys, strict=True) if why),
        dead_warm=tuple(target.name for target in dying if target.standby == "warm"),
        warm=warm,
        cold=cold,
        needed=needed,
        capacity=capacity,
        before=month(targets, one.costs, ()) if declared else None,
        after=month(targets, one.costs, _others(left, needed, out)) if declared and left else None,
        ties=tuple(tie for target in dying for tie in ties(target, catalog, shared)),
        manual=_manual(out, warm, cold, needed, capacity),
        unknown=_unknown(out, capacity, cold, needed),
    )


def _needed(cold: list[PlannedTarget]) -> tuple[str, ...]:
    """The first priority in which a time is stated, without those whose time is not; else the first priority."""
    for priority in sorted({target.priority for target in cold}):
        group = [target for target in cold if target.priority == priority]
        stated = tuple(target.name for target in group if target.restore_minutes is not None)
        if stated:
            return stated
    return tuple(target.name for target in first_left(cold, ()))


def _others(left: list[PlannedTarget], needed: tuple[str, ...], out: list[str]) -> list[str]:
    """What takes no calls: the dead, and cold targets that are passed over for others."""
    return [*out, *(target.name for target in left if needed and target.name not in needed)]


def _manual(
    out: list[str], warm: tuple[str, ...], cold: tuple[tuple[str, int | None], ...], needed: tuple[str, ...],
    capacity: Capacity,
) -> tuple[str, ...]:  # fmt: skip
    if not out:
        return ()
    steps = [f"build the cold target {name}, check it, add it to the gateway" for name in needed]
    if warm and capacity.verdict == "too little":
        steps += [f"build the cold target {name} as well: what is warm is too little" for name, _ in cold]
    if capacity.verdict in ("too little", "not known"):
        steps.append(f"make sure of quota at {', '.join(name for name, _ in capacity.left)}")
    if not warm and not needed:
        steps.append("find another place: nothing that is described is left")
    return (
        *steps,
        f"take {', '.join(out)} out of the spec, and update the stacks that do not touch them first",
    )


def _unknown(
    out: list[str], capacity: Capacity, cold: tuple[tuple[str, int | None], ...], needed: tuple[str, ...]
) -> tuple[str, ...]:
    if not out:
        return ()
    notes = [f"how long {name} takes to build" for name, minutes in cold if minutes is None]
    if capacity.declared is None:
        notes.append("traffic.tokens_per_minute is not declared, so neither capacity nor cost can be judged")
    elif capacity.verdict == "not known":
        notes.append(
            f"how much {', '.join(capacity.unknown)} can carry: measure it, or ask with `anyport preflight`"
        )
    if needed:
        notes.append(
            f"whether {', '.join(needed)} can be built that day: machines and quota are not held for it"
        )
    return (
        *notes,
        "what the lost targets hold that the spec does not say: fine-tuned models, stored answers, keys made by hand",
    )
