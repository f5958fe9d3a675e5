"""What a cut-off `make sandbox` leaves behind: nothing that runs, and nothing in the way of the next run."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from anyport_sandbox.workspace import SandboxError, Workspace

pytestmark = pytest.mark.engine

RUN = [sys.executable, "-m", "anyport_sandbox.run"]
ENDING_SECONDS = 30.0


@pytest.fixture
def surroundings(tmp_path: Path, checkout: Path) -> dict[str, str]:
    assert (checkout / ".engine" / "bin" / "pulumi").exists(), "run: make engine"
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PULUMI_", "ANYPORT_"))}
    return {**kept, "ANYPORT_WORK_AREA": str(tmp_path / "area"), "ANYPORT_SANDBOX_PORT": "0"}


def ours(area: str) -> list[int]:
    """Processes that carry the work area in their environment: whatever a run started, however deep."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if area.encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def wait_until_gone(area: str) -> list[int]:
    deadline = time.monotonic() + ENDING_SECONDS
    while (left := ours(area)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


@pytest.fixture
def interrupted(surroundings: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A run stopped in the midst of creating things; ended for certain, whatever the test does."""
    process = subprocess.Popen(
        [*RUN, "up"], env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    for line in process.stdout:
        if " creating " in line:
            break
    yield process
    process.kill()
    process.wait()
    process.stdout.close()
    for pid in ours(surroundings["ANYPORT_WORK_AREA"]):
        os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda s: s.name)
def test_a_cut_off_run_leaves_nothing_running_and_runs_again(
    interrupted: subprocess.Popen[str], surroundings: dict[str, str], sign: signal.Signals
) -> None:
    interrupted.send_signal(sign)
    text = interrupted.stdout.read() if interrupted.stdout else ""
    code = interrupted.wait(ENDING_SECONDS)
    assert wait_until_gone(surroundings["ANYPORT_WORK_AREA"]) == []
    if sign != signal.SIGKILL:
        assert code == 130
        assert "stopped; nothing is left running" in text
    assert "Traceback" not in text
    again = subprocess.run(
        [*RUN, "up"], env=surroundings, capture_output=True, text=True, timeout=120, check=False
    )
    assert again.returncode == 0, again.stdout + again.stderr
    assert "5 of 5 targets answered, on 4 providers." in again.stdout
    assert ours(surroundings["ANYPORT_WORK_AREA"]) == []


def test_a_port_that_is_taken_is_named_with_the_way_out(surroundings: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = subprocess.run(
            [*RUN, "up"],
            env={**surroundings, "ANYPORT_SANDBOX_PORT": port},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert done.returncode == 3
    assert port in done.stderr
    assert "ANYPORT_SANDBOX_PORT" in done.stderr
    assert "Traceback" not in done.stderr
    assert ours(surroundings["ANYPORT_WORK_AREA"]) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"ANYPORT_SANDBOX_PORT": "http"}, "give a port"),
        ({"ANYPORT_WORK_AREA": "/proc/none"}, "cannot be written"),
    ],
)
def test_what_cannot_work_is_one_sentence(
    surroundings: dict[str, str], change: dict[str, str], words: str
) -> None:
    done = subprocess.run(
        [*RUN, "up"], env={**surroundings, **change}, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 3
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_full_disk_is_said_before_the_engine_meets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checkout: Path
) -> None:
    monkeypatch.setenv("ANYPORT_WORK_AREA", str(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=3 * 2**20))
    with pytest.raises(SandboxError, match="3 MB free and a run needs 64"):
        Workspace(checkout).prepare()
