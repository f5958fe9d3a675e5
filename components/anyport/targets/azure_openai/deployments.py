"""The model deployments of an account, one after another."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import cognitiveservices

from .kinds import PROVISIONED, SKU_OF_KIND
from .site import DEFAULT_CAPACITY, Site

__all__ = ["deployments"]

UPGRADES = {
    "never": "NoAutoUpgrade",
    "on_new_default": "OnceNewDefaultVersionAvailable",
    "on_expiry": "OnceCurrentVersionExpired",
}


def deployments(site: Site, policy: cognitiveservices.RaiPolicy | None) -> cognitiveservices.Deployment:
    """The deployment that callers use, after the one it spills into. Returns the last of the chain."""
    after: pulumi.Resource = policy or site.account
    options, kind = site.options, site.args.planned.deployment_kind
    spills: str | None = None
    if options.spillover is not None:
        spills = f"{site.args.planned.model}-spillover"
        after = _deployment(
            site,
            "spillover",
            spills,
            options.spillover.deployment_kind,
            options.spillover.capacity or _traffic(site),
            policy,
            after,
        )
    capacity = options.capacity or _traffic(site)
    return _deployment(site, "deployment", site.args.planned.model, kind, capacity, policy, after, spills)


def _deployment(
    site: Site,
    what: str,
    name: str,
    kind: str,
    capacity: int,
    policy: cognitiveservices.RaiPolicy | None,
    after: pulumi.Resource,
    spills: str | None = None,
) -> cognitiveservices.Deployment:
    """One deployment. Its SKU is always said: Azure forgets it on an update that does not."""
    planned, provisioned = site.args.planned, kind in PROVISIONED
    automatic = site.options.version_upgrade != "never"
    return cognitiveservices.Deployment(
        f"{site.name}-{what}",
        account_name=site.account.name,
        resource_group_name=site.group_name,
        deployment_name=name,
        sku=cognitiveservices.SkuArgs(name=SKU_OF_KIND[kind], capacity=capacity),
        properties=cognitiveservices.DeploymentPropertiesArgs(
            model=cognitiveservices.DeploymentModelArgs(
                format=planned.model_format or "OpenAI",
                name=planned.model_id,
                version=planned.model_version,
            ),
            version_upgrade_option=UPGRADES[site.options.version_upgrade],
            rai_policy_name=policy.name if policy else None,
            spillover_deployment_name=spills,
        ),
        opts=site.child(
            depends_on=[after],
            protect=(provisioned and site.args.protected) or None,
            ignore_changes=["properties.model.version"] if automatic else None,
            custom_timeouts=pulumi.CustomTimeouts(
                create="90m" if provisioned else "30m", update="90m" if provisioned else "30m", delete="30m"
            ),
        ),
    )


def _traffic(site: Site) -> int:
    """Units of 1,000 tokens per minute for the endpoint's traffic, else a small start."""
    tokens = site.args.planned.limits.tokens_per_minute
    return -(-tokens // 1000) if tokens else DEFAULT_CAPACITY
