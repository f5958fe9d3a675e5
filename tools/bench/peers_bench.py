"""The same faults as `anyport drill --short`, on our Envoy configuration and on LiteLLM's proxy with our export for it.

Same model servers, callers, faults and times on both; each gateway is before its own servers, one after the other.
LiteLLM is installed by `litellm.lock`, every package by hash, into a virtual environment of its own in the cache; it is
no dependency, and a release that the export refuses is refused here too. It gets no credentials and a home of its own.

Both are counted alike, from what callers had and what reached the servers: no header of either is read. An answer
whose text does not end as the servers end theirs is cut short, even where a gateway put a [DONE] behind it. Attempts
at a target that refuses connections are seen by nobody, so they are not counted. A fault that no request met is said
to be untested. The rate is low, 8 requests per second, so that waiting in a full queue is not taken for a failover.

What is not compared: features (all targets have all of them, since LiteLLM does not read what a request needs).

    python tools/bench/peers_bench.py [--format json] [--rate 8] [--turns 3]

Exit codes: 0 measured, 2 wrong usage, 3 a gateway cannot be had here.

The lock is renewed by hand, after reading what is said of the release:
    echo 'litellm[proxy]==VERSION' | uv pip compile - --generate-hashes --python-version 3.11 --universal -o tools/bench/litellm.lock
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import httpx2 as httpx

CHECKOUT = Path(__file__).resolve().parents[2]
for room in ("components", "cli", "sandbox", "tools/bench"):
    sys.path.insert(0, str(CHECKOUT / room))
from litellm_proxy import KEY, PeerError, locked_version, obtain, proxy  # noqa: E402

from anyport.gateway.litellm import LitellmSettings, litellm_yaml  # noqa: E402  # after the path is set
from anyport.gateway.routes import route_table  # noqa: E402
from anyport_cli.drill_recipe import EXAMPLE, recipe_of  # noqa: E402
from anyport_sandbox.drill.gateway import DrillError, envoy_version, find_envoy, gateway  # noqa: E402
from anyport_sandbox.drill.load import Callers  # noqa: E402
from anyport_sandbox.drill.measure import percentile  # noqa: E402
from anyport_sandbox.drill.model import Call, Effect, Load, Observation, Recipe, Rules, Step  # noqa: E402
from anyport_sandbox.drill.plans import short  # noqa: E402
from anyport_sandbox.drill.run import _Stage  # noqa: E402
from anyport_sandbox.drill.target import DrillTarget  # noqa: E402

RULES = Rules()
PATIENCE = 15.0
COLUMNS = ("lost", "cut short, untold", "told", "hits on dead", "fail over", "fail back")
RATE = 8.0


class Told(Callers):
    """Callers who learn from the answer's text who served, where no header says so."""

    async def _one(self) -> None:
        await super()._one()
        last = self.calls[-1]
        self.calls[-1] = replace(last, served_by=last.said)


@dataclass(frozen=True)
class Seen:
    """One fault on one gateway. `dead` is None where no server can see what is asked; times in seconds."""

    step: str
    calls: int
    lost: int
    short: int
    told: int
    dead: int | None
    fail_over: float | None
    fail_back: float | None


def count(seen: Observation, names: Sequence[str]) -> Seen:
    """The numbers of a step; `names` are its targets, the first one first."""
    broken = set(seen.step.broken)
    everyone = broken == set(names)

    def hopeless(call: Call) -> bool:
        return everyone and call.ended > seen.broke and call.started < seen.healed

    calls = [call for call in seen.calls if not hopeless(call)]
    whole = [call for call in calls if call.outcome == "answered" and call.said in names]
    moves = seen.step.effect is Effect.MOVES_ON
    over = [call.ended for call in whole if call.started >= seen.broke and call.said not in broken]
    back = [
        call.first_byte for call in whole if call.said == names[0] and (call.first_byte or 0) > seen.healed
    ]
    return Seen(
        seen.step.name,
        len(seen.calls),
        sum(call.outcome in ("refused", "failed") for call in calls),
        sum(
            call.outcome == "silent" or (call.outcome == "answered" and call.said not in names)
            for call in calls
        ),
        sum(call.outcome == "broken" for call in calls),
        None
        if any(fault.unseen for fault in seen.step.broken.values())
        else sum(hit.target in broken and not hit.well for hit in seen.hits),
        min(over) - seen.broke if over and moves and not everyone else None,
        min(each for each in back if each) - seen.healed if back and moves else None,
    )


