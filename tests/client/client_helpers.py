"""A client and its targets as tests hold them."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Self

from raw_target import RawTarget

from anyport.client import ClientSettings, FailoverTransport, Served, httpx

FIRST_BYTE = 0.4
COOLDOWN = 60.0
KEYS = {name: f"key-of-{name}" for name in "abc"}
PRIVATE = {
    "authorization": "Bearer secret-of-the-caller",
    "api-key": "secret-of-the-caller",
    "x-api-key": "secret-of-the-caller",
    "x-goog-api-key": "secret-of-the-caller",
    "cookie": "session=secret-of-the-caller",
    "proxy-authorization": "Basic secret-of-the-caller",
    "openai-organization": "secret-of-the-caller",
    "x-session-token": "secret-of-the-caller",
    "x-anyport-route": "chat/2",
}


class Clock:
    """Goes on only when told, so no test waits for a cool-down."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def contract(
    servers: dict[str, RawTarget], features: dict[str, list[str]] | None = None, **targets: dict[str, Any]
) -> dict[str, Any]:
    """A contract of `chat`; `targets` are further fields by target name."""
    rows = [
        {
            "endpoint": "chat", "target": name, "provider": "azure_openai", "operator": "Microsoft", "region": "x",
            "failure_domain": "d", "priority": place, "kind": "chat",
            "base_url": f"http://127.0.0.1:{server.port}/base/{name}/v1", "model": f"model-of-{name}",
            "auth": {"kind": "bearer_api_key"}, "features": (features or {}).get(name, ["tools"]), "limits": {},
            **targets.get(name, {}),
        }
        for place, (name, server) in enumerate(servers.items(), 1)
    ]  # fmt: skip
    return {
        "endpoint": "chat", "model": "m", "apis": ["chat_completions", "responses"], "features": [], "limits": {},
        "targets": rows,
    }  # fmt: skip


class Harness:
    """What a test works with."""

    def __init__(self, servers: dict[str, RawTarget], clock: Clock) -> None:
        self.servers, self.clock = servers, clock
        self.served: list[Served] = []
        self._open = ExitStack()
        self.settings = ClientSettings(
            first_byte_seconds=FIRST_BYTE,
            answer_seconds=FIRST_BYTE,
            stream_idle_seconds=1.0,
            cooldown_seconds=COOLDOWN,
        )
        self.use()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def use(self, given: dict[str, Any] | None = None, credentials: Any = None, **more: Any) -> None:
        """Another transport, which knows of no failure."""
        settings = more.pop("settings", self.settings)
        self.transport = FailoverTransport.from_contract(
            given or contract(self.servers),
            credentials=KEYS if credentials is None else credentials,
            settings=settings,
            on_served=self.served.append,
            **{"clock": self.clock, **more},
        )
        self.client = self._open.enter_context(httpx.Client(transport=self.transport, timeout=10))

    def ask(self, path: str = "/chat/completions", headers: dict[str, str] | None = None, **body: Any) -> Any:
        sent = {"model": "chat", "messages": [{"role": "user", "content": "hi"}], **body}
        return self.client.post(f"http://anyport/v1{path}", json=sent, headers=headers)

    def stream(self, **body: Any) -> tuple[list[str], Any]:
        """Data of the events, and the headers."""
        sent = {"model": "chat", "messages": [], "stream": True, **body}
        with self.client.stream("POST", "http://anyport/v1/chat/completions", json=sent) as answer:
            return [line.removeprefix("data: ") for line in answer.iter_lines() if line], answer.headers

    def hits(self) -> list[int]:
        """Since the last call, of a, b and c."""
        return [self.servers[name].take() for name in "abc"]
