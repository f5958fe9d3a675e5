"""Where the charges of a planned target turn up in a bill, as far as a plan tells."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ..catalog import load
from ..naming import physical_name
from ..plan import Plan, PlannedEndpoint, PlannedTarget
from ..posture import posture
from .sku import Names

__all__ = ["Place", "model_names", "places"]


@dataclass(frozen=True)
class Place:
    """One planned target.

    Attributes:
        stack: the stack file.
        tier, endpoint, target: its tags.
        provider, region, zone, model, instance_type: as planned; the model is the catalog's name.
        reach: `regional`, `data_zone` or `global`; only a regional target is told by its region.
        priority: 1 is asked first.
        standby: `warm` or `cold`.
        billing: `per_token`, `reserved_units` or `machine_hours`.
        owner: the project (Google), compartment (Oracle) or subscription (Azure) that pays; empty when the spec
            does not say.
        name: form of its resources' names, where the provider's bill shows them; None elsewhere.
        replicas: machines or servers, where the spec counts them.
    """

    stack: str
    tier: str
    endpoint: str
    target: str
    provider: str
    region: str
    zone: str | None
    model: str
    instance_type: str | None
    reach: str
    priority: int
    standby: str
    billing: str
    owner: str
    name: re.Pattern[str] | None
    replicas: int | None

    @property
    def key(self) -> tuple[str, str, str]:
        """Tier, endpoint and target: what tags carry."""
        return (self.tier, self.endpoint, self.target)


def places(plans: Iterable[tuple[str, Plan]]) -> list[Place]:
    """All targets of all plans, each with the stack file it is from."""
    return [
        _place(stack, endpoint, target)
        for stack, plan in plans
        for endpoint in plan.endpoints
        for target in endpoint.targets
    ]


def _place(stack: str, endpoint: PlannedEndpoint, target: PlannedTarget) -> Place:
    options = target.options
    owner = next(
        (
            str(value)
            for word in ("project", "compartment_id", "subscription_id")
            if (value := getattr(options, word, None))
        ),
        "",
    )
    return Place(
        stack=stack,
        tier=endpoint.tier,
        endpoint=endpoint.name,
        target=target.name,
        provider=target.provider,
        region=target.region,
        zone=target.zone,
        model=target.model,
        instance_type=target.instance_type,
        reach=target.reach,
        priority=target.priority,
        standby=target.standby,
        billing=posture(endpoint, target)["billing"],
        owner=owner.lower(),
        name=_name(endpoint, target),
        replicas=target.replicas,
    )


def _name(endpoint: PlannedEndpoint, target: PlannedTarget) -> re.Pattern[str] | None:
    """Azure's account carries a hash of organization, project and stack, which no plan knows; Oracle's names none."""
    if target.provider == "azure_openai":
        given = getattr(target.options, "account_name", None)
        if given:
            return re.compile(f"/accounts/{re.escape(str(given).lower())}(/|$)")
        plain = physical_name(endpoint.name, target.name, limit=53)
        return re.compile(f"/accounts/{re.escape(plain)}-[0-9a-f]{{6}}(/|$)")
    if target.provider == "oci_generative_ai":
        return re.compile(f"^{re.escape(physical_name(endpoint.name, target.name, limit=100))}$")
    return None


def model_names() -> Names:
    """The catalog's models under all names that providers give them."""
    catalog = load()
    kinds = [kind for provider in catalog.providers.values() for kind in provider.kinds]
    return Names(
        {
            name: {offer.model_id_for(kind) or "" for offer in model.offers.values() for kind in kinds}
            for name, model in catalog.models.items()
        }
    )
