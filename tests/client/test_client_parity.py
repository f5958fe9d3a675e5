"""The client and the real Envoy, asked the same things in the same order, say the same."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from client_helpers import FIRST_BYTE, Harness, contract
from running_envoy import envoy, write_credentials

from anyport.client import ClientSettings, httpx
from anyport.gateway.routes import route_table
from anyport.gateway.settings import GatewaySettings
from anyport_sandbox.ports import reserve_ports

MODES = ["ok", "ok", "ok", "503", "401", "404", "410", "429", "400", "422", "reset", "garbage", "hang"]
BODIES: list[dict[str, Any]] = [
    {},
    {"tools": [{"type": "function"}]},
    {"response_format": {"type": "json_schema"}},
    {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
    {"stream": True},
    {"model": "none"},
]
FEATURES = {"a": ["tools"], "b": ["tools", "json_schema"], "c": ["json_schema"]}
STEPS = 16


def said(answer: Any) -> tuple[Any, ...]:
    code = answer.json()["error"]["code"] if "x-served-by" not in answer.headers else None
    return (answer.status_code, answer.headers.get("x-served-by"), answer.headers.get("x-attempts"), code)


def from_client(harness: Harness, body: dict[str, Any]) -> tuple[Any, ...]:
    """What the wire breaks at the last target is an exception here and a status there."""
    try:
        return said(harness.ask(**body))
    except httpx.TransportError:
        record = harness.served[-1]
        return (None, record.tried[-1].target, str(record.attempts), None)


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_both_say_the_same(harness: Harness, tmp_path: Path, seed: int) -> None:
    given = contract(harness.servers, FEATURES)
    times = {"first_byte_seconds": FIRST_BYTE, "answer_seconds": FIRST_BYTE, "cooldown_seconds": 600.0}
    harness.use(given, settings=ClientSettings(**times))
    port, admin = reserve_ports(2)
    settings = GatewaySettings(port=port, admin_port=admin, secrets_dir=str(tmp_path / "s"), **times)
    table = route_table(given)
    write_credentials(table, tmp_path / "s")
    chance = random.Random(seed)
    with envoy(table, settings, tmp_path) as url:
        for _ in range(STEPS):
            for server in harness.servers.values():
                server.mode = chance.choice(MODES)
            modes = [server.mode for server in harness.servers.values()]
            body = {"model": "chat", "messages": [], **chance.choice(BODIES)}
            there = said(httpx.post(f"{url}/chat/completions", json=body, timeout=10, trust_env=False))
            reached = harness.hits()
            here = from_client(harness, body)
            if here[0] is None:
                assert there[0] in (502, 503, 504), (modes, body)
                there = (None, *there[1:3], None)
            assert here == there, (modes, body)
            assert harness.hits() == reached, (modes, body)
