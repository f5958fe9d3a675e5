"""A drill's endpoint from a contract: its targets' order, paths, models and features, their places on loopback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import click

from anyport.gateway.envoy import envoy_yaml
from anyport.gateway.routes import EndpointRoute, RouteTable, route_table
from anyport.gateway.secrets import write_credential
from anyport.gateway.settings import GatewaySettings
from anyport_sandbox.drill.model import Api, Place, Recipe, Rules

__all__ = ["EXAMPLE", "api_of", "can_be_drilled", "recipe_of"]

_FEATURES = {"east": ["streaming", "tools"], "south": ["streaming"], "other-cloud": ["streaming", "tools"]}

EXAMPLE: dict[str, Any] = {
    "endpoint": "chat", "model": "drill", "apis": ["chat_completions"], "features": ["streaming"], "limits": {},
    "targets": [
        {
            "endpoint": "chat", "target": name, "provider": "azure_openai" if place < 3 else "vertex_ai",
            "operator": "Microsoft" if place < 3 else "Google", "region": "drill", "failure_domain": name,
            "priority": place, "kind": "chat", "base_url": f"https://{name}.example.test/{name}/v1",
            "model": f"model-of-{name}", "auth": {"kind": "entra"}, "features": features, "limits": {},
        }
        for place, (name, features) in enumerate(_FEATURES.items(), 1)
    ],
}  # fmt: skip
"""Three targets, the second one without tools: what is drilled when no contract is given."""


def can_be_drilled(table: RouteTable) -> dict[str, EndpointRoute]:
    """Endpoints that serve something a drill can ask for, those for chat first."""
    found = [one for api in get_args(Api) for one in table.endpoints if api_of(one) == api]
    return {one.name: one for one in found}


def api_of(endpoint: EndpointRoute) -> Api | None:
    """What a drill asks an endpoint for: chat if it serves that, else embeddings; None when it serves neither."""
    served: list[Api] = [api for api in get_args(Api) if api in endpoint.apis]
    return served[0] if served else None


def recipe_of(contracts: Any, name: str | None, rules: Rules) -> Recipe:
    """The recipe for one endpoint of the contracts.

    Raises:
        RouteError: the contracts cannot be made into routes.
        UsageError: the endpoint is not there, or serves neither chat nor embeddings.
    """
    served = can_be_drilled(route_table(contracts))
    if not served or (name is not None and name not in served):
        have = ", ".join(served) or "none"
        raise click.UsageError(
            f"the drill asks for chat completions or embeddings; endpoints that serve them: {have}"
        )
    endpoint = served[name] if name is not None else next(iter(served.values()))
    places = tuple(
        Place(target.name, target.base_path, target.model, target.priority, target.features)
        for target in endpoint.targets
    )

    def render(ports: Mapping[str, int], port: int, admin: int, folder: Path) -> str:
        return _render(endpoint, rules, ports, port, admin, folder)

    return Recipe(endpoint.name, places, rules, render, api_of(endpoint) or "chat_completions")


def _render(
    endpoint: EndpointRoute, rules: Rules, ports: Mapping[str, int], port: int, admin: int, folder: Path
) -> str:
    """Our own configuration of the endpoint, with its targets on loopback and the drill's short times."""
    targets = tuple(
        replace(target, host=f"{target.name}.drill.invalid", port=80, tls=False)
        for target in endpoint.targets
    )
    secrets = folder / "secrets"
    secrets.mkdir(mode=0o700, exist_ok=True)
    for target in targets:
        write_credential(secrets, endpoint.name, target.name, f"drill-{target.name}")
    settings = GatewaySettings(
        port=port,
        admin_port=admin,
        first_byte_seconds=rules.first_byte,
        answer_seconds=rules.first_byte,
        stream_idle_seconds=rules.stream_idle,
        connect_seconds=rules.connect,
        failures=rules.failures,
        cooldown_seconds=rules.cooldown,
        secrets_dir=str(secrets),
        addresses={target.host: f"127.0.0.1:{ports[target.name]}" for target in targets},
    )
    return envoy_yaml(RouteTable((replace(endpoint, targets=targets),)), settings)
