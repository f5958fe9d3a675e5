"""What Azure OpenAI targets of one file cannot share: names that are taken once, and a network's one place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..options import Claim, OptionsContext
from .fields import AzureOpenaiOptions
from .groups import PrivateAccess

__all__ = ["claims"]


def claims(context: OptionsContext) -> Iterable[Claim]:
    """What no other target may take."""
    options = context.options
    if not isinstance(options, AzureOpenaiOptions):
        return
    if options.account_name:
        yield Claim(
            ("account_name",),
            ("account", options.account_name),
            options.account_name,
            "an account's name is its host, and no two in the world have the same",
            "one name for each target",
            "write account_name in the options of each target, or leave it out for names made from theirs",
        )
    if options.private_access is not None:
        yield from _network(options, options.private_access, context)
        yield from _zones(options, options.private_access)


def _network(options: AzureOpenaiOptions, asked: PrivateAccess, context: OptionsContext) -> Iterator[Claim]:
    network = asked.subnet_id.rpartition("/subnets/")[0].lower()
    name = network.rpartition("/")[2]
    located = asked.location or context.region
    yield Claim(
        ("private_access", "location"),
        ("network", network),
        located,
        f"a private endpoint is made in the region of its network, and {name} lies in one",
        "one location for each network",
        "write private_access.location: the region of the network, or give each region a subnet of its own",
        place=located,
    )
    if context.tier == "prod" and not options.public_network_access:
        yield Claim(
            ("private_access", "subnet_id"),
            ("entrance", network),
            asked.subnet_id.partition("/virtualNetworks/")[2],
            f"{name} is the only way to them, and lies in one region: when that fails, all of them are gone",
            "a network in each region",
            "write private_access in the options of each target, with a subnet of a network in its region",
            place=context.region,
            among="endpoint",
        )


def _zones(options: AzureOpenaiOptions, asked: PrivateAccess) -> Iterator[Claim]:
    """A zone's name is taken once by a network, and once in a resource group."""
    if asked.dns != "create":
        return
    holders = [("network", asked.subnet_id.rpartition("/subnets/")[0].lower())]
    if options.resource_group:
        group = f"{options.subscription_id or ''}/{options.resource_group}".lower()
        holders.append(("resource group", group))
    for what, holder in holders:
        yield Claim(
            ("private_access", "dns"),
            ("zones", what, holder),
            asked.dns,
            f"a {what} takes each zone name once, so the zones are made for one target only",
            "existing, none",
            "make the zones elsewhere and write dns: existing with their zone_ids, or dns: none",
        )
