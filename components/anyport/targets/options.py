"""What every provider says about itself to the spec and the planner, without importing Pulumi."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

__all__ = [
    "FEATURES",
    "Capability",
    "Claim",
    "OptionGroup",
    "OptionsContext",
    "ProviderTraits",
    "Refusal",
    "TargetOptions",
]

FEATURES: dict[str, str] = {
    "regional": "A failure domain of its own",
    "region_fallback": "Another region behind one address",
    "identity": "An identity for callers, with the least role",
    "keyless": "No stored keys",
    "workload_identity": "Callers from elsewhere without a secret",
    "network": "Network rules at the public address",
    "private_access": "A private address",
    "customer_managed_key": "Encryption with a key of your own",
    "content_safety": "Content safety",
    "alerts": "Alerts",
    "diagnostics": "Request logs to a sink of yours",
    "budget": "A budget with contacts",
    "quota": "Quota asked for or capped",
    "tags": "Cost and ownership tags",
    "version_pinning": "A pinned model version",
    "deletion_protection": "Protection against deletion",
    "drift": "Drift shows on refresh",
}
"""What users compare providers by; each provider's capabilities answer every one of them."""

TagKey = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,62}$")]
TagValue = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{0,63}$")]


class OptionGroup(BaseModel):
    """Base of every group of options: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class TargetOptions(OptionGroup):
    """Base of every provider's typed options."""

    deletion_protection: bool | None = None
    """Whether `pulumi destroy`, or a change that would replace them, is refused for what holds state or
    capacity. Default: on in prod. To delete after all, set it to false and run an update first."""
    tags: dict[TagKey, TagValue] = Field(default_factory=dict)
    """More tags beside those for endpoint, target, tier, owner and cost center; in the alphabet that all four
    clouds take."""


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether a provider can do a thing: a no carries the cloud's reason, a yes may say how."""

    supported: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OptionsContext:
    """What a provider may look at when it judges whether options go together.

    Attributes:
        options: the target's options, the provider-wide ones under its own.
        kind: deployment kind that the options lead to.
        tier: `prod` or `dev`.
        region: the target's region.
        residency: geographies that the endpoint allows; empty for any.
        model: catalog name of the model.
        zone: the target's zone, where the provider has that key; likewise the next two.
        instance_type: the machine's type.
        replicas: servers behind the target.
    """

    options: TargetOptions
    kind: str
    tier: str
    region: str
    residency: tuple[str, ...]
    model: str
    zone: str | None = None
    instance_type: str | None = None
    replicas: int | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Options that cannot work together, found before any engine runs.

    Attributes:
        path: keys below `options`; empty for the options as a whole.
        message: what is wrong, without a full stop.
        fix: what to write instead.
        code: `AP206` another zone, `AP214` cannot go together, `AP216` a commitment is not acknowledged, `AP303` a
            setting is missing.
    """

    path: tuple[str, ...]
    message: str
    fix: str
    code: str = "AP214"


@dataclass(frozen=True, slots=True)
class Claim:
    """Something that a target takes for itself, or holds to be in one place; compared over all targets of a file.

    Targets of one provider whose claims have one key clash: all of them, or with a `place` those in another one.

    Attributes:
        path: keys below `options` that say it; empty where no option does.
        key: what is taken.
        got: the same as shown to the user.
        message: why it cannot be shared, without a full stop.
        allowed: what each target may have.
        fix: what to write instead.
        place: where what is taken must be to be right for this target; empty where it is for one target alone.
        among: `endpoint` where only targets that stand in for one another may not share it.
    """

    path: tuple[str, ...]
    key: tuple[str, ...]
    got: str
    message: str
    allowed: str
    fix: str
    place: str = ""
    among: Literal["file", "endpoint"] = "file"


def _nothing(context: OptionsContext) -> Iterable[Refusal]:
    del context
    return ()


def _no_claims(context: OptionsContext) -> Iterable[Claim]:
    del context
    return ()


@dataclass(frozen=True)
class ProviderTraits:
    """A provider's entry in the registry, as data.

    Attributes:
        name: provider name as the spec writes it.
        options: the provider's typed options model.
        component: name of the component class in the folder's `component.py`.
        target_keys: optional target keys that this provider understands
            (`zone`, `instance_type`, `replicas`); elsewhere they are unknown keys.
        capabilities: for every key of `FEATURES`, whether this provider can, and why not or how.
        kind: picks the deployment kind from the options and the kinds that the catalog lists (empty
            means not known). Returns the kind and a note for the plan, or an empty kind and the refusal.
        auth: how callers authenticate at this provider.
        refuse: options that cannot go together; pure, and says all of them.
        claims: what no other target of a file may take; pure.
    """

    name: str
    options: type[TargetOptions]
    component: str
    kind: Callable[[TargetOptions, tuple[str, ...]], tuple[str, str]]
    auth: Literal["entra", "google_oauth", "oci_api_key", "bearer_api_key"]
    target_keys: frozenset[str] = frozenset()
    capabilities: Mapping[str, Capability] = field(default_factory=dict)
    refuse: Callable[[OptionsContext], Iterable[Refusal]] = _nothing
    claims: Callable[[OptionsContext], Iterable[Claim]] = _no_claims
