"""A small Pulumi language host for Python, used with the engine built from Go modules.

The stock host is a Go program that cannot be had from a package registry, so this one stands in for it.
It runs programs, folder policy packs and plugin folders (with a `__main__.py`). It deliberately doesn't
install dependencies, generate code, attach debuggers, or know the poetry and uv toolchains: the virtual environment named by the
`virtualenv` runtime option (relative to the folder of Pulumi.yaml, PulumiPolicy.yaml or PulumiPlugin.yaml)
must exist already, and without that option the Python running this host is used.
"""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, Any

try:
    import grpc
    from google.protobuf import empty_pb2
    from pulumi.runtime.proto import language_pb2 as lang
    from pulumi.runtime.proto import language_pb2_grpc, plugin_pb2
except ImportError as error:
    sys.exit(
        f"anyport: {sys.executable} cannot run the language host ({error}); "
        "install the project into .venv or set ANYPORT_PYTHON to a Python that has pulumi."
    )

VERSION = "3.259.0"
EXECUTOR = Path(__file__).resolve().parent / "pulumi-language-python-exec"
# What the executor exits with once it has shown the user a message itself.
BAIL_EXIT_CODE = 32
GRACE_SECONDS = 5.0
MAX_MESSAGE_BYTES = 400 * 1024 * 1024
LOOK_SECONDS = 0.5
MOST_PROCESSES = 10_000
"""Plugins and programs at a time. Each holds a thread while it runs, and one without a thread would never start."""


class HostError(Exception):
    """Something the user must put right; the text is shown as it stands."""


class Children:
    """The processes this host started, so that none outlives it."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        # Re-entrant: the signal handler runs in the main thread, which never holds it for long.
        self._lock = threading.RLock()

    def start(
        self, command: list[str], cwd: str, env: dict[str, str], *, piped: bool
    ) -> subprocess.Popen[bytes]:
        """Start a child in this host's process group, which the engine kills as a whole if need be."""
        stream = subprocess.PIPE if piped else None
        with self._lock:
            child = subprocess.Popen(
                command, cwd=cwd or None, env=env, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
            )
            self._running.add(child)
        return child

    def stop(self, *children: subprocess.Popen[bytes]) -> None:
        """End the given children: ask first, kill what is left after the grace period."""
        for child in children:
            if child.poll() is None:
                child.terminate()
        for child in children:
            try:
                child.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
        self.forget(*children)

    def stop_all(self) -> None:
        """End every child still running; returns at once when there is none."""
        with self._lock:
            running = tuple(self._running)
        self.stop(*running)

    def forget(self, *children: subprocess.Popen[bytes]) -> None:
        """Drop children that have ended."""
        with self._lock:
            self._running.difference_update(children)


def virtualenv_of(info: Any) -> Path | None:
    """The environment the runtime options name, made absolute, or None when they name none.

    Raises:
        HostError: The option names a folder that holds no Python.
    """
    options = dict(info.options.items()) if info.HasField("options") else {}
    named = options.get("virtualenv")
    if not named:
        return None
    folder = Path(info.root_directory) / str(named)
    if not python_in(folder).exists():
        raise HostError(
            f"The virtual environment '{named}' set in {info.root_directory} does not exist ({folder}); "
            "create it and install the requirements, or correct the virtualenv option."
        )
    return folder


def python_in(virtualenv: Path) -> Path:
    """Where a virtual environment keeps its interpreter (POSIX layout only)."""
    return virtualenv / "bin" / "python"


def python_and_environment(info: Any, given: Iterable[str] = ()) -> tuple[str, dict[str, str]]:
    """The interpreter for a program or plugin and its environment, with the virtual environment activated.

    Args:
        info: The program information of a request.
        given: `NAME=value` entries laid over this host's own environment.
    """
    env = dict(os.environ) | dict(entry.split("=", 1) for entry in given if "=" in entry)
    virtualenv = virtualenv_of(info)
    if virtualenv is None:
        return sys.executable, env
    env.pop("PYTHONHOME", None)
    env["VIRTUAL_ENV"] = str(virtualenv)
    env["PATH"] = f"{virtualenv / 'bin'}{os.pathsep}{env.get('PATH', '')}"
    return str(python_in(virtualenv)), env


def program_command(python: str, engine: str, request: Any) -> list[str]:
    """The executor's command line for a Run request; empty values are left out as the stock host does."""
    named = {
        "monitor": request.monitor_address,
        "engine": engine,
        "project": request.project,
        "root_directory": request.info.root_directory,
        "stack": request.stack,
        "pwd": request.pwd or request.info.program_directory,
        "dry_run": "true" if request.dryRun else "",
        "parallel": str(request.parallel) if request.parallel else "",
        "organization": request.organization,
    }
    flags = [part for name, value in named.items() if value for part in (f"--{name}", value)]
    return [python, "-u", str(EXECUTOR), *flags, request.info.entry_point or ".", *request.args]


