"""Reports made by hand, for tests of how they are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from anyport.errors import Problem
from anyport_policies.engine import Finding
from anyport_policies.report import Change, Entry, Preview, Report
from anyport_policies.report.model import numbered
from anyport_policies.rules import RULES

HOSTILE = (
    "`]( javascript:x ) @everyone #1 GH-1 https://evil.example www.evil.example a@evil.example\n"
    "::error::pwned\r\n<script>alert(1)</script> <img src=x> ![x](https://evil.example/x.png) | **b** <!-- c -->\n"
    "/close\n# h\n\x1b[31m\x00\u202e\u2028\ud800 ``` ~~~ :tada: %0A ##[error]x"
)
FILE = "stacks/Pulumi.x.yaml"


def finding(**changes: Any) -> Finding:
    base = Finding(
        "AR001",
        "fallback-region",
        "chat",
        None,
        "mandatory",
        "critical",
        "it has none",
        "add one",
        "endpoints.chat",
    )
    return replace(base, **changes)


def entry(line: int = 4, **changes: Any) -> Entry:
    return Entry(finding(**changes), FILE, line, line + 2, 5)


def report(*entries: Entry, **changes: Any) -> Report:
    base = Report(numbered(entries), RULES, "0.1.0", (FILE,), ((FILE, "chat"),))
    return replace(base, **changes)


def hostile(text: str = HOSTILE) -> Report:
    """Every place that a checked file, a preview or git can fill, filled with the text."""
    one = entry(message=text, fix=text, endpoint=text, target=text, path=f"endpoints.{text}", waived=None)
    return report(
        replace(one, file=text),
        entry(6, message=text, fix=text, waived=text),
        replace(entry(7, message=text, level="advisory"), old=True),
        entry(8, message=text, level="note", resource=text),
        problems=(
            Problem("AP101", text, text, got=text, allowed=text, fix=text, file=text, line=3, column=1),
        ),
        since=text,
        changes=(Change(text, text, (text,), (text + "2",)), Change(text, text, None, ())),
        remarks=(text,),
        previews=(Preview(text, "failed", ((text, 1),), (text,)),),
        endpoints=((text, text),),
        files=(text,),
    )


Renderer = Callable[[Report], str]
