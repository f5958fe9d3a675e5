"""The targets of a drill break as they are told: seen by a real HTTP client, with no gateway between."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx2 as httpx
import pytest

from anyport_sandbox.drill.load import Callers, ask
from anyport_sandbox.drill.model import Call, Fault, Load
from anyport_sandbox.drill.target import LATE_SHARE, DrillTarget

FIRST_BYTE = 0.1
Body = Callable[[DrillTarget, httpx.AsyncClient], Awaitable[None]]


def with_target(body: Body, timeout: float = 5.0) -> None:
    async def main() -> None:
        target = DrillTarget("east", time.monotonic, FIRST_BYTE)
        await target.start()
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=timeout) as client:
                await body(target, client)
        finally:
            await target.stop()

    asyncio.run(main())


async def one(target: DrillTarget, client: httpx.AsyncClient, *, stream: bool) -> Call:
    url = f"http://127.0.0.1:{target.port}/v1"
    return await ask(client, url, "m", 7, time.monotonic, stream=stream, tools=False)


SEEN = {
    Fault.RESET: ("failed", "failed"), Fault.GARBAGE: ("failed", "failed"), Fault.REFUSE: ("failed", "failed"),
    Fault.CUT: ("broken", "broken"), Fault.NO_DONE: ("answered", "silent"), Fault.DRIP: ("answered", "answered"),
    Fault.SLOW: ("answered", "answered"),
} | dict.fromkeys((Fault.S400, Fault.S401, Fault.S403, Fault.S404, Fault.S408, Fault.S410, Fault.S429, Fault.S429_AFTER, Fault.S500, Fault.S503), ("refused", "refused"))  # fmt: skip
WAITS = {Fault.HANG, Fault.BLACKHOLE, Fault.STALL}


def test_every_fault_is_tried_here() -> None:
    assert SEEN.keys() | WAITS == set(Fault)


@pytest.mark.parametrize("fault", SEEN)
def test_a_fault_is_what_its_name_says_and_heals(fault: Fault) -> None:
    async def body(target: DrillTarget, client: httpx.AsyncClient) -> None:
        before = await one(target, client, stream=False)
        await target.break_(fault)
        found = [await one(target, client, stream=stream) for stream in (False, True)]
        assert tuple(call.outcome for call in found) == SEEN[fault]
        if found[0].outcome == "refused":
            assert {call.status for call in found} == {int(fault.split()[0])}
        if fault is Fault.SLOW:
            assert min(call.waited for call in found) > FIRST_BYTE
        await target.heal(convalescent=False)
        after = await one(target, client, stream=True)
        assert (before.outcome, after.outcome, after.said) == ("answered", "answered", "east")

    with_target(body)


@pytest.mark.parametrize("fault", sorted(WAITS))
def test_a_silent_fault_lasts_until_the_caller_gives_up(fault: Fault) -> None:
    async def body(target: DrillTarget, client: httpx.AsyncClient) -> None:
        await target.break_(fault)
        call = await one(target, client, stream=True)
        assert call.outcome == ("broken" if fault is Fault.STALL else "failed")
        assert ("ConnectTimeout" if fault is Fault.BLACKHOLE else "ReadTimeout") in call.detail
        await target.heal(convalescent=False)
        assert (await one(target, client, stream=True)).outcome == "answered"

    with_target(body, timeout=0.3)


def test_hits_carry_the_call_they_belong_to() -> None:
    async def body(target: DrillTarget, client: httpx.AsyncClient) -> None:
        await one(target, client, stream=False)
        await target.break_(Fault.S503)
        await one(target, client, stream=False)
        assert [(hit.call, hit.well) for hit in target.hits] == [(7, True), (7, False)]

    with_target(body)


def test_answers_after_healing_are_late_until_one_is_given() -> None:
    async def body(target: DrillTarget, client: httpx.AsyncClient) -> None:
        await target.break_(Fault.S503)
        await target.heal(convalescent=True)
        await asyncio.gather(*(one(target, client, stream=False) for _ in range(3)))
        assert not target.convalescent
        assert min(hit.ended - hit.arrived for hit in target.hits[-3:]) >= LATE_SHARE * FIRST_BYTE
        began = target.clock()
        await one(target, client, stream=False)
        assert target.hits[-1].arrived >= began
        assert len(target.hits) == 4

    with_target(body)


@pytest.mark.parametrize("kind", ["open", "closed"])
def test_load_is_bounded_and_mixed(kind: str) -> None:
    async def body(target: DrillTarget, client: httpx.AsyncClient) -> None:
        callers = Callers(client, f"http://127.0.0.1:{target.port}/v1", "m", time.monotonic, tools=True)
        load = Load(kind, rate=1000.0, callers=3)  # type: ignore[arg-type]
        await callers.run(load, asyncio.Event(), 20)
        assert 20 <= len(callers.calls) <= 22
        assert {call.outcome for call in callers.calls} == {"answered"}
        assert (
            {call.stream for call in callers.calls} == {call.tools for call in callers.calls} == {True, False}
        )

    with_target(body)


def test_open_load_does_not_wait_for_answers() -> None:
    async def body(target: DrillTarget, client: httpx.AsyncClient) -> None:
        await target.break_(Fault.HANG)
        callers = Callers(client, f"http://127.0.0.1:{target.port}/v1", "m", time.monotonic, tools=False)
        stop = asyncio.Event()
        running = asyncio.create_task(callers.run(Load("open", rate=500.0), stop, 12))
        await running
        assert len(callers.calls) == 12
        assert max(c.started for c in callers.calls) < min(c.ended for c in callers.calls)

    with_target(body, timeout=1.0)
