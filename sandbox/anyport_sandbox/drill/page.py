"""A drill as one HTML page that needs nothing else: the table, the verdicts, and a timeline per step."""

from __future__ import annotations

from datetime import date
from html import escape

from .guarantee import GUARANTEE
from .model import Drilled, Verdict
from .report import HEADINGS, step_cells
from .timeline import COLOURS, memory_plot, timeline

__all__ = ["STYLE", "as_page"]

STYLE = """
:root { color-scheme: light; --ink: #1d2733; --soft: #5c6b7a; --line: #d9e0e7; --good: #1b7f4b; --bad: #b3261e; }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: #fff; max-width: 1120px;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .2rem; } .sum { font-size: 1.1rem; }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; } .soft { color: var(--soft); }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; white-space: nowrap; }
th, td { text-align: left; padding: .25rem .7rem .25rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; } td.n { text-align: right; font-variant-numeric: tabular-nums; }
th.n { text-align: right; } svg { display: block; width: 100%; height: auto; } ol { padding-left: 1.3rem; }
.key { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: 13px; color: var(--soft); }
.key i { display: inline-block; width: .8em; height: .8em; border-radius: 50%; margin-right: .4em; }
"""


def as_page(done: Drilled, on: date | None = None) -> str:
    """The page, of a drill of that day. Names from contracts are escaped: they are strangers' words."""
    verdict = '<span class="good">kept</span>' if done.kept else '<span class="bad">not kept</span>'
    total = sum(row.calls for row in done.measured)
    notes = "".join(f'<p class="soft">{escape(note)}</p>' for note in done.notes)
    parts = [
        f"<h1>Drill of {escape(done.endpoint)}{'' if on is None else f', {on.isoformat()}'}</h1>",
        (
            f'<p class="sum">The guarantee was {verdict}: {len(done.measured)} steps, {total} requests, '
            f"{escape(done.gateway)}.</p>{notes}"
        ),
        f"<h2>The guarantee</h2>{_clauses(done)}",
        _failures(done),
        f'<h2>Measured</h2><div class="wide">{_table(done)}</div>',
        memory_plot(done.memory),
        _timelines(done),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Drill of {escape(done.endpoint)}</title><style>{STYLE}</style></head><body>"
        + "\n".join(parts)
        + "</body></html>\n"
    )


def _clauses(done: Drilled) -> str:
    rows = []
    for number, text in GUARANTEE.items():
        mine = [verdict for verdict in done.verdicts if verdict.clause == number]
        kept = sum(verdict.kept for verdict in mine)
        kind = "soft" if not mine else "good" if kept == len(mine) else "bad"
        rows.append(f'<li>{escape(text)} <span class="{kind}">{kept} of {len(mine)} proofs kept</span></li>')
    return f"<ol>{''.join(rows)}</ol>"


def _failures(done: Drilled) -> str:
    bad = [verdict for verdict in done.verdicts if not verdict.kept]
    if not bad:
        return ""
    return f"<h2>Not kept</h2><ul>{''.join(map(_failure, bad))}</ul>"


def _failure(verdict: Verdict) -> str:
    return f'<li class="bad">{escape(verdict.step)}: {escape(verdict.says)} (clause {verdict.clause})</li>'


def _table(done: Drilled) -> str:
    def row(cells: tuple[str, ...], kind: str) -> str:
        return "".join(
            f"<{kind}{' class=n' if place > 1 else ''}>{escape(cell)}</{kind}>"
            for place, cell in enumerate(cells)
        )

    body = "".join(f"<tr>{row(step_cells(found), 'td')}</tr>" for found in done.measured)
    return f"<table><thead><tr>{row(HEADINGS, 'th')}</tr></thead><tbody>{body}</tbody></table>"


def _timelines(done: Drilled) -> str:
    if not done.observations:
        return ""
    names = list(dict.fromkeys(name for seen in done.observations for name in seen.counted))
    colours = {name: COLOURS[place % len(COLOURS)] for place, name in enumerate(names)}
    key = "".join(
        f'<span><i style="background:{colour}"></i>{escape(name)}</span>' for name, colour in colours.items()
    )
    key += '<span><i style="background:#b3261e"></i>not answered</span><span>band: broken</span>'
    key += "<span>below: requests that reached each target</span>"
    steps = "".join(
        f'<h3>{escape(seen.step.name)} <span class="soft">({seen.step.load.kind} loop)</span></h3>'
        f"{timeline(seen, colours, done.rules)}"
        for seen in done.observations
    )
    return f'<h2>What callers waited for</h2><div class="key">{key}</div>{steps}'
