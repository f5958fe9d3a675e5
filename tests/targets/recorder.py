"""What a target registers, without an engine: its components run against the simulated clouds in this process.

Each case of `cases/<provider>.yaml` is one target; together they reach every option. A case is

    name: {region, model, kind of tier, options, …}

and everything that reads cases (resource counts, fidelity, tests) gets the very same resources.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import mocks as pulumi_mocks

from anyport.endpoint import plan_endpoint
from anyport.plan import PlannedEndpoint
from anyport.spec import EndpointSpec, TargetSpec
from anyport.targets.base import TargetArgs
from anyport.targets.registry import component_class, provider_names
from anyport_sandbox.clouds import azure, gcp, kubernetes, oci
from anyport_sandbox.clouds.behaviour import Env, Resource
from anyport_sandbox.clouds.operations import Cloud
from anyport_sandbox.clouds.state import State
from anyport_sandbox.clouds.wire import plain, wire

__all__ = ["Case", "Registered", "all_cases", "cases", "record", "record_case"]

CASES = Path(__file__).parent / "cases"
TODAY = date(2026, 11, 25)
PACKAGES = {p.name: p for p in (azure.PACKAGE, gcp.PACKAGE, oci.PACKAGE, kubernetes.PACKAGE)}
CONFIG = {"gcp:project": "anyport-sandbox", "secrets:vllm_api_key": "made-up", "secrets:hf_token": "made-up"}


@dataclass(frozen=True)
class Registered:
    """One resource as the program registered it. `inputs` are plain, secrets opened, in wire spelling."""

    type: str
    name: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    id: str
    parent: str
    provider: str
    protect: bool
    depends_on: tuple[str, ...]
    ignore_changes: tuple[str, ...]
    replace_on_changes: tuple[str, ...]
    delete_before_replace: bool
    retain_on_delete: bool
    timeouts: dict[str, str]
    secret_outputs: tuple[str, ...]
    read: bool = False
    """Looked up by id, not made."""


@dataclass(frozen=True)
class Case:
    """One target of one provider."""

    provider: str
    name: str
    region: str
    model: str
    tier: str = "dev"
    residency: tuple[str, ...] = ()
    traffic: dict[str, int] = field(default_factory=dict)
    target: dict[str, Any] = field(default_factory=dict)
    """Further target keys, such as `instance_type`."""
    options: dict[str, Any] = field(default_factory=dict)

    def planned(self) -> PlannedEndpoint:
        """Checked and resolved as a stack file would be."""
        api = "embeddings" if "embed" in self.model else "chat_completions"
        spec = EndpointSpec.model_validate(
            {
                "model": self.model,
                "apis": [api],
                "residency": self.residency,
                "traffic": self.traffic,
                "targets": {
                    "one": TargetSpec.model_validate(
                        {"priority": 1, "provider": self.provider, "region": self.region, **self.target}
                        | ({"options": self.options} if self.options else {})
                    )
                },
            }
        )
        return plan_endpoint("chat", spec, today=TODAY, tier=self.tier, owner="ai", cost_center="cc-1")


def cases(provider: str) -> list[Case]:
    """The cases of one provider, in file order; the first is the smallest target there is."""
    text = (CASES / f"{provider}.yaml").read_text("utf-8")
    return [Case(provider=provider, name=name, **case) for name, case in yaml.safe_load(text).items()]


def all_cases() -> list[Case]:
    """The cases of all providers."""
    return [case for provider in provider_names() for case in cases(provider)]


def record_case(case: Case) -> list[Registered]:
    """What the target of a case registers, its own component left out."""
    endpoint = case.planned()
    planned = endpoint.targets[0]
    tags = {"anyport-endpoint": "chat", "anyport-target": "one", "owner": "ai"}

    def build() -> None:
        args = TargetArgs("chat", planned, tags, endpoint.tier, endpoint.today)
        component_class(planned.provider)("chat-one", args)

    return [found for found in record(build) if not found.type.startswith("anyport:")]


def record(build: Callable[[], None]) -> list[Registered]:
    """Run a piece of a program and say what it registered, in order of registration."""
    with tempfile.TemporaryDirectory() as folder, _config():
        _ensure_loop()
        recorder = _Recorder(Path(folder))
        monitor = _Monitor(recorder)
        pulumi.runtime.set_mocks(recorder, project="anyport", stack="test", monitor=monitor)
        pulumi.runtime.test(build)()
        return monitor.registered


class _Clock:
    def now(self) -> datetime:
        return datetime(2026, 11, 25, tzinfo=UTC)

    def sleep(self, seconds: float) -> None:
        """No time passes."""


class _Recorder(pulumi.runtime.Mocks):
    """Checks and creates every resource in the simulated cloud that it belongs to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Pulumi's mocks come from several threads, and a cloud has the settings of one provider at a time.
        self.turn = threading.RLock()
        self.clouds: dict[str, Cloud] = {}
        self.settings: dict[str, dict[str, Any]] = {}

    def _cloud(self, package: str, provider: str) -> Cloud:
        if package not in self.clouds:
            state = State(self.folder, package)
            self.clouds[package] = Cloud(PACKAGES[package], Env(state, _Clock()))
        cloud = self.clouds[package]
        cloud.env.config = self.settings.get(provider.rpartition("::")[0].rpartition("::")[2], {})
        return cloud

    def new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        with self.turn:
            return self._new_resource(args)

    def _new_resource(self, args: pulumi.runtime.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        package = args.typ.split(":")[0]
        if args.typ.startswith("pulumi:providers:"):
            self.settings[args.name] = _open(args.inputs)
            return f"{args.name}-id", {}
        if package not in PACKAGES:
            return f"{args.name}-id", dict(args.inputs)
        cloud = self._cloud(package, args.provider or "")
        res = Resource(f"urn:pulumi:test::anyport::{args.typ}::{args.name}", args.typ, args.name)
        if args.resource_id:
            found = cloud.read(res, args.resource_id, {}, {})
            assert found is not None, f"{args.name}: nothing to read at {args.resource_id}"
            return args.resource_id, found["outputs"]
        inputs, problems = cloud.check(res, _open(args.inputs), {})
        assert not problems, f"{args.name}: {problems}"
        return cloud.create(res, inputs)

    def call(self, args: pulumi.runtime.MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]] | None]:
        with self.turn:
            return self._cloud(args.token.split(":")[0], args.provider).invoke(args.token, args.args), []


