"""An Azure OpenAI target: resource group, AIServices account, one deployment, identity and role.

Keys are switched off; callers use Entra tokens. Arguments as in pulumi-azure-native 3.29; role ids from
Azure Verified Modules; SKU meanings from Microsoft's deployment types page (collected 2026-11-22).
Private endpoints, alerts and budgets are not made here.
"""

from __future__ import annotations

from typing import ClassVar

import pulumi
from pulumi_azure_native import Provider, authorization, cognitiveservices, managedidentity, resources

from ...contract import Auth
from ...naming import stable_uuid
from ..base import Access, Target
from .options import SKU_OF_KIND, AzureOpenaiOptions

__all__ = ["AzureOpenaiTarget"]

ENTRA_SCOPE = "https://ai.azure.com/.default"
OPENAI_USER = "5e0bd9bd-7b93-4f28-af87-19fc36ad61bd"
COGNITIVE_SERVICES_USER = "a97b65f3-24c7-4388-baec-2e87135dc908"
DEFAULT_CAPACITY = 10


class AzureOpenaiTarget(Target):
    """One account in one Azure region with one deployment, named after the model.

    An account per target keeps deployments from queueing behind one another: Azure answers 409 to a
    second operation on the same account.
    """

    provider_name: ClassVar[str] = "azure_openai"

    def build(self) -> Access:
        """Make the account, the deployment and who may call it."""
        planned, options = self.args.planned, self._options
        through = self._cloud()
        group = resources.ResourceGroup(
            f"{self.resource_name}-rg",
            resource_group_name=self.physical(90, unique=True, prefix="rg"),
            location=planned.region,
            tags=dict(self.args.tags),
            opts=self.child(**through),
        )
        account = self._account(group, through)
        deployment = cognitiveservices.Deployment(
            f"{self.resource_name}-deployment",
            account_name=account.name,
            resource_group_name=group.name,
            deployment_name=planned.model,
            sku=cognitiveservices.SkuArgs(
                name=SKU_OF_KIND[planned.deployment_kind], capacity=self._capacity()
            ),
            properties=cognitiveservices.DeploymentPropertiesArgs(
                model=cognitiveservices.DeploymentModelArgs(
                    format=planned.model_format or "OpenAI",
                    name=planned.model_id,
                    version=planned.model_version,
                ),
                version_upgrade_option="NoAutoUpgrade",
            ),
            opts=self.child(**through),
        )
        self._callers(group, account, deployment, options, through)
        return Access(
            base_url=f"https://{self._subdomain}.openai.azure.com/openai/v1/",
            model=planned.model,
            auth=Auth(kind="entra", scope=ENTRA_SCOPE),
        )

    @property
    def _options(self) -> AzureOpenaiOptions:
        options = self.args.planned.options
        if not isinstance(options, AzureOpenaiOptions):
            raise TypeError(f"expected AzureOpenaiOptions, got {type(options).__name__}")
        return options

    @property
    def _subdomain(self) -> str:
        return self.physical(60, unique=True)

    def _cloud(self) -> dict[str, pulumi.ProviderResource]:
        if self._options.subscription_id is None:
            return {}
        provider = Provider(
            f"{self.resource_name}-azure", subscription_id=self._options.subscription_id, opts=self.child()
        )
        return {"provider": provider}

    def _account(
        self, group: resources.ResourceGroup, through: dict[str, pulumi.ProviderResource]
    ) -> cognitiveservices.Account:
        public = self._options.public_network_access_enabled
        return cognitiveservices.Account(
            f"{self.resource_name}-account",
            account_name=self._subdomain,
            resource_group_name=group.name,
            location=self.args.planned.region,
            kind="AIServices",
            sku=cognitiveservices.SkuArgs(name="S0"),
            identity=cognitiveservices.IdentityArgs(type="SystemAssigned"),
            properties=cognitiveservices.AccountPropertiesArgs(
                custom_sub_domain_name=self._subdomain,
                disable_local_auth=True,
                public_network_access="Enabled" if public else "Disabled",
            ),
            tags=dict(self.args.tags),
            opts=self.child(protect=self.args.protected or None, **through),
        )

    def _capacity(self) -> int:
        """Units of 1,000 tokens per minute: as asked, else the endpoint's traffic, else a small start."""
        if self._options.capacity:
            return self._options.capacity
        tokens = self.args.planned.limits.tokens_per_minute
        return -(-tokens // 1000) if tokens else DEFAULT_CAPACITY

    def _callers(
        self,
        group: resources.ResourceGroup,
        account: cognitiveservices.Account,
        deployment: cognitiveservices.Deployment,
        options: AzureOpenaiOptions,
        through: dict[str, pulumi.ProviderResource],
    ) -> None:
        """An identity made for callers, and the role for it and for whoever the spec names."""
        caller = managedidentity.UserAssignedIdentity(
            f"{self.resource_name}-caller",
            resource_name_=self.physical(64, unique=True, prefix="id"),
            resource_group_name=group.name,
            location=self.args.planned.region,
            tags=dict(self.args.tags),
            opts=self.child(**through),
        )
        role = OPENAI_USER if self.args.planned.model_format == "OpenAI" else COGNITIVE_SERVICES_USER
        definition = account.id.apply(
            lambda i: (
                f"/{'/'.join(i.split('/')[1:3])}/providers/Microsoft.Authorization/roleDefinitions/{role}"
            )
        )
        people = {"caller": caller.principal_id, **dict.fromkeys(options.principal_ids)}
        for who, principal in people.items():
            authorization.RoleAssignment(
                f"{self.resource_name}-role-{who}",
                role_assignment_name=stable_uuid(*self.identity, who, role),
                scope=account.id,
                principal_id=principal or who,
                principal_type="ServicePrincipal" if who == "caller" else None,
                role_definition_id=definition,
                opts=self.child(depends_on=[deployment], **through),
            )
