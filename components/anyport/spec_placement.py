"""The `placement` of an endpoint: what its targets must be, for the planner to choose them.

It stands in the place of `targets`. What the endpoint itself says (model, features, traffic, residency) holds
for a placement as for targets; only what nobody but the planner asks stands here.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from .spec_parts import Equivalence, SpecModel, WholeNumber

__all__ = ["Exclude", "Include", "Machines", "Placement", "Preference"]

Preference = Literal["cost", "latency_class", "open_weights"]


def _as_list(value: Any) -> Any:
    """One preference may be written without brackets."""
    return [value] if isinstance(value, str) else value


def _once(value: tuple[str, ...]) -> tuple[str, ...]:
    if not value or len(set(value)) < len(value):
        raise ValueError("must name something, and nothing twice")
    return value


class Exclude(SpecModel):
    """What no target may use."""

    providers: tuple[str, ...] = ()
    """Providers by name."""
    operators: tuple[str, ...] = ()
    """Companies, such as `Microsoft`: as operator of a target, and as the one that a provider hands calls on to."""
    regions: tuple[str, ...] = ()
    """Regions, or CoreWeave zones, as their provider spells them."""
    models: tuple[str, ...] = ()
    """Catalog names, for one of `equivalents`, or for the endpoint's own model when only those may serve."""
    kinds: tuple[str, ...] = ()
    """Deployment kinds, such as `datazone` or `model_garden`."""
    unconfirmed: bool = False
    """Leave out offers that the catalog calls doubtful. Default: they may be chosen, and the plan says so."""


class Include(SpecModel):
    """What the chosen targets must have among them: for every entry at least one target."""

    providers: tuple[str, ...] = ()
    """Providers by name."""
    operators: tuple[str, ...] = ()
    """Companies that run a provider."""
    regions: tuple[str, ...] = ()
    """Regions, or CoreWeave zones. Naming one also says that you may use it although the catalog calls it
    reserved, or does not know its machines."""
    models: tuple[str, ...] = ()
    """Catalog names."""


class Machines(SpecModel):
    """Machines for a provider that runs the model on machines of your own (`coreweave_vllm`)."""

    instance_types: tuple[str, ...] = ()
    """Types to choose from. Default: every type that the catalog lists in the zone and that holds the model."""
    zones: tuple[str, ...] = ()
    """Zones to choose from. Default: every zone whose machines the catalog knows."""
    replicas: WholeNumber = Field(default=1, ge=1, le=512)
    """vLLM servers behind each such target."""


class Placement(SpecModel):
    """What the planner must reach; it chooses the targets and says why."""

    providers: WholeNumber = Field(default=2, ge=2, le=20)
    """Fewest operators that need nothing of each other. One would leave no fallback provider."""
    failure_domains: WholeNumber = Field(default=2, ge=2, le=20)
    """Fewest known and different failure domains. One would leave no fallback region."""
    prefer: Annotated[
        tuple[Preference, ...],
        BeforeValidator(_as_list, json_schema_input_type=Preference | list[Preference]),
        AfterValidator(_once),
    ] = ("cost",)
    """What to prefer among the sets of targets that do: one word, or several with the first deciding. Whatever is
    not named decides after those that are, in the order cost, latency_class, open_weights."""
    near: tuple[str, ...] = ()
    """Geographies of the callers, for `latency_class`: a target there is near, one elsewhere is far, one whose
    place is not known is farther. No latency is known or measured. Default: the endpoint's residency."""
    exclude: Exclude = Exclude()
    """What no target may use."""
    include: Include = Include()
    """What must be among the targets."""
    equivalents: dict[str, Equivalence] = Field(default_factory=dict)
    """Other models that may serve beside the endpoint's own, by catalog name, and why each is good enough."""
    options: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Options of the targets by provider, over those under `providers` of the spec."""
    machines: dict[str, Machines] = Field(default_factory=dict)
    """Machines by provider."""
    retirement_days: WholeNumber = Field(default=90, ge=0, le=1000)
    """A target whose model retires sooner than in so many days is not chosen. Default: those of the rule AB001, which
    are 90 where the policy configuration says no others."""
    answer_share: float = Field(default=0.25, ge=0, le=1)
    """Share of answers in the declared tokens, to price them. Default: a quarter, an assumption; measure yours."""
