"""`policies/RULES.md`, generated from the rules."""

from __future__ import annotations

from .rules import RULES

__all__ = ["rules_markdown"]


def rules_markdown() -> str:
    """The page of rules: one section each, by id."""
    lines = [
        "# Rules",
        "",
        "Mandatory for `tier: prod`, advisory for `tier: dev`. Every rule fails closed: a fact that is not",
        "known is treated as bad. (Generated; `make docs` renews this page.)",
    ]
    for rule in RULES:
        lines += [
            "",
            f"## {rule.id} {rule.slug}",
            "",
            f"**{rule.title}.**",
            "",
            f"Pack {rule.pack} · severity {rule.severity} · since {rule.since}",
            "",
            f"Why: {rule.why}",
            "",
            f"Fix: {rule.fix}",
        ]
    return "\n".join(lines) + "\n"
