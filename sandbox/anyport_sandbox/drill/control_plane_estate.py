"""An estate split into stacks, in a folder of its own, run by the real engine against the simulated clouds.

One stack for each managed cloud, all of one spec, and one for the gateway, which reads their contracts by stack
reference. CoreWeave is left out: its control plane is a Kubernetes API, and here that also holds the gateway.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..workspace import PASSPHRASE, SandboxError, Workspace

__all__ = ["COST_CENTERS", "GATEWAY", "VENDORS", "Estate", "Ran", "Vendor", "engine_version", "estate"]

COMMAND_SECONDS = 400.0
"""A command that takes longer hangs, and is ended."""
COST_CENTERS = ("cc-1234", "cc-5678")
"""Before and after the change that touches every cloud: a tag, or the label of an alert."""
GATEWAY = "gateway"


@dataclass(frozen=True)
class Vendor:
    """A provider, its stack (and target) in the estate, its simulated cloud, and the hosts of its targets."""

    provider: str
    stack: str
    cloud: str
    host: str


VENDORS = (
    Vendor("azure_openai", "azure", "azure-native", "openai.azure.com"),
    Vendor("vertex_ai", "vertex", "gcp", "aiplatform.googleapis.com"),
    Vendor("oci_generative_ai", "oci", "oci", "oraclecloud.com"),
)

_SPEC = """\
tier: prod
owner: ai-platform
cost_center: {cost_center}
providers:
  vertex_ai: {{project: anyport-sandbox}}
  oci_generative_ai: {{compartment_id: ocid1.compartment.oc1..sandbox, home_region: us-ashburn-1}}
endpoints:
  chat:
    model: gpt-oss-120b
    targets:
      azure: {{priority: 1, provider: azure_openai, region: eastus2}}
      vertex:
        priority: 2
        provider: vertex_ai
        region: us-central1
        options: {{alerts: {{emails: [oncall@example.com]}}}}
      oci: {{priority: 3, provider: oci_generative_ai, region: us-chicago-1}}
"""
_SHARE = "config:\n  anyport:spec: shared.yaml\n  anyport:build: {{providers: [{provider}]}}\n"
_PROGRAM = """\
import pulumi
import pulumi_kubernetes as k8s
from anyport.gateway.component import Cluster, GatewayOptions, InferenceGateway
from anyport.shares import joined_contracts

