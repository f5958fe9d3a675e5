"""The sandbox's model servers under a whole contract, and Envoy with our configuration before them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from verify_helpers import TOKENS, Gateways, Verify, contracts

from anyport.gateway.envoy import envoy_yaml
from anyport.gateway.routes import route_table
from anyport.gateway.secrets import write_credential
from anyport.gateway.settings import GatewaySettings
from anyport_cli.main import cli
from anyport_sandbox.drill.gateway import run_envoy
from anyport_sandbox.ports import reserve_ports
from anyport_sandbox.servers import control
from anyport_sandbox.servers.control import Running
from anyport_sandbox.servers.routes import routes_from_contracts


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    state = tmp_path_factory.mktemp("servers") / "state"
    yield control.start(routes_from_contracts(contracts(), TOKENS), state, 0)
    control.stop(state)


@pytest.fixture
def gateway_of(tmp_path: Path) -> Iterator[Gateways]:
    """Starts Envoy for contracts and gives its base URL."""
    with ExitStack() as running:

        def start(raw: Any, tokens: Mapping[str, str], **more: Any) -> str:
            table, secrets = route_table(raw), tmp_path / "secrets"
            secrets.mkdir()
            for endpoint in table.endpoints:
                for each in endpoint.targets:
                    write_credential(secrets, endpoint.name, each.name, tokens[each.provider])
            port, admin = reserve_ports(2)
            settings = GatewaySettings(port=port, admin_port=admin, secrets_dir=str(secrets), **more)
            text = envoy_yaml(table, settings)
            return running.enter_context(run_envoy(text, port, admin, tmp_path, "chat")).url

        yield start


@pytest.fixture
def run_verify(tmp_path: Path) -> Verify:
    """`anyport verify` on contracts given as values."""

    def run(raw: Any, *arguments: str, **environment: str) -> Result:
        path = tmp_path / "contract.json"
        path.write_text(raw if isinstance(raw, str) else json.dumps(raw))
        cleared = dict.fromkeys(("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "http_proxy"))
        return CliRunner().invoke(
            cli, ["verify", "--contract", str(path), *arguments], env={**cleared, **environment}
        )

    return run
