"""The shapes of the catalog: what a dated, sourced fact looks like once read.

One meaning everywhere: an empty value (None, an empty tuple, an empty text) says "not known", never
"no" and never "none". Code that needs a yes must ask for `is True`; code that refuses must ask for
`is False`. Nothing here knows prices, dates or places itself; those are the data files' business.
"""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

__all__ = [
    "FEATURES",
    "ApiVersion",
    "Catalog",
    "DataZone",
    "DeploymentKind",
    "Evidence",
    "InstanceType",
    "Model",
    "Offer",
    "Provider",
    "Region",
    "Serving",
    "independent",
]

FEATURES = ("streaming", "tools", "json_schema", "vision", "reasoning")
NO_DOMAIN = frozenset({"", "none", "unknown"})

Reach = Literal["regional", "data_zone", "global"]
Billing = Literal["per_token", "reserved_units", "machine_hours"]
Basis = Literal["documented", "catalogue", "inferred", "none found"]
Lifecycle = Literal["ga", "preview", "legacy", "deprecated"]
Plane = Literal["control", "data"]
Use = Literal["sent", "runs_on", "other"]
Api = Literal["chat_completions", "responses", "embeddings"]


def independent(domain_a: str, domain_b: str) -> bool:
    """Whether two failure domains are known not to be one place.

    `none` (served anywhere) and `unknown` (place not found) may equal any place, so they are never
    independent of anything, themselves included. Says nothing about operators, grids or contracts.
    """
    return domain_a not in NO_DOMAIN and domain_b not in NO_DOMAIN and domain_a != domain_b


class _Fact(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=(), allow_inf_nan=False)


class Evidence(_Fact):
    """Where a fact comes from. `doubtful` facts want a look at the live service before use."""

    source: str = Field(min_length=1)
    collected_on: date
    doubtful: bool = False
    note: str = ""


class Serving(_Fact):
    """One way a provider serves a model.

    `model_id` is set only where it differs from the offer's: None means "the same", an empty text
    "this way has an id of its own, which is not known".
    """

    kind: str
    model_id: str | None = None


class Offer(_Fact):
    """One model at one provider.

    Attributes:
        model_id: what the provider calls it. For several ways of serving, the id of the first one;
            ask `model_id_for`. None when not known.
        version: Azure's model version; elsewhere only where a release is named.
        format: Azure's model format, case-sensitive.
        servings: empty when the kinds of deployment are not known.
        regions: empty when not known in full, so no ground for a refusal.
        regions_servings: the kinds `regions` was collected for; ask `regions_for`.
        context_window: tokens, the largest prompt. On vLLM the model's own maximum.
        features: every name of `FEATURES`; None is not known.
        input_usd_per_million: list price of the widest kind; likewise output. `price_source`, `priced_on`: if not the row's.
        retires_on: the earliest date any source gives.
        retirement_conflict: the other date and who says so, where sources disagree.
        retires_servings: the kinds `retires_on` is about; empty when it is about the whole offer.
        passes_to: the provider that really answers, when this one only hands the call on.
        min_gpu_memory_gb: total over all GPUs, at the precision of `model_id`.
        weights_gb: size of the weights alone, at that precision; `weights_basis` says how it was computed.
        attention_heads: of the language model; tensor parallelism must divide them.
    """

    provider: str
    model_id: str | None
    version: str | None = None
    format: str | None = None
    servings: tuple[Serving, ...] = ()
    regions: tuple[str, ...] = ()
    regions_servings: tuple[str, ...] = ()
    context_window: int | None = Field(default=None, gt=0)
    max_output_tokens: int | None = Field(default=None, gt=0)
    embedding_dimensions: int | None = Field(default=None, gt=0)
    features: dict[str, bool | None]
    input_usd_per_million: float | None = Field(default=None, ge=0)
    output_usd_per_million: float | None = Field(default=None, ge=0)
    price_source: str = ""
    priced_on: date | None = None
    retires_on: date | None = None
    retirement_basis: Basis = "none found"
    retirement_conflict: str | None = None
    retires_servings: tuple[str, ...] = ()
    lifecycle: Lifecycle | None = None
    passes_to: str | None = None
    min_gpu_memory_gb: int | None = Field(default=None, gt=0)
    weights_gb: float | None = Field(default=None, gt=0)
    weights_basis: str = ""
    attention_heads: int | None = Field(default=None, gt=0)
    tool_call_parser: str | None = None
    reasoning_parser: str | None = None
    gated: bool | None = None
    evidence: Evidence

    @property
    def kinds(self) -> tuple[str, ...]:
        """Names of the kinds of deployment; empty when not known."""
        return tuple(serving.kind for serving in self.servings)

    def model_id_for(self, kind: str) -> str | None:
        """The id to use with one kind of deployment; None when it is not known."""
        for serving in self.servings:
            if serving.kind == kind and serving.model_id is not None:
                return serving.model_id or None
        return self.model_id

    def regions_for(self, kind: str | None = None) -> tuple[str, ...]:
        """Regions known to serve one kind of deployment; empty is "not known", never "nowhere"."""
        if kind and self.regions_servings and kind not in self.regions_servings:
            return ()
        return self.regions

    def retires(self, kind: str | None = None) -> date | None:
        """When this offer ends for one kind of deployment, or for any kind when none is named."""
        if kind and self.retires_servings and kind not in self.retires_servings:
            return None
        return self.retires_on


class Model(_Fact):
    """A model and who serves it. The same name may hide another precision: see the offer's id."""

    name: str
    title: str
    owner: str
    open_weights: bool | None = None
    kind: Literal["chat", "embedding"]
    licence: str | None = None
    offers: dict[str, Offer] = Field(min_length=1)


