"""The rules as Pulumi policies: on the endpoint component before it exists, and on the whole stack.

The only module here that knows Pulumi. Touching a value that a preview does not know raises inside the
policy SDK, which then turns a mandatory policy into a remark; so every value is read here, one by one,
and what cannot be known becomes an unreadable fact, on which rules fail closed. Nor may any other exception
escape: it would end the whole operation, so it becomes a violation.

Pulumi fixes the level per policy, and levels differ by tier and finding. So each rule has one policy, of the
rule's own level, for what it finds in prod at that level; and one `<pack>-advisory` (with `-stack` for rules
over the stack) says everything else: findings of dev, notes, waived findings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyConfigSchema,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from .config import PolicyConfig
from .engine import Finding, evaluate, evaluate_stack
from .facts import EndpointFacts, from_mapping
from .one_request import once
from .rule import Rule
from .rules import RULES
from .stack_facts import ENDPOINT_TYPE, GATEWAY_TYPE, ResourceFacts, StackFacts, value_at
from .steering import Steering
from .waivers import apply_waivers

__all__ = ["ENDPOINT_TYPE", "pack_policies", "plain_facts"]

UNREADABLE = object()
"""Stands for a value that is not known yet: of no type that any fact has, so never taken for a missing one."""

_LEVELS = {
    "mandatory": EnforcementLevel.MANDATORY,
    "advisory": EnforcementLevel.ADVISORY,
    "disabled": EnforcementLevel.DISABLED,
}


def pack_policies(pack: str, today: date, steered: Steering | None = None) -> list[Policy]:
    """The policies of a pack.

    Args:
        pack: `resilience` or `baseline`.
        today: the day to judge by.
        steered: what people said; nothing by default.
    """
    view = _View(pack, today, steered or Steering())
    own = [view.policy(rule) for rule in view.rules if view.speaks(rule)]
    if any(rule.view == "stack" for rule in view.rules):
        own.append(view.rest_of_stack())
    return [*own, view.rest()]


@dataclass(frozen=True)
class _View:
    pack: str
    today: date
    steered: Steering

    @property
    def rules(self) -> tuple[Rule, ...]:
        return tuple(rule for rule in RULES if rule.pack == self.pack)

    def speaks(self, rule: Rule) -> bool:
        """Whether the rule has a policy of its own. Each policy over the stack reads every resource again, so
        one that stops nothing has none.
        """
        return rule.view != "stack" or self.steered.config.level(rule) == "mandatory"

    def of_view(self, view: str) -> tuple[Rule, ...]:
        return tuple(rule for rule in self.rules if rule.view == view)

    def policy(self, rule: Rule) -> Policy:
        """What the rule finds at its own level."""
        level = self.steered.config.level(rule)

        def mine(finding: Finding) -> bool:
            return finding.level == level and not finding.waived and finding.slug != "waiver"

        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            if args.resource_type == (GATEWAY_TYPE if rule.view == "gateway" else ENDPOINT_TYPE):
                config = self._configured(args, rule)
                for text in self._texts(args, (rule,), config, level == "mandatory", mine):
                    report(text, None)

        def validate_stack(args: StackValidationArgs, report: ReportViolation) -> None:
            config = self._configured(args, rule)
            for text, urn in self._stack_texts(args, (rule,), config, level == "mandatory", mine):
                report(text, urn)

        return _made(
            rule.slug,
            f"{rule.id}: {rule.title}. {rule.why}",
            _LEVELS[level],
            validate_stack if rule.view == "stack" else validate,
            rule,
            rule.schema(),
        )

    def rest(self) -> Policy:
        """Everything on endpoints and gateways that no rule's own policy says."""
        rules, of_gateways = self.of_view("inputs"), self.of_view("gateway")

        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            if args.resource_type == ENDPOINT_TYPE:
                for text in (*self.steered.problems, *self._texts(args, rules, self._all(args), False, None)):
                    report(text, None)
            elif args.resource_type == GATEWAY_TYPE and of_gateways:
                for text in self._texts(args, of_gateways, self._all(args), False, None):
                    report(text, None)

        return _made(
            f"{self.pack}-advisory", "Findings of less than their rule's own level: of dev, notes, waived ones.", EnforcementLevel.ADVISORY, validate,
            schema={rule.slug: {"type": "object", "properties": rule.schema()} for rule in (*rules, *of_gateways)},
        )  # fmt: skip

    def rest_of_stack(self) -> Policy:
        """Everything on the stack that no rule's own policy says."""
        rules = self.of_view("stack")

        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            for text, urn in self._stack_texts(args, rules, self._all(args), False, None):
                report(text, urn)

        return _made(
            f"{self.pack}-advisory-stack", "Findings over the stack of less than their rule's own level: of dev, notes, waived ones.",
            EnforcementLevel.ADVISORY, validate, None,
            {rule.slug: {"type": "object", "properties": rule.schema()} for rule in rules}, stack=True,
        )  # fmt: skip

    def _configured(self, args: ResourceValidationArgs | StackValidationArgs, rule: Rule) -> PolicyConfig:
        """What the engine was told of one policy wins over the file."""
        said = plain_facts(args.get_config())
        return self.steered.config.with_values(rule.slug, _known(said, rule))

    def _all(self, args: ResourceValidationArgs | StackValidationArgs) -> PolicyConfig:
        config, said = self.steered.config, plain_facts(args.get_config())
        for rule in self.rules:
            if isinstance(said, Mapping) and isinstance(said.get(rule.slug), Mapping):
                config = config.with_values(rule.slug, _known(said[rule.slug], rule))
        return config

    def _texts(
        self,
        args: ResourceValidationArgs,
        rules: tuple[Rule, ...],
        config: PolicyConfig,
        strict: bool,
        mine: Any,
    ) -> list[str]:
        try:
            if args.resource_type == GATEWAY_TYPE:
                return self._gateway_texts(args, rules, config, mine)
            endpoint = _facts(args)
            found = evaluate([endpoint], rules, self.today, config)
            return [
                _text(f, endpoint) for f in self._judged(found) if (mine(f) if mine else self._left(f, rules))
            ]
        except Exception as error:  # noqa: BLE001  # see the module's docstring
            said = f"{rules[0].id} {rules[0].slug}: {args.name} could not be judged: {type(error).__name__}"
            return [said] if strict else []

    def _gateway_texts(
        self, args: ResourceValidationArgs, rules: tuple[Rule, ...], config: PolicyConfig, mine: Any
    ) -> list[str]:
        props = plain_facts(args.props)
        props = props if isinstance(props, Mapping) else {}
        gateway = ResourceFacts(args.urn, args.resource_type, args.name, "", props)
        tier = props.get("tier")
        routes = value_at(props, "routes", "endpoints")
        tiers = {name: tier if isinstance(tier, str) else None for name in ("", *(routes or ()))}
        found = self._judged(evaluate_stack(StackFacts((gateway,)), tiers, rules, self.today, config))
        return [str(f) for f in found if (mine(f) if mine else self._left(f, rules))]

    def _stack_texts(
        self,
        args: StackValidationArgs,
        rules: tuple[Rule, ...],
        config: PolicyConfig,
        strict: bool,
        mine: Any,
    ) -> list[tuple[str, str | None]]:
        try:
            stack, endpoints = _read_once(args.resources)
            tiers = {facts.name: facts.tier for facts in endpoints}
            found = self._judged(
                (
                    *evaluate_stack(stack, tiers, rules, self.today, config),
                    *evaluate(endpoints, rules, self.today, config),
                )
            )
            urns = {facts.name: one.urn for facts, one in zip(endpoints, stack.endpoints, strict=True)}
            return [
                (str(f), f.resource or urns.get(f.endpoint))
                for f in found
                if (mine(f) if mine else self._left(f, rules))
            ]
        except Exception as error:  # noqa: BLE001  # see the module's docstring
            said = f"{rules[0].id} {rules[0].slug}: the stack could not be judged: {type(error).__name__}"
            return [(said, None)] if strict else []

    def _judged(self, found: Iterable[Finding]) -> tuple[Finding, ...]:
        return apply_waivers(found, self.steered.waivers, self.today)

    def _left(self, finding: Finding, rules: tuple[Rule, ...]) -> bool:
        """Whether no policy of a rule's own says the finding."""
        own = {rule.id: self.steered.config.level(rule) for rule in rules if self.speaks(rule)}
        return finding.slug == "waiver" or finding.level != own.get(finding.rule_id) or bool(finding.waived)


