"""Where a target's resources go: compartment, regions, and one provider per region.

A region belongs to a provider at OCI, so the home region (policies, quotas, budgets) and a vault elsewhere need
providers of their own beside the target's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_oci as oci

from ..base import Target, required_setting
from .target_options import OciGenerativeAiOptions

__all__ = ["Site", "site_of"]

PASSED_ON = {
    "tenancyOcid": "tenancy_ocid",
    "userOcid": "user_ocid",
    "fingerprint": "fingerprint",
    "auth": "auth",
    "configFileProfile": "config_file_profile",
}


@dataclass
class Site:
    """What every part of one target needs.

    Attributes:
        target: the component that owns the resources.
        options: its options.
        compartment: OCID of the compartment that pays.
        home: the tenancy's home region.
    """

    target: Target
    options: OciGenerativeAiOptions
    compartment: str
    home: str

    @property
    def region(self) -> str:
        """The target's region."""
        return self.target.args.planned.region

    @property
    def tenancy(self) -> str:
        """The tenancy's OCID; `anyport check` refuses options that need it where it is missing."""
        return required_setting(self.target.args, self.options.tenancy_id, "tenancy_id")

    @property
    def protect(self) -> bool | None:
        """For what holds capacity or state; None leaves the choice to whoever owns the component."""
        return self.target.args.protected or None

    def name(self, what: str) -> str:
        """A child's resource name."""
        return f"{self.target.resource_name}-{what}"

    def cloud(self, region: str) -> oci.Provider:
        """The provider of a region, made when first asked for."""

        def make(name: str, after: pulumi.Output[bool]) -> oci.Provider:
            config = pulumi.Config("oci")
            passed = {argument: config.get(key) for key, argument in PASSED_ON.items()}
            return oci.Provider(
                name,
                region=after.apply(lambda _: region),
                private_key=config.get_secret("privateKey"),
                private_key_path=config.get("privateKeyPath"),
                private_key_password=config.get_secret("privateKeyPassword"),
                **{argument: value for argument, value in passed.items() if value},
            )

        return self.target.shared_provider(make, "oci", region)

    def tagged(self, region: str | None = None, **more: Any) -> pulumi.ResourceOptions:
        """Options of a child that takes tags: tenancies add defined tags of their own, which are let be."""
        return self.target.child(
            provider=self.cloud(region or self.region), ignore_changes=["definedTags"], **more
        )

    @property
    def tags(self) -> dict[str, str]:
        """Freeform tags."""
        return self.target.args.all_tags


def site_of(target: Target) -> Site:
    """The site of a target.

    Raises:
        BuildError: AP303 without compartment or home region.
    """
    options, args = target.args.planned.options, target.args
    if not isinstance(options, OciGenerativeAiOptions):
        raise TypeError(f"expected OciGenerativeAiOptions, got {type(options).__name__}")
    compartment = required_setting(args, options.compartment_id, "compartment_id")
    home = required_setting(args, options.home_region, "home_region")
    return Site(target, options, compartment, home)
