"""How a target stands towards networks, keys, costs and versions: plain words, the same at every provider.

Read from the shared option words only, so a fifth provider needs nothing here. Holds no option's value
beyond such words and the host of a token issuer: no other address, no name, nothing that could be a secret. What a provider does not have is
said as `not_offered`, so that a rule can tell "not done" from "cannot be done".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel

from .catalog import load
from .secretref import SecretRef
from .targets.options import OptionsContext, ProviderTraits, TargetOptions
from .targets.registry import traits
from .targets.shared_options import Alerts

if TYPE_CHECKING:
    from .plan import PlannedEndpoint, PlannedTarget

__all__ = ["plain_secrets", "posture"]

SECRET_NAME = re.compile(r"(^|_)(api_key|access_key|token|secret|password|passphrase|kubeconfig)$")
SECRET_VALUE = re.compile(
    r"\bsk-[\w-]{16,}|\bhf_\w{16,}|\bAKIA[0-9A-Z]{16}|-----BEGIN [A-Z ]*PRIVATE KEY|\beyJ[\w-]{10,}\.eyJ"
    r"|--(api-key|hf-token)\b"
)
ISSUERS = {
    "microsoftonline.com": "Microsoft",
    "sts.windows.net": "Microsoft",
    "oic.prod-aks.azure.com": "Microsoft",
    "accounts.google.com": "Google",
    "container.googleapis.com": "Google",
    "oraclecloud.com": "Oracle",
    "coreweave.com": "CoreWeave",
}
"""End of an issuer's host name → the operator that a token from there needs. Any other host is its own party."""
_EXAMPLE = "nobody@example.com"


def posture(endpoint: PlannedEndpoint, target: PlannedTarget) -> dict[str, Any]:
    """Plain facts of one target.

    Keys (left out when they do not apply):
        billing: `per_token`, `reserved_units` or `machine_hours`, from the catalog.
        billing_party: who sends the bill.
        identity_providers: operators, and hosts of issuers, without whose tokens no caller gets in.
        keyless: `yes`, `no` or `not_offered`.
        network: `private`, `closed`, `open_said`, `open_by_default` or `not_offered`.
        image: `digest` or `tag`, where a container image is named.
        version: `pinned`, `unpinned` or `not_offered`.
        budget, alerts: `set`, `unset` or `not_offered` (to this kind of deployment).
        commitment: `unacknowledged`, where a minimum is billed and nobody said to know it.
        plain_secrets: paths of options that hold a secret in place of a reference to one.
        capacity_tokens_per_minute: what was bought or promised to the target; left out when nothing was.
    """
    options, about = target.options, traits(target.provider)
    refusals = [r for r in about.refuse(_context(endpoint, target, options)) if r.code == "AP216"]
    found: dict[str, Any] = {
        "billing": load().providers[target.provider].kinds[target.deployment_kind].billing,
        "billing_party": target.operator,
        "identity_providers": _identity_providers(target, about),
        "keyless": _keyless(options, about),
        "network": _network(options),
        "image": _image(options),
        "version": _version(target, about),
        "budget": _wanted(options, "budget"),
        "alerts": _alerts(endpoint, target, about),
        "commitment": "unacknowledged" if refusals else None,
        "plain_secrets": sorted(plain_secrets(options)),
        "capacity_tokens_per_minute": _capacity(target),
    }
    return {key: value for key, value in found.items() if value is not None and value != []}


def _context(endpoint: PlannedEndpoint, target: PlannedTarget, options: TargetOptions) -> OptionsContext:
    return OptionsContext(
        options=options,
        kind=target.deployment_kind,
        tier=endpoint.tier,
        region=target.region,
        residency=endpoint.residency,
        model=target.model,
        zone=target.zone,
        instance_type=target.instance_type,
        replicas=target.replicas,
    )