def plugin_command(python: str, request: Any) -> tuple[list[str], str]:
    """Command line and working directory for a policy pack or a plugin folder."""
    folder = request.info.program_directory
    if request.kind == "analyzer":
        return [python, "-u", "-m", "pulumi.policy", *request.args, folder], folder
    return [python, "-u", folder, *request.args], request.pwd


def pump(name: str, stream: IO[bytes], chunks: queue.Queue[tuple[str, bytes] | None]) -> None:
    """Move a child's output into the queue as it comes; None marks the end of the stream."""
    with stream:
        while data := os.read(stream.fileno(), 65536):
            chunks.put((name, data))
    chunks.put(None)


def output_of(child: subprocess.Popen[bytes]) -> Iterator[tuple[str, bytes]]:
    """Yield a child's stdout and stderr chunks until it has closed both."""
    chunks: queue.Queue[tuple[str, bytes] | None] = queue.Queue()
    for name, stream in (("stdout", child.stdout), ("stderr", child.stderr)):
        if stream is not None:
            threading.Thread(target=pump, args=(name, stream, chunks), daemon=True).start()
    open_streams = 2
    while open_streams:
        chunk = chunks.get()
        if chunk is None:
            open_streams -= 1
        else:
            yield chunk


class LanguageHost(language_pb2_grpc.LanguageRuntimeServicer):
    """Answers the engine. RPC names are the protocol's; what isn't here answers UNIMPLEMENTED."""

    def __init__(self, engine: str, children: Children) -> None:
        self._engine = engine
        self._children = children

    def Handshake(self, request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: D102, N802
        self._engine = request.engine_address or self._engine
        return lang.LanguageHandshakeResponse()

    def GetPluginInfo(self, _request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: D102, N802
        return plugin_pb2.PluginInfo(version=VERSION)

    def GetRequiredPackages(self, _request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: D102, N802
        return lang.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, _request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: D102, N802
        return lang.GetRequiredPluginsResponse()

    def GetProgramDependencies(self, _request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: D102, N802
        return lang.GetProgramDependenciesResponse()

    def About(self, request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: D102, N802
        try:
            executable, _ = python_and_environment(request.info)
        except HostError:
            executable = sys.executable
        return lang.AboutResponse(executable=executable, version=".".join(map(str, sys.version_info[:3])))

    def InstallDependencies(self, _request: Any, _context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: D102, N802
        return iter(())

    def Cancel(self, _request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: D102, N802
        return empty_pb2.Empty()

    def Run(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Run the user's program to its end; its output goes to this host's own, which the engine shows."""
        try:
            python, env = python_and_environment(request.info)
        except HostError as error:
            return lang.RunResponse(error=str(error))
        env["PULUMI_CONFIG"] = json.dumps(dict(request.config))
        env["PULUMI_CONFIG_SECRET_KEYS"] = json.dumps(list(request.configSecretKeys))
        command = program_command(python, self._engine, request)
        child = self._children.start(command, request.pwd, env, piped=False)
        # Refused when the call has ended already.
        if not context.add_callback(lambda: self._children.stop(child)):
            self._children.stop(child)
        code = child.wait()
        self._children.forget(child)
        if code == BAIL_EXIT_CODE:
            return lang.RunResponse(bail=True)
        return lang.RunResponse(error=f"Program exited with non-zero exit code: {code}" if code else "")

    def RunPlugin(self, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:  # noqa: N802
        """Run a policy pack or plugin folder, streaming its output and at last its exit code."""
        try:
            python, env = python_and_environment(request.info, request.env)
        except HostError as error:
            yield lang.RunPluginResponse(stderr=f"{error}\n".encode())
            yield lang.RunPluginResponse(exitcode=1)
            return
        command, cwd = plugin_command(python, request)
        child = self._children.start(command, cwd, env, piped=True)
        # The engine ends a plugin by cancelling this call; the callback runs then and also at a normal end.
        if not context.add_callback(lambda: self._children.stop(child)):
            self._children.stop(child)
        for name, data in output_of(child):
            yield (
                lang.RunPluginResponse(stdout=data)
                if name == "stdout"
                else lang.RunPluginResponse(stderr=data)
            )
        yield lang.RunPluginResponse(exitcode=child.wait())


def main(arguments: list[str]) -> int:
    """Serve on a free loopback port, print it as the first line, and end at once on SIGINT or SIGTERM."""
    positional = [argument for argument in arguments if not argument.startswith("-")]
    children = Children()
    server = grpc.server(
        ThreadPoolExecutor(max_workers=MOST_PROCESSES),
        options=[
            ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
            ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ],
    )
    host = LanguageHost(positional[0] if positional else "", children)
    language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # A signal just before the wait would not wake it.
    while not stopping.wait(LOOK_SECONDS):
        pass
    children.stop_all()
    # Not sys.exit: that would wait for the server's threads, and the engine waits for this process.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
