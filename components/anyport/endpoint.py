"""InferenceEndpoint: one endpoint with all its targets, an ordinary Pulumi component for any program.

    InferenceEndpoint("chat", EndpointSpec(model="gpt-oss-120b", targets={...}), tier="prod")

Its inputs are the plan's facts as plain values, so that a resource policy can refuse the endpoint before
anything of it exists; its outputs repeat them beside the contract, for policies that judge a finished
stack. It decides nothing: which targets, in which order, is the plan's affair.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pulumi

from .catalog import Catalog
from .contract import EndpointContract, TargetContract
from .placement.policy_limits import NO_LIMITS, PolicyLimits
from .plan import PlannedEndpoint, PlannedTarget, endpoint_facts, resolve
from .spec import EndpointSpec, StackSpec, parse
from .targets.base import TargetArgs
from .targets.registry import component_class

__all__ = ["TYPE_TOKEN", "InferenceEndpoint", "plan_endpoint"]

TYPE_TOKEN = "anyport:index:InferenceEndpoint"  # noqa: S105  # a resource type, not a password


def plan_endpoint(
    name: str,
    spec: EndpointSpec,
    *,
    today: date,
    tier: str = "prod",
    owner: str | None = None,
    cost_center: str | None = None,
    catalog: Catalog | None = None,
    limits: PolicyLimits = NO_LIMITS,
) -> PlannedEndpoint:
    """Check and resolve one endpoint made in code, as a stack file's would be.

    A policy configuration bounds a placement only when it is passed (`anyport.placement.policy_limits`).

    Raises:
        SpecError: every problem at once.
    """
    raw = {
        "tier": tier,
        "owner": owner,
        "cost_center": cost_center,
        "endpoints": {name: spec.model_dump(exclude_unset=True)},
    }
    parsed: StackSpec = parse(raw, catalog=catalog)
    return resolve(parsed, catalog, today, None, limits).endpoint(name)


class InferenceEndpoint(pulumi.ComponentResource):
    """One endpoint: one child component per target.

    Outputs:
        contract: see `anyport.contract.EndpointContract`, as a JSON-ready map; targets in order of use.
    """

    contract: pulumi.Output[dict[str, Any]]

    def __init__(
        self,
        name: str,
        spec: EndpointSpec | PlannedEndpoint,
        opts: pulumi.ResourceOptions | None = None,
        *,
        tier: str = "prod",
        owner: str | None = None,
        cost_center: str | None = None,
        today: date | None = None,
        builds: Callable[[PlannedTarget], bool] = lambda target: target.standby == "warm",
    ) -> None:
        """Build the endpoint.

        Args:
            name: endpoint and resource name.
            spec: the endpoint's spec, or an already resolved plan of it.
            opts: options of the component; children get them as Pulumi hands them down.
            tier: `prod` or `dev`; a plan carries its own.
            owner: team, for tags; a plan carries its own.
            cost_center: where the bills go, for tags; a plan carries its own.
            today: the day to judge retirements by; today's date in UTC when left out, which is the one
                clock reading here and is not made when a plan is passed.
            builds: which targets this stack makes; the warm ones by default.

        Raises:
            SpecError: the spec is wrong.
            BuildError: a setting or secret needed to build is missing.
        """
        planned = (
            spec
            if isinstance(spec, PlannedEndpoint)
            else plan_endpoint(
                name,
                spec,
                today=today or datetime.now(UTC).date(),
                tier=tier,
                owner=owner,
                cost_center=cost_center,
            )
        )
        built = [target for target in planned.targets if builds(target)]
        facts = endpoint_facts(planned, [target.name for target in built])
        super().__init__(TYPE_TOKEN, name, {"facts": facts}, opts)
        contracts = [self._target(name, planned, target) for target in built]
        elsewhere = tuple(target.name for target in planned.targets if target not in built)
        self.contract = pulumi.Output.all(*contracts).apply(
            lambda known: _contract(planned, known, elsewhere)
        )
        self.register_outputs({"facts": facts, "contract": self.contract})

    def _target(self, name: str, endpoint: PlannedEndpoint, target: PlannedTarget) -> pulumi.Output[str]:
        tags = {
            "anyport-endpoint": endpoint.name,
            "anyport-target": target.name,
            "anyport-tier": endpoint.tier,
        }
        if endpoint.owner:
            tags["owner"] = endpoint.owner
        if endpoint.cost_center:
            tags["cost-center"] = endpoint.cost_center
        component = component_class(target.provider)
        args = TargetArgs(endpoint.name, target, tags, endpoint.tier, endpoint.today)
        return component(f"{name}-{target.name}", args, pulumi.ResourceOptions(parent=self)).contract_text


def _contract(endpoint: PlannedEndpoint, targets: list[str], elsewhere: tuple[str, ...]) -> dict[str, Any]:
    contract = EndpointContract(
        endpoint=endpoint.name,
        model=endpoint.model,
        apis=endpoint.apis,
        features=endpoint.features,
        limits=endpoint.limits,
        targets=tuple(TargetContract.model_validate_json(target) for target in targets),
        elsewhere=elsewhere,
        cold=tuple(t.name for t in endpoint.targets if t.name in elsewhere and t.standby == "cold"),
    )
    return contract.model_dump(mode="json")
