"""What the real Kubernetes in the sandbox costs: start, memory, and `make sandbox KUBERNETES=real`.

    .venv/bin/python tools/bench/kubernetes_bench.py

Needs `make engine kubernetes`. Figures only, of this machine and this moment: the load beside them says how far to
trust them. Memory is that of each process at its end (resident, shared pages counted in every one).
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT / "sandbox"))
from anyport_sandbox.kubernetes import cluster, control_plane, nodes  # noqa: E402  # after the path is set
from anyport_sandbox.workspace import Workspace  # noqa: E402

TURNS = 3


def main() -> int:
    """Print the table. Exit 3 when something is not built."""
    engine = CHECKOUT / ".engine" / "bin" / "pulumi"
    if not control_plane.PROGRAM.is_file() or not engine.exists():
        sys.stderr.write("Run first: make engine kubernetes\n")
        return 3
    show("load of the last minute", f"{os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory() as folder:
        starts = [start(Path(folder) / str(turn)) for turn in range(TURNS)]
    show("control plane warm, with definitions and two machines, to ready", seconds([s for s, _ in starts]))
    for name, megabytes in starts[-1][1].items():
        show(f"memory of {name}", f"{megabytes:.0f} MB")
    with tempfile.TemporaryDirectory() as folder:
        for label, kind in (("simulated", "simulated"), ("real", "real")):
            area = Path(folder) / kind
            show(f"make sandbox KUBERNETES={label}, first run", f"{sandbox('up', area, kind):.1f} s")
            show(f"make sandbox KUBERNETES={label}, again", f"{sandbox('up', area, kind):.1f} s")
            show("make sandbox-down after it", f"{sandbox('down', area, kind):.1f} s")
    return 0


def start(folder: Path) -> tuple[float, dict[str, float]]:
    """Seconds to ready, and MB by process."""
    began = time.monotonic()
    machines = [nodes.coreweave("gd-8xh100ib-i128", "US-EAST-04A", count=2)]
    with cluster.start(folder, machines) as running:
        took = time.monotonic() - began
        pids = {**running.pids, "kubelet and client (this process)": os.getpid()}
        return took, {name: resident(pid) for name, pid in pids.items()}


def resident(pid: int) -> float:
    """MB, after /proc."""
    for line in Path(f"/proc/{pid}/status").read_text("utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def sandbox(word: str, area: Path, kind: str) -> float:
    """Seconds of one command of the sandbox in an area of its own."""
    env = {k: v for k, v in Workspace(CHECKOUT).environment().items() if not k.startswith("ANYPORT_")}
    env |= {
        "ANYPORT_WORK_AREA": str(area),
        "ANYPORT_SANDBOX_PORT": "0",
        "ANYPORT_SANDBOX_KUBERNETES": kind,
    }
    return timed(
        lambda: subprocess.run(
            [sys.executable, "-m", "anyport_sandbox.run", word], env=env, capture_output=True, check=True
        )
    )


def timed(work: Callable[[], object]) -> float:
    """Seconds of wall time."""
    began = time.monotonic()
    work()
    return time.monotonic() - began


def seconds(values: list[float]) -> str:
    """The best and the worst."""
    return f"{min(values):.1f} to {max(values):.1f} s"


def show(what: str, figure: str) -> None:
    """One line."""
    sys.stdout.write(f"{what:<68} {figure}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
