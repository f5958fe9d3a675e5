"""The inputs of the AIServices account: who it is, who reaches it, whom it reaches."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import cognitiveservices

from ..base import TargetArgs
from .fields import AzureOpenaiOptions

__all__ = ["account_args"]


def account_args(
    args: TargetArgs, options: AzureOpenaiOptions, name: str, group: pulumi.Input[str]
) -> cognitiveservices.AccountArgs:
    """Kind `AIServices`, since Microsoft turns `OpenAI` accounts into it and only it serves other formats.

    The custom subdomain is needed for Entra tokens, network rules and private endpoints, and cannot be changed
    in place, so it is the account's name.
    """
    return cognitiveservices.AccountArgs(
        account_name=name,
        resource_group_name=group,
        location=args.planned.region,
        kind="AIServices",
        sku=cognitiveservices.SkuArgs(name="S0"),
        identity=_identity(options),
        properties=cognitiveservices.AccountPropertiesArgs(
            custom_sub_domain_name=name,
            disable_local_auth=True,
            public_network_access="Enabled" if is_public(options) else "Disabled",
            network_acls=_network_acls(options),
            restrict_outbound_network_access=options.restrict_outbound,
            allowed_fqdn_list=list(options.allowed_outbound_hosts) or None,
            encryption=_encryption(options),
            restore=True if options.restore else None,
        ),
        tags=args.all_tags,
    )


def is_public(options: AzureOpenaiOptions) -> bool:
    """Whether the account answers on the public network."""
    if options.public_network_access is None:
        return options.private_access is None
    return options.public_network_access


def _identity(options: AzureOpenaiOptions) -> cognitiveservices.IdentityArgs:
    named = list(options.identity_ids)
    key = options.customer_managed_key
    if key is not None and key.identity_id not in named:
        named.append(key.identity_id)
    if not named:
        return cognitiveservices.IdentityArgs(type="SystemAssigned")
    return cognitiveservices.IdentityArgs(type="UserAssigned", user_assigned_identities=named)


def _network_acls(options: AzureOpenaiOptions) -> cognitiveservices.NetworkRuleSetArgs | None:
    """None where there is no rule to keep: an empty rule set would only be drift to watch."""
    if not options.allowed_ips and not options.trusted_azure_services:
        return None
    return cognitiveservices.NetworkRuleSetArgs(
        default_action="Deny",
        bypass="AzureServices" if options.trusted_azure_services else "None",
        ip_rules=[cognitiveservices.IpRuleArgs(value=address) for address in options.allowed_ips],
    )


def _encryption(options: AzureOpenaiOptions) -> cognitiveservices.EncryptionArgs | None:
    key = options.customer_managed_key
    if key is None:
        return None
    return cognitiveservices.EncryptionArgs(
        key_source="Microsoft.KeyVault",
        key_vault_properties=cognitiveservices.KeyVaultPropertiesArgs(
            key_vault_uri=key.key_vault_uri,
            key_name=key.key_name,
            key_version=key.key_version,
            identity_client_id=key.identity_client_id,
        ),
    )
