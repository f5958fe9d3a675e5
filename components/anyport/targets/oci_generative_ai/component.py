"""An OCI Generative AI target: who may call, and on-demand or a dedicated cluster with its endpoint.

Arguments as in pulumi-oci 5.5; URLs from Oracle's pages (collected 2026-11-22). Deliberately not made: compartments,
networks, vaults and their keys, which belong to the tenancy and outlive a target.
"""

from __future__ import annotations

from typing import ClassVar

import pulumi
import pulumi_oci as oci

from ...contract import Auth
from ..base import Access, Target
from .access import make_policy
from .api_key import make_api_key
from .dedicated import make_dedicated
from .guards import make_alarms, make_budget, make_quota
from .site import Site, site_of

__all__ = ["OciGenerativeAiTarget"]


class OciGenerativeAiTarget(Target):
    """One model in one OCI region."""

    provider_name: ClassVar[str] = "oci_generative_ai"

    def build(self) -> Access:
        """Make the policy first: what a key may do is settled when the key is made."""
        site = site_of(self)
        policy = make_policy(site)
        host: pulumi.Input[str] = f"inference.generativeai.{site.region}.oci.oraclecloud.com"
        model: pulumi.Input[str] = self.args.planned.model_id
        if self.args.planned.deployment_kind == "dedicated":
            made = make_dedicated(site, policy)
            make_alarms(site, made.endpoint)
            model, host = made.model, made.host or host
        elif site.options.region_fallback:
            model = _routing_profile(site, policy)
        secret = make_api_key(site, policy) or site.options.api_key.uri
        make_budget(site)
        make_quota(site)
        return Access(
            base_url=pulumi.Output.concat("https://", host, "/openai/v1"),
            model=model,
            auth=Auth(kind="oci_api_key", secret=secret),
        )


def _routing_profile(site: Site, policy: oci.identity.Policy) -> pulumi.Output[str]:
    """One model, this region first. Callers send the profile's OCID in `model`.

    The header `x-genai-selected-region` of an answer tells which region served it.
    """
    planned, args = site.target.args.planned, oci.generativeai
    profile = oci.generativeai.RoutingProfile(
        site.name("profile"),
        compartment_id=site.compartment,
        display_name=site.target.physical(100),
        model_routing_policy=args.RoutingProfileModelRoutingPolicyArgs(allowed_models=[planned.model_id]),
        region_routing_policy=args.RoutingProfileRegionRoutingPolicyArgs(
            allowed_regions=[site.region, *site.options.region_fallback]
        ),
        freeform_tags=site.tags,
        opts=site.tagged(depends_on=[policy]),
    )
    identity: pulumi.Output[str] = profile.id
    return identity
