"""The drill on the real Envoy: ours keeps the guarantee, and one that is spoiled in one place is found out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from drill_helpers import EMBEDDINGS, FIRST, SECOND, recipe

from anyport_sandbox.drill.drill import drill, soak_drill
from anyport_sandbox.drill.gateway import DrillError
from anyport_sandbox.drill.model import Drilled, Fault, Load, Step

pytestmark = pytest.mark.envoy


def run(*steps: Step, spoil: Callable[[str], str] = lambda text: text) -> Drilled:
    return drill(recipe(spoil=spoil), steps)


def broken(done: Drilled) -> set[int]:
    return {verdict.clause for verdict in done.verdicts if not verdict.kept}


def step(fault: Fault, seconds: float = 2.5, load: Load = Load()) -> Step:  # noqa: B008  # frozen
    return Step({FIRST: fault}, load, seconds)


def test_our_gateway_keeps_the_guarantee() -> None:
    done = run(
        step(Fault.S429_AFTER),
        step(Fault.BLACKHOLE),
        step(Fault.CUT, 0.8),
        Step({FIRST: Fault.HANG, SECOND: Fault.S410}, Load("closed")),
    )
    assert [verdict for verdict in done.verdicts if not verdict.kept] == []
    assert done.kept
    assert {verdict.clause for verdict in done.verdicts} == {1, 2, 3, 4, 5, 6}
    assert all(row.calls > 20 for row in done.measured)
    first = done.measured[0]
    assert first.dead_hits >= 2
    assert first.trials >= 1
    assert first.fail_over_seconds is not None
    assert done.gateway.startswith("Envoy 1.")


def test_it_keeps_it_for_embeddings_too() -> None:
    faults = (Fault.S503, Fault.HANG, Fault.CUT, Fault.DRIP, Fault.S400)
    done = drill(recipe(contract=EMBEDDINGS), [step(fault, 1.2) for fault in faults])
    assert [verdict for verdict in done.verdicts if not verdict.kept] == []
    assert {verdict.clause for verdict in done.verdicts} == {1, 2, 3, 4, 5}
    calls = [call for seen in done.observations for call in seen.calls]
    assert not [call for call in calls if call.stream or call.tools]
    assert {"answered", "broken", "refused"} == {call.outcome for call in calls}
    assert done.measured[2].told > 0


SPOILED: dict[str, tuple[Callable[[str], str], Step, int]] = {
    "it never leaves a dead target alone": (
        lambda text: text.replace("local FAILURES = 2", "local FAILURES = 1000"), step(Fault.S503), 2,
    ),
    "its cool-down is too short": (
        lambda text: text.replace("local COOLDOWN_MS = 1000", "local COOLDOWN_MS = 100"), step(Fault.S503), 2,
    ),
    "its cool-down is too long": (
        lambda text: text.replace("local COOLDOWN_MS = 1000", "local COOLDOWN_MS = 9000"), step(Fault.S503, 0.5), 3,
    ),
    "it lets a herd try": (
        lambda text: text.replace("state.trial_until = now + patience", "state.trial_until = 0"), step(Fault.HANG), 2,
    ),
    "it gives a dead key to the caller": (
        lambda text: text.replace("- 401\n", "- 418\n"), step(Fault.S401, 0.8), 1,
    ),
    "it takes the caller's mistake elsewhere": (
        lambda text: text.replace("- 401\n", "- 400\n"), step(Fault.S400, 0.8), 1,
    ),
    "it is silent about a cut": (
        lambda text: text.replace("if size == 0 then", "if size == -1 then"), step(Fault.NO_DONE, 0.8), 4,
    ),
    "it does not say who served": (
        lambda text: text.replace("headers:replace('x-served-by'", "headers:replace('x-served'"), step(Fault.S503, 0.8), 5,
    ),
    "it does not count attempts": (
        lambda text: text.replace("tostring(count_attempt(request, now))", "'1'"), step(Fault.S503, 0.8), 5,
    ),
    "it says nothing to the log": (
        lambda text: text.replace("' gets no traffic for '", "' is unwell for '"), step(Fault.S503, 0.8), 5,
    ),
    "it takes tools anywhere": (
        lambda text: text.replace("if able then", "if true then"), step(Fault.S503, 0.8), 6,
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", SPOILED)
def test_a_spoiled_gateway_is_found_out(how: str) -> None:
    spoil, broken_step, clause = SPOILED[how]
    done = run(broken_step, spoil=spoil)
    assert not done.kept
    assert clause in broken(done), done.verdicts


def test_a_soak_ends_on_time_and_too_short_a_one_proves_nothing_about_memory() -> None:
    began = time.monotonic()
    done = soak_drill(recipe(), 3.0, seed=3)
    assert time.monotonic() - began < 30
    assert 1 <= len(done.measured) <= 2
    assert {verdict.says.split(":")[0] for verdict in done.verdicts if not verdict.kept} == {
        "memory of the gateway",
        "memory of the client",
    }
    assert all(sample.gateway > 10 and sample.client > 10 for sample in done.memory)
    assert done.notes == (f"soak of 0.05 min, seed 3, {len(done.measured)} steps",)


def test_a_configuration_that_envoy_refuses_is_a_sentence() -> None:
    with pytest.raises(DrillError, match="Envoy ended at once: "):
        run(step(Fault.S503), spoil=lambda text: text.replace("static_resources", "statics"))


def test_one_target_is_nothing_to_drill() -> None:
    from dataclasses import replace

    alone = recipe()
    with pytest.raises(DrillError, match="nothing to fail over to"):
        drill(replace(alone, places=alone.places[:1]), [step(Fault.S503)])


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in listed.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_envoy_outlives_a_drill_that_is_stopped(number: signal.Signals, tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from anyport_cli.main import main; main()", "drill", "--short"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        preexec_fn=lambda: signal.signal(
            signal.SIGINT, signal.SIG_DFL
        ),  # a shell's background jobs ignore it
    )
    try:
        assert process.stderr is not None
        assert process.stderr.readline().startswith("anyport drill: ")
        assert "calls" in process.stderr.readline(), "the first step is done, so Envoy runs"
        [envoy] = [
            pid for pid in children(process.pid) if "envoy" in Path(f"/proc/{pid}/cmdline").read_text()
        ]
        os.kill(process.pid, number)
        rest = process.stderr.read()
        assert process.wait(20) == (-9 if number is signal.SIGKILL else 130)
        assert number is signal.SIGKILL or list(tmp_path.iterdir()) == [], "nothing is left in the way"
        assert "Traceback" not in rest
        deadline = time.monotonic() + 10
        while alive(envoy) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert not alive(envoy)
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
