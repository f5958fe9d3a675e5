"""`make sandbox`: the main job with no cloud account, on the real engine.

    python -m anyport_sandbox.run up       stand everything up, ask each target, show the table, drill the failover
    python -m anyport_sandbox.run down     end what runs, destroy the stack
    python -m anyport_sandbox.run env      print what a shell needs to run pulumi by hand

Exit codes: 0 every target answered and the failover was kept, 1 not so, 2 bad input, 3 something is missing or broke.
"""

from __future__ import annotations

import json
import os
import secrets
import shlex
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from .ask import Answer, Way, ask_all, table
from .drill_of_stack import drill_stack, drillable
from .kubernetes import for_stack
from .kubernetes.cluster import Cluster
from .kubernetes.errors import ApiError, ClusterError
from .servers import control
from .servers.errors import RouteError
from .servers.real_model import real_model
from .servers.routes import routes_from_contracts
from .servers.serve import DEFAULT_PORT, PORT_VARIABLE
from .workspace import STACK, SandboxError, Workspace

__all__ = ["main"]

KUBERNETES = "ANYPORT_SANDBOX_KUBERNETES"
MODEL = "ANYPORT_SANDBOX_MODEL"
_SHOWN = ("PULUMI_", "ANYPORT_SANDBOX_STATE", "ANYPORT_SANDBOX_KUBECONFIG", "CLIENT_HOST_OVERRIDES")
PACKS = ("../policies/resilience", "../policies/baseline")


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Ctrl-C and SIGTERM end in a sentence and leave nothing running."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
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
    port, real = _free_port(), _wants_real(KUBERNETES, "KUBERNETES")
    if _wants_real(MODEL, "MODEL") and real:
        raise SandboxError(
            "MODEL=real speaks through the simulated model servers, and KUBERNETES=real has one of its own in the pod: "
            "give one of the two."
        )
    if workspace.was_interrupted():
        _say("anyport sandbox: an earlier run was cut off; its simulated clouds are cleared first.")
        workspace.reset()
    elif workspace.has_stack() and real != workspace.had_real_kubernetes():
        _say("anyport sandbox: the last run had another kind of Kubernetes; its stack is cleared first.")
        workspace.reset()
    with _kubernetes(workspace, real) as cluster:
        return _up(workspace, cluster, port)


def _up(workspace: Workspace, cluster: Cluster | None, port: int) -> int:
    workspace.pulumi("stack", "select", STACK, "--create", quiet=True)
    packs = [word for pack in PACKS for word in ("--policy-pack", pack)]
    went = workspace.pulumi(
        "up", "-s", STACK, "--yes", "--continue-on-error", "--suppress-outputs", *packs, check=False
    )
    outputs = json.loads(workspace.pulumi("stack", "output", "-s", STACK, "--json", quiet=True).stdout)
    if not outputs.get("endpoints"):
        raise SandboxError("pulumi up built no endpoint; the reason is above.")
    answers = _ask(workspace, outputs, port, cluster)
    sys.stdout.write("\n" + table(answers) + "\n")
    if went.returncode != 0:
        _say("\nanyport sandbox: pulumi up failed in part, see above; run make sandbox again to continue.")
        return 1
    if not all(answer.ok for answer in answers):
        return 1
    return _drill(workspace, outputs)


def _drill(workspace: Workspace, outputs: dict[str, Any]) -> int:
    """The failover of what was built, proven; 1 when the guarantee is not kept."""
    endpoint = drillable(outputs)
    if endpoint is None:
        _say("anyport sandbox: no endpoint for chat has two targets, so there is no failover to drill.")
        return 0
    _say(f"\nanyport sandbox: breaking the first target of {endpoint} behind the real gateway, about 15 s.")
    text, kept = drill_stack(workspace, outputs, endpoint)
    sys.stdout.write("\n" + text)
    return 0 if kept else 1


def down(workspace: Workspace) -> int:
    """End the model servers if any run, destroy the stack, and forget the simulated clouds."""
    control.stop(workspace.servers)
    if workspace.has_stack() and not workspace.was_interrupted():
        with _kubernetes(workspace, workspace.had_real_kubernetes()):
            workspace.pulumi("state", "unprotect", "--all", "-s", STACK, "--yes", quiet=True)
            workspace.pulumi("destroy", "-s", STACK, "--yes")
            workspace.pulumi("stack", "rm", "-s", STACK, "--yes", "--preserve-config", quiet=True)
    workspace.reset()
    _say("anyport sandbox: destroyed; nothing is left running.")
    return 0


def _wants_real(variable: str, word: str) -> bool:
    text = os.environ.get(variable) or "simulated"
    if text not in ("real", "simulated"):
        raise SandboxError(f"{variable} is {text!r}; give real or simulated (make sandbox {word}=real).")
    return text == "real"


@contextmanager
def _kubernetes(workspace: Workspace, real: bool) -> Iterator[Cluster | None]:
    """A control plane for as long as the block runs, which goes on where the last one ended."""
    if not real:
        yield None
        return
    try:
        _say("anyport sandbox: starting a Kubernetes control plane with simulated GPU machines.")
        stack_file = workspace.checkout / "stacks" / f"Pulumi.{STACK}.yaml"
        with for_stack.running(workspace.kubernetes, stack_file) as cluster:
            workspace.kubeconfig = cluster.kubeconfig_path
            yield cluster
    except (ApiError, ClusterError) as error:
        raise SandboxError(str(error)) from None
    finally:
        workspace.kubeconfig = None


def env(workspace: Workspace) -> int:
    """Shell exports for `pulumi -C sandbox …` by hand."""
    found = workspace.environment()
    names = ["PATH", *sorted(name for name in found if name.startswith(_SHOWN))]
    sys.stdout.write("".join(f"export {name}={shlex.quote(found[name])}\n" for name in names))
    return 0


def _ask(workspace: Workspace, outputs: dict[str, Any], port: int, cluster: Cluster | None) -> list[Answer]:
    """Ask pods through their Ingress where there are any, and the simulated model servers for the rest."""
    try:
        with ExitStack() as stack:
            routes = routes_from_contracts(outputs, _credentials(workspace, outputs))
            ways: list[tuple[Way, frozenset[str] | None]] = []
            hosts: frozenset[str] = frozenset()
            if cluster and (
                front := stack.enter_context(for_stack.front(cluster, cluster.work_dir / "front"))
            ):
                hosts = front.hosts
                ways.append((front, hosts))
            served = [route for route in routes if route.host not in hosts]
            if served:
                model = None
                if _wants_real(MODEL, "MODEL"):
                    _say("\nanyport sandbox: a real, tiny model speaks for every target.")
                    model = stack.enter_context(real_model(workspace.area / "sandbox" / "model"))
                ways.append((control.start(served, workspace.servers, port, model), None))
            return ask_all(outputs, routes, ways)
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


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    sys.exit(main())