@dataclass(frozen=True)
class Peer:
    """One gateway under test. `start` takes ports of targets and a folder, and yields what `_Stage` asks of it."""

    name: str
    start: Callable[[Mapping[str, int], Path], AbstractContextManager[Any]]
    headers: Mapping[str, str]


def contract(ports: Mapping[str, int]) -> dict[str, Any]:
    """The drill's example with keys in place of identities, every feature everywhere, and targets on loopback."""
    made: dict[str, Any] = deepcopy(EXAMPLE)
    for target in made["targets"]:
        name = target["target"]
        target |= {
            "provider": "coreweave_vllm",
            "base_url": f"http://127.0.0.1:{ports[name]}/{name}/v1",
            "auth": {"kind": "bearer_api_key", "secret": f"env:{variable(name)}"},
            "features": ["streaming", "tools"],
        }
    return made


def variable(target: str) -> str:
    """Environment variable with a target's key."""
    return f"DRILL_{target.upper().replace('-', '_')}_KEY"


def export(ports: Mapping[str, int], version: str) -> str:
    """What `anyport render litellm` prints for the contract, with the drill's times."""
    settings = LitellmSettings(
        version=version,
        first_byte_seconds=RULES.first_byte,
        answer_seconds=RULES.first_byte,
        cooldown_seconds=RULES.cooldown,
    )
    return litellm_yaml(route_table(contract(ports)), settings)


def peers(recipe: Recipe, command: Sequence[str], version: str) -> tuple[Peer, Peer]:
    """Ours and LiteLLM."""

    @contextmanager
    def theirs(ports: Mapping[str, int], folder: Path) -> Iterator[Any]:
        keys = {variable(name): f"drill-{name}" for name in ports}
        with proxy(command, export(ports, version), keys, folder) as running:
            yield running

    def ours(ports: Mapping[str, int], folder: Path) -> AbstractContextManager[Any]:
        return gateway(recipe, ports, folder)

    return (
        Peer(f"Anyport on Envoy {envoy_version(find_envoy())}", ours, {}),
        Peer(f"LiteLLM {version}, our export", theirs, {"authorization": f"Bearer {KEY}"}),
    )


async def play(peer: Peer, recipe: Recipe, steps: Sequence[Step]) -> list[Seen]:
    """Every step on one gateway."""
    found = []
    async with _Bench(peer, recipe) as bench:
        for step in steps:
            seen = await _Stage(recipe, bench.targets, bench.running, bench.callers, time.monotonic).play(
                step
            )
            found.append(count(seen, [place.name for place in recipe.places]))
            print(f"{peer.name}: {step.name}: {found[-1].lost} lost of {found[-1].calls}", file=sys.stderr)
    return found


async def overhead(peer: Peer, recipe: Recipe, rate: float, turns: int) -> dict[str, float]:
    """Milliseconds direct and through the gateway, turn about in one run, on healthy targets."""
    waits: dict[str, list[float]] = {"direct": [], "gateway": []}
    async with _Bench(peer, recipe) as bench:
        first = bench.targets[recipe.places[0].name]
        urls = {"direct": f"http://127.0.0.1:{first.port}/v1", "gateway": bench.running.url}
        for turn in range(turns + 1):
            for way, url in urls.items():
                callers = Told(bench.client, url, recipe.endpoint, time.monotonic, tools=False)
                await callers.run(Load("open", rate), asyncio.Event(), int(rate * 2))
                if turn:
                    waits[way] += [call.ended - call.started for call in callers.calls if call.said]
    return {
        f"{way} p{share}": round(1000 * (percentile(rows, share / 100) or 0), 1)
        for way, rows in waits.items()
        for share in (50, 99)
    }


