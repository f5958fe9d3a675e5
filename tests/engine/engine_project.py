"""A Pulumi project in a folder of its own, run by the real engine against the simulated clouds."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from anyport_sandbox.workspace import PASSPHRASE, Workspace

COMMAND_SECONDS = 400.0
ENDING_SECONDS = 30.0
DROPPED = ("PYTHONDONTWRITEBYTECODE", "ANYPORT_")


@dataclass(frozen=True)
class Finished:
    """How one command ended."""

    returncode: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """Everything it said."""
        return self.stdout + self.stderr


class Project:
    """A project like sandbox/Pulumi.yaml, with all that it leaves behind inside `folder`.

    Attributes:
        folder: holds Pulumi.yaml, stacks/, the backend and the clouds.
        stack: the stack that commands are about unless they say otherwise.
    """

    def __init__(self, checkout: Path, folder: Path, files: Mapping[str, str]) -> None:
        """Write the project.

        Args:
            checkout: whose engine, virtual environment and stand-ins are used.
            folder: made if absent.
            files: contents by name, for the folder stacks/; `__main__.py` is that of the checkout if left out.
        """
        self.checkout, self.folder, self.stack = checkout, folder, "x"
        self.stacks, self.clouds, self.backend = folder / "stacks", folder / "clouds", folder / "backend"
        for made in (self.stacks, self.clouds, self.backend):
            made.mkdir(parents=True)
        program = (checkout / "stacks" / "__main__.py").read_text("utf-8")
        for name, text in {"__main__.py": program, **files}.items():
            (self.stacks / name).write_text(text, "utf-8")
        (folder / "Pulumi.yaml").write_text(self._project_file(), "utf-8")
        self.environment = environment(checkout, folder)

    def init(self, stack: str = "x") -> Project:
        """Make a stack in the backend."""
        done(self.pulumi("stack", "init", stack, stack=None))
        return self

    def preview(self, *arguments: str, packs: tuple[str, ...] = (), **more: Any) -> Finished:
        """`pulumi preview`."""
        return self.pulumi("preview", *self._packs(packs), *arguments, **more)

    def up(self, *arguments: str, packs: tuple[str, ...] = (), **more: Any) -> Finished:
        """`pulumi up` without its preview, which is another test's affair."""
        return self.pulumi("up", "--yes", "--skip-preview", *self._packs(packs), *arguments, **more)

    def refresh(self, *arguments: str) -> Finished:
        """`pulumi refresh`."""
        return self.pulumi("refresh", "--yes", "--skip-preview", "--suppress-outputs", *arguments)

    def destroy(self) -> Finished:
        """`pulumi destroy`, of protected resources too."""
        done(self.pulumi("state", "unprotect", "--all", "--yes"))
        return self.pulumi("destroy", "--yes", "--skip-preview")

    def outputs(self, stack: str | None = "") -> dict[str, Any]:
        """The stack's outputs."""
        found: dict[str, Any] = json.loads(done(self.pulumi("stack", "output", "--json", stack=stack)).stdout)
        return found

    def export(self) -> str:
        """The stack's state, with secrets as they are stored."""
        return done(self.pulumi("stack", "export")).stdout

    def resources(self) -> list[dict[str, Any]]:
        """What the stack's state says exists."""
        found: list[dict[str, Any]] = json.loads(self.export())["deployment"].get("resources") or []
        return found

    def cloud(self, name: str) -> dict[str, Any]:
        """What a simulated cloud remembers, such as `resources` and `deleted`; empty when never touched."""
        path = self.clouds / f"{name}.json"
        return json.loads(path.read_text("utf-8")) if path.exists() else {}

    def in_clouds(self) -> list[str]:
        """Types of all resources that exist in any cloud."""
        files = sorted(self.clouds.glob("*.json"))
        return [r["type"] for f in files for r in json.loads(f.read_text("utf-8"))["resources"].values()]

    def edit(self, name: str, old: str, new: str) -> None:
        """Change one place of a file of stacks/."""
        path = self.stacks / name
        text = path.read_text("utf-8")
        assert text.count(old) == 1, (old, text)
        path.write_text(text.replace(old, new), "utf-8")

    def pulumi(
        self, *arguments: str, stack: str | None = "", env: Mapping[str, str] | None = None
    ) -> Finished:
        """Any command; `stack` None leaves out -s."""
        chosen = [] if stack is None else ["-s", stack or self.stack]
        command = ["pulumi", "-C", str(self.folder), *arguments, *chosen, "--non-interactive"]
        return run(command, self.environment | dict(env or {}), self.folder)

    def _packs(self, packs: tuple[str, ...]) -> list[str]:
        folder = self.checkout / "policies"
        return [word for pack in packs for word in ("--policy-pack", str(folder / pack))]

    def _project_file(self) -> str:
        sandbox = self.checkout / "sandbox"
        project = yaml.safe_load((sandbox / "Pulumi.yaml").read_text("utf-8"))
        project |= {"main": "stacks", "stackConfigDir": "stacks"}
        project.pop("backend", None)
        project["runtime"]["options"]["virtualenv"] = str(self.checkout / ".venv")
        for provider in project["plugins"]["providers"]:
            provider["path"] = str(sandbox / provider["path"])
        return yaml.safe_dump(project)


ProjectMaker = Callable[..., Project]


def environment(checkout: Path, area: Path) -> dict[str, str]:
    """That of the sandbox itself, for another folder and with nothing of the shell the tests run in."""
    workspace = Workspace(checkout)
    workspace.area, workspace.backend, workspace.clouds = area, area / "backend", area / "clouds"
    own = {"ANYPORT_SANDBOX_STATE": str(workspace.clouds), "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}
    return {k: v for k, v in workspace.environment().items() if not k.startswith(DROPPED)} | own


def done(finished: Finished) -> Finished:
    """The same, having made sure that it went well."""
    assert finished.returncode == 0, finished.text
    return finished


def run(command: list[str], env: Mapping[str, str], marker: Path) -> Finished:
    """Run to the end. Whatever still mentions `marker` when time is up, or the test is stopped, is killed."""
    child = subprocess.Popen(
        command,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )
    try:
        out, err = child.communicate(timeout=COMMAND_SECONDS)
    except BaseException:
        child.kill()
        kill_all(marker)
        child.communicate()
        raise
    return Finished(child.returncode, out, err)


def heed_interrupts() -> None:
    """A shell that starts the tests in the background has children ignore SIGINT; ours must not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def mentioning(marker: Path) -> dict[int, str]:
    """Processes whose command line or environment names the folder, save this one."""
    needle, found = str(marker).encode(), {}
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (entry / "cmdline").read_bytes()
            if needle in command or needle in (entry / "environ").read_bytes():
                found[int(entry.name)] = command.replace(b"\0", b" ").decode(errors="replace")
    found.pop(os.getpid(), None)
    return found


def still_running(marker: Path, seconds: float = ENDING_SECONDS) -> dict[int, str]:
    """What has not ended by itself within the time; empty as soon as all has."""
    deadline = time.monotonic() + seconds
    while (found := mentioning(marker)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def kill_all(marker: Path) -> None:
    """End what a failed test left; the folder is the test's own, so nothing else is hit."""
    for pid in mentioning(marker):
        with contextlib.suppress(OSError):
            os.kill(pid, signal.SIGKILL)
