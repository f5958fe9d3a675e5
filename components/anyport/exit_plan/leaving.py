"""What holds on to a target that is given up: keys, identities, data and commitments, as its options name them.

Found by the option words that providers share, so a fifth provider needs nothing here. Secrets are named by
reference and never read. What exists in a cloud and not in the spec (fine-tuned models, stored answers, hand-made
keys) cannot be seen from here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from ..catalog import Catalog
from ..plan import PlannedTarget
from ..secretref import SecretRef
from ..targets.registry import traits

__all__ = ["Tie", "secrets_of", "ties"]

_IDENTITY = {
    "entra": "the caller identity made for it in Entra, and its role",
    "google_oauth": "the service account made for its callers, and its role",
}


@dataclass(frozen=True, slots=True)
class Tie:
    """One thing to end or to move.

    Attributes:
        kind: `key`, `identity`, `data`, `network` or `commitment`.
        target: which target it belongs to.
        option: path below the target's options; empty for what comes with the provider.
        step: what to do.
    """

    kind: str
    target: str
    option: str
    step: str

    def to_dict(self) -> dict[str, str]:
        """JSON."""
        return {"kind": self.kind, "target": self.target, "option": self.option, "step": self.step}


def secrets_of(target: PlannedTarget) -> dict[str, str]:
    """Option path → reference of every secret that the target uses."""
    found = dict(_secrets(target.options, ""))
    if getattr(target.options, "managed_api_key", None) is not None:
        found.pop("api_key", None)
    return found


def _secrets(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, SecretRef):
        yield path, value.uri
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets(getattr(value, name), f"{path}.{name}" if path else name)
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _secrets(inner, f"{path}.{index}")


def ties(target: PlannedTarget, catalog: Catalog, shared: Mapping[str, tuple[str, ...]]) -> Iterator[Tie]:
    """Everything that a dead target leaves behind.

    Args:
        target: the target that dies.
        catalog: for what its kind commits to.
        shared: targets that live on, by reference of the secrets they use.
    """
    for option, uri in secrets_of(target).items():
        others = shared.get(uri, ())
        first = (
            f"; {', '.join(others)} live on with the same one: give them a new one first" if others else ""
        )
        yield Tie("key", target.name, option, f"revoke what {uri} holds, and delete it there{first}")
    identity = _IDENTITY.get(traits(target.provider).auth)
    if identity:
        yield Tie("identity", target.name, "", f"delete {identity}")
    for option, (kind, say) in _NAMED.items():
        for value in _each(getattr(target.options, option, None)):
            if option == "reservation" and value == "any":
                continue
            yield Tie(kind, target.name, option, say(value))
    yield from _commitments(target, catalog)


def _each(value: Any) -> tuple[Any, ...]:
    if value is None:
        return ()
    return tuple(value) if isinstance(value, list | tuple) else (value,)


def _commitments(target: PlannedTarget, catalog: Catalog) -> Iterator[Tie]:
    billing = catalog.providers[target.provider].kinds[target.deployment_kind].billing
    if billing == "reserved_units":
        yield Tie("commitment", target.name, "", "end the reserved units; a reservation's term may run on")
    elif billing == "machine_hours":
        yield Tie(
            "commitment", target.name, "", "give the machines back; until then they are paid by the hour"
        )


def _key_of_ones_own(value: Any) -> str:
    where = f"{getattr(value, 'key_name', 'the key')} in {getattr(value, 'key_vault_uri', 'its vault')}"
    return (
        f"keep {where} until what it encrypts is moved or deleted, then take the identity's right to it away"
    )


def _federation(value: Any) -> str:
    who = (
        getattr(value, "subject", None)
        or getattr(value, "subjects", None)
        or getattr(value, "matching_rule", "")
    )
    named = ", ".join(who) if isinstance(who, tuple) else str(who)
    issuer = getattr(value, "issuer", None)
    return (
        f"end the federation of {named}" + (f" from {issuer}" if issuer else "") + ", and point it elsewhere"
    )


def _sinks(value: Any) -> str:
    names = ("workspace_id", "storage_account_id", "event_hub_rule_id")
    found = [str(one) for one in (getattr(value, name, None) for name in names) if one]
    return f"keep the request logs as long as you must: {', '.join(found) or 'at the sinks named'}"


def _bucket(value: Any) -> str:
    return f"move or delete the model's files in the bucket {getattr(value, 'bucket', '')}"


def _imported(value: Any) -> str:
    source = getattr(value, "object_storage", None)
    kept = f", and its files in the bucket {source.bucket}" if source else ""
    return f"delete the imported model{kept}"


def _managed_key(value: Any) -> str:
    return (
        f"revoke the API key made for it, and delete its secret in the vault {getattr(value, 'vault_id', '')}"
    )


_NAMED: dict[str, tuple[str, Callable[[Any], str]]] = {
    "managed_api_key": ("key", _managed_key),
    "customer_managed_key": ("key", _key_of_ones_own),
    "callers": ("identity", lambda value: f"take the right to call away from {_caller(value)}"),
    "workload_identity": ("identity", _federation),
    "diagnostics": ("data", _sinks),
    "object_storage": ("data", _bucket),
    "imported_model": ("data", _imported),
    "shared_cache": ("data", lambda _: "delete the volume that holds the weights"),
    "private_access": ("network", lambda _: "remove its private endpoint, and the name that leads to it"),
    "reservation": ("commitment", lambda value: f"end the reservation {value}, or use it otherwise"),
}
"""Option → kind of tie, and what to do about one value of it."""


def _caller(value: Any) -> str:
    if isinstance(value, str):
        return value
    return str(getattr(value, "principal_id", None) or getattr(value, "name", None) or "its callers")
