"""The language host: which Python its launcher picks, and how the host starts and ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from engine_helpers import ENGINE_DIR, script
from pulumi.runtime.proto import language_pb2 as lang
from pulumi.runtime.proto.language_pb2_grpc import LanguageRuntimeStub

# -- the launcher of the language host


def launch(launcher: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [launcher, "addr"],
        env={"PATH": "/usr/bin:/bin", **env},
        cwd=launcher.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )


def test_launcher_picks_python_in_order(checkout: Path, tmp_path: Path) -> None:
    bin_folder = checkout / ".engine" / "bin"
    bin_folder.mkdir(parents=True)
    launcher = bin_folder / "pulumi-language-python"
    launcher.symlink_to(ENGINE_DIR / "pulumi-language-python")
    named = script(tmp_path / "named", 'echo named "$@"')
    script(tmp_path / "venv" / "bin" / "python", "echo virtual")
    assert "no Python with pulumi" in launch(launcher).stderr
    assert launch(launcher, VIRTUAL_ENV=str(tmp_path / "venv")).stdout == "virtual\n"
    script(checkout / ".venv" / "bin" / "python", "echo checkout")
    assert launch(launcher, VIRTUAL_ENV=str(tmp_path / "venv")).stdout == "checkout\n"
    said = launch(launcher, ANYPORT_PYTHON=str(named)).stdout
    assert said == f"named -u {bin_folder}/language_host.py addr\n"
    wrong = launch(launcher, ANYPORT_PYTHON="/no/such/python")
    assert wrong.returncode == 1
    assert "ANYPORT_PYTHON names '/no/such/python'" in wrong.stderr


# -- the host itself


def test_host_prints_its_port_and_ends_at_once_on_a_signal() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        with subprocess.Popen(
            [sys.executable, "-u", ENGINE_DIR / "language_host.py", "127.0.0.1:1"],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as host:
            assert host.stdout is not None
            assert int(host.stdout.readline()) > 0
            host.send_signal(number)
            # Well under the 5 s after which the engine would kill it.
            assert host.wait(timeout=30) == 0


@pytest.fixture
def endpoint() -> Iterator[grpc.Channel]:
    """A running host to talk to."""
    with subprocess.Popen(
        [sys.executable, "-u", ENGINE_DIR / "language_host.py", "127.0.0.1:1"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as host:
        assert host.stdout is not None
        port = int(host.stdout.readline())
        try:
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                yield channel
        finally:
            host.terminate()


def plugin_request(folder: Path, source: str, **options: str) -> lang.RunPluginRequest:
    (folder / "__main__.py").write_text(source, encoding="utf-8")
    info = lang.ProgramInfo(root_directory=str(folder), program_directory=str(folder), entry_point=".")
    info.options.update(options)
    return lang.RunPluginRequest(
        pwd=str(folder), args=["one"], env=["SAID=hello"], info=info, kind="resource"
    )


def test_plugin_output_and_exit_code_are_streamed(endpoint: grpc.Channel, tmp_path: Path) -> None:
    source = (
        "import os, sys; print(os.environ['SAID'], sys.argv[1]); print('bad', file=sys.stderr); sys.exit(4)"
    )
    answers = list(LanguageRuntimeStub(endpoint).RunPlugin(plugin_request(tmp_path, source)))
    assert b"".join(a.stdout for a in answers) == b"hello one\n"
    assert b"".join(a.stderr for a in answers) == b"bad\n"
    assert answers[-1].exitcode == 4


def test_cancelled_plugin_ends(endpoint: grpc.Channel, tmp_path: Path) -> None:
    held = tmp_path / "held"
    os.mkfifo(held)
    source = f"import signal; f = open({str(held)!r}, 'w'); print('up', flush=True); signal.pause()"
    reading = os.open(held, os.O_RDONLY | os.O_NONBLOCK)
    try:
        call = LanguageRuntimeStub(endpoint).RunPlugin(plugin_request(tmp_path, source))
        # An unbuffered print may arrive in pieces; the first is enough to know that the pipe is open.
        assert next(call).stdout.startswith(b"up")
        call.cancel()
        waiting = select.poll()
        waiting.register(reading, 0)
        # The pipe hangs up when the plugin's process is gone; a deadline, not a delay.
        assert [event & select.POLLHUP for _, event in waiting.poll(10_000)] == [select.POLLHUP]
    finally:
        os.close(reading)


def test_missing_virtualenv_is_one_clear_sentence(endpoint: grpc.Channel, tmp_path: Path) -> None:
    answers = list(LanguageRuntimeStub(endpoint).RunPlugin(plugin_request(tmp_path, "", virtualenv="gone")))
    assert b"The virtual environment 'gone' set in" in answers[0].stderr
    assert answers[-1].exitcode == 1


def test_no_packages_are_required_and_installing_does_nothing(endpoint: grpc.Channel) -> None:
    stub = LanguageRuntimeStub(endpoint)
    stub.Handshake(lang.LanguageHandshakeRequest(engine_address="127.0.0.1:2"))
    assert list(stub.GetRequiredPackages(lang.GetRequiredPackagesRequest()).packages) == []
    assert list(stub.InstallDependencies(lang.InstallDependenciesRequest())) == []
