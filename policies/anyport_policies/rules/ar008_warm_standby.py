"""AR008: somebody else is up already, and what must be built first is built in time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from pydantic import Field

from ..facts import EndpointFacts, TargetFacts
from ..judging import apart, no_targets, strangers
from ..rule import Context, Parameters, Rule, Verdict

__all__ = ["RULE", "Restoring"]


class Restoring(Parameters):
    """How long callers may wait for a fallback that does not exist yet."""

    restore_minutes: int = Field(default=60, ge=1)
    """The longest. Default: 60."""
    endpoints: dict[str, int] = {}
    """The longest by endpoint, where it differs."""


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    wanted = context.of(Restoring)
    limit = wanted.endpoints.get(endpoint.name, wanted.restore_minutes)
    yield from no_targets(endpoint)
    if endpoint.targets and sum(target.standby == "warm" for target in endpoint.targets) < 2:
        yield Verdict(
            f"endpoint {endpoint.name} has no warm fallback: {_described(endpoint.targets)}",
            "say standby: warm for one more target, so that a failover needs no deployment",
        )
    # Other rules count on a stated time, so one that is too long is never a mere note.
    late = [target for target in endpoint.targets if not _in_time(target, limit)]
    needed = not _covered([target for target in endpoint.targets if _in_time(target, limit)])
    for target in late:
        yield Verdict(
            f"target {target.name} of endpoint {endpoint.name} {_why(target, limit)}",
            f"say restore_minutes of {limit} at most and prove it by a drill, keep it warm, or, for a spare that "
            "nothing counts on, say no restore_minutes",
            target.name,
            None if needed or target.counts else "note",
        )


def _in_time(target: TargetFacts, limit: int) -> bool:
    return target.standby == "warm" or (target.counts and (target.restore_minutes or limit + 1) <= limit)


def _covered(targets: list[TargetFacts]) -> bool:
    pairs = list(combinations(targets, 2))
    return any(apart(*pair) for pair in pairs) and any(strangers(*pair) for pair in pairs)


def _why(target: TargetFacts, limit: int) -> str:
    if target.standby != "cold":
        return "is neither warm nor cold, as far as is known"
    if target.restore_minutes is None:
        return f"is cold with no stated restore_minutes; the limit is {limit}"
    return f"takes {target.restore_minutes} minutes to restore; the limit is {limit}"


def _described(targets: tuple[TargetFacts, ...]) -> str:
    return ", ".join(f"{target.name} is {target.standby or 'unknown'}" for target in targets)


RULE = Rule(
    id="AR008",
    slug="warm-standby",
    pack="resilience",
    title="One fallback is warm, and cold ones can be restored in time",
    severity="high",
    why="A cold target needs a deployment in the middle of an outage, against a control plane that everyone else "
    "calls too. One that takes longer than callers can wait is no fallback; a spare with no stated time is a note.",
    fix="Keep a second target warm; state and prove a time to restore for cold ones.",
    since="0.1.0",
    check=_check,
    parameters=Restoring,
)
