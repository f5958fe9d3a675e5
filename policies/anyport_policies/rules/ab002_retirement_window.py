"""AB002: the first target and what stands in for it do not retire together."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from ..facts import EndpointFacts
from ..judging import no_targets
from ..rule import Context, Parameters, Rule, Verdict

__all__ = ["RULE", "Window"]


class Window(Parameters):
    """How close is together."""

    days: int = Field(default=60, ge=0, le=1000)
    """Days between two retirements that one migration must cover. Default: 60."""


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    """Dates nobody knows are AB001's notes; a fallback with one neither helps nor harms here."""
    within = context.of(Window).days
    yield from no_targets(endpoint)
    unread = [t.name for t in endpoint.targets if not t.retirement_known]
    if unread:
        yield Verdict(
            f"endpoint {endpoint.name}: when the models of {', '.join(unread)} retire cannot be read",
            "say which model each serves",
        )
        return
    first, dated = endpoint.primary, [t for t in endpoint.targets[1:] if t.counts and t.retires_on]
    if first is None or first.retires_on is None or not dated:
        return
    close = [t for t in dated if t.retires_on and abs((t.retires_on - first.retires_on).days) <= within]
    if len(close) < len([t for t in endpoint.targets[1:] if t.counts]):
        return
    when = ", ".join(f"{t.name} on {t.retires_on}" for t in close)
    yield Verdict(
        f"endpoint {endpoint.name}: {first.name} retires on {first.retires_on} and every fallback within {within} "
        f"days of it ({when})",
        "move one of them to a model or provider with another date",
    )


RULE = Rule(
    id="AB002",
    slug="retirement-window",
    pack="baseline",
    title="The first target and all its fallbacks do not retire within one window",
    severity="medium",
    why="A retirement is an outage with a date. When all targets have the same one, there is nothing to fail over "
    "to while the endpoint is moved.",
    fix="Let at least one fallback serve a model whose date is further away.",
    since="0.1.0",
    check=_check,
    level="advisory",
    parameters=Window,
)
