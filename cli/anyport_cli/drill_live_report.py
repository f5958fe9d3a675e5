"""A live drill as a text table, JSON and an HTML page. The keys of the JSON are part of the interface. It has no
`steps`, so that nobody takes it for a drill in which targets were broken: here they only were passed by.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from html import escape

from anyport_sandbox.drill.page import STYLE
from anyport_sandbox.drill.report import aligned

from .drill_live_run import LiveDrill, LiveProof, LiveResult

__all__ = ["live_json", "live_line", "live_page", "live_text"]

HEADINGS = ("drilled", "requests", "answered", "whole streams", "served by", "attempts", "proofs")


def live_text(done: LiveDrill) -> str:
    """The table of steps, what did not hold, and one line that sums it up."""
    lines = [aligned([HEADINGS, *map(_cells, done.results)]), ""]
    lines += [f"NOT KEPT  {proof.step}: {proof.proof}: {proof.says}" for proof in _bad(done)]
    lines += [f"note: {note}" for note in done.notes]
    return "\n".join([*lines, _sum(done)]) + "\n"


def live_json(done: LiveDrill, on: date) -> str:
    """Every step and proof of a drill of that day."""
    value = {
        "kept": done.kept,
        "live": True,
        "date": on.isoformat(),
        "endpoint": done.endpoint,
        "gateway": done.gateway,
        "results": [asdict(result) for result in done.results],
        "notes": list(done.notes),
    }
    return json.dumps(value, indent=2) + "\n"


def live_line(result: LiveResult) -> str:
    """One step in a line, told while the drill runs."""
    return f"{result.step}: {result.answered} of {result.requests} answered, by {_counts(result.served_by)}"


def live_page(done: LiveDrill, on: date) -> str:
    """A page, of a drill of that day, that needs nothing else. Whatever a gateway said is escaped: it is a stranger's words."""
    title = f"Live drill of {escape(done.endpoint)}, {on.isoformat()}"
    verdict = '<span class="good">kept</span>' if done.kept else '<span class="bad">not kept</span>'
    head = "".join(f"<th>{escape(cell)}</th>" for cell in HEADINGS)
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in _cells(result))}</tr>"
        for result in done.results
    )
    bad = "".join(
        f'<li class="bad">{escape(proof.step)}: {escape(proof.proof)}: {escape(proof.says)}</li>'
        for proof in _bad(done)
    )
    notes = "".join(f'<p class="soft">{escape(note)}</p>' for note in done.notes)
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1>"
        f'<p class="sum">{verdict}: {escape(_sum(done))}</p>{notes}{f"<h2>Not kept</h2><ul>{bad}</ul>" if bad else ""}'
        f'<h2>Seen</h2><div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
        "</body></html>\n"
    )


def _bad(done: LiveDrill) -> list[LiveProof]:
    return [proof for result in done.results for proof in result.proofs if not proof.kept]


def _sum(done: LiveDrill) -> str:
    proofs = [proof for result in done.results for proof in result.proofs]
    kept = sum(proof.kept for proof in proofs)
    total = sum(result.requests for result in done.results)
    return (
        f"{done.endpoint}: {kept} of {len(proofs)} proofs kept, in {len(done.results)} steps with {total} requests, "
        f"through {done.gateway}."
    )


def _cells(result: LiveResult) -> tuple[str, ...]:
    kept = sum(proof.kept for proof in result.proofs)
    return (
        result.step, str(result.requests), str(result.answered), f"{result.whole_streams} of {result.streams}" if result.streams else "-",
        _counts(result.served_by), _counts(result.attempts), f"{kept} of {len(result.proofs)}",
    )  # fmt: skip


def _counts(found: Mapping[str, int]) -> str:
    return (
        ", ".join(found if len(found) == 1 else (f"{name} ({count})" for name, count in found.items())) or "-"
    )
