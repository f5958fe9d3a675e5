"""The spec: which endpoints a company needs and where each may run, parsed once into frozen values.

`parse` turns a mapping into a `StackSpec` or raises `SpecError` with every problem of the file at once.
It reads the catalog (to know providers, regions and models) and nothing else: no network, no clock.
Retirement dates need a clock and so belong to `anyport.plan`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, ValidationError

from .catalog import Catalog, load
from .errors import Problem, SpecError
from .source import Source
from .spec_check import check_endpoints
from .spec_parts import Equivalence, Name, SpecModel, WholeNumber
from .spec_placement import Placement
from .spec_problems import problems_of
from .targets.options import TargetOptions

__all__ = [
    "BuildShare",
    "EndpointSpec",
    "Equivalence",
    "Placement",
    "StackSpec",
    "TargetSpec",
    "Traffic",
    "parse",
]

Api = Literal["chat_completions", "responses", "embeddings"]
Feature = Literal["streaming", "tools", "json_schema", "vision", "reasoning"]
Tier = Literal["prod", "dev"]


MOST_PER_MINUTE = 10**12
"""Far above what any cloud serves, and far below where sums of a month stop being exact."""


class Traffic(SpecModel):
    """What the endpoint must carry; the primary is sized for it and fallbacks are judged by it."""

    requests_per_minute: WholeNumber | None = Field(default=None, ge=1, le=MOST_PER_MINUTE)
    """Requests per minute at peak."""
    tokens_per_minute: WholeNumber | None = Field(default=None, ge=1, le=MOST_PER_MINUTE)
    """Prompt and answer tokens per minute at peak."""


class TargetSpec(SpecModel):
    """One place where the endpoint is served."""

    priority: WholeNumber = Field(ge=1, le=100)
    """Order of use, 1 first. Equal priorities need weights."""
    provider: str
    """Which provider serves it: `azure_openai`, `vertex_ai`, `oci_generative_ai`, `coreweave_vllm`."""
    region: str
    """The provider's own region name."""
    zone: str | None = None
    """CoreWeave availability zone inside the region, such as `US-EAST-04A`."""
    model: str | None = None
    """Catalog name of another model than the endpoint's; then `equivalence` must say why."""
    equivalence: Equivalence | None = None
    """Needed when `model` differs from the endpoint's."""
    standby: Literal["warm", "cold"] = "warm"
    """`cold` is described and checked, and built only when called for."""
    restore_minutes: WholeNumber | None = Field(default=None, ge=1)
    """How long a cold target takes to serve; without it a cold target is no fallback."""
    weight: WholeNumber | None = Field(default=None, ge=1, le=1000)
    """Share of traffic among targets of equal priority."""
    instance_type: str | None = None
    """CoreWeave instance type."""
    replicas: WholeNumber | None = Field(default=None, ge=1, le=512)
    """vLLM servers behind the target."""
    options: dict[str, Any] | TargetOptions = Field(default_factory=dict)
    """The provider's own typed options."""


class EndpointSpec(SpecModel):
    """What an application calls: one name, one contract, several targets, named here or left to the planner."""

    model: str
    """Catalog name of the model; every target serves it unless it says otherwise."""
    apis: tuple[Api, ...] = Field(default=("chat_completions",), min_length=1)
    """API surfaces that callers rely on."""
    features: tuple[Feature, ...] = ()
    """Features that callers rely on; a target without one is a finding."""
    traffic: Traffic = Traffic()
    """What the endpoint must carry."""
    residency: tuple[str, ...] = ()
    """Geographies where data may be processed, such as `us` or `eu`. Empty: anywhere."""
    targets: dict[Name, TargetSpec] = Field(default={}, min_length=1)
    """Places that serve the endpoint, by name. An endpoint has either these or a `placement`."""
    placement: Placement | None = None
    """What the targets must be, for the planner to choose them."""


class BuildShare(SpecModel):
    """The share of a shared spec that this stack builds; everything when left out."""

    providers: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Build the targets of these providers."""
    targets: tuple[str, ...] | None = Field(default=None, min_length=1)
    """Build these targets, as `endpoint/target`."""

    def includes(self, endpoint: str, target: str, provider: str) -> bool:
        """Whether this stack builds the target."""
        if self.providers is not None and provider not in self.providers:
            return False
        return self.targets is None or f"{endpoint}/{target}" in self.targets


class StackSpec(SpecModel):
    """Everything one stack file (or shared spec) says."""

    tier: Tier = "prod"
    """`prod` makes policies mandatory, `dev` advisory. Default: prod, so that a forgotten key is strict."""
    owner: str | None = None
    """Team that answers for the endpoints."""
    cost_center: str | None = None
    """Where the bills go; becomes a tag."""
    providers: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Options shared by all targets of a provider; a target's own options win."""
    endpoints: dict[Name, EndpointSpec] = Field(min_length=1)
    """The endpoints by name; names are stable resource names."""

    @property
    def placed(self) -> frozenset[str]:
        """Names of the endpoints whose targets are chosen by a placement."""
        return frozenset(name for name, each in self.endpoints.items() if each.placement is not None)


def parse(mapping: Any, source: Source | None = None, catalog: Catalog | None = None) -> StackSpec:
    """Parse a mapping into a spec.

    Args:
        mapping: keys `tier`, `owner`, `cost_center`, `providers`, `endpoints` (no `anyport:` prefix).
        source: the file and the positions of its keys, for messages.
        catalog: the facts to check names against; the shipped ones by default.

    Raises:
        SpecError: with every problem found, ordered by place.
    """
    source = source or Source()
    catalog = catalog or load()
    spec, problems = _shape(mapping, source)
    problems += check_endpoints(mapping, source, catalog)
    if problems or spec is None:
        raise SpecError(problems)
    return spec


def _shape(mapping: Any, source: Source) -> tuple[StackSpec | None, list[Problem]]:
    if not isinstance(mapping, Mapping):
        where = source.at(())
        return None, [
            Problem(
                "AP103",
                "",
                "the spec must be a map",
                got=type(mapping).__name__,
                file=source.file,
                line=where.line,
            )
        ]
    try:
        return StackSpec.model_validate(dict(mapping)), []
    except ValidationError as error:
        return None, problems_of(error, StackSpec, source)
