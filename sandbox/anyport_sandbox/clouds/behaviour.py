"""How one resource type behaves in a simulated cloud; the base class is the type nobody wrote rules for.

A behaviour reads plain inputs (secrets opened, values not yet known as `UNKNOWN`) and says what the cloud
would: what is wrong, the id, the values it computes. It never touches the file or the wire.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, field
from typing import Any

from .clock import Clock
from .errors import CloudError, Problem
from .schema import arguments, shape_of
from .state import Records, State
from .wire import UNKNOWN

__all__ = ["Behaviour", "Env", "Inputs", "Resource", "at", "digest", "guid", "known", "same_or_below"]

Inputs = dict[str, Any]


@dataclass
class Env:
    """What every operation of one plugin process shares. `config` is the provider's, secrets opened."""

    state: State
    clock: Clock
    config: Inputs = field(default_factory=dict)
    busy_seconds: float = 0.05


@dataclass(frozen=True)
class Resource:
    """Who is asked about: the engine's names for it. `seed` makes autonames differ between stacks."""

    urn: str
    type: str
    name: str
    seed: str = ""

    @property
    def kind(self) -> str:
        """Last part of the type token: `Account`."""
        return self.type.rpartition(":")[2]


class Behaviour:
    """Accepts whatever the SDK accepts, gives it a stable id and echoes it.

    Attributes:
        immutable: input paths whose change replaces the resource.
        name_key: the input that autonaming fills; empty for none, None to look for a likely one.
        idempotent: creating what exists already succeeds, as for IAM bindings.
        blind: the real provider's read asks nobody, so the state is given back as it is and drift stays unseen.
    """

    immutable: tuple[str, ...] = ()
    name_key: str | None = None
    idempotent = False
    blind = False
    lenient_delete = True

    def defaults(self, env: Env, res: Resource, news: Inputs, olds: Inputs) -> Inputs:  # noqa: ARG002
        """Inputs the provider fills in: autonaming. What was chosen once is kept."""
        key = self._name_key(res)
        if not key or key in news:
            return {}
        if key in olds:
            return {key: olds[key]}
        return {key: self.autoname(res)}

    def autoname(self, res: Resource) -> str:
        """A physical name from the logical one; a hash in place of the real providers' random suffix."""
        return f"{res.name}{digest(res.urn, res.seed)[:8]}"

    def _name_key(self, res: Resource) -> str | None:
        if self.name_key is not None:
            return self.name_key
        arguments_class = arguments(res.type)
        fields = shape_of(arguments_class).fields if arguments_class else {}
        own = res.kind[:1].lower() + res.kind[1:] + "Name"
        return next((key for key in (own, "resourceName", "name") if key in fields), None)

    def check(self, env: Env, res: Resource, inputs: Inputs) -> list[Problem]:  # noqa: ARG002
        """Rules beyond the SDK's types that the real provider applies before it calls the cloud."""
        return []

    def scope(self, env: Env) -> str:  # noqa: ARG002
        """What ids are unique within, when it is less than the whole cloud (a cluster)."""
        return ""

    def identify(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> str:  # noqa: ARG002
        """The id the cloud gives. Base: a hash that differs for each create of the same resource."""
        return f"{res.kind.lower()}-{digest(res.urn, str(records.serial(res.urn)))[:20]}"

    def admit(self, env: Env, res: Resource, inputs: Inputs, records: Records) -> None:
        """Refuse a create.

        Raises:
            CloudError: what the cloud would answer.
        """

    def admit_update(
        self, env: Env, res: Resource, inputs: Inputs, record: dict[str, Any], records: Records
    ) -> None:
        """Refuse an update, likewise."""

    def outputs(self, env: Env, res: Resource, identity: str, inputs: Inputs) -> Inputs:  # noqa: ARG002
        """What the cloud computes, laid over the inputs. Must depend on nothing else."""
        return {}

    def parent(self, env: Env, inputs: Inputs) -> str | None:  # noqa: ARG002
        """The id of a parent that takes one operation at a time, if it does."""
        return None

    def release(self, env: Env, record: dict[str, Any], records: Records) -> None:
        """What else a delete takes along or leaves behind."""

    def read(self, env: Env, identity: str, records: Records, given: Inputs) -> dict[str, Any] | None:  # noqa: ARG002
        """The record (`inputs`, `outputs`) behind an id that has none of this very type; None is gone."""
        return None

    def replaces(self, path: str) -> bool:
        """Whether a change at this path forces a replacement."""
        return any(same_or_below(path, fixed) for fixed in self.immutable)


def same_or_below(path: str, ancestor: str) -> bool:
    """Whether `path` is `ancestor` or inside it."""
    return path == ancestor or path.startswith((f"{ancestor}.", f"{ancestor}["))


def at(inputs: Any, path: str, default: Any = None) -> Any:
    """The value at a dotted path, or `default` where it is missing, null, or below an unknown."""
    value = inputs
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return default if value is None else value


def known(value: Any) -> bool:
    """Whether there is a value and it is not one that only the real update will tell."""
    return value is not None and value != UNKNOWN


def digest(*parts: str) -> str:
    """64 hex digits that depend on the parts alone."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def guid(*parts: str) -> str:
    """A GUID that depends on the parts alone."""
    return str(uuid.UUID(digest(*parts)[:32], version=4))


def require(config: Inputs, key: str, message: str) -> str:
    """A provider setting, or the sentence that asks for it."""
    value = config.get(key)
    if not value:
        raise CloudError(message)
    return str(value)
