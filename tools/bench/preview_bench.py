"""`make bench`, part preview: what Anyport's preview costs against a program written by hand.

Two projects, the same resources by the same names (compared before anything is timed), the same engine and
stand-in plugins, run turn about so that the machine's moods hit both. Shown are wall time, memory of the biggest
process and their ratios, and from one more run under a profiler where the time of the Python program goes. Beside
them the same preview with both policy packs, against the one without; and with two packs of one policy each that does
nothing, which is what the engine and the policy SDK ask for any two packs.
"""

from __future__ import annotations

import json
import os
import pstats
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "sandbox"))
from anyport_sandbox.workspace import Workspace  # noqa: E402  # after the path is set

PROFILED = """\
import atexit, cProfile
profile = cProfile.Profile()
def dump():
    profile.disable()
    profile.dump_stats({out!r})
atexit.register(dump)
profile.enable()
"""


WATCHED = """\
import resource, subprocess, sys
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
PACKS = ("resilience", "baseline")
EMPTY = """\
from pulumi_policy import EnforcementLevel, PolicyPack, ResourceValidationPolicy

nothing = ResourceValidationPolicy("nothing", "Does nothing.", lambda args, report: None, EnforcementLevel.ADVISORY)
PolicyPack({name!r}, [nothing])
"""
WAITING = ("poll", "select", "acquire", "wait")


@dataclass(frozen=True)
class Run:
    """One preview: wall seconds, and the memory of its biggest process in MB."""

    seconds: float
    megabytes: float


class Project:
    """One of the two programs in a folder of its own."""

    def __init__(self, folder: Path, program: str, files: dict[str, str]) -> None:
        self.folder = folder
        for name in ("stacks", "backend", "clouds", "home"):
            (folder / name).mkdir(parents=True)
        for name, text in {"__main__.py": program, **files}.items():
            (folder / "stacks" / name).write_text(text, "utf-8")
        project = yaml.safe_load((CHECKOUT / "sandbox" / "Pulumi.yaml").read_text("utf-8"))
        project |= {"main": "stacks", "stackConfigDir": "stacks"}
        project.pop("backend", None)
        project["runtime"]["options"]["virtualenv"] = str(CHECKOUT / ".venv")
        for provider in project["plugins"]["providers"]:
            provider["path"] = str(CHECKOUT / "sandbox" / provider["path"])
        (folder / "Pulumi.yaml").write_text(yaml.safe_dump(project), "utf-8")
        workspace = Workspace(CHECKOUT)
        workspace.backend, workspace.clouds = folder / "backend", folder / "clouds"
        self.environment = workspace.environment() | {
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_CONFIG_PASSPHRASE": "bench",
        }
        self.environment.pop("PYTHONDONTWRITEBYTECODE", None)
        self.pulumi("stack", "init", "x")

    def pulumi(self, *arguments: str) -> str:
        """Run to the end; a failure ends the bench with what was said."""
        engine = str(CHECKOUT / ".engine" / "bin" / "pulumi")
        command = [engine, "-C", str(self.folder), *arguments, "--non-interactive"]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"bench: pulumi {arguments[0]} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def resources(self) -> list[str]:
        """What a preview would create, by type and name."""
        steps = json.loads(self.pulumi("preview", "-s", "x", "--json"))["steps"]
        return sorted(step["urn"].split("::", 2)[2] for step in steps)

    def timed(self, *more: str) -> Run:
        """One preview, seen from outside."""
        engine = str(CHECKOUT / ".engine" / "bin" / "pulumi")
        command = [
            engine,
            "-C",
            str(self.folder),
            "preview",
            "-s",
            "x",
            "--suppress-outputs",
            "--non-interactive",
            *more,
        ]
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", WATCHED, *command],
            env=self.environment, stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
        return Run(time.perf_counter() - started, int(done.stdout) / 1024)


def stack_file(count: int) -> str:
    """`count` endpoints with three managed targets each."""
    oci = {"compartment_id": "ocid1.compartment.oc1..sandbox", "home_region": "us-ashburn-1"}
    targets = {
        "azure": {"priority": 1, "provider": "azure_openai", "region": "eastus2"},
        "vertex": {"priority": 2, "provider": "vertex_ai", "region": "us-central1"},
        "oci": {"priority": 3, "provider": "oci_generative_ai", "region": "us-chicago-1"},
    }
    endpoints = {f"e{n:03}": {"model": "gpt-oss-120b", "targets": targets} for n in range(count)}
    config = {
        "anyport:tier": "prod",
        "anyport:owner": "ai-platform",
        "anyport:providers": {"vertex_ai": {"project": "anyport-sandbox"}, "oci_generative_ai": oci},
        "anyport:endpoints": endpoints,
    }
    return json.dumps({"config": config})


def empty_packs(folder: Path) -> list[Path]:
    """As many packs as ours, each of one policy that does nothing."""
    made = [folder / f"empty-{pack}" for pack in PACKS]
    for path, pack in zip(made, PACKS, strict=True):
        path.mkdir()
        about = yaml.safe_load((CHECKOUT / "policies" / pack / "PulumiPolicy.yaml").read_text("utf-8"))
        about["runtime"]["options"]["virtualenv"] = str(CHECKOUT / ".venv")
        (path / "PulumiPolicy.yaml").write_text(yaml.safe_dump(about), "utf-8")
        (path / "__main__.py").write_text(EMPTY.format(name=path.name), "utf-8")
    return made


def attached(packs: Iterable[Path]) -> list[str]:
    """Arguments of a preview with the packs."""
    return [word for pack in packs for word in ("--policy-pack", str(pack))]


def projects(folder: Path, count: int, profile: Path | None = None) -> tuple[Project, Project]:
    """Ours and the one by hand."""
    ours = (CHECKOUT / "stacks" / "__main__.py").read_text("utf-8")
    if profile:
        head, _, rest = ours.partition("from ")
        ours = f"{head}{PROFILED.format(out=str(profile))}from {rest}"
    hand = (CHECKOUT / "tools" / "bench" / "hand_written.py").read_text("utf-8")
    return (
        Project(folder / "ours", ours, {"Pulumi.x.yaml": stack_file(count)}),
        Project(folder / "hand", hand, {"Pulumi.x.yaml": "config: {}\n", "count.json": str(count)}),
    )


def measured(folder: Path, count: int, runs: int) -> tuple[dict[str, list[Run]], int]:
    """Runs by whose they are, turn about, and the number of resources.

    Raises:
        SystemExit: the two do not register the same resources.
    """
    ours, hand = projects(folder, count)
    have, want = ours.resources(), hand.resources()
    if have != want:
        strange = sorted(set(have) ^ set(want))[:10]
        raise SystemExit(f"bench: the programs do not register the same resources: {strange}")
    packs = attached(CHECKOUT / "policies" / pack for pack in PACKS)
    empty = attached(empty_packs(folder))
    found: dict[str, list[Run]] = {"anyport": [], "by hand": [], "with packs": [], "with empty packs": []}
    for _ in range(runs):
        found["anyport"].append(ours.timed())
        found["by hand"].append(hand.timed())
        found["with packs"].append(ours.timed(*packs))
        found["with empty packs"].append(ours.timed(*empty))
    return found, len(have)


def profiled(folder: Path, count: int) -> dict[str, float]:
    """Share of the Python program's working time by package, in percent; waiting is left out."""
    out = folder / "profile.out"
    ours, _ = projects(folder / "profiled", count, out)
    ours.timed()
    found: defaultdict[str, float] = defaultdict(float)
    for (path, _, name), row in pstats.Stats(str(out)).stats.items():  # type: ignore[attr-defined]
        if not (path == "~" and any(word in name for word in WAITING)):
            found[package(path)] += row[2]
    total = sum(found.values())
    return {name: 100 * part / total for name, part in sorted(found.items(), key=lambda p: -p[1])}


