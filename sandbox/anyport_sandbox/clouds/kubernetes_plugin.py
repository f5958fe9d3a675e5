"""The stand-in plugin `kubernetes`: in front of the local control plane when one is named, else all in memory.

`ANYPORT_SANDBOX_KUBECONFIG` names its kubeconfig; `ANYPORT_SANDBOX_KUBERNETES_SPEED` how many simulated seconds pass in
a real one while it waits (60, as on the simulated machines).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import grpc
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import provider_pb2, status_pb2

from anyport_sandbox.ending import until_told
from anyport_sandbox.kubernetes.api import Api
from anyport_sandbox.kubernetes.errors import ClusterError

from . import server
from .behaviour import Env
from .clock import Clock, SystemClock
from .errors import SandboxError
from .kubernetes import PACKAGE
from .kubernetes_await import Patience, Waiter
from .kubernetes_real import RealCloud, UnfinishedError
from .server import Provider, _answers, _resource, _secrets
from .state import State, state_dir
from .wire import struct, wire

__all__ = ["KUBECONFIG", "SPEED", "RealProvider", "main"]

KUBECONFIG = "ANYPORT_SANDBOX_KUBECONFIG"
SPEED = "ANYPORT_SANDBOX_KUBERNETES_SPEED"


class _Rich(NamedTuple):
    code: grpc.StatusCode
    details: str
    trailing_metadata: tuple[tuple[str, bytes], ...]


class _Status(_Rich, grpc.Status):  # type: ignore[misc]  # grpc has no types
    """What `abort_with_status` takes."""


class RealProvider(Provider):
    """The provider protocol with what a real cluster needs more: timeouts, and objects that are not live in time."""

    def __init__(self, state: State, clock: Clock, api: Api, waiter: Waiter) -> None:
        super().__init__(PACKAGE, state, clock)
        self._waiter = waiter
        self._real = RealCloud(Env(state, clock), api, waiter)
        self.cloud = self._real

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """End every wait."""
        self._waiter.cancelled.set()
        return Empty()

    @_answers
    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Make it, or foretell it."""
        if request.preview:
            return super().Create(request, context)
        try:
            identity, outputs = self._real.create(
                _resource(request), wire(request.properties), request.timeout
            )
        except UnfinishedError as error:
            _unfinished(context, error, request)
        return provider_pb2.CreateResponse(id=identity, properties=struct(outputs))

    @_answers
    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802
        """Change it in place, or foretell that."""
        if request.preview:
            return super().Update(request, context)
        try:
            outputs = self._real.update(_resource(request), request.id, wire(request.news), request.timeout)
        except UnfinishedError as error:
            _unfinished(context, error, request)
        return provider_pb2.UpdateResponse(properties=struct(outputs))

    @_answers
    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Remove it."""
        inputs = wire(request.old_inputs) or wire(request.properties)
        self._real.delete(_resource(request), request.id, inputs, request.timeout)
        return Empty()


def _unfinished(context: Any, error: UnfinishedError, request: Any) -> NoReturn:
    """Tell the engine that the object is there and what it lacks, so that it stays in the state."""
    sent = request.properties if hasattr(request, "properties") else request.news
    reasons = error.reasons
    for secret in _secrets(wire(sent)):
        reasons = [each.replace(secret, "[secret]") for each in reasons]
    detail = AnyMessage()
    detail.Pack(
        provider_pb2.ErrorResourceInitFailed(
            id=error.identity,
            properties=struct(error.outputs),
            inputs=struct(error.inputs),
            reasons=reasons,
        )
    )
    text = reasons[0]
    code = grpc.StatusCode.UNKNOWN
    rich = status_pb2.Status(code=code.value[0], message=text, details=[detail])
    metadata = (("grpc-status-details-bin", rich.SerializeToString()),)
    context.abort_with_status(_Status(code, text, metadata))
    raise AssertionError("abort raises")


def main(plugin_file: str) -> None:
    """Run the plugin until the engine ends it.

    Args:
        plugin_file: path of the plugin's `__main__.py`.
    """
    named = os.environ.get(KUBECONFIG, "")
    if not named:
        server.main(PACKAGE, plugin_file)
        return
    wait = until_told()
    state = State(state_dir(Path(plugin_file).resolve().parents[3]), PACKAGE.name)
    try:
        provider = _provider(Path(named), state)
    except (ClusterError, SandboxError) as error:
        sys.exit(f"The stand-in for Kubernetes cannot start: {error}")
    listening, port = server.start(provider)
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    wait()
    provider.Cancel(None, None)
    listening.stop(grace=None)


def _provider(kubeconfig: Path, state: State) -> RealProvider:
    api = Api.from_kubeconfig(kubeconfig)
    text = os.environ.get(SPEED, "60")
    try:
        patience = Patience(float(text))
    except ValueError:
        raise SandboxError(f"{SPEED} is {text!r}; give a number of seconds.") from None
    logs = kubeconfig.parent / "pods"

    def read_log(namespace: str, pod: str, container: str) -> str:
        files = sorted(logs.glob(f"{namespace}_{pod}_*/{container}.log"))
        return "".join(file.read_text("utf-8", errors="replace") for file in files)

    return RealProvider(state, SystemClock(), api, Waiter(api, patience, read_log))
