"""What the simulated servers serve: one `Route` per target, made from a stack's outputs.

A route carries the token its server accepts, so a file of routes is a secret (mode 0600).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    TypeAdapter,
    ValidationError,
    field_serializer,
    model_validator,
)
from pydantic import SerializationInfo as Info

from anyport_sandbox.servers.errors import RouteError
from anyport_sandbox.servers.files import write_private

__all__ = [
    "DEFAULT_EMBEDDING_DIMENSIONS",
    "Fault",
    "Provider",
    "Route",
    "load_routes",
    "routes_from_contracts",
]

DEFAULT_EMBEDDING_DIMENSIONS = 1536
"""Length of a vector when the contract does not say: a guess, the most usual size."""

Provider = Literal["azure_openai", "vertex_ai", "oci_generative_ai", "coreweave_vllm"]
AuthKind = Literal["entra", "google_oauth", "oci_api_key", "bearer_api_key"]
Kind = Literal["chat", "embedding"]


_MANAGED: tuple[Provider, ...] = ("azure_openai", "vertex_ai", "oci_generative_ai")
_QUIRKS: dict[str, tuple[Provider, ...]] = {
    "requests_per_minute": _MANAGED,
    "tokens_per_minute": _MANAGED,
    "minted_before_policy": ("oci_generative_ai",),
    "retirement_info": ("oci_generative_ai",),
    "spills_to": ("azure_openai",),
}
"""What only some providers have: a vLLM server limits no rates, only Azure spills over."""


class Fault(BaseModel):
    """What is broken on purpose. `status` None with a delay is a slow but healthy target.

    Attributes:
        status: answered instead of the model; None lets the model answer.
        delay_seconds: of silence before the first byte.
        retry_after_seconds: when to try again, as each cloud says it; None says nothing.
        hang: never answer; the caller's own timeout ends it.
        reset: break the connection before the first byte.
        cut_after_chunks: break a streamed answer after so many events, without `[DONE]`.
        content_filter: `prompt` refuses the call, `answer` ends it with that finish reason; Azure only.
        times: only so many calls suffer, then the target is well; None is all. Written again with
            another value, it counts anew.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    status: Annotated[int, Field(ge=400, le=599)] | None = None
    delay_seconds: Annotated[float, Field(ge=0, le=600)] = 0.0
    retry_after_seconds: Annotated[int, Field(ge=0)] | None = None
    hang: bool = False
    reset: bool = False
    cut_after_chunks: Annotated[int, Field(ge=0)] | None = None
    content_filter: Literal["prompt", "answer"] | None = None
    times: Annotated[int, Field(ge=1)] | None = None


