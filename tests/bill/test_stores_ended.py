"""Who ends `anyport bill` while a store is silent need not wait for it, and finds nothing left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import create_server, socket

import pytest

QUICK = 30
"""Seconds, for a busy machine; a request to the store is given 120, three times over."""


@contextmanager
def silent() -> Iterator[socket]:
    """A store that takes requests and never answers."""
    with create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield server


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_ended_run_ends_at_once_and_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    room = tmp_path / "room"
    room.mkdir()
    with silent() as server:
        kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        names = {
            "AWS_ACCESS_KEY_ID": "who", "AWS_SECRET_ACCESS_KEY": "x", "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": address,
            "AWS_ALLOW_HTTP": "true", "TMPDIR": str(room),
        }  # fmt: skip
        command = [
            sys.executable,
            "-c",
            "from anyport_cli.main import main; main()",
            "bill",
            "s3://bills/focus",
        ]
        with subprocess.Popen(command, cwd=tmp_path, env={**kept, **names}, stderr=subprocess.PIPE) as run:
            try:
                asker, _ = server.accept()
                with asker:
                    assert asker.recv(1), "the run waits for the store"
                    (made,) = room.iterdir()
                    assert made.stat().st_mode & 0o777 == 0o700
                    run.send_signal(number)
                    _, err = run.communicate(timeout=QUICK)
            finally:
                run.kill()
    assert b"Traceback" not in err
    assert run.returncode in (3, 130)
    assert list(room.iterdir()) == []
