"""A simulated cloud in the test's own process: real servicer, real gRPC messages, no socket, no waiting."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2 as pb

from anyport_sandbox.clouds import azure, gcp, kubernetes, oci
from anyport_sandbox.clouds.server import Provider
from anyport_sandbox.clouds.state import State
from anyport_sandbox.clouds.wire import struct, wire

PACKAGES = {p.name: p for p in (azure.PACKAGE, gcp.PACKAGE, oci.PACKAGE, kubernetes.PACKAGE)}


class FakeClock:
    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 25, tzinfo=UTC)
        self.slept: list[float] = []
        self.during: list[Any] = []

    def now(self) -> datetime:
        return self.moment

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.during:
            self.during.pop()()

    def pass_hours(self, hours: float) -> None:
        self.moment += timedelta(hours=hours)


class Refused(Exception):  # noqa: N818  # reads as what happened
    """What `context.abort` was called with."""


class Context:
    def abort(self, code: Any, details: str) -> None:
        raise Refused(details)


@dataclass
class Sim:
    """Drives one provider as the engine would."""

    package: str
    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    config: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.provider = Provider(PACKAGES[self.package], State(self.folder, self.package), self.clock)
        self.provider.Configure(pb.ConfigureRequest(args=struct(self.config)), Context())

    def urn(self, token: str, name: str) -> str:
        return f"urn:pulumi:test::p::{token}::{name}"

    def check(self, token: str, name: str, inputs: dict[str, Any], olds: dict[str, Any] | None = None) -> Any:
        request = pb.CheckRequest(
            urn=self.urn(token, name), news=struct(inputs), olds=struct(olds or {}), randomSeed=b"seed"
        )
        return self.provider.Check(request, Context())

    def problems(self, token: str, inputs: dict[str, Any]) -> dict[str, str]:
        """Reasons by path; under an empty path what is about the whole resource."""
        reasons = [failure.reason for failure in self.check(token, "x", inputs).failures]
        split = [reason.partition(": ") for reason in reasons]
        return {path if rest else "": rest or path for path, _, rest in split}

    def create(self, token: str, name: str, inputs: dict[str, Any], preview: bool = False) -> tuple[str, Any]:
        checked = self.check(token, name, inputs)
        assert not checked.failures, list(checked.failures)
        request = pb.CreateRequest(urn=self.urn(token, name), properties=checked.inputs, preview=preview)
        response = self.provider.Create(request, Context())
        return response.id, wire(response.properties)

    def read(self, token: str, name: str, identity: str, outputs: dict[str, Any] | None = None) -> Any:
        request = pb.ReadRequest(urn=self.urn(token, name), id=identity, properties=struct(outputs or {}))
        return self.provider.Read(request, Context())

    def update(self, token: str, name: str, identity: str, news: dict[str, Any]) -> Any:
        request = pb.UpdateRequest(urn=self.urn(token, name), id=identity, news=struct(news))
        return wire(self.provider.Update(request, Context()).properties)

    def delete(self, token: str, name: str, identity: str, inputs: dict[str, Any] | None = None) -> None:
        request = pb.DeleteRequest(urn=self.urn(token, name), id=identity, old_inputs=struct(inputs or {}))
        self.provider.Delete(request, Context())

    def diff(self, token: str, name: str, identity: str, olds: dict[str, Any], news: dict[str, Any]) -> Any:
        request = pb.DiffRequest(
            urn=self.urn(token, name), id=identity, old_inputs=struct(olds), news=struct(news)
        )
        return self.provider.Diff(request, Context())

    def config_problems(self, inputs: dict[str, Any]) -> list[str]:
        response = self.provider.CheckConfig(pb.CheckRequest(news=struct(inputs)), Context())
        return [f.reason for f in response.failures]


@pytest.fixture
def sim(tmp_path: Path) -> Any:
    """A maker of simulated clouds that share one state folder and one clock."""
    clock = FakeClock()
    return lambda package, **config: Sim(package, tmp_path / "state", clock, config)


@pytest.fixture(autouse=True)
def _no_sandbox_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STATE", "FAULTS", "OCI_HOME_REGION", "AZURE_QUOTA"):
        monkeypatch.delenv(f"ANYPORT_SANDBOX_{name}", raising=False)
