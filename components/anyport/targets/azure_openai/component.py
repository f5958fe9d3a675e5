"""An Azure OpenAI target: resource group, AIServices account, deployments, identity and roles.

Keys are switched off; callers use Entra tokens. Arguments as in pulumi-azure-native 3.29; role ids from
Azure Verified Modules; SKU meanings from Microsoft's deployment types page (collected 2026-11-22).

An account takes one operation at a time and answers 409 `RequestConflict` to a second, which the provider does
not retry. So everything below the account hangs on what came before it: filter, pay-per-token deployment,
provisioned deployment, private endpoint. Deletes run the same chain backwards.

Not made here: batch deployments (they answer no calls), Foundry projects, gateways, failover of any kind.
"""

from __future__ import annotations

from typing import ClassVar

import pulumi
from pulumi_azure_native import Provider, cognitiveservices, resources

from ...contract import Auth
from ...naming import physical_name
from ..base import Access, Target
from .access import callers
from .account import account_args
from .deployments import deployments
from .fields import AzureOpenaiOptions
from .private_access import private_endpoint
from .safety import rai_policy
from .site import Site
from .watching import watching

__all__ = ["AzureOpenaiTarget"]

ENTRA_SCOPE = "https://ai.azure.com/.default"


class AzureOpenaiTarget(Target):
    """One account in one Azure region with one deployment, named after the model.

    An account per target keeps deployments from queueing behind one another, and lets a target go without
    touching another.
    """

    provider_name: ClassVar[str] = "azure_openai"

    def build(self) -> Access:
        """Make the account, what stands in it and who may call it.

        Raises:
            BuildError: AP303, a budget without the day of the plan.
        """
        options = self._options
        through = self._cloud(options)
        name = options.account_name or self._named(60)
        group = self._group(options, through)
        account = cognitiveservices.Account(
            f"{self.resource_name}-account",
            account_args(self.args, options, name, group.name if group else options.resource_group or ""),
            opts=self.child(
                protect=self.args.protected or None,
                custom_timeouts=pulumi.CustomTimeouts(create="30m", update="30m", delete="30m"),
                **through,
            ),
        )
        site = Site(
            name=self.resource_name,
            args=self.args,
            options=options,
            account=account,
            account_name=name,
            group_name=group.name if group else pulumi.Output.from_input(options.resource_group or ""),
            child=lambda **more: self.child(**{**through, **more}),
            physical=lambda limit, prefix="": self._named(limit, prefix),
        )
        policy = rai_policy(site)
        last = deployments(site, policy)
        if options.private_access is not None:
            private_endpoint(site, options.private_access, last)
        access = callers(site, last)
        watching(site, [last, *([policy] if policy else []), *access])
        return Access(
            base_url=f"https://{name}.openai.azure.com/openai/v1/",
            model=self.args.planned.model,
            auth=Auth(kind="entra", scope=ENTRA_SCOPE),
        )

    @property
    def _options(self) -> AzureOpenaiOptions:
        options = self.args.planned.options
        if not isinstance(options, AzureOpenaiOptions):
            raise TypeError(f"expected AzureOpenaiOptions, got {type(options).__name__}")
        return options

    def _named(self, limit: int, prefix: str = "") -> str:
        """A name that a move to another region does not share: Azure keeps the old account's for 48 hours."""
        words = (*([prefix] if prefix else []), self.args.endpoint, self.args.planned.name)
        return physical_name(*words, limit=limit, unique=(*self.identity, self.args.planned.region))

    def _cloud(self, options: AzureOpenaiOptions) -> dict[str, pulumi.ProviderResource]:
        if options.subscription_id is None:
            return {}
        subscription = options.subscription_id

        def make(name: str, after: pulumi.Output[bool]) -> Provider:
            return Provider(name, subscription_id=after.apply(lambda _: subscription))

        return {"provider": self.shared_provider(make, "azure", subscription)}

    def _group(
        self, options: AzureOpenaiOptions, through: dict[str, pulumi.ProviderResource]
    ) -> resources.ResourceGroup | None:
        if options.resource_group:
            return None
        return resources.ResourceGroup(
            f"{self.resource_name}-rg",
            resource_group_name=self._named(90, "rg"),
            location=self.args.planned.region,
            tags=self.args.all_tags,
            opts=self.child(protect=self.args.protected or None, **through),
        )
