"""The real Envoy with our rendering, on free ports of loopback, ended with the test whatever happens."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from pathlib import Path

from anyport.gateway.envoy import envoy_yaml
from anyport.gateway.routes import RouteTable
from anyport.gateway.secrets import write_credential
from anyport.gateway.settings import GatewaySettings

ENVOY = Path(sys.executable).parent / "envoy"
READY_SECONDS = 20.0


def validate(table: RouteTable, settings: GatewaySettings, folder: Path) -> subprocess.CompletedProcess[str]:
    """Envoy's own check of a rendering."""
    path = folder / "envoy.yaml"
    path.write_text(envoy_yaml(table, settings), "utf-8")
    command = [str(ENVOY), "--mode", "validate", "-c", str(path), "-l", "error"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def write_credentials(table: RouteTable, folder: Path, token: str = "token-of-{target}") -> None:
    """A credential for every target."""
    folder.mkdir(exist_ok=True)
    for endpoint in table.endpoints:
        for target in endpoint.targets:
            write_credential(folder, endpoint.name, target.name, token.format(target=target.name))


@contextlib.contextmanager
def envoy(
    table: RouteTable, settings: GatewaySettings, folder: Path, more: Sequence[str] = ()
) -> Iterator[str]:
    """Run it. Yields the base URL for an OpenAI client."""
    path = folder / "envoy.yaml"
    path.write_text(envoy_yaml(table, settings), "utf-8")
    log = folder / "envoy.log"
    command = [str(ENVOY), "-c", str(path), "--concurrency", "1", "-l", "warn", *more]
    command += ["--use-dynamic-base-id", "--log-path", str(log)]
    with (folder / "access.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        _wait_ready(process, settings.admin_port, log)
        yield f"http://{settings.address}:{settings.port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, log.read_text("utf-8") if log.exists() else "Envoy ended at once"
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"http://127.0.0.1:{port}/ready", timeout=1),
        ):
            return
        time.sleep(0.02)
    raise AssertionError(f"Envoy was not ready within {READY_SECONDS:.0f} s")
