"""A private endpoint for the account and the names that lead to it."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import network, privatedns

from .groups import DNS_ZONES, PrivateAccess
from .site import Site

__all__ = ["private_endpoint"]


def private_endpoint(site: Site, asked: PrivateAccess, after: pulumi.Resource) -> None:
    """Made after the last deployment, since it is refused while the account still has an operation going on."""
    endpoint = network.PrivateEndpoint(
        f"{site.name}-private",
        private_endpoint_name=site.physical(64, "pe"),
        resource_group_name=site.group_name,
        location=asked.location or site.region,
        subnet=network.SubnetArgs(id=asked.subnet_id),
        private_link_service_connections=[
            network.PrivateLinkServiceConnectionArgs(
                name="account", private_link_service_id=site.account.id, group_ids=["account"]
            )
        ],
        tags=site.tags,
        opts=site.child(depends_on=[after]),
    )
    if asked.dns == "none":
        return
    zones: list[tuple[str, pulumi.Input[str]]] = (
        [(zone_id.rpartition("/")[2], zone_id) for zone_id in asked.zone_ids]
        if asked.dns == "existing"
        else [(name, _zone(site, name, asked)) for name in DNS_ZONES]
    )
    network.PrivateDnsZoneGroup(
        f"{site.name}-private-dns",
        private_dns_zone_group_name="default",
        private_endpoint_name=endpoint.name,
        resource_group_name=site.group_name,
        private_dns_zone_configs=[
            network.PrivateDnsZoneConfigArgs(name=name.replace(".", "-"), private_dns_zone_id=zone_id)
            for name, zone_id in zones
        ],
        opts=site.child(depends_on=[endpoint]),
    )


def _zone(site: Site, name: str, asked: PrivateAccess) -> pulumi.Output[str]:
    """A zone, linked to the subnet's own network. Records are the zone group's business."""
    short = name.split(".")[1]
    zone = privatedns.PrivateZone(
        f"{site.name}-zone-{short}",
        private_zone_name=name,
        resource_group_name=site.group_name,
        location="global",
        tags=site.tags,
        opts=site.child(),
    )
    privatedns.VirtualNetworkLink(
        f"{site.name}-zone-link-{short}",
        private_zone_name=zone.name,
        resource_group_name=site.group_name,
        virtual_network_link_name=site.physical(80, "link"),
        virtual_network=privatedns.SubResourceArgs(id=asked.subnet_id.rpartition("/subnets/")[0]),
        registration_enabled=False,
        location="global",
        tags=site.tags,
        opts=site.child(),
    )
    made: pulumi.Output[str] = zone.id
    return made
