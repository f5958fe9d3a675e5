"""What all target components have in common: inputs, outputs, and the contract they return.

A target makes the resources of one place and nothing else. It does not look at other targets, does not
choose a region or a model, and never holds a secret value in its contract.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, ClassVar, TypeVar
from weakref import WeakKeyDictionary

import pulumi

from ..contract import Auth, TargetContract
from ..errors import BuildError, Problem
from ..naming import physical_name
from ..plan import PlannedTarget
from ..secretref import SecretRef

__all__ = ["Access", "Target", "TargetArgs", "read_secret", "required_setting"]

P = TypeVar("P", bound=pulumi.ProviderResource)
_shared_providers: WeakKeyDictionary[Any, dict[str, tuple[Any, tuple[str, ...]]]] = WeakKeyDictionary()
"""By the engine's monitor, which each run of a program has of its own; several may run in one process."""


@dataclass(frozen=True)
class TargetArgs:
    """Inputs of a target component.

    Attributes:
        endpoint: name of the endpoint that the target serves.
        planned: the target as the planner resolved it.
        tags: cost and ownership tags, set where the cloud takes any; the target's own come on top.
        tier: `prod` or `dev`; decides what is protected when the options do not say.
        today: the day of the plan, for what must not start in the past (budgets).
    """

    endpoint: str
    planned: PlannedTarget
    tags: Mapping[str, str] = field(default_factory=dict)
    tier: str = "prod"
    today: date | None = None

    @property
    def protected(self) -> bool:
        """Whether what holds state or capacity is protected against deletion."""
        asked = self.planned.options.deletion_protection
        return self.tier == "prod" if asked is None else asked

    @property
    def all_tags(self) -> dict[str, str]:
        """The cost and ownership tags and the target's own, which cannot take the others' place."""
        return {**self.planned.options.tags, **self.tags}


@dataclass(frozen=True)
class Access:
    """How callers reach what was built: base URL, `model` field, authentication."""

    base_url: pulumi.Input[str]
    model: pulumi.Input[str]
    auth: Auth


