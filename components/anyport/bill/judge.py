"""What a person should look at. A finding fails the run; a remark says what the figures cannot.

Not judged here: whether a price is good, and whether traffic should have gone elsewhere.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from ..errors import nearest
from .estimate import Estimate
from .model import ZERO, Finding, Line
from .places import Place
from .tally import Tally
from .usage import Count, Usage, counts

__all__ = ["judge"]

Key = tuple[str, str, str]
"""Tier, endpoint and target."""


def judge(
    lines: Sequence[Line],
    tally: Tally,
    usage: Usage | None,
    estimate: Estimate | None,
    drift_percent: int,
    *,
    has_plans: bool,
) -> list[Finding]:
    """Findings and remarks over all lines, in a fixed order."""
    places = {place.key: place for place in reversed(tally.places)}
    return [
        *_untagged(lines),
        *(_unknown_targets(lines, places) if has_plans else ()),
        *_idle(lines, places, usage),
        *(_unbilled(lines, tally.places, usage) if usage else ()),
        *(_drift(lines, tally, estimate, drift_percent) if estimate else ()),
        *(_expected(lines, tally.places, estimate) if estimate else ()),
        *_shared(lines),
        *_ambiguous(tally.places),
    ]


def _untagged(lines: Iterable[Line]) -> Iterator[Finding]:
    for line in lines:
        if "none" in line.rules and line.net:
            model = f" for {', '.join(sorted(line.models))}" if line.models else ""
            yield _about(
                line, "untagged", f"AI spend of no endpoint: {line.service}{model}", fails=True,
                fix="tag the resource, or bring it under an endpoint; a raw deployment has no fallback",
            )  # fmt: skip


def _unknown_targets(lines: Iterable[Line], known: Iterable[Key]) -> Iterator[Finding]:
    keys = set(known)
    for line in lines:
        said = _unknown(line, keys) if "tag" in line.rules else None
        if said:
            yield _about(line, "unknown-target", said[0], fails=line.net != ZERO, fix=said[1])


def _unknown(line: Line, known: Iterable[Key]) -> tuple[str, str] | None:
    """What is wrong with the owner that a tag names, and the remedy; None when a stack file has it.

    A tag without a tier or a target fits all of them: it may be of something that lives.
    """
    own = [key for key in known if key[1] == line.endpoint]
    fits = [key for key in own if line.tier in ("", key[0]) and line.target in ("", key[2])]
    if fits and line.target:
        return None
    if fits:
        return (
            f"{line.endpoint} costs money and the tag names no target",
            "tag it with anyport-target and anyport-tier too, as everything is that Anyport builds",
        )
    what = f"{line.endpoint}/{line.target}" if line.target else line.endpoint
    others = sorted({tier for tier, _, target in own if line.target in ("", target)})
    where = "stands in no stack file"
    if others:
        what, where = f"{what} of tier {line.tier}", f"{where} of that tier, only of {', '.join(others)}"
    return (
        f"{what} costs money and {where}",
        "destroy what is left of it, or name the stack file that has it with --stacks",
    )


def _idle(lines: Iterable[Line], places: Mapping[Key, Place], usage: Usage | None) -> Iterator[Finding]:
    all_lines = list(lines)
    only = len({line.month for line in all_lines}) == 1
    for line in all_lines:
        place = places.get((line.tier, line.endpoint, line.target))
        if place is None or line.net <= ZERO:
            continue
        if place.standby == "cold":
            yield _about(
                line, "idle", "a cold standby costs money: it should not be built", fails=True,
                fix="destroy it, or say standby: warm if it is wanted",
            )  # fmt: skip
        elif usage and place.priority > 1 and _counts(usage, place, line.month, only):
            tokens = usage.of(line.tier, line.endpoint, line.target, line.month, only)
            if tokens and sum(tokens):
                continue
            if place.billing == "per_token":
                yield _about(
                    line, "idle", "a standby that is paid per token costs money and got no token by our count",
                    fails=True, fix="find who calls it past the gateway",
                )  # fmt: skip
            else:
                words = place.billing.replace("_", " ")
                yield _about(line, "ready", f"the price of standing ready: {words}, no token", fails=False)


def _counts(usage: Usage, place: Place, month: str, only: bool) -> bool:
    """Whether the usage file says anything of the endpoint in the month; silence on all targets is no count."""
    return any(
        endpoint == place.endpoint
        and tier in ("", place.tier)
        and (its_month == month or (only and not its_month))
        for tier, endpoint, _, its_month in usage.tokens
    )


def _unbilled(lines: Sequence[Line], places: Sequence[Place], usage: Usage) -> Iterator[Finding]:
    """Tokens that are of no line of the bill, or of one of several."""
    providers = {(place.endpoint, place.target): place.provider for place in places}
    for count in counts(lines, usage):
        said = _uncounted(count, lines) if sum(count.tokens) else None
        if said:
            yield Finding(
                said[0],  # type: ignore[arg-type]
                f"{sum(count.tokens):,} tokens {said[1]}", fails=False, month=count.month,
                provider=providers.get((count.endpoint, count.target), ""), endpoint=count.endpoint,
                target=count.target, fix=said[2],
            )  # fmt: skip


def _uncounted(count: Count, lines: Iterable[Line]) -> tuple[str, str, str] | None:
    """Why tokens were counted for no line: kind, words, remedy; None when they were, or the line says it itself."""
    if not count.month:
        return (
            "unbilled",
            "without a month, and the bill has several: not counted",
            "add month, or ask for one",
        )
    if len(count.lines) > 1:
        tiers = {line.tier: None for line in count.lines}
        if len(tiers) > 1:
            names = " and ".join(tier or "no tier" for tier in tiers)
            return "shared", f"without a tier, and the bill has {names}: not counted", "add the column tier"
        return "shared", f"and {len(count.lines)} lines of the bill: not counted", ""
    if count.lines or _is_shared(lines, count.month, count.endpoint, count.target):
        return None
    others = sorted(
        line.tier
        for line in lines
        if (line.month, line.endpoint, line.target) == (count.month, count.endpoint, count.target)
    )
    if others:
        near = nearest(count.tier, others)
        words = f"of tier {count.tier} and no charge of that tier: not counted"
        return "unbilled", words, f"did you mean {near}?" if near else f"the bill has {', '.join(others)}"
    return "unbilled", "and no charge: is an export missing?", ""


def _is_shared(lines: Iterable[Line], month: str, endpoint: str, target: str) -> bool:
    """Whether charges that nobody can tell apart may be of the target."""
    return any(line.month == month and f"{endpoint}/{target}" in line.candidates for line in lines)


def _expected(lines: Sequence[Line], places: Sequence[Place], estimate: Estimate) -> Iterator[Finding]:
    """Cost that was expected where no charge is; in another currency, `_drift` has said it."""
    providers = {place.key: place.provider for place in places}
    for month in sorted({line.month for line in lines}):
        for (tier, endpoint, target, currency), figure in sorted(estimate.monthly.items()):
            is_billed = any(
                (line.month, line.endpoint, line.target) == (month, endpoint, target)
                and (not tier or line.tier in ("", tier))
                for line in lines
            )
            if not figure or is_billed or _is_shared(lines, month, endpoint, target):
                continue
            whose = f"of tier {tier} " if tier else ""
            yield Finding(
                "unbilled", f"cost {whose}was expected and there is no charge: is an export missing, or was it not built?",
                fails=False, month=month, currency=currency, provider=providers.get((tier, endpoint, target), ""),
                endpoint=endpoint, target=target, cost=ZERO, expected=figure,
            )  # fmt: skip


def _drift(lines: Sequence[Line], tally: Tally, estimate: Estimate, percent: int) -> Iterator[Finding]:
    sums: dict[tuple[str, str, str, str, str], Decimal] = defaultdict(lambda: ZERO)
    providers: dict[tuple[str, str, str, str, str], str] = {}
    for line in lines:
        if line.endpoint and line.target:
            key = (line.month, line.tier, line.endpoint, line.target, line.currency)
            sums[key] += line.net
            providers[key] = line.provider
    for key, cost in sorted(sums.items()):
        month, tier, endpoint, target, currency = key
        expected = estimate.of(tier, endpoint, target)
        figure = expected.get(currency)
        if figure is None:
            why = (
                "no figure"
                if currency in expected or not expected
                else f"a figure in {', '.join(expected)} only"
            )
            yield Finding(
                "no-estimate", f"nothing to compare with: the estimate has {why}", fails=False, month=month,
                currency=currency, provider=providers[key], endpoint=endpoint, target=target, cost=cost,
            )  # fmt: skip
            continue
        off = abs(cost - figure)
        if off * 100 <= percent * abs(figure):
            continue
        part = _partly(tally, providers[key], month)
        share = f"{(cost - figure) * 100 / figure:+.0f} %" if figure else "where nothing was expected"
        yield Finding(
            "drift", f"the bill is off the estimate: {share}{part}", fails=not part, month=month, currency=currency,
            provider=providers[key], endpoint=endpoint, target=target, cost=cost, expected=figure,
            fix="look at traffic, price and model; then correct the spec's traffic or the catalog",
        )  # fmt: skip


def _partly(tally: Tally, provider: str, month: str) -> str:
    """What is said when the export does not reach the ends of its month: a part is no drift."""
    days = tally.days.get((provider, month))
    if days is None or len(month) != 7:
        return ""
    last = calendar.monthrange(int(month[:4]), int(month[5:]))[1]
    if days[1] >= f"{month}-{last:02d}" and days[0] <= f"{month}-01":
        return ""
    return f" (the exports hold {days[0]} to {days[1]} only, the estimate is of a whole month)"


def _shared(lines: Iterable[Line]) -> Iterator[Finding]:
    for line in lines:
        if "shared" in line.rules:
            yield _about(
                line, "shared", f"fits several targets and is not split: {', '.join(line.candidates)}", fails=False,
                fix="a project or compartment per endpoint makes it tell",
            )  # fmt: skip


def _ambiguous(places: Sequence[Place]) -> Iterator[Finding]:
    """Two stacks that build the same tier, endpoint and target put the same tags on different resources."""
    stacks: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for place in places:
        stacks[place.key].add(place.stack)
    for (tier, endpoint, target), files in sorted(stacks.items()):
        if len(files) > 1:
            yield Finding(
                "shared", f"{' and '.join(sorted(files))} both tag it {tier}: their costs stand in one line",
                fails=False, endpoint=endpoint, target=target, fix="give the endpoints different names",
            )  # fmt: skip


def _about(line: Line, kind: str, message: str, *, fails: bool, fix: str = "") -> Finding:
    return Finding(
        kind,  # type: ignore[arg-type]
        message, fails=fails, month=line.month, currency=line.currency, provider=line.provider,
        endpoint=line.endpoint, target=line.target, cost=line.net, fix=fix,
    )  # fmt: skip