without = pulumi.Config("gateway").require_object("without")
stacks = [pulumi.StackReference(f"organization/anyport/{name}") for name in ("azure", "vertex", "oci")]
shares = pulumi.Output.all(*[stack.require_output("endpoints") for stack in stacks])
contracts = shares.apply(lambda found: joined_contracts(found, without=without))
clusters = [Cluster(name, k8s.Provider(name, cluster_identifier=name)) for name in ("east", "west")]
options = GatewayOptions(image="registry.test/envoy@sha256:" + "a" * 64, credentials_secret="tokens")
callers = {"apps": pulumi.Output.secret("a-made-up-secret-of-thirty-two-characters")}
InferenceGateway("gateway", contracts, clusters, options, callers=callers)
pulumi.export("contracts", contracts)
"""


@dataclass(frozen=True)
class Ran:
    """How one command ended."""

    code: int
    text: str
    seconds: float


class Estate(Workspace):
    """Two projects with one backend: `estate/` with a stack per vendor, `gateway/` with one."""

    def __init__(self, checkout: Path, folder: Path) -> None:
        """Write the projects.

        Raises:
            SandboxError: there is no checkout with an engine and a virtual environment, or no room.
        """
        super().__init__(checkout)
        self.area, self.backend, self.clouds = folder, folder / "backend", folder / "clouds"
        self.engine = self._found()
        self.prepare()
        program = (checkout / "stacks" / "__main__.py").read_text("utf-8")
        shares = {f"Pulumi.{v.stack}.yaml": _SHARE.format(provider=v.provider) for v in VENDORS}
        self._write("estate", {"__main__.py": program, **shares})
        self._write(GATEWAY, {"__main__.py": _PROGRAM})
        self.charge(COST_CENTERS[0])
        self.route_without(())

    def environment(self) -> dict[str, str]:
        """That of the sandbox, with nothing of the user's own settings of it."""
        own = {"ANYPORT_SANDBOX_STATE": str(self.clouds), "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE}
        kept = super().environment()
        return {k: v for k, v in kept.items() if not k.startswith(("PYTHONDONTWRITE", "ANYPORT_"))} | own

    def charge(self, cost_center: str) -> None:
        """Change the shared spec, in a way that every cloud must be told of."""
        spec = _SPEC.format(cost_center=cost_center)
        (self.area / "estate" / "stacks" / "shared.yaml").write_text(spec, "utf-8")

    def route_without(self, providers: tuple[str, ...]) -> None:
        """Change the gateway's stack file."""
        text = f"config:\n  gateway:without: {json.dumps(providers)}\n"
        (self.area / GATEWAY / "stacks" / f"Pulumi.{GATEWAY}.yaml").write_text(text, "utf-8")

    def take_down(self, vendor: Vendor, message: str) -> None:
        """From now on the vendor's cloud refuses to make, change, remove or read anything."""
        (self.clouds / "faults.json").write_text(json.dumps([{"cloud": vendor.cloud, "message": message}]))

    def bring_back(self) -> None:
        """All clouds answer again."""
        (self.clouds / "faults.json").unlink(missing_ok=True)

    def pulumi_in(self, stack: str, *arguments: str) -> Ran:
        """Run the engine in a stack's project. A command that hangs is ended, and has then failed."""
        folder = self.area / (GATEWAY if stack == GATEWAY else "estate")
        command = [self.engine, "-C", str(folder), *arguments, "-s", stack, "--non-interactive"]
        began = time.monotonic()
        watch = threading.Timer(COMMAND_SECONDS, _end_all, [self.area])
        watch.daemon = True
        watch.start()
        try:
            done = self.command(command, quiet=True)
        finally:
            watch.cancel()
        return Ran(done.returncode, done.stdout + done.stderr, time.monotonic() - began)

    def make_stack(self, stack: str) -> None:
        """Make a stack in the backend. Raises SandboxError when the engine cannot."""
        said = self.pulumi_in(stack, "stack", "init")
        if said.code != 0:
            raise SandboxError(
                f"The stack {stack} cannot be made: {said.text.strip() or 'pulumi said nothing'}"
            )

    def gateway_state(self) -> list[dict[str, Any]]:
        """The resources of the gateway's stack, with their outputs."""
        said = self.pulumi_in(GATEWAY, "stack", "export")
        if said.code != 0:
            return []
        found: list[dict[str, Any]] = json.loads(said.text)["deployment"].get("resources") or []
        return found

    def held_by(self, vendor: Vendor) -> dict[str, Any]:
        """What the vendor's simulated cloud remembers: `resources`, and under `faults` the calls it refused."""
        path = self.clouds / f"{vendor.cloud}.json"
        found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return found

    def _found(self) -> str:
        for needed in ("sandbox/Pulumi.yaml", "sandbox/plugins", "stacks/__main__.py"):
            if not (self.checkout / needed).exists():
                raise SandboxError(
                    "A control plane's drill needs a checkout of Anyport, since no package has the simulated clouds' plugins; "
                    f"{self.checkout} is none. Clone the repository and run: make engine"
                )
        if not (self.checkout / ".venv").is_dir():
            raise SandboxError(
                f"{self.checkout} has no .venv, which the engine runs programs in. Run: make venv"
            )
        engine = shutil.which("pulumi", path=self.environment()["PATH"])
        if engine is None:
            raise SandboxError("The Pulumi engine is not here. Run: make engine")
        return engine

    def _write(self, project: str, files: dict[str, str]) -> None:
        folder = self.area / project
        (folder / "stacks").mkdir(parents=True)
        for name, text in files.items():
            (folder / "stacks" / name).write_text(text, "utf-8")
        sandbox = self.checkout / "sandbox"
        settings = yaml.safe_load((sandbox / "Pulumi.yaml").read_text("utf-8"))
        settings |= {"main": "stacks", "stackConfigDir": "stacks"}
        settings.pop("backend", None)
        settings["runtime"]["options"]["virtualenv"] = str(self.checkout / ".venv")
        for provider in settings["plugins"]["providers"]:
            provider["path"] = str(sandbox / provider["path"])
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(settings), "utf-8")


@contextmanager
def estate(checkout: Path) -> Iterator[Estate]:
    """An estate in a temporary folder; whatever happens, its processes end and the folder goes.

    Raises:
        SandboxError: there is no checkout with an engine, or no room.
    """
    folder = Path(tempfile.mkdtemp(prefix="anyport-drill-"))
    try:
        yield Estate(checkout, folder)
    finally:
        _end_all(folder)
        shutil.rmtree(folder, ignore_errors=True)


def _end_all(folder: Path, seconds: float = 5.0) -> None:
    """End what still names the folder, which is the drill's own. Without /proc the engine ends its plugins itself."""
    deadline = time.monotonic() + seconds
    while (found := _naming(folder)) and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _naming(folder: Path) -> list[int]:
    needle, found = str(folder).encode(), []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if needle in (entry / "cmdline").read_bytes() or needle in (entry / "environ").read_bytes():
                found.append(int(entry.name))
    return [pid for pid in found if pid != os.getpid()]


def engine_version(of: Estate) -> str:
    """As `pulumi version` says it."""
    done = subprocess.run(  # noqa: S603  # the engine that was found above
        [of.engine, "version"], env=of.environment(), capture_output=True, text=True, check=False
    )
    return done.stdout.strip()