class Route(BaseModel):
    """One target as its model server sees it.

    Attributes:
        host: the host name of the real base URL, lower case.
        base_path: its path without the trailing slash.
        model: what clients must send as `model`; empty for a self-deployed Vertex endpoint.
        region: only used in answers and headers; empty when the contract does not say.
        embedding_dimensions: length of a vector; None unless `kind` is `embedding`.
        context_window: tokens of prompt and answer together; None when not known, then not checked.
        max_output_tokens: tokens of an answer; None when not known, then not checked.
        secret: the token the server accepts.
        requests_per_minute: 429 above it; None is no limit, so that a drill does not meet one by chance.
        tokens_per_minute: the same for tokens of prompt and answer.
        token_lifetime_seconds: how long after the start `secret` is good; None is for ever. Google's live
            about 3600 s.
        minted_before_policy: the OCI key was made before its policy, so it stays 401 for good.
        retired: the model is gone: 410 on Azure, 404 elsewhere (a guess).
        retirement_info: text of OCI's header on a deprecated model; empty sends none.
        spills_to: Azure deployment that takes over at 429; empty is none.
        fault: broken from the start; `faults.FaultBook` breaks a target while it runs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    endpoint: Annotated[str, Field(min_length=1)]
    target: Annotated[str, Field(min_length=1)]
    provider: Provider
    host: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
    base_path: Annotated[str, Field(pattern=r"^(/[^/?#]+)*$")]
    model: str
    kind: Kind = "chat"
    region: str = ""
    embedding_dimensions: Annotated[int, Field(ge=1, le=65536)] | None = None
    features: frozenset[str] = frozenset()
    context_window: Annotated[int, Field(ge=1)] | None = None
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    auth_kind: AuthKind
    secret: SecretStr
    requests_per_minute: Annotated[int, Field(ge=1)] | None = None
    tokens_per_minute: Annotated[int, Field(ge=1)] | None = None
    token_lifetime_seconds: Annotated[float, Field(gt=0)] | None = None
    minted_before_policy: bool = False
    retired: bool = False
    retirement_info: str = ""
    spills_to: str = ""
    fault: Fault | None = None

    @model_validator(mode="after")
    def _only_its_own_quirks(self) -> Self:
        for field, providers in _QUIRKS.items():
            if getattr(self, field) and self.provider not in providers:
                raise ValueError(f"{field} does not exist at {self.provider}: leave it out")
        return self

    @property
    def name(self) -> str:
        """`endpoint/target`, the name used in files, faults and errors."""
        return f"{self.endpoint}/{self.target}"

    @field_serializer("secret")
    def _reveal_when_asked(self, value: SecretStr, info: Info) -> str:
        return value.get_secret_value() if (info.context or {}).get("reveal") else str(value)


_ROUTES = TypeAdapter(list[Route])


def check_distinct(routes: Iterable[Route]) -> None:
    """Refuse two routes that no request could tell apart, and two with one name.

    Raises:
        RouteError: naming both.
    """
    by_address: dict[tuple[str, str, str, str], Route] = {}
    names: set[str] = set()
    for route in routes:
        key = (route.host, route.base_path, route.model, route.secret.get_secret_value())
        other = by_address.setdefault(key, route)
        if other is not route:
            raise RouteError(
                f"Targets {other.name} and {route.name} have the same base URL, model and token, so no request can "
                f"tell them apart: give one of them another of these."
            )
        if route.name in names:
            raise RouteError(f"Target {route.name} is given twice: remove one of the two.")
        names.add(route.name)


def save_routes(path: Path, routes: Sequence[Route]) -> None:
    """Write routes with their tokens, mode 0600."""
    write_private(path, _ROUTES.dump_json(list(routes), indent=1, context={"reveal": True}))


def load_routes(path: Path) -> list[Route]:
    """Read what `save_routes` wrote.

    Raises:
        RouteError: the file is missing, unreadable, or not a list of distinct routes.
    """
    try:
        routes = _ROUTES.validate_json(path.read_bytes())
    except OSError as error:
        raise RouteError(f"The routes file {path} cannot be read: {error.strerror}.") from None
    except ValidationError as error:
        raise RouteError(f"The routes file {path} is not valid: {_first(error)}.") from None
    if not routes:
        raise RouteError(f"The routes file {path} has no routes: there is nothing to serve.")
    check_distinct(routes)
    return routes


def routes_from_contracts(outputs: Mapping[str, Any], credentials: Mapping[str, str]) -> list[Route]:
    """Routes for every target of every endpoint in a stack's outputs.

    Args:
        outputs: the stack's outputs; `outputs["endpoints"]` is a map of contracts (or their JSON text).
        credentials: tokens the servers shall accept. Looked up by `endpoint/target`, then by the secret
            reference in the contract's `auth`, then by provider.

    Raises:
        RouteError: a contract is incomplete, a token is missing, or two targets cannot be told apart.
    """
    endpoints = _plain(outputs.get("endpoints"))
    if not isinstance(endpoints, Mapping) or not endpoints:
        raise RouteError("The stack has no output 'endpoints': run the deployment first.")
    routes = [
        _route(name, target, credentials)
        for name, contract in endpoints.items()
        for target in _targets(name, _plain(contract))
    ]
    check_distinct(routes)
    return routes


def _plain(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _targets(endpoint: str, contract: Any) -> list[Mapping[str, Any]]:
    targets = contract.get("targets") if isinstance(contract, Mapping) else None
    if not isinstance(targets, list) or not all(isinstance(target, Mapping) for target in targets):
        raise RouteError(f"The contract of endpoint {endpoint} has no list of targets.")
    return targets


def _route(endpoint: str, target: Mapping[str, Any], credentials: Mapping[str, str]) -> Route:
    name = f"{target.get('endpoint', endpoint)}/{target.get('target', '?')}"
    address = urlsplit(str(target.get("base_url", "")))
    if address.scheme != "https" or not address.hostname or address.port not in (None, 443):
        raise RouteError(
            f"The base URL of {name} is not an https address on port 443: got {target.get('base_url')!r}."
        )
    auth = target.get("auth") or {}
    keys = (name, auth.get("secret"), target.get("provider"))
    token = next((credentials[key] for key in keys if isinstance(key, str) and key in credentials), None)
    if not token:
        raise RouteError(
            f"There is no credential for {name}: give one under {name!r} or its provider's name."
        )
    try:
        return Route.model_validate(
            {
                "endpoint": endpoint,
                "host": address.hostname,
                "base_path": address.path.rstrip("/"),
                "auth_kind": auth.get("kind"),
                "secret": token,
                **_facts(target),
            }
        )
    except ValidationError as error:
        raise RouteError(f"The contract of {name} cannot be served: {_first(error)}.") from None


def _facts(target: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that are taken over as they stand; an absent kind is chat, zero or null limits unknown."""
    limits = target.get("limits") or {}
    facts = {key: target[key] for key in ("endpoint", "target", "provider", "model") if key in target}
    facts["kind"] = target.get("kind") or "chat"
    facts["region"] = target.get("region") or ""
    facts["features"] = target.get("features") or ()
    for key in ("context_window", "max_output_tokens"):
        facts[key] = limits.get(key) or None
    if facts["kind"] == "embedding":
        given = target.get("embedding_dimensions") or limits.get("embedding_dimensions")
        facts["embedding_dimensions"] = given or DEFAULT_EMBEDDING_DIMENSIONS
    return facts


def _first(error: ValidationError) -> str:
    detail = error.errors(include_input=False)[0]
    place = ".".join(map(str, detail["loc"]))
    return f"{place}: {detail['msg'].lower()}" if place else detail["msg"].lower()
