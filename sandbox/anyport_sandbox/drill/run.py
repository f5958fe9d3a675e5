"""Doing it: targets, the gateway and callers together, one step after the other."""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Callable, Iterable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx

from .gateway import Gateway, envoy_version, find_envoy, gateway, resident_mib
from .load import Callers
from .model import Effect, Memory, Observation, Recipe, Step
from .orders import offers_tools
from .target import DrillTarget

__all__ = ["Run", "run"]

LEAD_SECONDS = 0.6
SETTLE_SECONDS = 0.3
LOG_SECONDS = 0.25
"""Envoy writes its log out every 0.1 s."""


@dataclass(frozen=True)
class Run:
    """Everything seen in a drill."""

    gateway: str
    observations: tuple[Observation, ...]
    memory: tuple[Memory, ...]


async def run(
    recipe: Recipe,
    steps: Iterable[Step],
    *,
    seconds: float | None = None,
    saw: Callable[[Observation], None] = lambda _: None,
    keep: bool = True,
) -> Run:
    """Run the steps, or as many as begin within `seconds`.

    Args:
        recipe: the endpoint and the gateway's configuration.
        steps: in order; may be endless when `seconds` is given.
        seconds: a bound of time.
        saw: told after each step.
        keep: whether to return the observations; a soak does not, so that the client's memory is its own.

    Raises:
        DrillError: there is no Envoy, or it does not take the configuration.
    """
    began = time.monotonic()
    version = f"Envoy {envoy_version(find_envoy())}"

    def clock() -> float:
        return time.monotonic() - began

    seen: list[Observation] = []
    memory: list[Memory] = []
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="anyport-drill-")))
        targets = {
            place.name: DrillTarget(place.name, clock, recipe.rules.first_byte) for place in recipe.places
        }
        for target in targets.values():
            await target.start()
            stack.push_async_callback(target.stop)
        envoy = stack.enter_context(gateway(recipe, {n: t.port for n, t in targets.items()}, folder))
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
        client = httpx.AsyncClient(trust_env=False, timeout=_patience(recipe), limits=limits)
        await stack.enter_async_context(client)
        callers = Callers(client, envoy.url, recipe.endpoint, clock, offers_tools(recipe.places), recipe.api)
        for step in steps:
            if seconds is not None and clock() > seconds:
                break
            observation = await _Stage(recipe, targets, envoy, callers, clock).play(step)
            saw(observation)
            if keep:
                seen.append(observation)
            memory.append(Memory(clock(), resident_mib(envoy.pid), resident_mib(os.getpid())))
    return Run(version, tuple(seen), tuple(memory))


def _patience(recipe: Recipe) -> float:
    """No caller of the drill waits longer than this, whatever the gateway does."""
    return len(recipe.places) * recipe.rules.first_byte + recipe.rules.stream_idle + 10


@dataclass
class _Stage:
    recipe: Recipe
    targets: dict[str, DrillTarget]
    envoy: Gateway
    callers: Callers
    clock: Callable[[], float]

    async def play(self, step: Step) -> Observation:
        """One step: a healthy lead-in, the fault, recovery, and a moment after."""
        for target in self.targets.values():
            target.hits.clear()
            target.convalescent = False
        self.callers.calls.clear()
        _, mark = self.envoy.logged(0)
        before, stop, started = self.envoy.counted(), asyncio.Event(), self.clock()
        most = int(step.load.rate * (step.broken_seconds + 30))
        load = asyncio.create_task(self.callers.run(step.load, stop, most))
        try:
            await asyncio.sleep(LEAD_SECONDS)
            broke = self.clock()
            for name, fault in step.broken.items():
                await self.targets[name].break_(fault)
            await asyncio.sleep(step.broken_seconds)
            healed = self.clock()
            for name in step.broken:
                await self.targets[name].heal(step.effect is Effect.MOVES_ON)
            await self._until_back(step, healed)
            await asyncio.sleep(SETTLE_SECONDS)
        finally:
            stop.set()
            await asyncio.wait_for(asyncio.shield(load), _patience(self.recipe) + 5)
        await asyncio.sleep(LOG_SECONDS)
        after, (logged, _) = self.envoy.counted(), self.envoy.logged(mark)
        hits = sorted((hit for t in self.targets.values() for hit in t.hits), key=lambda hit: hit.arrived)
        return Observation(
            step, started, broke, healed, self.clock(), tuple(self.callers.calls), tuple(hits),
            {name: after.get(name, 0) - before.get(name, 0) for name in self.targets}, logged,
        )  # fmt: skip

    async def _until_back(self, step: Step, healed: float) -> None:
        """Until a healed target that comes first serves again, or so long that it is plain it does not."""
        first = min(place.priority for place in self.recipe.places)
        awaited = {p.name for p in self.recipe.places if p.priority == first} & set(step.broken)
        rules = self.recipe.rules
        deadline = healed + 3 * (rules.cooldown + rules.first_byte) + 1
        while awaited and self.clock() < deadline:
            if any(c.started >= healed and c.served_by in awaited for c in self.callers.calls):
                return
            await asyncio.sleep(0.02)
