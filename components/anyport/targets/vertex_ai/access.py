"""Who may call: a service account with one role, and members and outside workloads that may act as it."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_gcp as gcp

from ...naming import digest
from ..base import Target
from .options import VertexAiOptions, WorkloadIdentity
from .services import Project

__all__ = ["make_caller"]


def make_caller(target: Target, options: VertexAiOptions, project: Project) -> None:
    """The account that callers act as. No key is ever made for it."""
    apis = [project.api("iamcredentials")] if options.callers or options.workload_identity else []
    account = gcp.serviceaccount.Account(
        f"{target.resource_name}-caller",
        account_id=target.physical(30, unique=True),
        project=project.id,
        display_name=f"Calls {target.args.endpoint} at {target.args.planned.name}",
        opts=target.child(provider=project.cloud),
    )
    gcp.projects.IAMMember(
        f"{target.resource_name}-user",
        project=project.id,
        role=options.caller_role,
        member=account.email.apply(lambda email: f"serviceAccount:{email}"),
        opts=target.child(provider=project.cloud),
    )
    for member in options.callers:
        gcp.serviceaccount.IAMMember(
            f"{target.resource_name}-token-{member}",
            service_account_id=account.name,
            role="roles/iam.serviceAccountTokenCreator",
            member=member,
            opts=target.child(provider=project.cloud, depends_on=apis),
        )
    if options.workload_identity:
        _federate(target, options.workload_identity, project, account, apis)


def _federate(
    target: Target,
    wanted: WorkloadIdentity,
    project: Project,
    account: gcp.serviceaccount.Account,
    apis: list[gcp.projects.Service],
) -> None:
    """A pool, the one issuer it trusts, and each subject by its exact name.

    The pool is protected: once deleted, its id cannot be used again for about 30 days.
    """
    pool = gcp.iam.WorkloadIdentityPool(
        f"{target.resource_name}-pool",
        project=project.id,
        workload_identity_pool_id=wanted.pool or target.physical(32, unique=True, prefix="anyport"),
        display_name=target.physical(32),
        opts=target.child(
            provider=project.cloud,
            depends_on=[*apis, project.api("iam")],
            protect=target.args.protected or None,
        ),
    )
    names = ", ".join(f"'{subject}'" for subject in wanted.subjects)
    oidc: Any = {"issuer_uri": wanted.issuer}
    if wanted.audiences:
        oidc["allowed_audiences"] = list(wanted.audiences)
    issuer = gcp.iam.WorkloadIdentityPoolProvider(
        f"{target.resource_name}-issuer",
        project=project.id,
        workload_identity_pool_id=pool.workload_identity_pool_id,
        workload_identity_pool_provider_id="oidc",
        attribute_mapping={"google.subject": "assertion.sub"},
        attribute_condition=f"assertion.sub in [{names}]",
        oidc=oidc,
        opts=target.child(provider=project.cloud),
    )
    for subject in wanted.subjects:
        gcp.serviceaccount.IAMMember(
            f"{target.resource_name}-federated-{digest(subject)}",
            service_account_id=account.name,
            role="roles/iam.workloadIdentityUser",
            member=pulumi.Output.concat("principal://iam.googleapis.com/", pool.name, "/subject/", subject),
            opts=target.child(provider=project.cloud, depends_on=[issuer]),
        )
