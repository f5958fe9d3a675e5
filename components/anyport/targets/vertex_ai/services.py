"""The project that a target lives in: its provider, and the APIs that are switched on when something needs them."""

from __future__ import annotations

from functools import cached_property

import pulumi
import pulumi_gcp as gcp

from ..base import Target

__all__ = ["Project"]

_PASSED_ON = ("credentials", "impersonateServiceAccount", "billingProject")
_CONTROL_REGION = {"global": "us-central1", "us": "us-central1", "eu": "europe-west4"}


class Project:
    """One Google Cloud project as one target sees it."""

    def __init__(self, target: Target, project: str) -> None:
        self.id = project
        self._target = target
        self._apis: dict[str, gcp.projects.Service] = {}

    @cached_property
    def cloud(self) -> gcp.Provider:
        """The provider of this project and region, because Google's host comes from the provider's region.

        The locations `global`, `us` and `eu` serve calls and have no control plane at `<location>-aiplatform`: there
        the one action, enabling a model, which is the project's and no region's, goes through a region (inferred).
        """
        region = _CONTROL_REGION.get(self._target.args.planned.region, self._target.args.planned.region)

        def make(name: str, after: pulumi.Output[bool]) -> gcp.Provider:
            config = pulumi.Config("gcp")
            passed = {key: config.get(key) for key in _PASSED_ON}
            return gcp.Provider(
                name,
                project=self.id,
                region=after.apply(lambda _: region),
                credentials=config.get_secret("credentials") if passed["credentials"] else None,
                impersonate_service_account=passed["impersonateServiceAccount"],
                billing_project=passed["billingProject"],
            )

        return self._target.shared_provider(make, "gcp", self.id, region)

    def api(self, name: str) -> gcp.projects.Service:
        """The switch of one API, made once per target. It stays on when the target goes: others may use it."""
        if name not in self._apis:
            what = "api" if name == "aiplatform" else f"api-{name}"
            self._apis[name] = gcp.projects.Service(
                f"{self._target.resource_name}-{what}",
                service=f"{name}.googleapis.com",
                project=self.id,
                disable_on_destroy=False,
                opts=self._target.child(provider=self.cloud),
            )
        return self._apis[name]

    @cached_property
    def number(self) -> pulumi.Output[str]:
        """The project's number, for what does not take its id; read from the cloud, and the project is left alone."""
        found = gcp.organizations.Project.get(
            f"{self._target.resource_name}-project", id=self.id, opts=self._target.child(provider=self.cloud)
        )
        number: pulumi.Output[str] = found.number
        return number
