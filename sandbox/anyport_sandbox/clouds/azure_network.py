"""Simulated private endpoints and private DNS of Azure.

Sources (collected 2026-11-22): an endpoint for an account with an operation going on is refused with
`AccountProvisioningStateInvalid` (bicep-registry-modules #5957); group id `account` and zone names from Azure
Verified Modules. Guesses: wording; a network takes each zone name once (`BadRequest`); subnets and networks are
taken to exist.
"""

from __future__ import annotations

from typing import Any

from .azure_arm import ArmBehaviour, all_accounts, invalid, subscription
from .behaviour import Env, Inputs, Resource, at, digest
from .errors import CloudError
from .state import Records
from .wire import plain

__all__ = ["DnsZone", "DnsZoneGroup", "DnsZoneLink", "PrivateEndpoint"]

_ENDPOINT = "azure-native:network:PrivateEndpoint"
_ZONE = "azure-native:privatedns:PrivateZone"


class PrivateEndpoint(ArmBehaviour):
    """An endpoint in a subnet. Guess: another subnet or target replaces it."""

    arm_type = "Microsoft.Network/privateEndpoints"
    name_key = "privateEndpointName"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """The account must exist, be idle and have a subdomain."""
        super().admit(env, res, inputs, records)
        for connection in inputs.get("privateLinkServiceConnections") or []:
            target = str(connection.get("privateLinkServiceId"))
            if "/Microsoft.CognitiveServices/accounts/" in target:
                self._admit_account(env, target, connection, records)

    def _admit_account(self, env: Env, target: str, connection: Inputs, records: Records) -> None:
        account = next((a for a in all_accounts(records) if a["id"].lower() == target.lower()), None)
        if account is None:
            raise CloudError(f"'{target}' was not found.", code="ResourceNotFound", status=404)
        now = env.clock.now().timestamp()
        if any(held.lower() == target.lower() and until > now for held, until in records.busy.items()):
            raise CloudError(
                f"Call to Microsoft.CognitiveServices/accounts failed. Error message: Account {target} in state "
                "Accepted",
                code="AccountProvisioningStateInvalid", status=400,
            )  # fmt: skip
        if connection.get("groupIds") != ["account"]:
            raise invalid("groupIds of a Cognitive Services account must be ['account'].")
        if not at(plain(account["inputs"]), "properties.customSubDomainName"):
            raise invalid("A private endpoint needs an account with a custom subdomain.")

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:
        """As ARM answers, with a network interface."""
        interface = f"{identity.rpartition('/providers/')[0]}/providers/Microsoft.Network/networkInterfaces/"
        return {
            **super().outputs(env, res, identity, inputs),
            "provisioningState": "Succeeded",
            "networkInterfaces": [{"id": f"{interface}nic-{digest(identity.lower())[:8]}"}],
        }

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:
        """Its zone group goes along."""
        super().release(env, record, records)
        head = record["id"].lower() + "/"
        for key in [k for k, r in records.resources.items() if r["id"].lower().startswith(head)]:
            records.resources.pop(key)


class DnsZoneGroup(ArmBehaviour):
    """Keeps an endpoint's records in zones."""

    arm_type = "Microsoft.Network/privateEndpoints/privateDnsZoneGroups"
    name_key = "privateDnsZoneGroupName"
    immutable = ("privateEndpointName",)

    def _endpoint(self, env: Env, inputs: Inputs) -> str:
        group = f"/subscriptions/{subscription(env)}/resourceGroups/{inputs.get('resourceGroupName')}"
        return f"{group}/providers/Microsoft.Network/privateEndpoints/{inputs.get('privateEndpointName')}"

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Below its endpoint."""
        return f"{self._endpoint(env, inputs)}/privateDnsZoneGroups/{inputs[self.name_key]}"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """The endpoint must exist, and every config must name a zone (whether that exists is not looked at)."""
        super().admit(env, res, inputs, records)
        wanted = self._endpoint(env, inputs).lower()
        if all(record["id"].lower() != wanted for record in records.of_type(_ENDPOINT)):
            raise CloudError(f"'{wanted}' was not found.", code="ResourceNotFound", status=404)
        configs = inputs.get("privateDnsZoneConfigs") or []
        if not all(config.get("privateDnsZoneId") for config in configs):
            raise invalid("Every zone config needs a privateDnsZoneId.")


class DnsZone(ArmBehaviour):
    """A private zone; its location is `global`."""

    arm_type = "Microsoft.Network/privateDnsZones"
    name_key = "privateZoneName"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """Zones are nowhere in particular."""
        super().admit(env, res, inputs, records)
        if str(inputs.get("location")).lower() != "global":
            raise invalid("The location of a private DNS zone must be 'global'.")

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:
        """A zone with a link cannot go (a guess of the code)."""
        super().release(env, record, records)
        head = record["id"].lower() + "/"
        if any(other["id"].lower().startswith(head) for other in records.resources.values()):
            raise CloudError(
                "The zone has nested resources, delete them first.",
                code="CannotDeleteResource",
                status=409,
            )


class DnsZoneLink(ArmBehaviour):
    """A zone seen from a network."""

    arm_type = "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
    name_key = "virtualNetworkLinkName"
    immutable = ("privateZoneName", "virtualNetwork")

    def _zone(self, env: Env, inputs: Inputs) -> str:
        group = f"/subscriptions/{subscription(env)}/resourceGroups/{inputs.get('resourceGroupName')}"
        return f"{group}/providers/Microsoft.Network/privateDnsZones/{inputs.get('privateZoneName')}"

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """Below its zone."""
        return f"{self._zone(env, inputs)}/virtualNetworkLinks/{inputs[self.name_key]}"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """The zone must exist, and the network must not know the name from another one."""
        super().admit(env, res, inputs, records)
        zone = self._zone(env, inputs).lower()
        if all(record["id"].lower() != zone for record in records.of_type(_ZONE)):
            raise CloudError(f"'{zone}' was not found.", code="ParentResourceNotFound", status=404)
        network = str(at(inputs, "virtualNetwork.id")).lower()
        for other in records.of_type(res.type):
            same_name = (
                other["id"].lower().split("/privatednszones/")[1].split("/")[0] == zone.rpartition("/")[2]
            )
            if same_name and str(at(plain(other["inputs"]), "virtualNetwork.id")).lower() == network:
                raise CloudError(
                    "A virtual network cannot be linked to multiple zones with overlapping namespaces.",
                    code="BadRequest",
                    status=400,
                )
