"""Where the sandbox keeps its things, and how it runs the real Pulumi engine there."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from .ports import reserve_ports

__all__ = ["PASSPHRASE", "STACK", "SandboxError", "Workspace"]

STACK = "sandbox"
NEEDED_BYTES = 64 * 2**20
PASSPHRASE = "sandbox"  # noqa: S105  # opens only the made-up key of the simulated servers


KUBECONFIG = "ANYPORT_SANDBOX_KUBECONFIG"
"""Names the kubeconfig of the control plane to the stand-in for Kubernetes."""
_OVERRIDES = "CLIENT_HOST_OVERRIDES"
_DROPPED = ("PULUMI_", "KUBECONFIG", "PYTHONDONTWRITEBYTECODE")
"""The user's own Pulumi login and cluster; and a switch that makes every start compile the cloud SDKs again."""


class SandboxError(Exception):
    """One sentence that says what is wrong and what to do."""


class Workspace:
    """The ignored work area `.anyport/` of one checkout.

    Attributes:
        checkout: the root of the project.
        area: `.anyport` or `$ANYPORT_WORK_AREA`, safe to delete when nothing runs.
        kubeconfig: of the control plane that the stand-in for Kubernetes applies to; None keeps clusters in memory.
    """

    kubeconfig: Path | None = None

    def __init__(self, checkout: Path) -> None:
        self.checkout = checkout
        self.area = Path(os.environ.get("ANYPORT_WORK_AREA", checkout / ".anyport"))
        self.backend = self.area / "backend"
        self.clouds = self.area / "sandbox" / "clouds"
        self.servers = self.area / "sandbox" / "servers"
        self.kubernetes = self.area / "sandbox" / "kubernetes"
        self._oracle_port = 0

    def prepare(self) -> None:
        """Make the folders. Raises SandboxError when the disk refuses."""
        try:
            for folder in (self.backend, self.clouds, self.servers, self.area / "pulumi-home"):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SandboxError(
                f"{error.filename or self.area} cannot be written: {error.strerror}. Free some space or check permissions."
            ) from None
        free = shutil.disk_usage(self.area).free
        if free < NEEDED_BYTES:
            raise SandboxError(
                f"{self.area} has {free // 2**20} MB free and a run needs {NEEDED_BYTES // 2**20}: the engine does not "
                "survive a full disk. Free some space, or set ANYPORT_WORK_AREA to a folder that has it."
            )

    def environment(self) -> dict[str, str]:
        """What every engine run needs; nothing of the user's own Pulumi login or cloud accounts."""
        kept = {
            key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "KUBECONFIG"))
        }
        path = f"{self.checkout / '.engine' / 'bin'}{os.pathsep}{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"
        return {
            **kept,
            "PATH": path,
            "ANYPORT_SANDBOX_STATE": str(self.clouds),
            "PULUMI_HOME": str(self.area / "pulumi-home"),
            "PULUMI_BACKEND_URL": f"file://{self.backend}",
            "PULUMI_CONFIG_PASSPHRASE": os.environ.get("PULUMI_CONFIG_PASSPHRASE", PASSPHRASE),
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **self._oracle(),
            **({KUBECONFIG: str(self.kubeconfig)} if self.kubeconfig else {}),
        }

    def _oracle(self) -> dict[str, str]:
        """Where Oracle's own client finds the simulated API for keys, unless someone said so already.

        Nothing listens there before the stand-in for OCI is started.
        """
        if any(name in os.environ for name in (_OVERRIDES, f"TF_VAR_{_OVERRIDES}")):
            return {}
        if not self._oracle_port:
            [self._oracle_port] = reserve_ports(1)
        return {_OVERRIDES: f"oci_generative_ai.GenerativeAiClient=http://127.0.0.1:{self._oracle_port}"}

    def pulumi(
        self, *arguments: str, quiet: bool = False, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run `pulumi -C sandbox …`; its output goes to the user unless `quiet`.

        Raises SandboxError when it cannot run, or fails and `check` is set.
        """
        done = self.command(self._command(arguments), quiet=quiet)
        if check and done.returncode != 0:
            shown = f":\n{done.stderr.strip() or done.stdout.strip()}" if quiet else "; see above."
            raise SandboxError(f"pulumi {arguments[0]} failed{shown}")
        return done

    def command(self, command: Sequence[str], *, quiet: bool) -> subprocess.CompletedProcess[str]:
        """Run a program that ends with this one, on an interrupt too; its output goes to the user unless `quiet`."""
        child = subprocess.Popen(  # noqa: S603  # our own programs with our own arguments
            command,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if quiet else None,
            stderr=subprocess.PIPE if quiet else None,
            text=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
        try:
            out, err = child.communicate()
        except BaseException:
            _end(child)
            raise
        return subprocess.CompletedProcess(command, child.returncode, out or "", err or "")

    def _command(self, arguments: Sequence[str]) -> list[str]:
        engine = shutil.which("pulumi", path=self.environment()["PATH"])
        if engine is None:
            raise SandboxError("The Pulumi engine is not here. Run: make engine")
        return [engine, "-C", str(self.checkout / "sandbox"), *arguments, "--non-interactive"]

    def reset(self) -> None:
        """Forget the stack and the simulated clouds, as if the sandbox had never run."""
        for folder in (self.backend, self.clouds, self.kubernetes):
            shutil.rmtree(folder, ignore_errors=True)
        self.prepare()

    def had_real_kubernetes(self) -> bool:
        """Whether the stack was last built on a real control plane, whose objects are still kept."""
        return (self.kubernetes / "etcd").is_dir()

    def has_stack(self) -> bool:
        """Whether an earlier run left a stack."""
        return any(self.backend.glob(f".pulumi/stacks/*/{STACK}.json"))

    def was_interrupted(self) -> bool:
        """Whether an earlier run was cut off: a lock of a dead process, or operations left open."""
        for lock in self.backend.glob(".pulumi/locks/**/*.json"):
            if not _alive(lock):
                return True
        for state in self.backend.glob(f".pulumi/stacks/*/{STACK}.json"):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                latest = (json.loads(state.read_text()).get("checkpoint") or {}).get("latest") or {}
                if latest.get("pending_operations"):
                    return True
        return False


def _alive(lock: Path) -> bool:
    try:
        owner = json.loads(lock.read_text())
        if owner.get("hostname") != socket.gethostname():
            return False
        os.kill(int(owner["pid"]), 0)
    except PermissionError:
        return True
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return True


def _end_with_parent() -> None:
    """Linux only: ask for SIGINT when the parent dies, so that a killed run leaves no engine behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGINT)


def _end(child: subprocess.Popen[str]) -> None:
    """Let the engine finish its step, as Ctrl-C does, then insist."""
    for sign, patience in ((signal.SIGINT, 10.0), (signal.SIGTERM, 3.0), (signal.SIGKILL, 3.0)):
        if child.poll() is not None:
            return
        child.send_signal(sign)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(patience)
