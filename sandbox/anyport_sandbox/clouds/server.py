"""The stand-in as a Pulumi provider plugin: translates the engine's gRPC calls, nothing more.

Every failure reaches the engine as a status whose details are one sentence; unexpected ones name the
sandbox as the culprit. No values are logged and secrets are struck out of error texts. Not served: Construct,
Call, schemas, Parameterize, List; the engine does without them.
"""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import grpc
from google.protobuf.empty_pb2 import Empty
from pulumi.runtime.proto import plugin_pb2, provider_pb2, provider_pb2_grpc

from ..ending import until_told
from . import schema
from .behaviour import Env, Resource
from .clock import Clock, SystemClock
from .errors import CloudError, Problem, SandboxError
from .operations import Cloud, Package, changes
from .state import State, state_dir
from .wire import plain, sealed, struct, wire

__all__ = ["Provider", "main", "start"]

_MESSAGE_BYTES = 400 * 1024 * 1024
_NONE, _SOME = provider_pb2.DiffResponse.DIFF_NONE, provider_pb2.DiffResponse.DIFF_SOME
_KINDS = {
    ("add", False): provider_pb2.PropertyDiff.ADD,
    ("add", True): provider_pb2.PropertyDiff.ADD_REPLACE,
    ("delete", False): provider_pb2.PropertyDiff.DELETE,
    ("delete", True): provider_pb2.PropertyDiff.DELETE_REPLACE,
    ("update", False): provider_pb2.PropertyDiff.UPDATE,
    ("update", True): provider_pb2.PropertyDiff.UPDATE_REPLACE,
}


