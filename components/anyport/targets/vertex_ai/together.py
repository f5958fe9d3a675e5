"""What Vertex AI targets of one file cannot share: what a project has once, and the address of one region."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, cast

from ..options import Claim, OptionsContext
from .combinations import QUOTA_IDS

if TYPE_CHECKING:
    from .options import VertexAiOptions

__all__ = ["claims"]


def claims(context: OptionsContext) -> Iterable[Claim]:
    """What no other target may take. Without a `project` all are in the stack's one."""
    options = cast("VertexAiOptions", context.options)
    project = options.project or ""
    pool = options.workload_identity.pool if options.workload_identity else None
    if pool:
        yield Claim(
            ("workload_identity", "pool"),
            ("pool", project, pool),
            pool,
            "a project has a workload identity pool of one id once, and each target makes its own",
            "one id for each target",
            "write pool in the options of each target, or leave it out for ids made from their names",
        )
    if options.quota is not None:
        quota_id = options.quota.quota_id or QUOTA_IDS.get(options.accelerator_type or "", "")
        yield Claim(
            ("quota", "preferred_value"),
            ("quota", project, quota_id, context.region),
            str(options.quota.preferred_value),
            f"a project has one wish for {quota_id or 'a quota'} in {context.region}, and each target makes its own",
            "quota at one target of each project and region",
            "write quota at one of them, with a preferred_value for all",
        )
    if options.private_access is not None:
        yield Claim(
            ("private_access", "address"),
            ("address", options.private_access.address.lower()),
            options.private_access.address,
            "a connection point leads to one region of one project, so calls for the others go astray",
            "one address for each region",
            "write private_access in the options of each target, with the address of its own connection point",
            place=f"{project} {context.region}".strip(),
        )
