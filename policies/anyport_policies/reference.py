"""`policies/RULES.md`, generated from the rules and, for the examples, from their test cases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from .problems import CODES
from .rule import Rule
from .rules import RULES

__all__ = ["rules_markdown"]

CASES = Path(__file__).resolve().parents[2] / "tests" / "policies" / "rules"

HEAD = """\
# Rules

What a rule finds in `tier: prod` is at the rule's own level: **mandatory** stops the update, **advisory** asks to
be mended. In `tier: dev` nothing is more than advisory. A **note** fails nothing; it is shown and counted. Every
rule fails closed: a fact that cannot be read is treated as bad, and so is a rule that breaks.

Levels and parameters are set in `stacks/policy-config.json`, by slug, in the form of `--policy-pack-config`
(`{"model-retirement": {"days": 120}, "cost-tags": "mandatory"}`); the packs read the same file, or the one that
`ANYPORT_POLICY_CONFIG` names. Values given to the engine win over the file's. Do not give the engine `all`: it would
raise the policies `resilience-advisory` and `baseline-advisory` too, which carry notes and what was waived. The engine
also wants an `enforcementLevel` beside the parameters of a rule of another pack, where one file serves both.

A finding may be excepted in `stacks/waivers.yaml` (or the file that `ANYPORT_WAIVERS` names): with a reason of 20
characters or more, an owner, a ticket, a category (`waiver`, or `mitigated` when the risk is met in another way), the
day it was `granted` and the day it `expires`, 90 days later at most. A waived finding stays visible and fails
nothing; after its last day it is back, and says so. A waiver that excepts nothing is reported. What serves models
below no endpoint cannot be excepted.

(Generated from the rules and their test cases; `make docs` renews this page.)
"""


def rules_markdown() -> str:
    """The page of rules: one section each, by id. Examples are there only in a checkout, which has the cases."""
    lines = [HEAD, "| rule | name | pack | level | severity |", "|---|---|---|---|---|"]
    lines += [
        f"| [{r.id}](#{r.id.lower()}-{r.slug}) | {r.slug} | {r.pack} | {r.level} | {r.severity} |"
        for r in RULES
    ]
    for rule in RULES:
        lines += [
            "",
            f"## {rule.id} {rule.slug}",
            "",
            f"**{rule.title}.**",
            "",
            f"Pack {rule.pack} · {rule.level} in prod · severity {rule.severity} · since {rule.since}"
            + {
                "inputs": "",
                "gateway": " · judged on the gateway",
                "stack": " · judged on the stack's resources",
            }[rule.view],
            "",
            f"Why: {rule.why}",
            "",
            f"Fix: {rule.fix}",
            *_parameters(rule),
            *_examples(rule),
        ]
    lines += ["", "## Problems of the files that steer the rules", "", "| code | meaning |", "|---|---|"]
    lines += [f"| {code} | {meaning} |" for code, meaning in CODES.items()]
    return "\n".join(lines) + "\n"


def _parameters(rule: Rule) -> Iterator[str]:
    fields = rule.parameters.model_fields
    if fields:
        yield from ("", "Parameters:", "")
    for name, field in fields.items():
        yield f"- `{name}`: {' '.join((field.description or '').split())}"


def _examples(rule: Rule) -> Iterator[str]:
    cases = sorted((CASES / rule.id).glob("*.yaml"))
    if cases:
        yield from ("", "| example | what is shown | what is found |", "|---|---|---|")
    for path in cases:
        case = yaml.safe_load(path.read_text())
        found = "<br>".join(_said(one) for one in case["expect"]) or "nothing"
        yield f"| {path.stem.replace('_', ' ')} | {_cell(case['why'])} | {found} |"


def _said(finding: dict[str, Any]) -> str:
    mark = ", waived" if finding.get("waived") else ""
    return f"{finding['level']}{mark}: {_cell(finding['message'])}"


def _cell(text: str) -> str:
    return str(text).replace("|", "\\|")
