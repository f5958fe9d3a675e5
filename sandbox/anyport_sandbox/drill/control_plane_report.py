"""A control plane's drill as a text table, JSON and an HTML page. The keys of the JSON are part of the interface."""

from __future__ import annotations

import json
from dataclasses import asdict
from html import escape

from .control_plane_model import RIGHT, ControlPlaneDrill, StackStep
from .page import STYLE
from .report import aligned

__all__ = ["control_plane_json", "control_plane_line", "control_plane_page", "control_plane_text"]

_HEADINGS = ("", "stack", "step", "must", "happened", "took")
_NOTE = (
    "Real: the Pulumi engine, Anyport's components, the stack references. Simulated: the clouds; what the one that is "
    "down says is made up."
)


def control_plane_json(done: ControlPlaneDrill) -> str:
    """Everything that was run and checked."""
    value = {
        "kept": done.kept,
        "without": done.without,
        "message": done.message,
        "engine": done.engine,
        "steps": [{"kept": step.kept, **asdict(step)} for step in done.steps],
    }
    return json.dumps(value, indent=2) + "\n"


def control_plane_text(done: ControlPlaneDrill) -> str:
    """The table of steps, what the refused ones said, what went wrong, and one line that sums it up."""
    lines = [aligned([_HEADINGS, *(_cells(step) for step in done.steps)]), ""]
    for step in done.steps:
        if step.kept and step.says:
            lines.append(f"{step.stack} said: {step.says}")
        lines += [f"NOT KEPT  {step.stack}: {step.what}: {why}" for why in _wrong(step)]
    lines += [f"note: {_NOTE}", _sum(done)]
    return "\n".join(lines) + "\n"


def control_plane_line(step: StackStep) -> str:
    """One step in a line, told while the drill runs."""
    return (
        f"{step.stack}: {step.what}: {step.happened}{'' if step.kept else ', NOT KEPT'}, {step.seconds:.1f} s"
    )


def control_plane_page(done: ControlPlaneDrill) -> str:
    """A page of its own. Whatever an engine said is escaped: it is a stranger's words."""
    title = f"Drill without {escape(done.without)}'s control plane"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>"
        f"<h1>{title}</h1>\n{_section(done)}</body></html>\n"
    )


def _section(done: ControlPlaneDrill) -> str:
    kind = "good" if done.kept else "bad"
    wrong = "".join(
        f'<li class="bad">{escape(f"{step.stack}: {step.what}: {why}")}</li>'
        for step in done.steps
        for why in _wrong(step)
    )
    head = "".join(
        f"<th>{name}</th>" for name in ("stack", "step", "command", "must", "happened", "checked", "took")
    )
    return (
        f'<p class="sum"><span class="{kind}">{escape(_sum(done))}</span></p><p class="soft">{escape(_NOTE)}</p>\n'
        + (f"<h2>Not kept</h2><ul>{wrong}</ul>\n" if wrong else "")
        + '<h2>Steps</h2><div class="wide"><table>'
        + f"<thead><tr>{head}</tr></thead><tbody>{''.join(map(_row, done.steps))}</tbody></table></div>\n"
    )


def _row(step: StackStep) -> str:
    happened = f'<span class="{"good" if step.kept else "bad"}">{step.happened}</span>'
    if step.says:
        happened += f'<br><span class="soft">{escape(step.says)}</span>'
    checked = "<br>".join(
        f'<span class="{"good" if check.kept else "bad"}">{"yes" if check.kept else "NO"}</span> {escape(check.claim)}'
        for check in step.checks
    )
    return (
        f"<tr><td>{escape(step.stack)}</td><td>{escape(step.what)}</td><td><code>{escape(step.command)}</code></td>"
        f"<td>{step.must}</td><td>{happened}</td><td>{checked}</td><td class=n>{_took(step)}</td></tr>"
    )


def _cells(step: StackStep) -> tuple[str, ...]:
    mark = "yes" if step.kept else "NO"
    return (mark, step.stack, step.what, step.must, step.happened, _took(step))


def _took(step: StackStep) -> str:
    return "-" if step.happened == "not tried" else f"{step.seconds:.1f} s"


def _wrong(step: StackStep) -> list[str]:
    """Why a step is not kept, a reason each."""
    if step.kept:
        return []
    if step.happened == "not tried":
        return ["not tried, since the estate was not built"]
    bad = [f"not so: {check.claim}" for check in step.checks if not check.kept]
    if step.happened != RIGHT[step.must]:
        bad.insert(0, f"it must {step.must} and {_past(step)}")
    return bad


def _past(step: StackStep) -> str:
    verb = {"refused": "was refused", "failed": "failed", "went through": "went through"}[step.happened]
    return f"{verb}: {step.says}" if step.says else verb


def _sum(done: ControlPlaneDrill) -> str:
    good, took = sum(step.kept for step in done.steps), sum(step.seconds for step in done.steps)
    return (
        f"without {done.without}'s control plane: {good} of {len(done.steps)} steps did what they must, in "
        f"{took:.0f} s, on Pulumi {done.engine}."
    )
