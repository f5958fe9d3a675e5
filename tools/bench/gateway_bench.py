"""What our Envoy configuration adds to a request: direct and through the gateway, turn about in one run.

An open loop of small chat completions at a fixed rate against a model server on loopback that answers at once. Direct
and through the gateway alternate in short turns, so that the machine's moods hit both; ratios are what travels to
another machine, milliseconds are not. Everything shares this machine's cores, the client included.

    python tools/bench/gateway_bench.py [--rate 200] [--turns 6] [--seconds 5]
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sys
import tempfile
import time
from pathlib import Path

import httpx2 as httpx

CHECKOUT = Path(__file__).resolve().parents[2]
for room in ("components", "cli", "sandbox"):
    sys.path.insert(0, str(CHECKOUT / room))
from anyport_cli.drill_recipe import EXAMPLE, recipe_of  # noqa: E402  # after the path is set
from anyport_sandbox.drill.gateway import gateway, resident_mib  # noqa: E402
from anyport_sandbox.drill.load import Callers  # noqa: E402
from anyport_sandbox.drill.measure import percentile  # noqa: E402
from anyport_sandbox.drill.model import Call, Load, Rules  # noqa: E402
from anyport_sandbox.drill.target import DrillTarget  # noqa: E402

WARM_SECONDS = 1.0
WAYS = ("direct", "gateway")


async def bench(rate: float, turns: int, seconds: float) -> dict[str, object]:
    """Waits by way and kind, and their ratios."""
    recipe = recipe_of(EXAMPLE, None, Rules(first_byte=30, stream_idle=30, connect=5))
    targets = {place.name: DrillTarget(place.name, time.monotonic, 30) for place in recipe.places}
    calls: dict[str, list[Call]] = {way: [] for way in WAYS}
    for target in targets.values():
        await target.start()
    first = next(iter(targets.values()))
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            gateway(recipe, {name: target.port for name, target in targets.items()}, Path(folder)) as envoy,
        ):
            urls = {"direct": f"http://127.0.0.1:{first.port}/v1", "gateway": envoy.url}
            async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
                for turn in range(turns + 1):
                    for way in WAYS if turn % 2 else reversed(WAYS):
                        taken = await _turn(client, urls[way], rate, seconds if turn else WARM_SECONDS)
                        calls[way] += taken if turn else []
                    first.hits.clear()
            memory = resident_mib(envoy.pid)
    finally:
        for target in targets.values():
            await target.stop()
    return {"rate": rate, "seconds": turns * seconds, "gateway_mib": round(memory), **_numbers(calls)}


async def _turn(client: httpx.AsyncClient, url: str, rate: float, seconds: float) -> list[Call]:
    """One way for a while; garbage is collected before and not within."""
    callers = Callers(client, url, EXAMPLE["endpoint"], time.monotonic, tools=False)
    gc.collect()
    gc.disable()
    try:
        await callers.run(Load("open", rate), asyncio.Event(), int(rate * seconds))
    finally:
        gc.enable()
    return callers.calls


def _numbers(calls: dict[str, list[Call]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for kind, stream in (("plain", False), ("stream", True)):
        rows: dict[str, dict[str, float]] = {}
        for way in WAYS:
            mine = [call for call in calls[way] if call.stream is stream]
            good = [call.ended - call.started for call in mine if call.outcome == "answered"]
            row: dict[str, float] = {"calls": len(mine), "failed": len(mine) - len(good)}
            row |= {
                f"p{share}_ms": round(1000 * (percentile(good, share / 100) or 0), 2) for share in (50, 99)
            }
            rows[way] = row
            found[f"{kind} {way}"] = row
        found[f"{kind} ratio"] = {
            key: round(rows["gateway"][key] / rows["direct"][key], 2) for key in ("p50_ms", "p99_ms")
        }
    return found


def main() -> None:
    """Print the numbers as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rate", type=float, default=200.0, help="requests per second")
    parser.add_argument("--turns", type=int, default=6, help="turns of each way")
    parser.add_argument("--seconds", type=float, default=5.0, help="per turn")
    given = parser.parse_args()
    print(json.dumps(asyncio.run(bench(given.rate, given.turns, given.seconds)), indent=2))


if __name__ == "__main__":
    main()
