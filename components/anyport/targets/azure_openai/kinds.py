"""Kinds of Azure OpenAI deployment: their SKU, their reach, and which one a target gets.

Source: Microsoft's deployment types page (2026-05-08, collected 2026-11-22). Batch SKUs (`GlobalBatch`,
`DataZoneBatch`) take files, not calls, and `DeveloperTier` ends after 24 hours: neither is an online endpoint.
"""

from __future__ import annotations

from ..options import TargetOptions

__all__ = ["PROVISIONED", "REACH", "SKU_OF_KIND", "choose_kind"]

SKU_OF_KIND = {
    "standard": "Standard",
    "datazone": "DataZoneStandard",
    "global": "GlobalStandard",
    "ptu": "ProvisionedManaged",
    "datazone_ptu": "DataZoneProvisionedManaged",
    "global_ptu": "GlobalProvisionedManaged",
}
"""Catalog kind → SKU name of the deployment."""

PROVISIONED = frozenset({"ptu", "datazone_ptu", "global_ptu"})
REACH = {"standard": 0, "ptu": 0, "datazone": 1, "datazone_ptu": 1, "global": 2, "global_ptu": 2}
"""How far a call may travel: 0 within the region, 1 within the zone, 2 anywhere."""


def choose_kind(options: TargetOptions, offered: tuple[str, ...]) -> tuple[str, str]:
    """The kind of deployment and a note for the plan; an empty kind and the refusal where there is none.

    Offers in the catalog say `ptu` for any of the three provisioned kinds, because sources do not tell them
    apart; one that is asked for is therefore taken with a note.
    """
    asked: str | None = getattr(options, "deployment_kind", None)
    if asked:
        return _asked(asked, offered)
    if not offered:
        return "standard", (
            "the catalog does not know the deployment kinds here; standard (regional) is assumed, "
            "confirm it with the live API"
        )
    if "standard" in offered:
        return "standard", ""
    for kind in ("datazone", "global"):
        if kind in offered:
            return (
                kind,
                f"no regional pay-per-token kind is listed, so {kind} is used: it has no failure domain",
            )
    return "", "only provisioned throughput is offered; say deployment_kind: ptu and a capacity"


def _asked(asked: str, offered: tuple[str, ...]) -> tuple[str, str]:
    if not offered:
        return asked, f"the catalog does not know the deployment kinds here; {asked} is as asked"
    if asked in PROVISIONED and PROVISIONED & set(offered):
        return asked, (
            f"the catalog knows that provisioned throughput is offered, not in which reach; "
            f"confirm {asked} ({SKU_OF_KIND[asked]}) with the live API"
        )
    if asked not in offered:
        return "", f"deployment_kind {asked} is not offered; offered: {', '.join(offered)}"
    return asked, ""
