"""A gateway and its targets as tests hold them, and a contract for it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
from raw_target import RawTarget

from anyport.gateway.routes import RouteTable
from anyport.gateway.settings import GatewaySettings

COOLDOWN = 3.0
FIRST_BYTE = 0.5


def contract(
    hosts: dict[str, str], features: dict[str, list[str]] | None = None, **more: Any
) -> dict[str, Any]:
    """A contract of `chat` with a target per host."""
    have = features or {}
    targets = [
        {
            "endpoint": "chat", "target": name, "provider": "azure_openai", "operator": "Microsoft", "region": "x",
            "failure_domain": "d", "priority": place, "kind": "chat", "base_url": f"https://{host}/base/{name}/v1",
            "model": f"model-of-{name}", "auth": {"kind": "entra"}, "features": have.get(name, ["tools"]),
            "limits": {},
        }
        for place, (name, host) in enumerate(hosts.items(), 1)
    ]  # fmt: skip
    body = {
        "endpoint": "chat",
        "model": "m",
        "apis": ["chat_completions", "responses"],
        "features": [],
        "limits": {},
    }
    return {"endpoints": {"chat": {**body, "targets": targets, **more}}}


@dataclass
class Gateway:
    """What a test works with."""

    url: str
    targets: dict[str, RawTarget]
    folder: Path
    settings: GatewaySettings
    table: RouteTable

    def ask(self, timeout: float = 10, **body: Any) -> httpx.Response:
        """One chat completion."""
        sent = {"model": "chat", "messages": [{"role": "user", "content": "hi"}], **body}
        return httpx.post(f"{self.url}/chat/completions", json=sent, timeout=timeout, trust_env=False)


def until(true: Callable[[], bool], seconds: float = 6 * COOLDOWN) -> float:
    """How long it took; fails when it does not come true."""
    started = time.monotonic()
    while not true():
        assert time.monotonic() - started < seconds
        time.sleep(0.02)
    return time.monotonic() - started