class _Monitor(pulumi_mocks.MockMonitor):
    """Keeps what the program asked for beside the inputs: protection, order, timeouts."""

    def __init__(self, mocks: _Recorder) -> None:
        super().__init__(mocks)
        self.registered: list[Registered] = []

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        response = super().RegisterResource(request)
        if request.type != "pulumi:pulumi:Stack":
            self._keep(request, response)
        return response

    def ReadResource(self, request: Any) -> Any:  # noqa: N802
        response = super().ReadResource(request)
        self._keep(request, response, read=True)
        return response

    def _keep(self, request: Any, response: Any, *, read: bool = False) -> None:
        held = self.resources[response.urn]
        sent = request.properties if read else request.object
        timeouts = {} if read else request.customTimeouts
        self.registered.append(
            Registered(
                type=request.type,
                name=request.name,
                inputs=plain(wire(sent)),
                outputs=_open(held.state),
                id=held.id or "",
                parent=request.parent.rpartition("::")[2],
                provider=request.provider.rpartition("::")[0].rpartition("::")[2],
                protect=bool(not read and request.protect),
                depends_on=tuple(sorted(urn.rpartition("::")[2] for urn in request.dependencies)),
                ignore_changes=() if read else tuple(request.ignoreChanges),
                replace_on_changes=() if read else tuple(request.replaceOnChanges),
                delete_before_replace=bool(not read and request.deleteBeforeReplace),
                retain_on_delete=bool(not read and request.retainOnDelete),
                timeouts={
                    k: v for k in ("create", "update", "delete") if timeouts and (v := getattr(timeouts, k))
                },
                secret_outputs=tuple(request.additionalSecretOutputs),
                read=read,
            )
        )


def _open(value: Any) -> Any:
    """As a plugin sees it: whole numbers whole, secrets opened."""
    if isinstance(value, dict):
        if pulumi.runtime.rpc.is_rpc_secret(value):
            return _open(pulumi.runtime.rpc.unwrap_rpc_secret(value))
        return {key: _open(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_open(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _ensure_loop() -> None:
    """Pulumi wants a loop of this thread, and a test that ran `asyncio.run` leaves none."""
    try:
        asyncio.get_event_loop_policy().get_event_loop()
    except RuntimeError:
        asyncio.set_event_loop(asyncio.new_event_loop())


@contextmanager
def _config() -> Iterator[None]:
    pulumi.runtime.set_all_config(CONFIG, ["secrets:vllm_api_key", "secrets:hf_token"])
    try:
        yield
    finally:
        pulumi.runtime.set_all_config({})
