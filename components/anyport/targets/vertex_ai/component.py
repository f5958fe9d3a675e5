"""A Vertex AI target: the APIs switched on, a managed model or a Model Garden endpoint, and who may call.

Vertex takes the host from the *provider's* region, not from a resource's `location`; so every target
has a provider of its own. Arguments as in pulumi-gcp 10.2; URL forms from Google's notebooks and
locations page (collected 2026-11-22). There are no keys: callers mint tokens as the service account.
"""

from __future__ import annotations

from typing import ClassVar

import pulumi

from ...contract import Auth
from ..base import Access, Target, required_setting
from .access import make_caller
from .options import VertexAiOptions
from .services import Project
from .serving import deploy, enable_managed, managed_url
from .watching import watch

__all__ = ["VertexAiTarget"]

GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform"


class VertexAiTarget(Target):
    """One model in one Vertex AI location."""

    provider_name: ClassVar[str] = "vertex_ai"

    def build(self) -> Access:
        """Make the provider of this location, the API switches, the caller's account and the model."""
        options, planned = self._options, self.args.planned
        project = Project(
            self,
            required_setting(
                self.args, options.project or pulumi.Config("gcp").get("project"), "project", "gcp:project"
            ),
        )
        project.api("aiplatform")
        make_caller(self, options, project)
        auth = Auth(kind="google_oauth", scope=GOOGLE_SCOPE)
        if planned.deployment_kind == "model_garden":
            deployed = deploy(self, options, project)
            watch(self, options, project, deployed.endpoint_id)
            return Access(deployed.base_url, "", auth)
        enable_managed(self, project)
        watch(self, options, project, None)
        return Access(managed_url(project.id, planned.region), planned.model_id, auth)

    @property
    def _options(self) -> VertexAiOptions:
        options = self.args.planned.options
        if not isinstance(options, VertexAiOptions):
            raise TypeError(f"expected VertexAiOptions, got {type(options).__name__}")
        return options
