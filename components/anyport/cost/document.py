"""What pages about a plan share: one HTML file that needs nothing else, readable by day and by night."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

__all__ = ["document", "table"]

STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1d2733; --soft: #5c6b7a; --line: #d9e0e7; --good: #1b7f4b;
  --bad: #b3261e; --c0: #2f6fd0; --c1: #e08a00; --c2: #3a9d6e; --c3: #8b5cc7; --c4: #0f8b8d; --c5: #a0522d; }
@media (prefers-color-scheme: dark) { :root { --paper: #14181d; --ink: #e6ebf0; --soft: #9aa8b6; --line: #313a44;
  --good: #5ecb90; --bad: #ff8a80; --c0: #6ea2f2; --c1: #f0b04a; --c2: #6cc79b; --c3: #b494e6; --c4: #4fbfc1;
  --c5: #d08a63; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1120px;
  margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin: 0 0 .3rem; } h2 { font-size: 1.15rem; margin: 2.2rem 0 .6rem; }
h3 { font-size: 1rem; margin: 1.4rem 0 .2rem; } .soft { color: var(--soft); }
.good { color: var(--good); } .bad { color: var(--bad); font-weight: 600; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; }
th, td { text-align: left; vertical-align: top; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 500; } .n { text-align: right; font-variant-numeric: tabular-nums;
  white-space: nowrap; }
.bar { margin: .5rem 0 .1rem; } .bar b { display: inline-block; min-width: 5.5rem; }
svg { display: block; width: 100%; height: auto; } svg.key { display: inline-block; width: .8em; height: .8em;
  margin-right: .4em; } svg.defs { position: absolute; width: 0; height: 0; }
.keys span { margin-right: 1.2rem; font-size: 13px; color: var(--soft); white-space: nowrap; }
.track { fill: var(--line); opacity: .45; } .edge { stroke: var(--paper); stroke-width: 2; }
.hatch { stroke: var(--ink); stroke-width: 2; opacity: .6; }
.c0 { fill: var(--c0); } .c1 { fill: var(--c1); } .c2 { fill: var(--c2); }
.c3 { fill: var(--c3); } .c4 { fill: var(--c4); } .c5 { fill: var(--c5); }
@media print { body { max-width: none; margin: 0; } }
"""


def document(title: str, body: Iterable[str]) -> str:
    """The file. `title` is escaped here; the body's makers have escaped their own words."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>\n"
        + "\n".join((f"<h1>{escape(title)}</h1>", *body))
        + "\n</body></html>\n"
    )


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """A table of plain words, which are escaped here; `numbers` are the columns to set flush right."""
    right = set(numbers)

    def line(cells: Sequence[str], kind: str) -> str:
        looks = (' class="n"' if place in right else "" for place in range(len(cells)))
        made = (f"<{kind}{look}>{escape(cell)}</{kind}>" for look, cell in zip(looks, cells, strict=True))
        return f"<tr>{''.join(made)}</tr>"

    body = "".join(line(cells, "td") for cells in rows)
    return f'<div class="wide"><table><thead>{line(heads, "th")}</thead><tbody>{body}</tbody></table></div>'
