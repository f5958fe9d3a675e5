"""Runs rules over endpoints and stacks. A rule that breaks is a finding of its own and hides no other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import date
from functools import partial
from typing import Any

from .config import NO_CONFIG, PolicyConfig
from .facts import EndpointFacts
from .rule import Context, Level, Rule, Verdict
from .stack_facts import StackFacts

__all__ = ["Finding", "evaluate", "evaluate_stack"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule's verdict on an endpoint, or on a resource of a stack.

    Attributes:
        rule_id: permanent id of the rule.
        slug: its permanent name.
        endpoint: the endpoint; empty for a resource that belongs to none.
        target: the target concerned, or None for the endpoint as a whole.
        level: the rule's own level in prod (and where the tier is unknown), at most `advisory` in dev; a
            `note` fails nothing but is shown and counted.
        severity: how bad it is.
        message: what is wrong.
        fix: what to do.
        path: where in the spec the finding belongs, or `resources.<URN>`.
        resource: URN, for findings on resources.
        waived: who excepted it, until when and why; None when nobody did.
    """

    rule_id: str
    slug: str
    endpoint: str
    target: str | None
    level: Level
    severity: str
    message: str
    fix: str
    path: str
    resource: str | None = None
    waived: str | None = None

    @property
    def fails(self) -> bool:
        """Whether it stops what it was found in."""
        return self.level == "mandatory" and self.waived is None

    def to_dict(self) -> dict[str, str | None]:
        """Plain values; the keys are part of the interface."""
        return asdict(self)

    def __str__(self) -> str:
        mark = " (note)" if self.level == "note" else ""
        waived = f"\n    waived: {self.waived}" if self.waived else ""
        return f"{self.rule_id} {self.slug}{mark}: {self.message}\n    fix: {self.fix}{waived}"


def evaluate(
    endpoints: Iterable[EndpointFacts],
    rules: Iterable[Rule],
    today: date,
    config: PolicyConfig = NO_CONFIG,
) -> tuple[Finding, ...]:
    """Every finding on endpoints, in the order of endpoints and rules.

    Args:
        endpoints: facts, of a plan or of components.
        rules: those to run; rules over stacks find nothing here.
        today: the day to judge by.
        config: levels and parameters; the rules' own by default.
    """
    ordered = tuple(rules)
    return tuple(
        _finding(rule, verdict, endpoint.name, endpoint.mandatory, config)
        for endpoint in endpoints
        for rule in ordered
        for verdict in _judge(rule, config, today, partial(rule.check, endpoint), endpoint.name)
    )


def evaluate_stack(
    stack: StackFacts,
    tiers: dict[str, str | None],
    rules: Iterable[Rule],
    today: date,
    config: PolicyConfig = NO_CONFIG,
) -> tuple[Finding, ...]:
    """Every finding on the resources of a stack, in the order of the rules.

    Args:
        stack: its resources.
        tiers: tier by endpoint. What belongs to no endpoint is judged as prod unless all endpoints are dev.
        rules: those to run; rules over endpoints find nothing here.
        today: the day to judge by.
        config: levels and parameters; the rules' own by default.
    """
    strict = not tiers or any(tier != "dev" for tier in tiers.values())
    found = []
    for rule in rules:
        for verdict in _judge(rule, config, today, partial(rule.check_stack, stack), ""):
            name = verdict.endpoint or ""
            mandatory = tiers[name] != "dev" if name in tiers else strict
            found.append(_finding(rule, verdict, name, mandatory, config))
    return tuple(found)


def _judge(
    rule: Rule,
    config: PolicyConfig,
    today: date,
    check: Callable[[Context], Iterator[Verdict]],
    name: str,
) -> list[Verdict]:
    verdicts: list[Verdict] = []
    if config.level(rule) == "disabled":
        return verdicts
    try:
        verdicts.extend(check(Context(today, config.parameters(rule))))
    except Exception as error:  # noqa: BLE001  # a broken rule must not pass for a passed one
        what = f"endpoint {name}" if name else "the stack"
        verdicts.append(
            Verdict(
                f"{what} could not be judged: the rule failed with {type(error).__name__}",
                "report this defect; until it is mended it counts as refused",
            )
        )
    return verdicts


def _finding(rule: Rule, verdict: Verdict, endpoint: str, mandatory: bool, config: PolicyConfig) -> Finding:
    return Finding(
        rule_id=rule.id,
        slug=rule.slug,
        endpoint=endpoint,
        target=verdict.target,
        level=_level(verdict, mandatory, config.level(rule)),
        severity=rule.severity,
        message=verdict.message,
        fix=verdict.fix,
        path=_path(endpoint, verdict),
        resource=verdict.resource,
    )


def _level(verdict: Verdict, mandatory: bool, own: Any) -> Level:
    if verdict.level == "note":
        return "note"
    return "mandatory" if mandatory and own == "mandatory" and verdict.level is None else "advisory"


def _path(endpoint: str, verdict: Verdict) -> str:
    if not endpoint:
        return f"resources.{verdict.resource}" if verdict.resource else "resources"
    path = f"endpoints.{endpoint}"
    return f"{path}.targets.{verdict.target}" if verdict.target else path
