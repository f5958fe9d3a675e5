"""What every provider says about itself to the spec and the planner, without importing Pulumi."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict

__all__ = ["Capability", "ProviderTraits", "TargetOptions"]


class TargetOptions(BaseModel):
    """Base of every provider's typed options: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether a provider can do a thing; a no carries the cloud's reason."""

    supported: bool
    reason: str = ""


@dataclass(frozen=True)
class ProviderTraits:
    """A provider's entry in the registry, as data.

    Attributes:
        name: provider name as the spec writes it.
        options: the provider's typed options model.
        component: name of the component class in the folder's `component.py`.
        target_keys: optional target keys that this provider understands
            (`zone`, `instance_type`, `replicas`); elsewhere they are unknown keys.
        capabilities: what this provider can and cannot do, with its reason.
        kind: picks the deployment kind from the options and the kinds that the catalog lists (empty
            means not known). Returns the kind and a note for the plan, or an empty kind and the refusal.
        auth: how callers authenticate at this provider.
    """

    name: str
    options: type[TargetOptions]
    component: str
    kind: Callable[[TargetOptions, tuple[str, ...]], tuple[str, str]]
    auth: Literal["entra", "google_oauth", "oci_api_key", "bearer_api_key"]
    target_keys: frozenset[str] = frozenset()
    capabilities: Mapping[str, Capability] = field(default_factory=dict)
