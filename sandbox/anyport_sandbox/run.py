"""`make sandbox`: the main job with no cloud account, on the real engine.

    python -m anyport_sandbox.run up       stand everything up, ask each target, show the table
    python -m anyport_sandbox.run down     end what runs, destroy the stack
    python -m anyport_sandbox.run env      print what a shell needs to run pulumi by hand

Exit codes: 0 every target answered, 1 one did not, 2 bad input, 3 something is missing or broke.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from .ask import Answer, ask_all, table
from .servers import control
from .servers.errors import RouteError
from .servers.routes import routes_from_contracts
from .servers.serve import DEFAULT_PORT, PORT_VARIABLE
from .workspace import STACK, SandboxError, Workspace

__all__ = ["main"]

PACKS = ("../policies/resilience", "../policies/baseline")


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Ctrl-C and SIGTERM end in a sentence and leave nothing running."""
    signal.signal(signal.SIGTERM, _stop)
    words = arguments if arguments is not None else sys.argv[1:]
    commands = {"up": up, "down": down, "env": env}
    if len(words) != 1 or words[0] not in commands:
        _say(f"usage: python -m anyport_sandbox.run {'|'.join(commands)}")
        return 2
    workspace = Workspace(Path(__file__).resolve().parents[2])
    try:
        workspace.prepare()
        return commands[words[0]](workspace)
    except SandboxError as error:
        _say(f"anyport sandbox: {error}")
        return 3
    except KeyboardInterrupt:
        _say("anyport sandbox: stopped; nothing is left running. Run it again, or make sandbox-down.")
        return 130


def up(workspace: Workspace) -> int:
    """Real `pulumi up` with both packs, then one chat completion per target."""
    port = _free_port()
    if workspace.was_interrupted():
        _say("anyport sandbox: an earlier run was cut off; its simulated clouds are cleared first.")
        workspace.reset()
    workspace.pulumi("stack", "select", STACK, "--create", quiet=True)
    packs = [word for pack in PACKS for word in ("--policy-pack", pack)]
    went = workspace.pulumi(
        "up", "-s", STACK, "--yes", "--continue-on-error", "--suppress-outputs", *packs, check=False
    )
    outputs = json.loads(workspace.pulumi("stack", "output", "-s", STACK, "--json", quiet=True).stdout)
    if not outputs.get("endpoints"):
        raise SandboxError("pulumi up built no endpoint; the reason is above.")
    answers = _ask(workspace, outputs, port)
    sys.stdout.write("\n" + table(answers) + "\n")
    if went.returncode != 0:
        _say("\nanyport sandbox: pulumi up failed in part, see above; run make sandbox again to continue.")
        return 1
    return 0 if all(answer.ok for answer in answers) else 1


def down(workspace: Workspace) -> int:
    """End the model servers if any run, destroy the stack, and forget the simulated clouds."""
    control.stop(workspace.servers)
    if any(workspace.backend.glob(f".pulumi/stacks/*/{STACK}.json")) and not workspace.was_interrupted():
        workspace.pulumi("state", "unprotect", "--all", "-s", STACK, "--yes", quiet=True)
        workspace.pulumi("destroy", "-s", STACK, "--yes")
        workspace.pulumi("stack", "rm", "-s", STACK, "--yes", "--preserve-config", quiet=True)
    workspace.reset()
    _say("anyport sandbox: destroyed; nothing is left running.")
    return 0


def env(workspace: Workspace) -> int:
    """Shell exports for `pulumi -C sandbox …` by hand."""
    found = workspace.environment()
    names = ["PATH", *sorted(name for name in found if name.startswith(("PULUMI_", "ANYPORT_SANDBOX_STATE")))]
    sys.stdout.write("".join(f"export {name}={shlex.quote(found[name])}\n" for name in names))
    return 0


def _ask(workspace: Workspace, outputs: dict[str, Any], port: int) -> list[Answer]:
    try:
        routes = routes_from_contracts(outputs, _credentials(workspace, outputs))
        running = control.start(routes, workspace.servers, port)
        return ask_all(outputs, routes, running)
    except (control.StartError, RouteError) as error:
        raise SandboxError(str(error)) from None
    finally:
        control.stop(workspace.servers)


def _free_port() -> int:
    """The first port of the model servers, tried before anything is built, so that a taken one costs no wait."""
    text = os.environ.get(PORT_VARIABLE, str(DEFAULT_PORT))
    if not text.isdigit() or int(text) > 65000:
        raise SandboxError(
            f"{PORT_VARIABLE} is {text!r}; give a port from 1 to 65000, or 0 for any free one."
        )
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", int(text)))
        except OSError as error:
            raise SandboxError(
                f"port {text} on 127.0.0.1 cannot be opened ({(error.strerror or 'taken').lower()}): end what uses "
                f"it, or set {PORT_VARIABLE} to the first of some free ports, or to 0."
            ) from None
    return int(text)


def _credentials(workspace: Workspace, outputs: dict[str, Any]) -> dict[str, str]:
    """A token per target: the key that was deployed where a key was, else one made for this run."""
    credentials = {}
    for endpoint in outputs["endpoints"].values():
        for target in endpoint["targets"]:
            reference = target["auth"].get("secret") or ""
            name = f"{target['endpoint']}/{target['target']}"
            credentials[name] = _deployed_key(workspace, reference) or secrets.token_urlsafe(24)
    return credentials


def _deployed_key(workspace: Workspace, reference: str) -> str:
    if not reference.startswith("config:"):
        return ""
    found = workspace.pulumi(
        "config", "get", "-s", STACK, reference.removeprefix("config:"), quiet=True, check=False
    )
    return found.stdout.strip() if found.returncode == 0 else ""


def _stop(number: int, frame: object) -> None:
    del number, frame
    raise KeyboardInterrupt


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
