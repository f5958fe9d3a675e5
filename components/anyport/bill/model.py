"""What a run over bills finds: sums per owner, totals per account, things to look at. Amounts are exact decimals.

Amounts of different currencies are never added: every line and total has one currency and one month.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal

__all__ = ["FileSeen", "Finding", "Line", "Report", "Total", "amount"]

ZERO = Decimal(0)


def amount(value: Decimal | None) -> float | None:
    """For JSON: six decimals, far below what any cloud invoices; None stays None."""
    return None if value is None else float(round(value, 6))


@dataclass
class Line:
    """Charges of one owner in one month and currency.

    Attributes:
        month, currency, provider: what all charges of the line share; `provider` is ours where Anyport has it.
        tier, endpoint, target, candidates: see `attribute.Owner`; the first three are empty where nobody is known.
        rules: the rules that told the owner.
        models: the models that its charges are for, as far as known; the catalog's names.
        service: the provider's name, for AI spend of nobody; empty elsewhere.
        charges: positive cost, after commitments and discounts (EffectiveCost, or what stood in for it).
        credits: negative cost: credits, refunds, corrections downwards.
        billed: BilledCost, what the invoice asks for.
        list_cost: ListCost, at public prices; None when a charge of the line has none.
        stood_in: part of `charges` that is BilledCost because the export has no usable EffectiveCost.
        list_priced: part of `charges` that is a list price of the catalog, because the export has no money.
        by_kind: cost by kind of token, as far as SKU texts say.
        tokens: input and output tokens by our own count; None when not known.
        rows: charges in the export.
    """

    month: str
    currency: str
    provider: str
    tier: str = ""
    endpoint: str = ""
    target: str = ""
    candidates: tuple[str, ...] = ()
    service: str = ""
    rules: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)
    charges: Decimal = ZERO
    credits: Decimal = ZERO
    billed: Decimal = ZERO
    list_cost: Decimal | None = ZERO
    stood_in: Decimal = ZERO
    list_priced: Decimal = ZERO
    by_kind: dict[str, Decimal] = field(default_factory=dict)
    tokens: tuple[int, int] | None = None
    rows: int = 0

    @property
    def net(self) -> Decimal:
        """Charges and credits together."""
        return self.charges + self.credits

    @property
    def per_million(self) -> Decimal | None:
        """Net cost per million tokens, input and output alike; None without tokens."""
        total = sum(self.tokens) if self.tokens else 0
        return self.net * 1_000_000 / total if total else None

    def per_million_of(self, kind: Literal["input", "output"]) -> Decimal | None:
        """Cost per million of one kind of token, where the SKU's text told the kind."""
        if not self.tokens:
            return None
        kinds = ("input", "cached_input") if kind == "input" else ("output",)
        cost = [self.by_kind[k] for k in kinds if k in self.by_kind]
        count = self.tokens[0 if kind == "input" else 1]
        return sum(cost, ZERO) * 1_000_000 / count if cost and count else None

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the keys are part of the interface."""
        return {
            "month": self.month,
            "currency": self.currency,
            "provider": self.provider,
            "rules": sorted(self.rules),
            "tier": self.tier or None,
            "endpoint": self.endpoint or None,
            "target": self.target or None,
            "models": sorted(self.models),
            "candidates": list(self.candidates),
            "service": self.service or None,
            "charges": amount(self.charges),
            "credits": amount(self.credits),
            "net": amount(self.net),
            "billed": amount(self.billed),
            "list_cost": amount(self.list_cost),
            "billed_in_place_of_effective": amount(self.stood_in),
            "catalog_list_price": amount(self.list_priced),
            "by_token_kind": {kind: amount(cost) for kind, cost in sorted(self.by_kind.items())},
            "input_tokens": self.tokens[0] if self.tokens else None,
            "output_tokens": self.tokens[1] if self.tokens else None,
            "per_million_tokens": amount(self.per_million),
            "per_million_input_tokens": amount(self.per_million_of("input")),
            "per_million_output_tokens": amount(self.per_million_of("output")),
            "rows": self.rows,
        }


@dataclass
class Total:
    """BilledCost of one billing account in one month and currency, by FOCUS charge category, lower case."""

    month: str
    currency: str
    provider: str
    account: str
    invoice: str
    billed: Decimal = ZERO
    by_category: dict[str, Decimal] = field(default_factory=dict)
    rows: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the keys are part of the interface."""
        return {
            "month": self.month,
            "currency": self.currency,
            "provider": self.provider,
            "billing_account": self.account or None,
            "invoice": self.invoice or None,
            "billed": amount(self.billed),
            "by_category": {name: amount(cost) for name, cost in sorted(self.by_category.items())},
            "rows": self.rows,
        }


@dataclass(frozen=True)
class Finding:
    """Something a person should look at. Only `fails` ones make the exit code 1; the others are remarks."""

    kind: Literal["untagged", "unknown-target", "idle", "ready", "unbilled", "drift", "shared", "no-estimate"]
    message: str
    fails: bool
    month: str = ""
    currency: str = ""
    provider: str = ""
    endpoint: str = ""
    target: str = ""
    cost: Decimal | None = None
    expected: Decimal | None = None
    fix: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the keys are part of the interface."""
        plain = {name: getattr(self, name) for name in ("kind", "message", "fails")}
        words = ("month", "currency", "provider", "endpoint", "target", "fix")
        return {
            **plain,
            **{name: getattr(self, name) or None for name in words},
            "cost": amount(self.cost),
            "expected": amount(self.expected),
        }


@dataclass(frozen=True)
class FileSeen:
    """One file that was read: what it is, what it lacks, and what its rows made necessary."""

    path: str
    format: str
    provider: str
    version: str
    rows: int
    without: dict[str, str]
    remarks: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the keys are part of the interface."""
        return {
            name: getattr(self, name) for name in ("path", "format", "provider", "version", "rows", "without")
        } | {"remarks": list(self.remarks)}


@dataclass(frozen=True)
class Report:
    """The whole answer."""

    months: tuple[str, ...]
    files: tuple[FileSeen, ...]
    totals: tuple[Total, ...]
    lines: tuple[Line, ...]
    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
    stacks: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Whether something must be looked at."""
        return any(finding.fails for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """Plain values; the keys are part of the interface."""
        return {
            "months": list(self.months),
            "rows": sum(file.rows for file in self.files),
            "stacks": list(self.stacks),
            "files": [file.to_dict() for file in self.files],
            "totals": [total.to_dict() for total in self.totals],
            "lines": [line.to_dict() for line in self.lines],
            "findings": [finding.to_dict() for finding in self.findings],
            "notes": list(self.notes),
        }
