"""An OCI Generative AI target: the IAM policy, and on-demand or a dedicated cluster with its endpoint.

Identity is written in the tenancy's home region only, so the policy has a provider of its own. Arguments
as in pulumi-oci 5.5; statements and URL from Oracle's pages (collected 2026-11-22). No resource makes an
API key: it is created outside, after the policy, and named here by reference.
"""

from __future__ import annotations

from typing import ClassVar

import pulumi
import pulumi_oci as oci

from ...contract import Auth
from ...errors import BuildError, Problem
from ..base import Access, Target, required_setting
from .options import OciGenerativeAiOptions

__all__ = ["OciGenerativeAiTarget"]

PASSED_ON = {
    "tenancyOcid": "tenancy_ocid",
    "userOcid": "user_ocid",
    "fingerprint": "fingerprint",
    "auth": "auth",
    "configFileProfile": "config_file_profile",
}


class OciGenerativeAiTarget(Target):
    """One model in one OCI region."""

    provider_name: ClassVar[str] = "oci_generative_ai"

    def build(self) -> Access:
        """Make the policy, and for a dedicated target the cluster and the endpoint."""
        options, planned = self._options, self.args.planned
        compartment = required_setting(self.args, options.compartment_id, "compartment_id")
        home = required_setting(self.args, options.home_region, "home_region")
        here = self._cloud("oci", planned.region)
        policy = self._policy(compartment, here if home == planned.region else self._cloud("oci-home", home))
        model: pulumi.Input[str] = planned.model_id
        if planned.deployment_kind == "dedicated":
            model = self._dedicated(compartment, here, policy)
        return Access(
            base_url=f"https://inference.generativeai.{planned.region}.oci.oraclecloud.com/openai/v1",
            model=model,
            auth=Auth(kind="oci_api_key", secret=options.api_key.uri),
        )

    @property
    def _options(self) -> OciGenerativeAiOptions:
        options = self.args.planned.options
        if not isinstance(options, OciGenerativeAiOptions):
            raise TypeError(f"expected OciGenerativeAiOptions, got {type(options).__name__}")
        return options

    def _cloud(self, suffix: str, region: str) -> oci.Provider:
        config = pulumi.Config("oci")
        passed = {argument: config.get(key) for key, argument in PASSED_ON.items()}
        return oci.Provider(
            f"{self.resource_name}-{suffix}",
            region=region,
            private_key=config.get_secret("privateKey"),
            private_key_path=config.get("privateKeyPath"),
            opts=self.child(),
            **{argument: value for argument, value in passed.items() if value},
        )

    def _policy(self, compartment: str, home: oci.Provider) -> oci.identity.Policy:
        """Let API keys of this compartment use the model; without it a key stays refused for good."""
        conditions = ["request.principal.type='generativeaiapikey'"]
        if self.args.planned.deployment_kind == "on_demand":
            conditions.append(f"target.model.id in ('{self.args.planned.model_id}')")
        grant = f"allow any-user to use generative-ai-family in compartment id {compartment}"
        return oci.identity.Policy(
            f"{self.resource_name}-policy",
            compartment_id=compartment,
            name=self.physical(100, unique=True),
            description=f"Lets API keys call {self.args.planned.model_id} for endpoint {self.args.endpoint}",
            statements=[f"{grant} where ALL {{{', '.join(conditions)}}}"],
            freeform_tags=dict(self.args.tags),
            opts=self.child(provider=home, ignore_changes=["definedTags"]),
        )

    def _dedicated(
        self, compartment: str, here: oci.Provider, policy: oci.identity.Policy
    ) -> pulumi.Output[str]:
        options = self._options
        if not options.minimum_commitment_acknowledged:
            path = f"endpoints.{self.args.endpoint}.targets.{self.args.planned.name}.options"
            message = "a dedicated hosting cluster is billed for 744 unit-hours at least"
            fix = "say minimum_commitment_acknowledged: true, or use deployment_kind: on_demand"
            raise BuildError([Problem("AP303", path, message, fix=fix)])
        cluster = oci.generativeai.DedicatedAiCluster(
            f"{self.resource_name}-cluster",
            compartment_id=compartment,
            type="HOSTING",
            unit_count=options.unit_count,
            unit_shape=required_setting(self.args, options.unit_shape, "unit_shape"),
            display_name=self.physical(100),
            freeform_tags=dict(self.args.tags),
            opts=self._slow(here, protect=self.args.protected or None),
        )
        endpoint = oci.generativeai.Endpoint(
            f"{self.resource_name}-endpoint",
            compartment_id=compartment,
            dedicated_ai_cluster_id=cluster.id,
            model_id=required_setting(self.args, options.model_ocid, "model_ocid"),
            display_name=self.physical(100),
            freeform_tags=dict(self.args.tags),
            opts=self._slow(here, depends_on=[policy]),
        )
        ready = pulumi.Output.all(cluster.state, endpoint.id)
        return ready.apply(lambda known: _only_if_active(known[0], known[1]))

    def _slow(self, provider: oci.Provider, **more: object) -> pulumi.ResourceOptions:
        """Clusters and endpoints take up to 80 minutes, and tenancies add tags of their own."""
        timeouts = pulumi.CustomTimeouts(create="90m", update="90m", delete="30m")
        return self.child(provider=provider, custom_timeouts=timeouts, ignore_changes=["definedTags"], **more)


def _only_if_active(state: str, endpoint_id: str) -> str:
    """Oracle's provider takes NEEDS_ATTENTION for a success; a sick cluster must not pass for one."""
    if state != "ACTIVE":
        raise RuntimeError(
            f"the dedicated AI cluster is {state}, not ACTIVE; look at its lifecycle details in the console"
        )
    return endpoint_id