class Region(_Fact):
    """A region as the provider spells it, and the place that fails with it.

    Attributes:
        country: ISO 3166-1 alpha-2, None where not fixed or not known.
        failure_domain: compare with `independent`, never with `!=`.
        geography: for residency; `none` and `unknown` satisfy no residency rule.
        status: `dedicated` means reserved, or general access not confirmed.
        instance_types: zone to the GPU machines seen there (CoreWeave only); a zone not in it is not known.
    """

    provider: str
    name: str
    zones: tuple[str, ...] = ()
    place: str
    country: str | None = None
    failure_domain: str
    geography: str
    status: Literal["general", "dedicated"]
    instance_types: dict[str, tuple[str, ...]] = {}
    evidence: Evidence


class DeploymentKind(_Fact):
    """One kind of deployment: how far a call may travel (`reach`) and what is paid for.

    `sku` is the provider's own name where its API wants one.
    """

    name: str
    title: str
    reach: Reach
    billing: Billing
    sku: str | None = None
    note: str = ""


class ApiVersion(_Fact):
    """One version of an API of a provider, and what of Anyport hangs on it.

    Attributes:
        api: what is versioned: an Azure resource provider, a Google or Oracle service, a Kubernetes group.
        version: as requests spell it.
        plane: `control` makes and changes what serves, `data` serves.
        use: `sent` by a target's resources or by its callers; `runs_on` is a version that the place runs,
            which its owner chooses; `other` is recorded because callers elsewhere still use it.
        kinds: the kinds of deployment it is about; empty for all.
        serves: the endpoint APIs that it has at the addresses callers get (data plane); empty is not known.
        resources: Pulumi types that send it (control plane).
        retires_on: the earliest date any source gives; None is not known.
        retirement_conflict: the other date and who says so, where sources disagree.
    """

    api: str = Field(min_length=1)
    version: str = Field(min_length=1)
    plane: Plane
    use: Use = "sent"
    kinds: tuple[str, ...] = ()
    serves: tuple[Api, ...] = ()
    resources: tuple[str, ...] = ()
    lifecycle: Lifecycle | None = None
    retires_on: date | None = None
    retirement_basis: Basis = "none found"
    retirement_conflict: str | None = None
    evidence: Evidence

    @property
    def title(self) -> str:
        """API and version, as people say it."""
        return f"{self.api} {self.version}"


class DataZone(_Fact):
    """Countries (ISO 3166-1 alpha-2) among which a call may travel. A region lies in the zone of its country."""

    name: str
    countries: tuple[str, ...] = Field(min_length=1)
    evidence: Evidence


class Provider(_Fact):
    """A provider, the company behind it, and its kinds of deployment (empty `auth` never occurs).

    `api_versions` and `data_zones` may be empty, which says that none were collected.
    """

    name: str
    title: str
    operator: str
    auth: Literal["entra_token", "google_token", "oci_api_key", "api_key"]
    docs: str
    kinds: dict[str, DeploymentKind] = Field(min_length=1)
    data_zones: dict[str, DataZone] = {}
    api_versions: tuple[ApiVersion, ...] = ()
    evidence: Evidence

    def apis(self, plane: Plane, kind: str | None = None, use: Use = "sent") -> tuple[ApiVersion, ...]:
        """API versions of one plane and use, for one kind of deployment or for all."""
        return tuple(
            one
            for one in self.api_versions
            if one.plane == plane and one.use == use and (kind is None or not one.kinds or kind in one.kinds)
        )

    def serves(self, kind: str) -> tuple[str, ...]:
        """The endpoint APIs of one kind of deployment; empty is "not known", never "none"."""
        return tuple(dict.fromkeys(api for one in self.apis("data", kind) for api in one.serves))


class InstanceType(_Fact):
    """A GPU machine. Memory is GB per GPU, price USD per hour of the whole machine.

    `rdma` says whether several of them can serve one model together; `vcpus` and `memory_gib` are what a
    node offers to pods.
    """

    name: str
    gpu: str
    gpus: int = Field(gt=0)
    gpu_memory_gb: int | None = Field(default=None, gt=0)
    arch: Literal["amd64", "arm64"] | None = None
    usd_per_hour: float | None = Field(default=None, ge=0)
    rack_nodes: int | None = Field(default=None, gt=0)
    rdma: bool | None = None
    vcpus: int | None = Field(default=None, gt=0)
    memory_gib: int | None = Field(default=None, gt=0)
    evidence: Evidence

    @property
    def total_memory_gb(self) -> int | None:
        """GPU memory of the whole machine; None when not known."""
        return None if self.gpu_memory_gb is None else self.gpus * self.gpu_memory_gb


class Catalog(_Fact):
    """All facts together. Look-ups answer None for what the catalog does not have."""

    models: dict[str, Model]
    providers: dict[str, Provider]
    regions: dict[str, dict[str, Region]]
    instances: dict[str, InstanceType]
    collected_on: date
    """The oldest collection date of all facts: the catalog is as fresh as its stalest part."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all models, sorted."""
        return tuple(sorted(self.models))

    def model(self, name: str) -> Model | None:
        """The model of that exact name."""
        return self.models.get(name)

    def offer(self, model: str, provider: str) -> Offer | None:
        """What is known of a model at a provider; None is "not recorded", not "not served"."""
        found = self.models.get(model)
        return found.offers.get(provider) if found else None

    def region(self, provider: str, name: str) -> Region | None:
        """The region, spelled as the provider does."""
        return self.regions.get(provider, {}).get(name)

    def regions_of(self, provider: str) -> tuple[Region, ...]:
        """All regions of a provider, in the order of the data file."""
        return tuple(self.regions.get(provider, {}).values())
