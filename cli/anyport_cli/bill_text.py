"""The text report of `anyport bill`: one table per month and currency, then invoices, findings and files.

Names of services, tags and files are words of others: they are shown harmless, one line each.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from anyport.bill.columns import NOT_THERE
from anyport.bill.model import Finding, Line, Report, Total
from anyport_policies.report.escape import plain

from .text import columns

__all__ = ["bill_text"]

_CENTS = Decimal("0.01")


def bill_text(report: Report) -> str:
    """The whole report; ends with a line break."""
    parts: list[str] = []
    for month, currency in sorted({(line.month, line.currency) for line in report.lines}):
        parts += _month(report, month, currency)
    parts += _findings("to look at", (f for f in report.findings if f.fails))
    parts += _findings("remarks", (f for f in report.findings if not f.fails))
    parts += [_files(report)]
    parts += [f"note: {plain(note)}" for note in report.notes]
    return "".join(f"{_no_command(line)}\n" for part in parts for line in part.split("\n"))


def _no_command(line: str) -> str:
    """A log of a pipeline takes lines that begin so for commands."""
    return f"./{line}" if line.lstrip().startswith(("::", "##[")) else line


def _month(report: Report, month: str, currency: str) -> Iterator[str]:
    lines = [line for line in report.lines if (line.month, line.currency) == (month, currency)]
    owned = [line for line in lines if line.endpoint]
    yield f"{month}, {plain(currency) or 'no currency'}\n"
    if owned:
        heads = (
            "endpoint", "target", "provider", "model", "charges", "credits", "net", "billed", "tokens", "per million",
            "told by",
        )  # fmt: skip
        yield columns(heads, [_row(line) for line in owned]) + "\n"
    rest = [
        (
            _what(line),
            line.provider,
            money(line.charges),
            money(line.credits),
            money(line.net),
            _billed(line),
        )
        for line in lines
        if not line.endpoint and (line.charges or line.credits or line.billed)
    ]
    if rest:
        yield columns(("without an endpoint", "provider", "charges", "credits", "net", "billed"), rest) + "\n"
    totals = [total for total in report.totals if (total.month, total.currency) == (month, currency)]
    if totals:
        kinds = ("billed by", "account", "invoice", "billed", "of which")
        yield columns(kinds, [_total(total) for total in totals]) + "\n"


def _row(line: Line) -> tuple[str, ...]:
    return (
        line.endpoint if not line.tier or line.tier == "prod" else f"{line.endpoint} ({line.tier})",
        line.target or "all",
        line.provider,
        ", ".join(sorted(line.models)) or "not known",
        money(line.charges),
        money(line.credits),
        money(line.net),
        _billed(line),
        f"{sum(line.tokens):,}" if line.tokens else "not counted",
        money(line.per_million) if line.per_million is not None else "-",
        ", ".join(sorted(line.rules)),
    )


def _billed(line: Line) -> str:
    return "list price" if line.list_priced else money(line.billed)


def _what(line: Line) -> str:
    if "shared" in line.rules:
        return f"shared: {', '.join(line.candidates)}"
    if "none" in line.rules:
        return f"AI: {line.service}" + "".join(f", {model}" for model in sorted(line.models))
    return line.service or "everything else"


def _total(total: Total) -> tuple[str, ...]:
    parts = ", ".join(f"{name} {money(cost)}" for name, cost in sorted(total.by_category.items()))
    return (total.provider, total.account or "-", total.invoice or "-", money(total.billed), parts)


def _findings(title: str, findings: Iterable[Finding]) -> list[str]:
    lines = []
    for finding in findings:
        where = f"{finding.endpoint}/{finding.target}".strip("/") or finding.provider
        cost = f" {money(finding.cost)} {finding.currency}".rstrip() if finding.cost is not None else ""
        if finding.expected is not None:
            cost += f", expected {money(finding.expected)}"
        when = f"{finding.month}, " if finding.month else ""
        text = f"  {finding.kind}: {when}{where}: {finding.message}{':' + cost if cost else ''}"
        lines.append(plain(text) + (f"\n      fix: {plain(finding.fix)}" if finding.fix else ""))
    return [f"{title}:", *lines, ""] if lines else []


def _files(report: Report) -> str:
    rows = [
        (file.path, file.provider, f"FOCUS {file.version}", f"{file.rows:,}", "; ".join(file.remarks) or "-")
        for file in report.files
    ]
    text = columns(("file", "provider", "version", "rows", "remarks"), rows)
    for file in report.files:
        path = plain(file.path)
        lacking = ", ".join(name for name, why in file.without.items() if why == NOT_THERE)
        text += f"\n{path} lacks {lacking}" if lacking else ""
        for name, why in file.without.items():
            text += "" if why == NOT_THERE else f"\n{path} lacks {name}: {why}"
    return text + "\n"


def money(value: Decimal | None) -> str:
    """Two places, and more for what would vanish; a minus for credits."""
    if value is None:
        return "-"
    small = value != 0 and abs(value) < _CENTS
    return f"{value:,.6f}" if small else f"{value:,.2f}"