def _known(said: Any, rule: Rule) -> dict[str, Any]:
    """Values that the engine handed over, as far as they are the rule's."""
    values = said if isinstance(said, Mapping) else {}
    return {key: values[key] for key in rule.parameters.model_fields if values.get(key) is not None}


def _made(
    name: str,
    description: str,
    level: EnforcementLevel,
    validate: Any,
    rule: Rule | None = None,
    schema: Mapping[str, Any] | None = None,
    *,
    stack: bool = False,
) -> Policy:
    kind: Any = (
        StackValidationPolicy if stack or (rule and rule.view == "stack") else ResourceValidationPolicy
    )
    made: Policy = kind(
        name=name,
        description=description,
        validate=validate,
        enforcement_level=level,
        config_schema=PolicyConfigSchema(properties=dict(schema)) if schema else None,
        severity=Severity(rule.severity) if rule else Severity.LOW,
        tags=[rule.id] if rule else None,
        remediation_steps=rule.fix if rule else None,
        url=rule.docs if rule else None,
    )
    return made


def _text(finding: Finding, endpoint: EndpointFacts) -> str:
    if not endpoint.unknowns:
        return str(finding)
    return f"{finding}\n    facts unknown in preview, or malformed: {', '.join(endpoint.unknowns)}"


def _facts(args: ResourceValidationArgs) -> EndpointFacts:
    plain = _plain(args.props)
    return from_mapping(plain.get("facts") if isinstance(plain, Mapping) else None, name=args.name)


@once
def _plain(props: Any) -> Any:
    return plain_facts(props)


def _read(resources: Sequence[Any]) -> tuple[StackFacts, list[EndpointFacts]]:
    """A stack, and facts of its endpoints in the order it has them."""
    stack = StackFacts(tuple(_resource(one) for one in resources))
    return stack, list(_endpoints(stack))


_read_once = once(_read, by=lambda _: 0)
"""The SDK makes a list of its own for each policy; a request has one stack."""


def _resource(one: Any) -> ResourceFacts:
    props = plain_facts(one.props)
    parent = one.parent.urn if one.parent is not None else getattr(one.opts, "parent", None) or ""
    region = value_at(plain_facts(one.provider.props), "region") if one.provider is not None else None
    return ResourceFacts(
        one.urn,
        one.resource_type,
        one.name,
        parent,
        props if isinstance(props, Mapping) else {},
        region if isinstance(region, str) else None,
    )


def _endpoints(stack: StackFacts) -> Iterator[EndpointFacts]:
    """Facts of the stack's endpoints; the targets that it has are its share, unless the facts say one."""
    for one in stack.endpoints:
        facts = from_mapping(one.props.get("facts"), name=one.name)
        if facts.share is None and not facts.unread("share"):
            built = tuple(str(value_at(target.props, "target")) for target in stack.targets_of(one))
            facts = replace(facts, share=built)
        yield facts


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
