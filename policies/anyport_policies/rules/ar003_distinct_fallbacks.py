"""AR003: the fallback for a lost region and the one for a lost vendor are two targets."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from ..facts import EndpointFacts
from ..judging import apart, no_targets, strangers
from ..rule import Context, Rule, Verdict

__all__ = ["RULE"]


def _check(endpoint: EndpointFacts, context: Context) -> Iterator[Verdict]:
    """An endpoint that has no fallback of one sort at all is the affair of AR001 or AR002."""
    del context
    yield from no_targets(endpoint)
    if endpoint.primary is None:
        return
    able = [target for target in endpoint.targets[1:] if target.counts]
    near = [target.name for target in able if apart(endpoint.primary, target)]
    far = [target.name for target in able if strangers(endpoint.primary, target)]
    if any(one != other for one, other in product(near, far)):
        return
    both = sorted(set(near) & set(far))
    what = f"both hang on {both[0]}" if both else "are not both there"
    yield Verdict(
        f"endpoint {endpoint.name}: the fallbacks of {endpoint.primary.name} for a lost region and for a lost "
        f"vendor {what}",
        f"add a target in another region of {endpoint.primary.operator or 'its own operator'}, or a third vendor",
        level=None if endpoint.mandatory else "note",
    )


RULE = Rule(
    id="AR003",
    slug="distinct-fallbacks",
    pack="resilience",
    title="In prod the fallback region and the fallback provider are two targets",
    severity="high",
    why="With one target for both, a lost region already means another vendor's model behaviour, prices and "
    "quota, and a second loss ends the endpoint. In dev this is a note.",
    fix="Give the endpoint a third target: another region of the first vendor, or another vendor.",
    since="0.1.0",
    check=_check,
)
