"""What a caller gets: per target where and how to call it, per endpoint what all targets give.

Contracts are plain values that travel between stacks, as stack outputs or as a file; secrets are in
them by reference only.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from pydantic import BaseModel, ConfigDict

from .spec_parts import Name

__all__ = ["Auth", "EndpointContract", "Limits", "TargetContract", "smallest"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class Limits(_Model):
    """Limits callers can rely on; None means not known."""

    context_window: int | None = None
    """Tokens of prompt at most."""
    max_output_tokens: int | None = None
    """Tokens of answer at most."""
    embedding_dimensions: int | None = None
    """Length of an embedding."""
    tokens_per_minute: int | None = None
    """Capacity bought or promised."""


class Auth(_Model):
    """How a caller proves who it is."""

    kind: Literal["entra", "google_oauth", "oci_api_key", "bearer_api_key"]
    """`entra` and `google_oauth` are tokens minted at call time; the others are keys."""
    scope: str | None = None
    """OAuth scope of the token, for minted ones."""
    secret: str | None = None
    """Reference to the key, such as `config:secrets:vllm_api_key`; never the key."""


class TargetContract(_Model):
    """How to call one target. The same shape from every provider.

    `base_url` is what an OpenAI client takes, `model` what it sends in the `model` field (an empty
    string is right for a self-deployed Vertex endpoint).
    """

    endpoint: Name
    target: Name
    provider: str
    operator: str
    region: str
    failure_domain: str
    priority: int
    weight: int | None = None
    standby: Literal["warm", "cold"] = "warm"
    kind: Literal["chat", "embedding"]
    base_url: str
    model: str
    auth: Auth
    features: tuple[str, ...]
    limits: Limits


class EndpointContract(_Model):
    """What an endpoint gives whichever target serves: features all have, the smallest of each limit."""

    endpoint: Name
    model: str
    apis: tuple[str, ...]
    features: tuple[str, ...]
    limits: Limits
    targets: tuple[TargetContract, ...]
    """Targets built by this stack, in order of priority."""
    elsewhere: tuple[str, ...] = ()
    """Targets of the spec that this stack does not build."""
    cold: tuple[str, ...] = ()
    """Those of `elsewhere` that nobody builds before they are called for."""


def smallest(limits: Iterable[Limits]) -> Limits:
    """The smallest of each limit. One target whose limit is not known makes it not known for all,
    except capacity, which is each target's own affair.
    """
    every = list(limits)

    def least(values: list[int | None]) -> int | None:
        known = [value for value in values if value is not None]
        return min(known) if known and len(known) == len(values) else None

    return Limits(
        context_window=least([item.context_window for item in every]),
        max_output_tokens=least([item.max_output_tokens for item in every]),
        embedding_dimensions=least([item.embedding_dimensions for item in every]),
        tokens_per_minute=least([item.tokens_per_minute for item in every]),
    )
