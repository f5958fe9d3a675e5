"""Who may call: one IAM policy in the home region, and the dynamic group it may name.

Statements as on Oracle's pages (add-api-permission, api-key-permissions; collected 2026-11-22). The family is
granted as a whole, because the spelling of its members is not agreed on in public; a model condition narrows it.
"""

from __future__ import annotations

import pulumi
import pulumi_oci as oci

from .site import Site

__all__ = ["make_policy"]

FAMILY = "use generative-ai-family in compartment id"


def make_policy(site: Site) -> oci.identity.Policy:
    """Let the target's callers use it. An API key made before its policy stays refused for good."""
    planned = site.target.args.planned
    return oci.identity.Policy(
        site.name("policy"),
        compartment_id=site.compartment,
        name=site.target.physical(100, unique=True),
        description=f"Lets callers use {planned.model_id} for endpoint {site.target.args.endpoint}",
        statements=[*_key_statements(site), *_group_statements(site), *_machine_statements(site)],
        freeform_tags=site.tags,
        opts=site.tagged(site.home),
    )


def _key_statements(site: Site) -> list[str]:
    """Any API key of the compartment, or the named ones, each with a statement of its own."""
    grant = f"allow any-user to {FAMILY} {site.compartment} where ALL"
    narrowed = [[f"request.principal.id='{key}'"] for key in site.options.api_key_ids] or [[]]
    conditions = [["request.principal.type='generativeaiapikey'", *one, *_model(site)] for one in narrowed]
    return [f"{grant} {{{', '.join(all_of)}}}" for all_of in conditions]


def _group_statements(site: Site) -> list[str]:
    return [
        f"allow group {_quoted(group)} to {FAMILY} {site.compartment}{_only(site)}"
        for group in site.options.callers
    ]


def _machine_statements(site: Site) -> list[pulumi.Output[str]]:
    identity = site.options.workload_identity
    if identity is None:
        return []
    group = oci.identity.DynamicGroup(
        site.name("callers"),
        compartment_id=site.tenancy,
        name=site.target.physical(100, unique=True),
        description=f"Machines that may call endpoint {site.target.args.endpoint}",
        matching_rule=identity.matching_rule,
        freeform_tags=site.tags,
        opts=site.tagged(site.home),
    )
    return [
        group.name.apply(
            lambda name: f"allow dynamic-group {name} to {FAMILY} {site.compartment}{_only(site)}"
        )
    ]


def _model(site: Site) -> list[str]:
    """The model condition, for on demand only.

    What `target.model.id` is behind a dedicated endpoint or a routing profile is not documented, and a wrong
    condition would refuse every call.
    """
    if site.target.args.planned.deployment_kind != "on_demand" or site.options.region_fallback:
        return []
    return [f"target.model.id in ('{site.target.args.planned.model_id}')"]


def _only(site: Site) -> str:
    conditions = _model(site)
    return f" where {conditions[0]}" if conditions else ""


def _quoted(group: str) -> str:
    if group.startswith("ocid1."):
        return f"id {group}"
    return "/".join(f"'{part}'" for part in group.split("/")) if "/" in group else group
