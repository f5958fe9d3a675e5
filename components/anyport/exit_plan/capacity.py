"""Whether what is left carries the declared traffic, by what is on record: the sum that rule AR006 makes too.

Capacity is what a target's options buy, or what somebody measured and wrote into the policy configuration
(`fallback-capacity.tokens_per_minute`). A service that promises none has none on record: that is said, and is neither
enough nor too little.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..plan import PlannedEndpoint, PlannedTarget
from ..posture import posture

__all__ = ["Capacity", "capacity_left", "capacity_of"]


@dataclass(frozen=True, slots=True)
class Capacity:
    """Tokens per minute.

    Attributes:
        declared: the endpoint's traffic; None when it is not declared.
        left: by target that answers after the loss; None is not known.
    """

    declared: int | None
    left: tuple[tuple[str, int | None], ...]

    @property
    def sure(self) -> int:
        """What is known to be left."""
        return sum(found or 0 for _, found in self.left)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Targets whose capacity is not."""
        return tuple(name for name, found in self.left if found is None)

    @property
    def verdict(self) -> str:
        """`none`, `not declared`, `enough`, `not known` or `too little`."""
        if not self.left:
            return "none"
        if self.declared is None:
            return "not declared"
        if self.sure >= self.declared:
            return "enough"
        return "not known" if self.unknown else "too little"

    def to_dict(self) -> dict[str, object]:
        """JSON; null is not known."""
        return {
            "declared_tokens_per_minute": self.declared,
            "sure_tokens_per_minute": self.sure,
            "targets": dict(self.left),
            "unknown": list(self.unknown),
            "verdict": self.verdict,
        }


def capacity_of(endpoint: PlannedEndpoint, target: PlannedTarget, measured: Mapping[str, int]) -> int | None:
    """Tokens per minute that a target surely carries; `measured` is by `endpoint/target`, and wins."""
    found = measured.get(f"{endpoint.name}/{target.name}")
    if found is None:
        found = posture(endpoint, target).get("capacity_tokens_per_minute")
    return found


def capacity_left(
    endpoint: PlannedEndpoint, answering: Sequence[str], held: Mapping[str, int | None]
) -> Capacity:
    """What the targets that answer carry together."""
    return Capacity(endpoint.traffic.tokens_per_minute, tuple((name, held[name]) for name in answering))
