"""Runs rules over endpoints. A rule that breaks is a finding of its own and hides no other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date
from typing import Literal

from .facts import EndpointFacts
from .rule import Rule, Verdict

__all__ = ["Finding", "evaluate"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's verdict on an endpoint.

    `level` is mandatory in prod (and where the tier is unknown), advisory in dev. `path` is where in the
    spec the finding belongs.
    """

    rule_id: str
    slug: str
    endpoint: str
    target: str | None
    level: Literal["mandatory", "advisory"]
    severity: str
    message: str
    fix: str
    path: str

    def to_dict(self) -> dict[str, str | None]:
        """Plain values; the keys are part of the interface."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.rule_id} {self.slug}: {self.message}\n    fix: {self.fix}"


def evaluate(endpoints: Iterable[EndpointFacts], rules: Iterable[Rule], today: date) -> tuple[Finding, ...]:
    """Every finding, in the order of endpoints and rules."""
    ordered = tuple(rules)
    return tuple(
        finding for endpoint in endpoints for rule in ordered for finding in _judge(endpoint, rule, today)
    )


def _judge(endpoint: EndpointFacts, rule: Rule, today: date) -> list[Finding]:
    verdicts: list[Verdict] = []
    try:
        verdicts.extend(rule.check(endpoint, today))
    except Exception as error:  # noqa: BLE001  # a broken rule must not pass for a passed one
        verdicts.append(
            Verdict(
                f"endpoint {endpoint.name} could not be judged: the rule failed with {type(error).__name__}",
                "report this defect; until it is mended the endpoint counts as refused",
            )
        )
    return [_finding(endpoint, rule, verdict) for verdict in verdicts]


def _finding(endpoint: EndpointFacts, rule: Rule, verdict: Verdict) -> Finding:
    path = f"endpoints.{endpoint.name}"
    return Finding(
        rule_id=rule.id,
        slug=rule.slug,
        endpoint=endpoint.name,
        target=verdict.target,
        level="mandatory" if endpoint.mandatory else "advisory",
        severity=rule.severity,
        message=verdict.message,
        fix=verdict.fix,
        path=f"{path}.targets.{verdict.target}" if verdict.target else path,
    )