def package(path: str) -> str:
    """Whose code a file is."""
    if "site-packages/" in path:
        return path.partition("site-packages/")[2].split("/")[0]
    if str(CHECKOUT) in path:
        return "anyport"
    return "python"


def main() -> int:
    """Print the figures. `ANYPORT_BENCH_ENDPOINTS` and `ANYPORT_BENCH_RUNS` make it shorter."""
    count = int(os.environ.get("ANYPORT_BENCH_ENDPOINTS", "100"))
    runs = int(os.environ.get("ANYPORT_BENCH_RUNS", "3"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        timings, resources = measured(folder, count, runs)
        shares = profiled(folder, count)
    print(f"preview of {count} endpoints x 3 managed targets, {resources} resources, {runs} runs turn about")
    best = {}
    for word, timed in timings.items():
        seconds = [run.seconds for run in timed]
        best[word] = min(seconds)
        print(
            f"  {word:16} best {best[word]:6.1f} s   median {statistics.median(seconds):6.1f} s"
            f"   all {', '.join(f'{s:.1f}' for s in seconds)}   {max(run.megabytes for run in timed):.0f} MB"
        )
    ratios = best["anyport"] / best["by hand"], best["with packs"] / best["anyport"]
    print(f"  ratios of the best runs: {ratios[0]:.3f} to by hand (at most 1.10)")
    print(f"                           {ratios[1]:.3f} with packs to without (at most 1.15)")
    print(
        f"                           {best['with packs'] / best['with empty packs']:.3f} with packs to with as many that do nothing"
    )
    print("  where the program's own time goes (one profiled run, waiting left out):")
    for word, share in list(shares.items())[:8]:
        print(f"    {word:24} {share:5.1f} %")
    return int(ratios[0] > 1.10 or ratios[1] > 1.15)


if __name__ == "__main__":
    sys.exit(main())
