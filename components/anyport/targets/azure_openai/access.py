"""Who may call: an identity made for callers, federated workloads that act as it, and roles by name."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import authorization, managedidentity

from ...naming import digest, stable_uuid
from .groups import ROLES
from .site import Site

__all__ = ["callers"]


def callers(site: Site, after: pulumi.Resource) -> list[pulumi.Resource]:
    """The caller identity, its federations and every role assignment. Returns what stands at the account's scope."""
    identity = managedidentity.UserAssignedIdentity(
        f"{site.name}-caller",
        resource_name_=site.physical(64, "id"),
        resource_group_name=site.group_name,
        location=site.region,
        tags=site.tags,
        opts=site.child(),
    )
    _federations(site, identity)
    least = (
        "Cognitive Services OpenAI User"
        if site.args.planned.model_format == "OpenAI"
        else "Cognitive Services User"
    )
    made = [_role(site, "caller", identity.principal_id, "ServicePrincipal", least, after)]
    for caller in site.options.callers:
        role = caller.role or least
        who = f"{caller.principal_id[:8].lower()}-{digest(caller.principal_id.lower(), role)}"
        made.append(
            _role(
                site, who, pulumi.Output.from_input(caller.principal_id), caller.principal_type, role, after
            )
        )
    return made


def _federations(site: Site, identity: managedidentity.UserAssignedIdentity) -> None:
    """One after another: Azure refuses writes to one identity at the same time (409)."""
    after: pulumi.Resource = identity
    for workload in site.options.workload_identity:
        after = managedidentity.FederatedIdentityCredential(
            f"{site.name}-federation-{workload.name}",
            federated_identity_credential_resource_name=workload.name,
            resource_name_=identity.name,
            resource_group_name=site.group_name,
            issuer=workload.issuer,
            subject=workload.subject,
            audiences=[workload.audience],
            opts=site.child(depends_on=[after]),
        )


def _role(
    site: Site,
    who: str,
    principal: pulumi.Output[str],
    principal_type: str,
    role: str,
    after: pulumi.Resource,
) -> pulumi.Resource:
    """One assignment at the account. Its name depends on who and where, because Azure lets neither change."""
    definition = site.subscription.apply(
        lambda path: f"{path}/providers/Microsoft.Authorization/roleDefinitions/{ROLES[role]}"
    )
    name = pulumi.Output.all(site.account.id, principal).apply(
        lambda found: stable_uuid(*(str(part).lower() for part in found), ROLES[role])
    )
    made: pulumi.Resource = authorization.RoleAssignment(
        f"{site.name}-role-{who}",
        role_assignment_name=name,
        scope=site.account.id,
        principal_id=principal,
        principal_type=principal_type,
        role_definition_id=definition,
        opts=site.child(depends_on=[after]),
    )
    return made
