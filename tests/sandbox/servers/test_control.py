from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from anyport_sandbox.servers import control, serve
from anyport_sandbox.servers.errors import RouteError, ServersError
from anyport_sandbox.servers.routes import Route, load_routes, routes_from_contracts, save_routes

from .conftest import CREDENTIALS, contracts


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_start_and_stop_leave_no_process(routes: list[Route], tmp_path: Path) -> None:
    running = control.start(routes, tmp_path, 0)
    try:
        assert list(running.addresses) == sorted({route.host for route in routes})
        secret = [tmp_path / "routes.json", *(tmp_path / "tls").iterdir()]
        assert {mode(path) for path in secret} == {0o600}
        with pytest.raises(ServersError, match="run already"):
            control.start(routes, tmp_path, 0)
    finally:
        assert control.stop(tmp_path)
    with pytest.raises(ProcessLookupError):
        os.kill(running.pid, 0)
    assert not (tmp_path / "servers.json").exists()
    assert not control.stop(tmp_path)


def test_port_taken_is_one_sentence(routes: list[Route], tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(ServersError) as caught:
            control.start(routes, tmp_path, port)
    said = str(caught.value)
    assert f"Port {port} " in said
    assert "ANYPORT_SANDBOX_PORT" in said
    assert (tmp_path / "serve.log").read_text().count("\n") == 1


def test_stop_does_not_touch_a_stranger(tmp_path: Path) -> None:
    ready = {"pid": os.getpid(), "proxy": "", "ca": "", "addresses": {}}
    (tmp_path / "servers.json").write_text(json.dumps(ready))
    assert not control.stop(tmp_path)
    assert not (tmp_path / "servers.json").exists()


def spawn(routes: list[Route], state: Path, *more: str) -> subprocess.Popen[str]:
    save_routes(state / "routes.json", routes)
    command = [sys.executable, "-m", "anyport_sandbox.servers.serve", "--routes", str(state / "routes.json")]
    room = str(Path(serve.__file__).parents[2])
    process = subprocess.Popen(
        [*command, "--state", str(state), "--port", "0", *more],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": room},
    )
    while process.poll() is None and not (state / "servers.json").exists():
        time.sleep(0.02)
    return process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_though_a_tunnel_stays_open(
    routes: list[Route], tmp_path: Path, number: signal.Signals
) -> None:
    process = spawn(routes, tmp_path)
    ready = json.loads((tmp_path / "servers.json").read_text())
    host = next(iter(ready["addresses"]))
    with socket.create_connection(("127.0.0.1", int(ready["proxy"].rsplit(":", 1)[1])), 5) as tunnel:
        tunnel.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert tunnel.recv(100).startswith(b"HTTP/1.1 200")
        process.send_signal(number)
        _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")
    assert not (tmp_path / "servers.json").exists()


def test_it_ends_with_its_parent(routes: list[Route], tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as parent:
        process = spawn(routes, tmp_path, "--parent-pid", str(parent.pid))
        assert process.poll() is None
    _, errors = process.communicate(timeout=60)
    assert (process.returncode, errors) == (0, "")


def test_routes_survive_the_file_and_hide_their_tokens(routes: list[Route], tmp_path: Path) -> None:
    save_routes(tmp_path / "r.json", routes)
    assert load_routes(tmp_path / "r.json") == routes
    assert "entra-token" not in repr(routes)
    assert "entra-token" not in routes[0].model_dump_json()


def test_bad_contracts_are_one_sentence() -> None:
    outputs = contracts()
    same = {**outputs["endpoints"]["small"]["targets"][0], "target": "again"}
    outputs["endpoints"]["small"]["targets"].append(same)
    with pytest.raises(RouteError, match="small/oci and small/again have the same base URL, model and token"):
        routes_from_contracts(outputs, CREDENTIALS)
    with pytest.raises(RouteError, match="no credential for chat/azure"):
        routes_from_contracts(contracts(), {})
    with pytest.raises(RouteError, match="no output 'endpoints'"):
        routes_from_contracts({}, {})
    broken = contracts()
    broken["endpoints"]["chat"]["targets"][0]["base_url"] = "http://x"
    with pytest.raises(RouteError, match="not an https address"):
        routes_from_contracts(broken, CREDENTIALS)


def test_main_explains_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert serve.main(["--routes", str(tmp_path / "none.json"), "--state", str(tmp_path)]) == 2
    assert "cannot be read" in capsys.readouterr().err
    assert serve.main(["--routes", "x", "--state", str(tmp_path), "--port", "http"]) == 3
    assert "'http' is not a port" in capsys.readouterr().err
