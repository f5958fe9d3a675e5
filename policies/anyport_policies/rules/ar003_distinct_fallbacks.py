"""AR003: the fallback for a lost region and the one for a lost vendor are two targets that no one loss takes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product

from ..facts import EndpointFacts, TargetFacts
from ..judging import apart, domain, no_targets, operators, strangers
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
    fix = f"add a target in another region of {endpoint.primary.operator or 'its own operator'}, or a third vendor"
    if any(one != other for one, other in product(near, far)):
        what = _together(able)
        if what is None:
            return
        message, fix = f"the fallbacks of {endpoint.primary.name} {what}", f"{fix}, in a place of its own"
    else:
        both = sorted(set(near) & set(far))
        hang = f"both hang on {both[0]}" if both else "are not both there"
        message = f"the fallbacks of {endpoint.primary.name} for a lost region and for a lost vendor {hang}"
    yield Verdict(f"endpoint {endpoint.name}: {message}", fix, level=None if endpoint.mandatory else "note")


def _together(able: list[TargetFacts]) -> str | None:
    """What one loss would take all fallbacks with; None when, whatever is lost, one of them is left."""
    pairs = list(combinations(able, 2))
    names = ", ".join(target.name for target in able)
    if not any(apart(*pair) for pair in pairs):
        where = sorted({domain(target) for target in able} - {"none", "unknown"})
        sure = len(where) == 1 and all(domain(target) in where for target in able)
        return f"are all in {where[0]}: {names}" if sure else f"may all be in one place: {names}"
    if not any(strangers(*pair) for pair in pairs):
        who = frozenset.intersection(*(operators(target) for target in able))
        need = " and ".join(sorted(who)) or "an operator that another one of them needs too"
        return f"all need {need}: {names}"
    return None


RULE = Rule(
    id="AR003",
    slug="distinct-fallbacks",
    pack="resilience",
    title="In prod the fallback region and the fallback provider are two targets, and no one loss takes both",
    severity="high",
    why="With one target for both, a lost region already means another vendor's model behaviour, prices and "
    "quota, and a second loss ends the endpoint. Two in one place or at one operator are no better: when the first "
    "target is out for a reason of its own (quota, retirement, a mistake), the rest must still survive the loss of "
    "any place and of any operator. In dev this is a note.",
    fix="Give the endpoint a third target: another region of the first vendor, or another vendor, away from the "
    "other fallback.",
    since="0.1.0",
    check=_check,
)
