"""Months as one HTML page: a stacked bar per month with a piece per target, and the table they are drawn from.

Bars of one endpoint share a scale; those of different endpoints do not. What is not known has no length: it is
hatched, as wide as every other piece that is not known, and named.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from html import escape

from .document import document, table
from .estimate import EndpointCost, Part, TargetCost, Total, money

__all__ = ["as_page"]

WIDTH, HEIGHT = 1000, 26
UNKNOWN_WIDTH = 70
COLOURS = 6
MONTHS = {
    "standby": "nothing asked",
    "steady": "the declared traffic, with nothing out",
    "failover": "the target used first is out all month",
}
_HATCH = (
    '<svg class="defs" aria-hidden="true"><defs><pattern id="hatch" width="8" height="8" '
    'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V8"/></pattern>'
    "</defs></svg>"
)


def as_page(found: Mapping[str, Sequence[EndpointCost]], assumed: str) -> str:
    """The page. Names from stack files are escaped: they are strangers' words.

    Args:
        found: endpoints by stack file.
        assumed: what the sums assume, in a sentence.
    """
    body = [_HATCH, f'<p class="soft">{escape(assumed)}</p>']
    for file, endpoints in found.items():
        for endpoint in endpoints:
            body += _section(file, endpoint)
    return document("What endpoints would cost a month", body)


def _section(file: str, endpoint: EndpointCost) -> Iterator[str]:
    yield f'<h2>{escape(endpoint.name)} <span class="soft">{escape(file)}</span></h2>'
    yield _keys(endpoint.targets)
    months = {"standby": endpoint.standby, "steady": endpoint.steady, "failover": endpoint.failover}
    scale = _scale(total for total in months.values() if total is not None)
    for name, total in months.items():
        said = "not known" if total is None else str(total)
        yield (
            f'<div class="bar"><b>{name}</b> {escape(said)} <span class="soft">{escape(MONTHS[name])}</span></div>'
        )
        yield _bar(name, total, scale, endpoint.note)
    if endpoint.note:
        yield f'<p class="soft">{escape(endpoint.note)}</p>'
    yield table(
        (
            "target",
            "kept",
            "rent",
            "tokens if all",
            *(f"{name} month" for name in MONTHS),
            "basis",
            "commitment",
            "prices",
        ),
        (_row(place, target, months.values()) for place, target in enumerate(endpoint.targets)),
        range(2, 7),
    )


def _keys(targets: Sequence[TargetCost]) -> str:
    named = (
        f'<span><svg class="key" viewBox="0 0 10 10"><rect class="c{place % COLOURS}" width="10" height="10"/></svg>'
        f"{escape(target.name)}</span>"
        for place, target in enumerate(targets)
    )
    hatched = (
        '<span><svg class="key" viewBox="0 0 10 10"><rect fill="url(#hatch)" width="10" height="10"/></svg>'
        "not known: its width says nothing</span>"
    )
    return f'<p class="keys">{"".join(named)}{hatched}</p>'


def _scale(totals: Iterable[Total]) -> Decimal:
    """Pixels per USD, so that the longest bar just fits with its pieces that are not known."""
    scales = [
        (WIDTH - UNKNOWN_WIDTH * min(len(total.unknown), WIDTH // UNKNOWN_WIDTH - 2)) / total.known
        for total in totals
        if total.known > 0
    ]
    return min(scales, default=Decimal(0))


def _bar(name: str, total: Total | None, scale: Decimal, note: str) -> str:
    pieces = [f'<rect class="track" width="{WIDTH}" height="{HEIGHT}"/>']
    if total is None:
        pieces.append(_piece('fill="url(#hatch)"', Decimal(0), Decimal(WIDTH), f"not known: {note}"))
    else:
        pieces += _stack(total, scale)
    said = f"{name}: {'not known' if total is None else total}"
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(said)}">{"".join(pieces)}</svg>'
    )


def _stack(total: Total, scale: Decimal) -> Iterator[str]:
    x = Decimal(0)
    for place, part in enumerate(total.parts):
        width = part.known * scale
        if width > 0:
            yield _piece(f'class="c{place % COLOURS} edge"', x, width, f"{part.target}: {money(part.known)}")
            x += width
    for part in total.parts:
        if part.has_unknown:
            width = min(Decimal(UNKNOWN_WIDTH), max(WIDTH - x, Decimal(0)))
            yield _piece('fill="url(#hatch)"', x, width, f"{part.target}: not known")
            x += width


def _piece(look: str, x: Decimal, width: Decimal, said: str) -> str:
    """A piece of a bar; who points at it, or has it read, gets its name and sum."""
    return (
        f'<rect {look} x="{x:.1f}" width="{width:.1f}" height="{HEIGHT}"><title>{escape(said)}</title></rect>'
    )


def _row(place: int, target: TargetCost, months: Iterable[Total | None]) -> tuple[str, ...]:
    parts = (None if total is None else total.parts[place] for total in months)
    return (
        target.name, target.standby, _sum(target.rent), _sum(target.tokens), *(_part(part) for part in parts),
        target.basis, target.commitment, target.source,
    )  # fmt: skip


def _sum(amount: Decimal | None) -> str:
    return "unknown" if amount is None else money(amount)


def _part(part: Part | None) -> str:
    if part is None or (part.has_unknown and not part.known):
        return "unknown"
    return f"at least {money(part.known)}" if part.has_unknown else money(part.known)
