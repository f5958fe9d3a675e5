"""`make bench`, part check: what `anyport check` costs as a whole process, from its start to its exit.

One stack, 1,000 endpoints of five targets in one file, and ten such files. Shown are wall time, processor time (which
a busy machine does not stretch) and peak memory, each the median of several runs, and whether the budget holds. With
ANYPORT_BENCH_PEERS=1 Checkov checks 1,000 Terraform resources beside it, in a virtual environment that is thrown away.

Exit code 1 when a budget does not hold. Every finding is written as SARIF, which is the most work a pipeline asks for.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
ANYPORT = CHECKOUT / ".venv" / "bin" / "anyport"
RUNS = 5
PEER = "checkov==3.3.30"
WATCHED = """\
import json, resource, subprocess, sys, time
start = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
wall = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024]))
"""
HEAD = """\
config:
  anyport:tier: dev
  anyport:owner: ai-platform
  anyport:cost_center: cc-1234
  anyport:endpoints:
"""
ENDPOINT = """\
    {name}:
      model: gpt-oss-120b
      features: [streaming, tools]
      targets:
        azure-east:  {{priority: 1, provider: azure_openai,      region: eastus2}}
        azure-south: {{priority: 2, provider: azure_openai,      region: southcentralus}}
        vertex:      {{priority: 3, provider: vertex_ai,         region: us-central1}}
        oci:         {{priority: 4, provider: oci_generative_ai, region: us-chicago-1}}
        coreweave:   {{priority: 5, provider: coreweave_vllm,    region: US-EAST-04, zone: US-EAST-04A, instance_type: gd-8xh100ib-i128, replicas: 2, options: {{domain: vllm.example.com}}}}
"""
TERRAFORM = """\
resource "azurerm_cognitive_account" "a{index}" {{
  name                = "a{index}"
  location            = "eastus2"
  resource_group_name = "r"
  kind                = "OpenAI"
  sku_name            = "S0"
}}
"""


@dataclass(frozen=True)
class Cost:
    """Medians of several runs: seconds, seconds of processor time, MB."""

    wall: float
    processor: float
    megabytes: float


def cost(command: list[str], runs: int, allowed: tuple[int, ...]) -> Cost:
    """Run the command again and again; ends the bench when it ends with a code that is not allowed."""
    seen = []
    for _ in range(runs):
        done = subprocess.run(
            [sys.executable, "-c", WATCHED, *command], capture_output=True, text=True, check=True
        )
        code, *numbers = json.loads(done.stdout)
        if code not in allowed:
            sys.exit(f"{' '.join(command)} ended with {code}: {done.stderr[-500:]}")
        seen.append(numbers)
    return Cost(*(statistics.median(column) for column in zip(*seen, strict=True)))


def check(folder: Path, runs: int = RUNS) -> Cost:
    """`anyport check` of a folder, findings to SARIF."""
    command = [
        str(ANYPORT),
        "check",
        str(folder),
        "--format",
        f"sarif={folder / 'out.sarif'}",
        "--today",
        "2026-11-25",
    ]
    return cost(command, runs, (0, 1))


def stacks(folder: Path, files: int, endpoints: int) -> Path:
    """A folder of stack files, as many endpoints in each."""
    folder.mkdir()
    for number in range(files):
        text = HEAD + "".join(ENDPOINT.format(name=f"chat-{number}-{index}") for index in range(endpoints))
        (folder / f"Pulumi.s{number}.yaml").write_text(text)
    return folder


def line(what: str, seen: Cost, budget: str, holds: bool) -> bool:
    """Print one row of the table."""
    verdict = f"{'ok' if holds else 'OVER'} ({budget})" if budget else ""
    print(f"{what:44} {seen.wall:7.2f} s {seen.processor:7.2f} s {seen.megabytes:7.0f} MB  {verdict}")
    return holds


def peer(folder: Path) -> None:
    """Checkov over as many resources as there are endpoints."""
    venv.create(folder / "venv", with_pip=True)
    python = str(folder / "venv" / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", PEER], check=True)
    source = folder / "terraform"
    source.mkdir()
    (source / "main.tf").write_text("".join(TERRAFORM.format(index=index) for index in range(1000)))
    command = [python, str(folder / "venv" / "bin" / "checkov"), "-d", str(source), "-o", "sarif", "--quiet"]
    command += ["--skip-download", "--framework", "terraform", "--output-file-path", str(folder)]
    line(f"{PEER}, 1,000 Terraform resources", cost(command, 3, (0, 1)), "", holds=True)


def main() -> int:
    """Entry point."""
    with tempfile.TemporaryDirectory() as area:
        folder = Path(area)
        print(f"{'':44} {'wall':>9} {'processor':>9} {'memory':>10}")
        one = check(stacks(folder / "one", 1, 1))
        held = line("1 endpoint x 5 targets", one, "< 0.5 s processor", one.processor < 0.5)
        many = check(stacks(folder / "many", 1, 1000))
        holds = many.processor < 2.0 and many.megabytes < 250
        held &= line("1,000 endpoints x 5 targets", many, "< 2 s processor, 250 MB", holds)
        most = check(stacks(folder / "most", 10, 1000), 1)
        held &= line(
            "10,000 endpoints x 5 targets, 10 files",
            most,
            "< 12 times that",
            most.processor < 12 * many.processor,
        )
        if os.environ.get("ANYPORT_BENCH_PEERS") == "1":
            peer(folder)
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