def _answers(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the failures of one call into gRPC statuses."""

    @wraps(method)
    def call(self: Provider, request: Any, context: Any) -> Any:
        try:
            return method(self, request, context)
        except CloudError as error:
            _abort(context, grpc.StatusCode.FAILED_PRECONDITION, str(error), request)
        except SandboxError as error:
            _abort(context, grpc.StatusCode.FAILED_PRECONDITION, str(error), request)
        except OSError as error:
            _abort(context, grpc.StatusCode.FAILED_PRECONDITION, f"The sandbox failed: {error}.", request)

    return call


def _abort(context: Any, code: Any, text: str, request: Any) -> NoReturn:
    for name in ("properties", "news", "olds", "args"):
        message = getattr(request, name, None)
        for secret in _secrets(wire(message)) if message is not None else ():
            text = text.replace(secret, "[secret]")
    context.abort(code, text)
    raise AssertionError("abort raises")


def _secrets(value: Any, inside: bool = False) -> list[str]:
    inside = inside or sealed(value)
    if isinstance(value, dict):
        return [text for item in value.values() for text in _secrets(item, inside)]
    if isinstance(value, list):
        return [text for item in value for text in _secrets(item, inside)]
    return [value] if inside and isinstance(value, str) and len(value) > 3 else []


class Provider(provider_pb2_grpc.ResourceProviderServicer):
    """One simulated cloud behind the provider protocol."""

    def __init__(self, package: Package, state: State, clock: Clock) -> None:
        self.package = package
        self.cloud = Cloud(package, Env(state, clock))
        self.stop: Callable[[], None] = lambda: None

    def GetPluginInfo(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """The version of the installed SDK, which is the one it asks for."""
        distribution = schema.MODULES[self.package.name].replace("_", "-")
        return plugin_pb2.PluginInfo(version=importlib.metadata.version(distribution))

    def Attach(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Nothing to do: the stand-in never calls the engine back."""
        return Empty()

    def Cancel(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Operations are short, so there is nothing to cut off."""
        return Empty()

    @_answers
    def CheckConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Refuse provider settings the SDK does not have."""
        news = wire(request.news)
        return _checked(news, schema.check_config(self.package.name, news))

    @_answers
    def DiffConfig(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Settings change in place, save those the package says replace everything."""
        olds, news = plain(wire(request.old_inputs)), plain(wire(request.news))
        replaces = self.package.replaces_provider(olds, news)
        changed = any(True for _ in changes(olds, news))
        return provider_pb2.DiffResponse(changes=_SOME if changed else _NONE, replaces=replaces)

    @_answers
    def Configure(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Take the settings; nothing is contacted."""
        prefix = f"{self.package.name}:config:"
        settings = {key.removeprefix(prefix): value for key, value in request.variables.items()}
        self.cloud.env.config = {**settings, **plain(wire(request.args))}
        return provider_pb2.ConfigureResponse(
            acceptSecrets=True, supportsPreview=True, acceptResources=False, acceptOutputs=False
        )

    @_answers
    def Check(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """All problems at once, or the inputs with defaults and names filled in."""
        inputs, problems = self.cloud.check(_resource(request), wire(request.news), wire(request.olds))
        return _checked(inputs, problems)

    @_answers
    def Diff(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Compare inputs; say which differences replace."""
        old_inputs = wire(request.old_inputs) or wire(request.olds)
        found, replacing, first = self.cloud.diff(
            _resource(request), request.id, old_inputs, wire(request.news)
        )
        detail = {
            change.path: provider_pb2.PropertyDiff(
                kind=_KINDS[change.how, change.path in replacing], inputDiff=True
            )
            for change in found
        }
        tops = sorted({_top(change.path) for change in found})
        return provider_pb2.DiffResponse(
            changes=_SOME if found else _NONE,
            diffs=tops,
            replaces=sorted({_top(path) for path in replacing}),
            deleteBeforeReplace=first,
            detailedDiff=detail,
            hasDetailedDiff=True,
        )

    @_answers
    def Create(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Make it, or foretell it."""
        res, inputs = _resource(request), wire(request.properties)
        if request.preview:
            return provider_pb2.CreateResponse(properties=struct(self.cloud.preview_create(res, inputs)))
        identity, outputs = self.cloud.create(res, inputs)
        return provider_pb2.CreateResponse(id=identity, properties=struct(outputs))

    @_answers
    def Read(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """The present state; an empty id says it is gone."""
        record = self.cloud.read(
            _resource(request), request.id, wire(request.properties), wire(request.inputs)
        )
        if record is None:
            return provider_pb2.ReadResponse()
        return provider_pb2.ReadResponse(
            id=request.id, properties=struct(record["outputs"]), inputs=struct(record["inputs"])
        )

    @_answers
    def Update(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Change it in place, or foretell that."""
        res, news = _resource(request), wire(request.news)
        if request.preview:
            outputs = self.cloud.preview_update(res, request.id, news, wire(request.olds))
        else:
            outputs = self.cloud.update(res, request.id, news)
        return provider_pb2.UpdateResponse(properties=struct(outputs))

    @_answers
    def Delete(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Remove it."""
        inputs = wire(request.old_inputs) or wire(request.properties)
        self.cloud.delete(_resource(request), request.id, inputs)
        return Empty()

    @_answers
    def Invoke(self, request: Any, context: Any) -> Any:  # noqa: N802, ARG002
        """Call a data source the sandbox knows."""
        return provider_pb2.InvokeResponse(
            **{"return": struct(self.cloud.invoke(request.tok, wire(request.args)))}
        )


def _resource(request: Any) -> Resource:
    parts = request.urn.split("::")
    token = request.type or parts[2].rpartition("$")[2]
    seed = getattr(request, "randomSeed", b"")
    return Resource(urn=request.urn, type=token, name=request.name or parts[-1], seed=seed.hex())


def _checked(inputs: dict[str, Any], problems: list[Problem]) -> Any:
    """Failures without `property`: the engine would print that input's value, secret or not, beside it."""
    reasons = [f"{p.path}: {p.reason}" if p.path else p.reason for p in problems]
    failures = [provider_pb2.CheckFailure(reason=reason) for reason in reasons]
    return provider_pb2.CheckResponse(inputs=struct(inputs), failures=failures)


def _top(path: str) -> str:
    if path.startswith('["'):
        return path[2:].partition('"]')[0]
    return path.partition(".")[0].partition("[")[0]


def start(provider: Provider) -> tuple[Any, int]:
    """Serve on a free loopback port.

    Returns:
        The gRPC server and the port.
    """
    size = [
        ("grpc.max_receive_message_length", _MESSAGE_BYTES),
        ("grpc.max_send_message_length", _MESSAGE_BYTES),
    ]
    server = grpc.server(ThreadPoolExecutor(max_workers=32), options=size)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(provider, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def main(package: Package, plugin_file: str) -> None:
    """Run a plugin until the engine ends it; arguments are ignored, the engine's address is not needed.

    Args:
        package: the cloud to simulate.
        plugin_file: path of the plugin's `__main__.py`, in `<checkout>/sandbox/plugins/<package>/`.
    """
    checkout = Path(plugin_file).resolve().parents[3]
    wait = until_told()
    server, port = start(Provider(package, State(state_dir(checkout), package.name), SystemClock()))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    wait()
    server.stop(grace=None)
