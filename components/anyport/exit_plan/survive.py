"""What is left of an endpoint after a loss: on what, with how much room, for how much more, after how long."""

from __future__ import annotations

from dataclasses import dataclass

from ..catalog import Catalog
from ..cost import Assumptions, Total, estimate
from ..cost.estimate import month
from ..plan import PlannedEndpoint
from .losses import Loss

__all__ = ["Survival", "survive"]


@dataclass(frozen=True, slots=True)
class Survival:
    """An endpoint after a loss.

    Attributes:
        dead: targets that die, with why.
        warm: targets left that answer at once, in order of use.
        cold: targets left that must be built first, with minutes (None: not stated).
        before: the steady month; None where traffic is not declared.
        after: the month after the loss; what is lost is taken as still rented. None likewise, and when it dies.
        manual: steps that somebody has to take.
        unknown: what could not be found out.
    """

    endpoint: str
    dead: tuple[tuple[str, str], ...]
    warm: tuple[str, ...]
    cold: tuple[tuple[str, int | None], ...]
    before: Total | None
    after: Total | None
    manual: tuple[str, ...]
    unknown: tuple[str, ...]

    @property
    def verdict(self) -> str:
        """`untouched`, `survives`, `restorable` (only on cold targets with a stated time) or `dies`."""
        if not self.dead:
            return "untouched"
        if self.warm:
            return "survives"
        return "restorable" if any(minutes is not None for _, minutes in self.cold) else "dies"

    def to_dict(self) -> dict[str, object]:
        """JSON."""
        return {
            "endpoint": self.endpoint, "verdict": self.verdict,
            "dead": [{"target": name, "why": why} for name, why in self.dead],
            "warm": list(self.warm),
            "cold": [{"target": name, "restore_minutes": minutes} for name, minutes in self.cold],
            "before": self.before and self.before.to_dict(),
            "after": self.after and self.after.to_dict(),
            "manual": list(self.manual), "unknown": list(self.unknown),
        }  # fmt: skip


def survive(endpoint: PlannedEndpoint, loss: Loss, catalog: Catalog, asked: Assumptions) -> Survival:
    """Judge one endpoint."""
    reasons = {target.name: loss.kills(target, catalog) for target in endpoint.targets}
    left = [target for target in endpoint.targets if not reasons[target.name]]
    dead = tuple((name, why) for name, why in reasons.items() if why)
    warm = tuple(target.name for target in left if target.standby == "warm")
    cold = tuple((target.name, target.restore_minutes) for target in left if target.standby == "cold")
    costs = {cost.name: cost for cost in estimate(endpoint, catalog, asked).targets}
    declared = endpoint.traffic.tokens_per_minute is not None
    out = [name for name, _ in dead]
    before = month(endpoint.targets, costs, ()) if declared else None
    after = month(endpoint.targets, costs, out) if declared and left else None
    return Survival(
        endpoint.name,
        dead,
        warm,
        cold,
        before,
        after,
        _manual(dead, warm, cold),
        _unknown(declared, dead),
    )


def _manual(
    dead: tuple[tuple[str, str], ...], warm: tuple[str, ...], cold: tuple[tuple[str, int | None], ...]
) -> tuple[str, ...]:
    if not dead:
        return ()
    steps = (
        [] if warm else [f"build the cold target {name}, check it, add it to the gateway" for name, _ in cold]
    )
    names = ", ".join(name for name, _ in dead)
    return (
        *steps,
        f"revoke the keys and identities of {names}",
        f"move or delete what {names} may hold: logs, fine-tuned models, stored answers",
        f"take {names} out of the spec, and end what is rented there",
    )


def _unknown(declared: bool, dead: tuple[tuple[str, str], ...]) -> tuple[str, ...]:
    if not dead:
        return ()
    notes = [
        "whether the targets left have quota for the declared traffic; `anyport preflight` asks the clouds"
    ]
    if not declared:
        notes.append("traffic.tokens_per_minute is not declared, so neither capacity nor cost can be judged")
    return tuple(notes)