class _Bench:
    """Targets, a gateway before them and a client, for as long as the block lasts."""

    def __init__(self, peer: Peer, recipe: Recipe) -> None:
        self._peer, self._recipe = peer, recipe
        self.targets = {
            place.name: DrillTarget(place.name, time.monotonic, RULES.first_byte) for place in recipe.places
        }

    async def __aenter__(self) -> Self:
        for target in self.targets.values():
            await target.start()
        self._folder = tempfile.TemporaryDirectory(prefix="anyport-peers-")
        ports = {name: target.port for name, target in self.targets.items()}
        self._gateway = self._peer.start(ports, Path(self._folder.name))
        # It waits for the gateway, which asks none of our servers meanwhile.
        try:
            self.running = await asyncio.to_thread(self._gateway.__enter__)
        except BaseException:
            await self._end()
            raise
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        self.client = httpx.AsyncClient(
            trust_env=False, timeout=PATIENCE, limits=limits, headers=self._peer.headers
        )
        self.callers = Told(self.client, self.running.url, self._recipe.endpoint, time.monotonic, tools=True)
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.client.aclose()
        await asyncio.to_thread(self._gateway.__exit__, None, None, None)
        await self._end()

    async def _end(self) -> None:
        for target in self.targets.values():
            await target.stop()
        self._folder.cleanup()


def cells(row: Seen) -> tuple[str, ...]:
    """A step below `COLUMNS`."""
    dead = {None: "not seen", 0: "0: untested"}.get(row.dead, str(row.dead))
    times = ("-" if value is None else f"{value:.2f} s" for value in (row.fail_over, row.fail_back))
    return (f"{row.lost} of {row.calls}", str(row.short), str(row.told), dead, *times)


def table(found: Mapping[str, Sequence[Seen]], added: Mapping[str, Mapping[str, float]]) -> str:
    """Markdown: a row per fault and gateway, and one per gateway of what it adds."""
    lines = [f"| fault | gateway | {' | '.join(COLUMNS)} |", "|---" * (len(COLUMNS) + 2) + "|"]
    names = list(found)
    for rows in zip(*found.values(), strict=True):
        for name, row in zip(names, rows, strict=True):
            lines.append(f"| {row.step} | {name} | {' | '.join(cells(row))} |")
    lines += ["", "| gateway | direct p50, p99 | through it p50, p99 |", "|---|---|---|"]
    for name, row in added.items():
        pairs = (f"{row[f'{way} p50']}, {row[f'{way} p99']} ms" for way in ("direct", "gateway"))
        lines.append(f"| {name} | {' | '.join(pairs)} |")
    return "\n".join(lines)


def bench(command: Sequence[str], version: str, rate: float, turns: int, steps: int | None = None) -> Any:
    """Both gateways: what was measured by name, and what they add. `steps` bounds the faults, for tests."""
    drilled = deepcopy(EXAMPLE)
    for target in drilled["targets"]:
        target["features"] = ["streaming", "tools"]
    recipe = recipe_of(drilled, None, RULES)
    both = peers(recipe, command, version)
    slower = [replace(step, load=replace(step.load, rate=RATE)) for step in short(recipe.places)]
    plan = slower[:steps]
    found = {each.name: asyncio.run(play(each, recipe, plan)) for each in both}
    added = {each.name: asyncio.run(overhead(each, recipe, rate, turns)) for each in both}
    return found, added


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables; returns the exit code."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--format", choices=["text", "json"], default="text")
    parser.add_argument(
        "--rate", type=float, default=RATE, help="requests per second where overhead is measured"
    )
    parser.add_argument("--turns", type=int, default=3, help="turns of two seconds each way")
    given = parser.parse_args(arguments)
    try:
        version = locked_version()
        found, added = bench([str(obtain(dict(os.environ)))], version, given.rate, given.turns)
    except (PeerError, DrillError) as error:
        print(f"anyport bench-peers: {error}", file=sys.stderr)
        return 3
    if given.format == "json":
        steps = {name: [vars(row) for row in rows] for name, rows in found.items()}
        print(json.dumps({"steps": steps, "overhead_ms": added}, indent=2))
    else:
        print(table(found, added))
    return 0


if __name__ == "__main__":
    sys.exit(main())
