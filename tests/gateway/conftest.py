"""A gateway of three targets on the real Envoy; each test sets the faults it is about."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme
from gateway_helpers import COOLDOWN, FIRST_BYTE, Gateway, contract
from raw_target import RawTarget
from running_envoy import envoy, write_credentials

from anyport.gateway.routes import route_table
from anyport.gateway.settings import GatewaySettings
from anyport_sandbox.ports import reserve_ports

HOSTS = {name: f"{name}.example.test" for name in "abc"}


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def targets(authority: trustme.CA) -> Iterator[dict[str, RawTarget]]:
    """Servers of a, b and c, each with a certificate for its own name."""
    made = {}
    for name in HOSTS:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(HOSTS[name]).configure_cert(context)
        made[name] = RawTarget(name, context).start()
    yield made
    for target in made.values():
        target.stop()


@pytest.fixture
def make_gateway(
    authority: trustme.CA, targets: dict[str, RawTarget], tmp_path: Path
) -> Iterator[Callable[..., Gateway]]:
    """Makes a gateway with an Envoy of its own, so that no test inherits what another found dead.

    `before` changes the folder of credentials before Envoy starts.
    """
    with ExitStack() as running:

        def make(contracts: Any = None, before: Callable[[Path], None] | None = None, **more: Any) -> Gateway:
            port, admin = reserve_ports(2)
            authority.cert_pem.write_to_path(tmp_path / "ca.pem")
            given = {
                "port": port,
                "admin_port": admin,
                "first_byte_seconds": FIRST_BYTE,
                "answer_seconds": FIRST_BYTE,
                "cooldown_seconds": COOLDOWN,
                "secrets_dir": str(tmp_path / "secrets"),
                "ca_file": str(tmp_path / "ca.pem"),
                "addresses": {HOSTS[name]: f"127.0.0.1:{target.port}" for name, target in targets.items()},
            }
            settings = GatewaySettings(**given | more)
            table = route_table(contracts or contract(HOSTS))
            write_credentials(table, tmp_path / "secrets")
            if before:
                before(tmp_path / "secrets")
            url = running.enter_context(envoy(table, settings, tmp_path))
            return Gateway(url, targets, tmp_path, settings, table)

        for target in targets.values():
            target.mode = "ok"
            target.take()
        yield make


@pytest.fixture
def gateway(make_gateway: Callable[..., Gateway]) -> Gateway:
    """The usual one: a, b and c in that order."""
    return make_gateway()
