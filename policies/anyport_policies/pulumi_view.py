"""The rules as Pulumi resource policies on the endpoint component: they see its inputs before it exists.

The only module here that knows Pulumi. Touching a value that a preview does not know raises inside the
policy SDK, which then turns a mandatory policy into a remark; so every value is read here, one by one,
and what cannot be known becomes an unreadable fact, on which rules fail closed. Nor may any other exception
escape: it would end the whole operation, so it becomes a violation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from .engine import Finding, evaluate
from .facts import EndpointFacts, from_mapping
from .rule import Rule
from .rules import RULES

__all__ = ["ENDPOINT_TYPE", "pack_policies", "plain_facts"]

ENDPOINT_TYPE = "anyport:index:InferenceEndpoint"
Level = Literal["mandatory", "advisory"]

UNREADABLE = object()
"""Stands for a value that is not known yet: of no type that any fact has, so never taken for a missing one."""

_LEVELS: tuple[Level, ...] = ("mandatory", "advisory")


def pack_policies(pack: str, today: date) -> list[Policy]:
    """The policies of a pack: two per rule, since Pulumi fixes the level per policy and tiers differ.

    `<slug>` is mandatory and reports endpoints of prod (and of unknown tier); `<slug>-advisory` is
    advisory and reports those of dev.
    """
    return [_policy(rule, level, today) for rule in RULES if rule.pack == pack for level in _LEVELS]


def _policy(rule: Rule, level: Level, today: date) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        if args.resource_type != ENDPOINT_TYPE:
            return
        for text in _violations(args, rule, level, today):
            report(text, None)

    return ResourceValidationPolicy(
        name=rule.slug if level == "mandatory" else f"{rule.slug}-advisory",
        description=f"{rule.id}: {rule.title}. {rule.why}",
        validate=validate,
        enforcement_level=EnforcementLevel.MANDATORY if level == "mandatory" else EnforcementLevel.ADVISORY,
    )


def _violations(args: ResourceValidationArgs, rule: Rule, level: Level, today: date) -> list[str]:
    try:
        endpoint = _facts(args)
        return [_text(f, endpoint) for f in evaluate([endpoint], [rule], today) if f.level == level]
    except Exception as error:  # noqa: BLE001  # see the module's docstring
        text = f"{rule.id} {rule.slug}: endpoint {args.name} could not be judged: {type(error).__name__}"
        return [text] if level == "mandatory" else []


def _text(finding: Finding, endpoint: EndpointFacts) -> str:
    if not endpoint.unknowns:
        return str(finding)
    return f"{finding}\n    facts unknown in preview, or malformed: {', '.join(endpoint.unknowns)}"


def _facts(args: ResourceValidationArgs) -> EndpointFacts:
    plain = plain_facts(args.props)
    return from_mapping(plain.get("facts") if isinstance(plain, Mapping) else None, name=args.name)


def plain_facts(value: Any) -> Any:
    """Plain values out of the policy SDK's proxies; what is not known yet becomes `UNREADABLE`."""
    try:
        if isinstance(value, Mapping):
            return {key: found for key in list(value.keys()) if (found := _item(value, key)) is not None}
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return [_item(value, index) for index in range(len(value))]
    except UnknownValueError:
        return UNREADABLE
    return value


def _item(container: Any, key: Any) -> Any:
    try:
        return plain_facts(container[key])
    except UnknownValueError:
        return UNREADABLE
