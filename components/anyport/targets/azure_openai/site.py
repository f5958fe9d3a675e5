"""What the modules of this folder share while one target is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import pulumi
from pulumi_azure_native import cognitiveservices

from ..base import TargetArgs
from .fields import AzureOpenaiOptions

__all__ = ["DEFAULT_CAPACITY", "Site"]

DEFAULT_CAPACITY = 10


class _Child(Protocol):
    def __call__(
        self,
        *,
        protect: bool | None = None,
        depends_on: list[pulumi.Resource] | None = None,
        ignore_changes: list[str] | None = None,
        custom_timeouts: pulumi.CustomTimeouts | None = None,
        delete_before_replace: bool | None = None,
    ) -> pulumi.ResourceOptions: ...


class _Physical(Protocol):
    def __call__(self, limit: int, prefix: str = "") -> str: ...


@dataclass(frozen=True)
class Site:
    """The account and how to make more beside it.

    Attributes:
        name: the target's resource name, the head of every child's.
        args: the target's inputs.
        options: the target's options.
        account: the account.
        account_name: its name, known before it exists.
        group_name: the resource group's.
        child: options of a child of the target, through the target's provider.
        physical: a stable physical name.
    """

    name: str
    args: TargetArgs
    options: AzureOpenaiOptions
    account: cognitiveservices.Account
    account_name: str
    group_name: pulumi.Output[str]
    child: _Child
    physical: _Physical

    @property
    def region(self) -> str:
        """The target's region."""
        return self.args.planned.region

    @property
    def tags(self) -> dict[str, str]:
        """All tags."""
        return self.args.all_tags

    @property
    def subscription(self) -> pulumi.Output[str]:
        """Path of the subscription, from the account's id."""
        found: pulumi.Output[str] = self.account.id.apply(lambda path: "/" + "/".join(path.split("/")[1:3]))
        return found

    @property
    def group_id(self) -> pulumi.Output[str]:
        """Path of the resource group, from the account's id."""
        found: pulumi.Output[str] = self.account.id.apply(lambda path: "/" + "/".join(path.split("/")[1:5]))
        return found
