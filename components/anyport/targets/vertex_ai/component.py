"""A Vertex AI target: the API switched on, a managed model or a Model Garden endpoint, and who may call.

Vertex takes the host from the *provider's* region, not from a resource's `location`; so every target
has a provider of its own. Arguments as in pulumi-gcp 10.2; URL forms from Google's notebooks and
locations page (collected 2026-11-22). There are no keys: callers mint tokens as the service account.
"""

from __future__ import annotations

from typing import ClassVar

import pulumi
import pulumi_gcp as gcp

from ...contract import Auth
from ..base import Access, Target, required_setting
from .options import VertexAiOptions

__all__ = ["VertexAiTarget"]

GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
PASSED_ON = ("credentials", "impersonateServiceAccount", "billingProject")


class VertexAiTarget(Target):
    """One model in one Vertex AI location."""

    provider_name: ClassVar[str] = "vertex_ai"

    def build(self) -> Access:
        """Make the provider of this location, the API switch, the caller's account and the model."""
        options = self._options
        project = required_setting(
            self.args, options.project or pulumi.Config("gcp").get("project"), "project", "gcp:project"
        )
        provider = self._cloud(project)
        api = gcp.projects.Service(
            f"{self.resource_name}-api",
            service="aiplatform.googleapis.com",
            project=project,
            disable_on_destroy=False,
            opts=self.child(provider=provider),
        )
        self._caller(project, provider)
        auth = Auth(kind="google_oauth", scope=GOOGLE_SCOPE)
        if self.args.planned.deployment_kind == "model_garden":
            return Access(self._self_deployed(project, provider, api), "", auth)
        self._managed(project, provider, api)
        return Access(self._managed_url(project), self.args.planned.model_id, auth)

    @property
    def _options(self) -> VertexAiOptions:
        options = self.args.planned.options
        if not isinstance(options, VertexAiOptions):
            raise TypeError(f"expected VertexAiOptions, got {type(options).__name__}")
        return options

    def _cloud(self, project: str) -> gcp.Provider:
        config = pulumi.Config("gcp")
        passed = {key: config.get(key) for key in PASSED_ON}
        return gcp.Provider(
            f"{self.resource_name}-gcp",
            project=project,
            region=self.args.planned.region,
            credentials=config.get_secret("credentials") if passed["credentials"] else None,
            impersonate_service_account=passed["impersonateServiceAccount"],
            billing_project=passed["billingProject"],
            opts=self.child(),
        )

    def _caller(self, project: str, provider: gcp.Provider) -> None:
        account = gcp.serviceaccount.Account(
            f"{self.resource_name}-caller",
            account_id=self.physical(30, unique=True),
            project=project,
            display_name=f"Calls {self.args.endpoint} at {self.args.planned.name}",
            opts=self.child(provider=provider),
        )
        gcp.projects.IAMMember(
            f"{self.resource_name}-user",
            project=project,
            role="roles/aiplatform.user",
            member=account.email.apply(lambda email: f"serviceAccount:{email}"),
            opts=self.child(provider=provider),
        )
        for member in self._options.callers:
            gcp.serviceaccount.IAMMember(
                f"{self.resource_name}-token-{member}",
                service_account_id=account.name,
                role="roles/iam.serviceAccountTokenCreator",
                member=member,
                opts=self.child(provider=provider),
            )

    def _managed(self, project: str, provider: gcp.Provider, api: gcp.projects.Service) -> None:
        """Models of other publishers must be enabled once; Google's own need nothing."""
        publisher, _, model = self.args.planned.model_id.partition("/")
        if self.args.planned.deployment_kind == "gemini" or publisher == "google":
            return
        gcp.vertex.AiModelGardenEnableModel(
            f"{self.resource_name}-enable",
            project=project,
            publisher_model_name=f"publishers/{publisher}/models/{model}",
            opts=self.child(provider=provider, depends_on=[api]),
        )

    def _managed_url(self, project: str) -> str:
        region = self.args.planned.region
        host = {
            "global": "aiplatform.googleapis.com",
            "us": "aiplatform.us.rep.googleapis.com",
            "eu": "aiplatform.eu.rep.googleapis.com",
        }.get(region, f"{region}-aiplatform.googleapis.com")
        return f"https://{host}/v1/projects/{project}/locations/{region}/endpoints/openapi"

    def _self_deployed(
        self, project: str, provider: gcp.Provider, api: gcp.projects.Service
    ) -> pulumi.Output[str]:
        """Deploy from Model Garden; the address of a dedicated endpoint must be read, not computed."""
        options, planned = self._options, self.args.planned
        machine = required_setting(self.args, options.machine_type, "machine_type")
        from_google = planned.model_id.startswith("publishers/")
        deployed = gcp.vertex.AiEndpointWithModelGardenDeployment(
            f"{self.resource_name}-endpoint",
            project=project,
            location=planned.region,
            publisher_model_name=planned.model_id if from_google else None,
            hugging_face_model_id=None if from_google else planned.model_id,
            model_config={"accept_eula": options.accept_eula},
            deploy_config={
                "dedicated_resources": {
                    "machine_spec": {
                        "machine_type": machine,
                        "accelerator_type": required_setting(
                            self.args, options.accelerator_type, "accelerator_type"
                        ),
                        "accelerator_count": options.accelerator_count,
                    },
                    "min_replica_count": options.min_replicas,
                    "max_replica_count": max(options.min_replicas, options.max_replicas),
                }
            },
            endpoint_config={"dedicated_endpoint_enabled": True},
            opts=self.child(
                provider=provider,
                depends_on=[api],
                protect=self.args.protected or None,
                delete_before_replace=True,
                custom_timeouts=pulumi.CustomTimeouts(create="180m"),
            ),
        )
        read = gcp.vertex.AiEndpoint.get(
            f"{self.resource_name}-dns", id=deployed.id, opts=self.child(provider=provider)
        )
        return pulumi.Output.all(read.dedicated_endpoint_dns, deployed.id).apply(
            lambda known: f"https://{known[0]}/v1beta1/{known[1]}"
        )
