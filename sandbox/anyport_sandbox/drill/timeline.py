"""Pictures of a drill as SVG: per step what callers waited and what reached each target; and a soak's memory."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

from .model import Memory, Observation, Rules

__all__ = ["COLOURS", "memory_plot", "timeline"]

COLOURS = ("#2f6fd0", "#e08a00", "#3a9d6e", "#8b5cc7", "#0f8b8d", "#a0522d")
BAD = "#b3261e"
WIDTH, LEFT, RIGHT, TOP, PLOT, LANE = 1080, 92, 12, 8, 120, 20
FLOOR_MS = 1.0


def timeline(seen: Observation, colours: Mapping[str, str], rules: Rules) -> str:
    """Waits on a logarithmic axis, coloured by who served; a lane of arrivals per target below."""
    names = list(colours)
    height = TOP + PLOT + LANE * len(names) + 26
    x = _Axis(seen.started, seen.ended, LEFT, WIDTH - RIGHT)
    ceiling = max([4000 * rules.first_byte, *(2000 * call.waited for call in seen.calls)])
    y = _Axis(math.log10(FLOOR_MS), math.log10(ceiling), TOP + PLOT, TOP)
    parts = [
        (
            f'<rect x="{x(seen.broke):.1f}" y="{TOP}" width="{x(seen.healed) - x(seen.broke):.1f}" height="{PLOT}" '
            'fill="#b3261e" opacity=".07"/>'
        ),
        *(_grid(y, ceiling)),
        *(_lane(seen, name, place, x, colours[name]) for place, name in enumerate(names)),
        *(_dots(seen, x, y, colours)),
        *(_ticks(seen, x, height)),
    ]
    label = f"Timeline of {seen.step.name}"
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(label, quote=True)}" '
        f'font-family="system-ui, sans-serif" font-size="11" fill="#5c6b7a">{"".join(parts)}</svg>'
    )


def memory_plot(samples: Sequence[Memory]) -> str:
    """Resident memory over a soak; nothing for a drill of a few steps."""
    if len(samples) < 2:
        return ""
    highest = 1.15 * max(max(sample.gateway, sample.client) for sample in samples) or 1.0
    x = _Axis(samples[0].at, samples[-1].at, LEFT, WIDTH - RIGHT)
    y = _Axis(0, highest, TOP + PLOT, TOP)
    lines = []
    for who, colour in (("gateway", COLOURS[0]), ("client", COLOURS[1])):
        points = " ".join(f"{x(s.at):.1f},{y(getattr(s, who)):.1f}" for s in samples)
        last = getattr(samples[-1], who)
        lines.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        lines.append(
            f'<text x="{WIDTH - RIGHT}" y="{y(last) - 4:.1f}" text-anchor="end" fill="{colour}">{who} {last:.0f} MiB</text>'
        )
    base = f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(0):.1f}" y2="{y(0):.1f}" stroke="#d9e0e7"/>'
    span = f"{samples[-1].at - samples[0].at:.0f} s"
    foot = f'<text x="{WIDTH - RIGHT}" y="{TOP + PLOT + 16}" text-anchor="end">{span}</text>'
    return (
        f'<h2>Memory</h2><svg viewBox="0 0 {WIDTH} {TOP + PLOT + 24}" role="img" aria-label="Resident memory" '
        f'font-family="system-ui, sans-serif" font-size="11" fill="#5c6b7a">{base}{"".join(lines)}{foot}</svg>'
    )


class _Axis:
    """A straight line from values to places."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.scale, self.start = low, (end - start) / max(high - low, 1e-9), start

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) * self.scale


def _grid(y: _Axis, ceiling: float) -> list[str]:
    rows = []
    for power in range(int(math.log10(ceiling)) + 1):
        at = y(power)
        name = f"{10**power} ms" if power < 3 else f"{10 ** (power - 3)} s"
        rows.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#e8edf2"/>')
        rows.append(f'<text x="{LEFT - 8}" y="{at + 4:.1f}" text-anchor="end">{name}</text>')
    return rows


def _lane(seen: Observation, name: str, place: int, x: _Axis, colour: str) -> str:
    top = TOP + PLOT + 6 + LANE * place
    shown = name if len(name) <= 13 else f"{name[:12]}…"
    parts = [f'<text x="{LEFT - 8}" y="{top + 12}" text-anchor="end">{escape(shown)}</text>']
    if name in seen.step.broken:
        parts.append(
            f'<rect x="{x(seen.broke):.1f}" y="{top}" width="{x(seen.healed) - x(seen.broke):.1f}" '
            f'height="{LANE - 4}" fill="{BAD}" opacity=".16"/>'
        )
    parts += [
        f'<line x1="{x(hit.arrived):.1f}" x2="{x(hit.arrived):.1f}" y1="{top + 2}" y2="{top + LANE - 6}" '
        f'stroke="{colour if hit.well else BAD}"/>'
        for hit in seen.hits
        if hit.target == name
    ]
    return "".join(parts)


def _dots(seen: Observation, x: _Axis, y: _Axis, colours: Mapping[str, str]) -> list[str]:
    rows = []
    for call in seen.calls:
        at = y(math.log10(max(FLOOR_MS, 1000 * call.waited)))
        if call.outcome == "answered":
            rows.append(
                f'<circle cx="{x(call.started):.1f}" cy="{at:.1f}" r="2.4" fill="{colours.get(call.served_by, BAD)}" '
                'opacity=".8"/>'
            )
        else:
            left, top = x(call.started), at
            rows.append(
                f'<path d="M{left - 3:.1f} {top - 3:.1f}l6 6m0 -6l-6 6" stroke="{BAD}" stroke-width="1.4"/>'
            )
    return rows


def _ticks(seen: Observation, x: _Axis, height: int) -> list[str]:
    rows = [
        f'<text x="{x(seen.started + second):.1f}" y="{height - 4}" text-anchor="middle">{second} s</text>'
        for second in range(int(seen.ended - seen.started) + 1)
    ]
    for at, word in ((seen.broke, "broken"), (seen.healed, "healed")):
        rows.append(
            f'<line x1="{x(at):.1f}" x2="{x(at):.1f}" y1="{TOP}" y2="{height - 20}" stroke="{BAD}" '
            'stroke-dasharray="3 3" opacity=".6"/>'
        )
        rows.append(f'<text x="{x(at) + 4:.1f}" y="{TOP + 10}" fill="{BAD}">{word}</text>')
    return rows
