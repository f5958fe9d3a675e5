"""A route table as resources of Envoy AI Gateway v1.1 (https://aigateway.envoyproxy.io) on Kubernetes.

Fields after the project's own type definitions of `aigateway.envoyproxy.io/v1beta1` and of the releases it builds
on, Envoy Gateway v1.8.1 and Gateway API v1.5.1 (read 2026-11-25). No Lua, so it also runs where Envoy Gateway has
Lua disabled. All targets speak the OpenAI schema below a prefix; OCI has no schema of its own.

It deliberately does not promise what these resources cannot give; `NOT_PROMISED` says what, and the rendering
begins with it. The controller was not run: resources are checked against the definitions only.
"""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from ..errors import Problem
from ..naming import physical_name
from .lua_text import TRIGGERS
from .routes import EndpointRoute, RouteError, RouteTable, TargetRoute

__all__ = ["NOT_PROMISED", "AiGatewaySettings", "AzureIdentity", "ai_gateway_objects", "ai_gateway_yaml"]

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Object = dict[str, Any]

NOT_PROMISED = """\
What these resources do not promise of Anyport's failover guarantee (rendering for plain Envoy: all of it):
1. Triggers: the same statuses move a request on, but 401, 403, 404, 408, 410 and 429 are not counted against a
   target: one that answers with them is asked again by every request. Only 5xx, resets and failed connections count.
2. One attempt per target: once a target is left out, its share of the attempts can go to another one twice. When
   all are left out one of them is tried, which need not be the last.
3. Failback: the time a target is left out grows with every repetition, and its end lets all requests through at
   once, not one as a trial.
4. Streams: one limit for the first byte of streams and of whole answers, since the kind of request cannot be told
   apart; a stream that ends in order without its last event is not noticed.
5. Honesty: no x-served-by and no x-attempts on answers.
6. Features: what a request needs is not read; a target that lacks a feature is tried in its turn, and refuses.
The controller has not been run with these resources, nor has any live provider."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)


class AzureIdentity(_Model):
    """An Entra application that may call the Azure targets. The controller renews its tokens."""

    client_id: Annotated[str, StringConstraints(min_length=1)]
    """Application (client) id."""
    tenant_id: Annotated[str, StringConstraints(min_length=1)]
    """Directory (tenant) id."""
    client_secret_name: Name
    """Secret in the same namespace with the key `client-secret`; it is not rendered."""


class AiGatewaySettings(_Model):
    """Settings of the rendering; times in seconds."""

    namespace: Name = "anyport"
    """Namespace of everything rendered. It must exist."""
    gateway: Name = "anyport"
    """Gateway that serves the routes."""
    make_gateway: bool = True
    """Whether the Gateway is rendered too. Say false for one that is there already in that namespace."""
    gateway_class: Name = "envoy-gateway"
    """GatewayClass of the rendered Gateway, as the installation of Envoy Gateway made it."""
    port: Annotated[int, Field(ge=1, le=65535)] = 80
    """Port of the rendered Gateway. Plain HTTP inside the cluster: give TLS by a Gateway of your own."""
    answer_seconds: Seconds = 120.0
    """How long a target may take until its first byte, streams included, before the next one is asked.
    Default: long enough for a whole answer, since a shorter one would end every long answer that is no stream."""
    stream_idle_seconds: Seconds = 120.0
    """How long an answer may be silent once it has begun."""
    connect_seconds: Seconds = 1.0
    """How long a connection to a target may take."""
    failures: Annotated[int, Field(ge=1, le=100)] = 2
    """5xx answers, resets and failed connections in a row after which a target is left out."""
    cooldown_seconds: Seconds = 5.0
    """For how long, the first time."""
    largest_body_bytes: Annotated[int, Field(ge=1024, le=2**30)] = 32 * 2**20
    """Requests above it are refused. Default: prompts with images of up to 32 MiB."""
    azure: AzureIdentity | None = None
    """Who calls Azure targets. Default: a token from a Secret that somebody keeps fresh, as for Vertex AI."""


def ai_gateway_yaml(table: RouteTable, settings: AiGatewaySettings) -> str:
    """All resources as one file for `kubectl apply -f`, what is not promised first.

    Raises:
        RouteError: AP401, a route that these resources cannot express.
    """
    objects = ai_gateway_objects(table, settings)
    head = "".join(f"# {line}\n" for line in [*NOT_PROMISED.splitlines(), *_secrets(table, settings)])
    return head + yaml.safe_dump_all(objects, sort_keys=False, explicit_start=True, width=1000)


def ai_gateway_objects(table: RouteTable, settings: AiGatewaySettings) -> list[Object]:
    """All resources as plain values.

    Raises:
        RouteError: AP401, a route that these resources cannot express.
    """
    problems = [
        Problem("AP401", f"endpoints.{endpoint.name}.targets.{target.name}.model",
                "is empty, and this gateway cannot send an empty model name",
                fix="use the rendering for plain Envoy, or leave the target out", file="contract")
        for endpoint in table.endpoints
        for target in endpoint.targets
        if not target.model
    ]  # fmt: skip
    if problems:
        raise RouteError(problems)
    names = _names(table)
    made = [*_gateway(settings)] if settings.make_gateway else []
    for endpoint in table.endpoints:
        made.append(_route(endpoint, names, settings))
        made.append(_traffic_policy(endpoint, settings))
        for target in endpoint.targets:
            made += _backend(names[endpoint.name, target.name], target, settings)
    return made


def _names(table: RouteTable) -> dict[tuple[str, str], str]:
    """`a-b` with target `c` and `a` with target `b-c` must not become one name."""
    pairs = [(endpoint.name, target.name) for endpoint in table.endpoints for target in endpoint.targets]
    plain = {pair: physical_name("anyport", *pair, limit=60) for pair in pairs}
    twice = {name for name, times in Counter(plain.values()).items() if times > 1}
    return {
        pair: physical_name("anyport", *pair, limit=60, unique=pair) if name in twice else name
        for pair, name in plain.items()
    }


def _route_name(endpoint: str) -> str:
    return physical_name("anyport", endpoint, limit=60)


def _object(kind: str, api_version: str, name: str, settings: AiGatewaySettings, spec: Object) -> Object:
    metadata = {
        "name": name,
        "namespace": settings.namespace,
        "labels": {"app.kubernetes.io/part-of": "anyport"},
    }
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec}


def _gateway(settings: AiGatewaySettings) -> Iterator[Object]:
    spec = {
        "gatewayClassName": settings.gateway_class,
        "listeners": [{"name": "http", "protocol": "HTTP", "port": settings.port}],
    }
    yield _object("Gateway", "gateway.networking.k8s.io/v1", settings.gateway, settings, spec)
    policy = {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": settings.gateway}],
        # The default of 32 KiB refuses long prompts.
        "connection": {"bufferLimit": str(settings.largest_body_bytes)},
    }
    api_version = "gateway.envoyproxy.io/v1alpha1"
    yield _object("ClientTrafficPolicy", api_version, settings.gateway, settings, policy)


def _route(endpoint: EndpointRoute, names: dict[tuple[str, str], str], settings: AiGatewaySettings) -> Object:
    """Equal priorities stay equal, numbered from 0 without a gap as Envoy wants them."""
    refs: list[Object] = []
    groups = groupby(endpoint.targets, key=lambda target: target.priority)
    for priority, (_, group) in enumerate(groups):
        refs += [
            {
                "name": names[endpoint.name, target.name],
                "modelNameOverride": target.model,
                "priority": priority,
                "weight": target.weight,
            }
            for target in group
        ]
    rule = {
        "matches": [{"headers": [{"type": "Exact", "name": "x-ai-eg-model", "value": endpoint.name}]}],
        "backendRefs": refs,
        # Without it a whole answer, stream or not, would end after 60 s.
        "timeouts": {"request": "0s"},
        "streamIdleTimeout": _duration(settings.stream_idle_seconds),
        "modelsOwnedBy": "anyport",
    }
    parent = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": settings.gateway}
    spec = {"parentRefs": [parent], "rules": [rule]}
    return _object(
        "AIGatewayRoute", "aigateway.envoyproxy.io/v1beta1", _route_name(endpoint.name), settings, spec
    )


def _traffic_policy(endpoint: EndpointRoute, settings: AiGatewaySettings) -> Object:
    """Without it there is no failover at all. The HTTPRoute it names is the one made from the AIGatewayRoute."""
    name = _route_name(endpoint.name)
    spec = {
        "targetRefs": [{"group": "gateway.networking.k8s.io", "kind": "HTTPRoute", "name": name}],
        "retry": {
            "numRetries": len(endpoint.targets) - 1,
            "numAttemptsPerPriority": 1,
            "retryOn": {
                "triggers": ["connect-failure", "reset", "retriable-status-codes"],
                "httpStatusCodes": list(TRIGGERS),
            },
            "perRetry": {
                "timeout": _duration(settings.answer_seconds),
                "backOff": {"baseInterval": "1ms", "maxInterval": "5ms"},
            },
        },
        "healthCheck": {
            "passive": {
                "consecutive5XxErrors": settings.failures,
                "interval": "1s",
                "baseEjectionTime": _duration(settings.cooldown_seconds),
                "maxEjectionPercent": 100,
            }
        },
        "timeout": {"tcp": {"connectTimeout": _duration(settings.connect_seconds)}},
        "connection": {"bufferLimit": str(settings.largest_body_bytes)},
        # Envoy's own limits, far above a gateway's traffic: they would end failovers in an outage.
        "circuitBreaker": dict.fromkeys(
            ("maxConnections", "maxPendingRequests", "maxParallelRequests", "maxParallelRetries"), 100000
        ),
    }
    return _object("BackendTrafficPolicy", "gateway.envoyproxy.io/v1alpha1", name, settings, spec)


def _backend(name: str, target: TargetRoute, settings: AiGatewaySettings) -> Iterator[Object]:
    group = "gateway.envoyproxy.io"
    spec: Object = {"endpoints": [_address(target)]}
    yield _object("Backend", f"{group}/v1alpha1", name, settings, spec)
    if target.tls:
        spec = {
            "targetRefs": [{"group": group, "kind": "Backend", "name": name}],
            "validation": {"wellKnownCACertificates": "System", "hostname": target.host},
        }
        yield _object("BackendTLSPolicy", "gateway.networking.k8s.io/v1", name, settings, spec)
    spec = {
        "schema": {"name": "OpenAI", "prefix": target.base_path or "/"},
        "backendRef": {"group": group, "kind": "Backend", "name": name},
    }
    yield _object("AIServiceBackend", "aigateway.envoyproxy.io/v1beta1", name, settings, spec)
    spec = {
        "targetRefs": [{"group": "aigateway.envoyproxy.io", "kind": "AIServiceBackend", "name": name}],
        **_credential(name, target, settings),
    }
    yield _object("BackendSecurityPolicy", "aigateway.envoyproxy.io/v1beta1", name, settings, spec)


def _address(target: TargetRoute) -> Object:
    try:
        ipaddress.ip_address(target.host)
    except ValueError:
        return {"fqdn": {"hostname": target.host, "port": target.port}}
    return {"ip": {"address": target.host, "port": target.port}}


def _credential(name: str, target: TargetRoute, settings: AiGatewaySettings) -> Object:
    """`GCPCredentials` is not used: it puts the project's path before the target's own, which then is there twice."""
    if target.auth == "entra" and settings.azure:
        found = settings.azure
        secret = {"name": found.client_secret_name}
        credentials = {"clientID": found.client_id, "tenantID": found.tenant_id, "clientSecretRef": secret}
        return {"type": "AzureCredentials", "azureCredentials": credentials}
    return {"type": "APIKey", "apiKey": {"secretRef": {"name": name}}}


def _secrets(table: RouteTable, settings: AiGatewaySettings) -> Iterator[str]:
    """Which Secrets somebody else must make, since no secret is rendered."""
    names = _names(table)
    yield f"Secrets that must exist in namespace {settings.namespace}; none of them is made here:"
    for endpoint in table.endpoints:
        for target in endpoint.targets:
            name = names[endpoint.name, target.name]
            if target.auth == "entra" and settings.azure:
                yield f"- {settings.azure.client_secret_name} with the key client-secret, for {endpoint.name}/{target.name}"
            elif target.auth in ("entra", "google_oauth"):
                yield (
                    f"- {name} with the key apiKey: an access token for {target.scope or 'the provider'}, which lives "
                    "about an hour; something must renew it"
                )
            else:
                yield f"- {name} with the key apiKey: the key behind {target.secret or 'no reference'}"


def _duration(seconds: float) -> str:
    """As Gateway API spells durations: whole numbers of at most five digits."""
    whole, rest = divmod(round(seconds * 1000), 1000)
    return "".join(part for part, there in ((f"{whole}s", whole), (f"{rest}ms", rest)) if there) or "1ms"
