"""LiteLLM's proxy as a child process, from a virtual environment of its own that is made by hash."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from anyport.gateway.litellm import pinned
from anyport_sandbox.ports import reserve_ports

LOCK = Path(__file__).parent / "litellm.lock"
KEY = "sk-drill"
READY_SECONDS = 120.0
INSTALL_SECONDS = 900
HOOKS = ("sitecustomize.py", "usercustomize.py")
KNOWN_PTH = ("_virtualenv.pth", "distutils-precedence.pth")
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class PeerError(Exception):
    """One sentence: why LiteLLM cannot be had or started here."""


@dataclass(frozen=True)
class Proxy:
    """A running proxy, with what a drill asks of a gateway; it has no metrics and no log of ours."""

    url: str
    pid: int

    def counted(self) -> dict[str, int]:
        """Nothing: it is not asked."""
        return {}

    def logged(self, start: int) -> tuple[tuple[str, ...], int]:
        """Nothing: its log has other words."""
        del start
        return (), 0


def locked_version(lock: Path = LOCK) -> str:
    """The exact version in the lock.

    Raises:
        PeerError: the lock has none, or one that the export refuses: compromised, or with known holes.
    """
    found = re.search(r"^litellm(?:\[[^]]*\])?==(\S+)", lock.read_text("utf-8"), re.MULTILINE)
    if found is None:
        raise PeerError(f"{lock.name} has no exact version of litellm; renew it as peers_bench.py says.")
    try:
        return pinned(found[1])
    except ValueError as error:
        raise PeerError(f"{lock.name}: {error}.") from None


def obtain(environ: Mapping[str, str], lock: Path = LOCK) -> Path:
    """The `litellm` command, installed first if it isn't there.

    Raises:
        PeerError: it cannot be installed, or the environment holds code that runs by itself.
    """
    base = environ.get("ANYPORT_CACHE_DIR") or f"{environ.get('XDG_CACHE_HOME') or '~/.cache'}/anyport"
    place = Path(base).expanduser().absolute() / "bench" / f"litellm-{locked_version(lock)}"
    command = place / "bin" / "litellm"
    if not (place / "complete").is_file():
        uv = Path(sys.executable).with_name("uv")
        shutil.rmtree(place, ignore_errors=True)
        print("anyport bench-peers: installing LiteLLM (about a minute, once) ...", file=sys.stderr)
        _run([str(uv), "venv", "--quiet", "--python", sys.executable, str(place)], environ)
        sync = ["pip", "sync", "--quiet", "--require-hashes", "--only-binary", ":all:"]
        _run([str(uv), *sync, "--python", str(place / "bin" / "python"), str(lock)], environ)
        refuse_hooks(place)
        (place / "complete").touch()
    refuse_hooks(place)
    if not command.is_file():
        raise PeerError(f"{place} has no command litellm; remove the folder and run this again.")
    return command


def refuse_hooks(place: Path) -> None:
    """Both compromised releases ran through files that Python executes at every start: none may be there.

    Raises:
        PeerError: one is.
    """
    for site in place.glob("lib/python*/site-packages"):
        found = [*site.glob("*.pth"), *(site / name for name in HOOKS if (site / name).exists())]
        odd = sorted(each.name for each in found if each.name not in KNOWN_PTH)
        if odd:
            raise PeerError(
                f"{site} has {', '.join(odd)}, which Python runs at every start; it was not started."
            )


def _run(command: Sequence[str], environ: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(
            command, env=dict(environ), capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise PeerError(f"LiteLLM cannot be installed: `{' '.join(command[:3])}`: {error}") from None
    if done.returncode:
        said = " ".join(done.stderr.split())[-400:] or f"exit {done.returncode}"
        raise PeerError(f"LiteLLM cannot be installed: `{' '.join(command[:3])}` said: {said}")


@contextlib.contextmanager
def proxy(
    command: Sequence[str], config: str, keys: Mapping[str, str], folder: Path, seconds: float = READY_SECONDS
) -> Iterator[Proxy]:
    """The proxy with this configuration until the block ends.

    Raises:
        PeerError: it ends, or is not ready in time; with its last words.
    """
    [port] = reserve_ports(1)
    file, log = folder / "litellm.yaml", folder / "litellm.log"
    file.write_text(config, "utf-8")
    env = {
        "PATH": "/usr/bin:/bin", "HOME": str(folder), "LITELLM_MASTER_KEY": KEY, "NO_PROXY": "*",
        # Prices from the package: it would fetch them otherwise.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True", **keys,
    }  # fmt: skip
    words = [
        *command,
        "--config",
        str(file),
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        "--num_workers",
        "1",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            words,
            env=env,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        _wait_ready(process, port, log, seconds)
        yield Proxy(f"http://127.0.0.1:{port}/v1", process.pid)
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_ready(process: subprocess.Popen[bytes], port: int, log: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            said = " ".join(log.read_text("utf-8", "replace").split())[-400:]
            raise PeerError(f"LiteLLM ended at once (exit {process.returncode}): {said}")
        with (
            contextlib.suppress(OSError, urllib.error.URLError),
            _DIRECT.open(f"http://127.0.0.1:{port}/health/liveliness", timeout=1),
        ):
            return
        time.sleep(0.1)
    raise PeerError(f"LiteLLM was not ready within {seconds:.0f} s.")