def _identity_providers(target: PlannedTarget, about: ProviderTraits) -> list[str]:
    """Keys are kept by the callers; tokens are minted by the operator, or exchanged for those of an issuer."""
    found = set() if about.auth == "bearer_api_key" else {target.operator}
    given = getattr(target.options, "workload_identity", None)
    for one in given if isinstance(given, list | tuple) else [given]:
        issuer = getattr(one, "issuer", None) or getattr(one, "issuer_uri", None)
        host = urlsplit(issuer).hostname if isinstance(issuer, str) else None
        if host:
            known = {who for end, who in ISSUERS.items() if f".{host}".endswith(f".{end}")}
            found |= known or {host}
    return sorted(found)


def _keyless(options: TargetOptions, about: ProviderTraits) -> str:
    if about.auth not in {"entra", "google_oauth"}:
        return "not_offered"
    return "no" if getattr(options, "local_auth", False) is True else "yes"


def _network(options: TargetOptions) -> str:
    """`closed` and `open_said` are what somebody wrote; a default that is open is told apart from both."""
    public = getattr(options, "public_network_access", "absent")
    if getattr(options, "private_access", None) is not None and public in (None, False, "absent"):
        return "private"
    if public == "absent":
        return "not_offered"
    if public is None or "public_network_access" not in options.model_fields_set:
        return "closed" if public is False else "open_by_default"
    return "closed" if public is False else "open_said"


def _image(options: TargetOptions) -> str | None:
    image = getattr(options, "image", None)
    return None if not isinstance(image, str) else "digest" if "@sha256:" in image else "tag"


def _version(target: PlannedTarget, about: ProviderTraits) -> str:
    options, kinds = target.options, type(target.options).model_fields
    if "version_upgrade" in kinds:
        kept = getattr(options, "version_upgrade", None) in (None, "never")
        return "pinned" if kept and target.model_version else "unpinned"
    if "revision" in kinds:
        return "pinned" if getattr(options, "revision", None) else "unpinned"
    can = about.capabilities.get("version_pinning")
    return "pinned" if can is not None and can.supported else "not_offered"


def _wanted(options: TargetOptions, word: str) -> str:
    if word not in type(options).model_fields:
        return "not_offered"
    return "unset" if getattr(options, word) is None else "set"


def _alerts(endpoint: PlannedEndpoint, target: PlannedTarget, about: ProviderTraits) -> str:
    """Some kinds of deployment emit no metrics; the provider's own refusal of an example tells."""
    found = _wanted(target.options, "alerts")
    if found != "unset":
        return found
    tried = target.options.model_copy(update={"alerts": Alerts(emails=(_EXAMPLE,))})
    refused = {r.path[:1] for r in about.refuse(_context(endpoint, target, tried))}
    return "not_offered" if ("alerts",) in refused else "unset"


def _capacity(target: PlannedTarget) -> int | None:
    """Only a capacity option that counts tokens promises any; what is shared or measured promises none."""
    kind = load().providers[target.provider].kinds[target.deployment_kind]
    if "capacity" not in type(target.options).model_fields or kind.billing != "per_token":
        return None
    thousands = getattr(target.options, "capacity", None)
    return thousands * 1000 if isinstance(thousands, int) else target.limits.tokens_per_minute


def plain_secrets(options: BaseModel, path: str = "") -> Iterator[str]:
    """Paths of options whose name or value says secret and whose value is no reference. Defaults are none."""
    for name in sorted(options.model_fields_set):
        yield from _plain(getattr(options, name), f"{path}{name}", bool(SECRET_NAME.search(name)))


def _plain(value: Any, path: str, named: bool) -> Iterator[str]:
    if isinstance(value, SecretRef):
        return
    if isinstance(value, BaseModel):
        yield from plain_secrets(value, f"{path}.")
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _plain(inner, f"{path}.{key}", bool(SECRET_NAME.search(str(key))))
    elif isinstance(value, list | tuple):
        for index, inner in enumerate(value):
            yield from _plain(inner, f"{path}.{index}", named)
    elif isinstance(value, str) and (named or SECRET_VALUE.search(value)):
        yield path