class Target(pulumi.ComponentResource):
    """Base of the provider components. Outputs: `contract` (see `anyport.contract.TargetContract`)."""

    provider_name: ClassVar[str]

    contract: pulumi.Output[dict[str, Any]]
    contract_text: pulumi.Output[str]
    """The same as JSON: an output whose value is a map costs the SDK an output for every value in it, each time it is
    combined with others."""

    def __init__(self, name: str, args: TargetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        """Build the target's resources.

        Raises:
            BuildError: AP303 a setting is missing, AP304 a secret reference leads nowhere.
        """
        planned = args.planned
        if planned.provider != self.provider_name:
            raise ValueError(f"{type(self).__name__} builds {self.provider_name}, not {planned.provider}")
        facts = target_facts(args)
        super().__init__(f"anyport:index:{type(self).__name__}", name, facts, opts)
        self.resource_name = name
        self.args = args
        access = self.build()
        self.contract_text = pulumi.Output.all(access.base_url, access.model).apply(
            lambda known: _contract(args, access.auth, *known).model_dump_json()
        )
        self.contract = self.contract_text.apply(json.loads)
        self.register_outputs({**facts, "contract": self.contract})

    @abstractmethod
    def build(self) -> Access:
        """Make the resources as children of this component and say how to reach them."""

    def child(self, **more: Any) -> pulumi.ResourceOptions:
        """Options of a child resource. The caller's own options went to this component only."""
        return pulumi.ResourceOptions(parent=self, **more)

    def physical(self, limit: int, *, unique: bool = False, prefix: str = "") -> str:
        """A physical name for this target; `unique` for names that the whole world shares."""
        words = (*([prefix] if prefix else []), self.args.endpoint, self.args.planned.name)
        if not unique:
            return physical_name(*words, limit=limit)
        return physical_name(*words, limit=limit, unique=self.identity)

    def shared_provider(
        self, make: Callable[[str, pulumi.Output[bool]], P], *words: str, access: tuple[str, ...] = ()
    ) -> P:
        """The one provider of a program for an account and a place, made when the first target asks for it.

        Every explicit provider is a process of its own, of some hundred megabytes for the large ones: one per target
        and a hundred endpoints do not fit into a machine. It belongs to no target, so none takes it along.

        Args:
            make: makes it, given its resource name and an output that is known when this component is registered. One
                of the provider's inputs must follow from that, or it would be made for an endpoint that is refused.
            words: what tells it from others: package, account, region. They are its name.
            access: references to how it gets in. No part of the name: a new name would replace every resource.

        Raises:
            BuildError: AP303, another target of the program gets into the same place in another way.
        """
        found = _shared_providers.setdefault(pulumi.runtime.settings.get_monitor(), {})
        name = "-".join(words)
        if name not in found:
            found[name] = make(name, pulumi.Output.from_input(self._registered())), access
        provider: P
        provider, held = found[name]
        if held != access:
            raise BuildError(self._two_ways(words[-1], held, access))
        return provider

    async def _registered(self) -> bool:
        return bool(await self.urn.future())

    def _two_ways(self, place: str, *ways: tuple[str, ...]) -> list[Problem]:
        first, second = (" and ".join(way) or "the default" for way in ways)
        return [
            Problem(
                "AP303",
                f"endpoints.{self.args.endpoint}.targets.{self.args.planned.name}.options",
                f"another target of this stack reaches {place} in another way",
                got=f"{second}, and {first} there",
                fix="give both the same access, or build the two by two stacks (anyport:build)",
            )
        ]

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes this target this stack's: organization, project, stack, resource name."""
        organization = pulumi.get_organization() or "organization"
        return (organization, pulumi.get_project(), pulumi.get_stack(), self.resource_name)


def target_facts(args: TargetArgs) -> dict[str, Any]:
    """Plain values that policies see on the component."""
    planned = args.planned
    return {
        "endpoint": args.endpoint,
        "target": planned.name,
        "provider": planned.provider,
        "operator": planned.operator,
        "region": planned.region,
        "failure_domain": planned.failure_domain,
        "model": planned.model,
        "deployment_kind": planned.deployment_kind,
    }


def _contract(args: TargetArgs, auth: Auth, base_url: str, model: str) -> TargetContract:
    planned = args.planned
    return TargetContract(
        endpoint=args.endpoint,
        target=planned.name,
        provider=planned.provider,
        operator=planned.operator,
        region=planned.region,
        failure_domain=planned.failure_domain,
        priority=planned.priority,
        weight=planned.weight,
        standby=planned.standby,
        kind=planned.kind,
        base_url=base_url,
        model=model,
        auth=auth,
        features=planned.features,
        limits=planned.limits,
    )


def required_setting(args: TargetArgs, value: str | None, option: str, elsewhere: str = "") -> str:
    """A setting that a plan can do without and a build cannot.

    Raises:
        BuildError: AP303, naming the option and where else it may be set.
    """
    if value:
        return value
    provider = args.planned.provider
    path = f"endpoints.{args.endpoint}.targets.{args.planned.name}.options.{option}"
    fix = f"set it there, or for all targets under anyport:providers.{provider}.{option}"
    if elsewhere:
        fix += f", or run: pulumi config set {elsewhere} …"
    raise BuildError([Problem("AP303", path, f"{provider} cannot be built without {option}", fix=fix)])


def read_secret(args: TargetArgs, ref: SecretRef, environ: Mapping[str, str]) -> pulumi.Output[str]:
    """The value behind a reference, as a Pulumi secret.

    Raises:
        BuildError: AP304 when the reference leads nowhere.
    """
    if ref.config:
        namespace, key = ref.config.split(":", 1)
        found = pulumi.Config(namespace).get_secret(key)
        if found is not None:
            return found
        fix = f"run: pulumi config set --secret {ref.config} …"
    else:
        value = environ.get(str(ref.env), "")
        if value:
            return pulumi.Output.secret(value)
        fix = f"set the environment variable {ref.env}"
    path = f"endpoints.{args.endpoint}.targets.{args.planned.name}"
    raise BuildError([Problem("AP304", path, f"the secret {ref.uri} is not set", fix=fix)])
