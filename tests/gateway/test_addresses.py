"""Targets that are named by an address: their certificates, their Host header, and the gateway's own address in disguise."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import trustme
from gateway_helpers import Gateway, contract
from raw_target import RawTarget
from running_envoy import validate, write_credentials

from anyport.gateway.envoy import envoy_yaml
from anyport.gateway.routes import RouteError, route_table
from anyport.gateway.settings import GatewaySettings


@pytest.fixture
def serve(authority: trustme.CA) -> Iterator[Callable[[str | None], RawTarget]]:
    """Starts a target with a certificate for an address, or in plain text. It answers until the test ends."""
    with ExitStack() as running:

        def start(certified: str | None = None) -> RawTarget:
            context = None
            if certified:
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
                authority.issue_cert(certified).configure_cert(context)
            target = RawTarget("z", context).start()
            running.callback(target.stop)
            return target

        yield start


def with_first(url: str) -> dict[str, Any]:
    body = contract({"z": "z.example.test", "b": "b.example.test"})
    body["endpoints"]["chat"]["targets"][0]["base_url"] = url
    return body


@pytest.mark.parametrize(
    ("host", "certified", "served"),
    [
        ("127.0.0.1", "127.0.0.1", "z"),
        ("[fd00:0:0::1]", "fd00::1", "z"),
        ("127.0.0.1", "127.0.0.2", "b"),
        ("127.0.0.1", "127.0.0.1.example.test", "b"),
    ],
)
def test_a_certificate_counts_for_the_address_that_it_is_for(
    make_gateway: Callable[..., Gateway],
    serve: Any,
    targets: dict[str, RawTarget],
    host: str,
    certified: str,
    served: str,
) -> None:
    given = serve(certified)
    addresses = {
        host.strip("[]"): f"127.0.0.1:{given.port}",
        "b.example.test": f"127.0.0.1:{targets['b'].port}",
    }
    gateway = make_gateway(with_first(f"https://{host}/v1"), addresses=addresses)
    assert gateway.ask().headers["x-served-by"] == served


def test_no_server_name_is_sent_to_an_address(make_gateway: Callable[..., Gateway], serve: Any) -> None:
    given, names = serve("127.0.0.1"), []
    given.tls.sni_callback = lambda _connection, name, _context: names.append(name)
    gateway = make_gateway(with_first(f"https://127.0.0.1:{given.port}/v1"))
    assert gateway.ask().headers["x-served-by"] == "z"
    assert names == [None]


@pytest.mark.parametrize(
    ("place", "host"),
    [
        ("[fd00::1]:8000", "[fd00::1]:8000"),
        ("[fd00::1]", "[fd00::1]"),
        ("plain.example.test", "plain.example.test"),
        ("plain.example.test:443", "plain.example.test:443"),
    ],
)
def test_the_host_header_is_that_of_the_base_url(
    make_gateway: Callable[..., Gateway], serve: Any, place: str, host: str
) -> None:
    given = serve(None)
    addresses = dict.fromkeys(("fd00::1", "plain.example.test"), f"127.0.0.1:{given.port}")
    gateway = make_gateway(with_first(f"http://{place}/v1"), addresses=addresses)
    assert gateway.ask().headers["x-served-by"] == "z"
    assert given.hits[0].headers["host"] == host


def test_envoy_takes_an_ipv6_address_of_the_settings(tmp_path: Path) -> None:
    table = route_table(with_first("http://z.example.test/v1"))
    write_credentials(table, tmp_path / "secrets")
    settings = GatewaySettings(
        address="::", addresses={"z.example.test": "[fd00::1]:443"}, secrets_dir=str(tmp_path / "secrets")
    )
    done = validate(table, settings, tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


OWN = ["0.0.0.0", "0", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::]", "[::ffff:127.0.0.1]", "[::ffff:0.0.0.0]"]  # fmt: skip


@pytest.mark.parametrize("host", OWN)
def test_the_gateway_itself_is_seen_in_every_spelling(host: str) -> None:
    table = route_table(with_first(f"http://{host}:8080/v1"))
    for address in ("127.0.0.1", "0.0.0.0", "::"):
        with pytest.raises(RouteError, match="AP406"):
            envoy_yaml(table, GatewaySettings(address=address))
    assert envoy_yaml(table, GatewaySettings(address="10.0.0.7")), "it listens elsewhere"


@pytest.mark.parametrize("host", ["[::ffff:10.0.0.7]", "10.7", "0x0a000007"])
def test_so_is_the_address_that_it_listens_on(host: str) -> None:
    table = route_table(with_first(f"http://{host}:8080/v1"))
    with pytest.raises(RouteError, match="AP406"):
        envoy_yaml(table, GatewaySettings(address="10.0.0.7"))
    assert envoy_yaml(table, GatewaySettings(address="10.0.0.8"))
