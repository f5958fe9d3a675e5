"""The life of a simulated container on a clock of the test's own: no cluster, no waiting."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from anyport_sandbox.kubernetes.apps import App, SimulatedApp
from anyport_sandbox.kubernetes.clock import Clock
from anyport_sandbox.kubernetes.container import Container
from anyport_sandbox.kubernetes.errors import ClusterError
from anyport_sandbox.kubernetes.faults import Conduct, Injections, conduct


class Machine:
    """A host whose time the test moves."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.clock = Clock(1)
        self.title = "pod_space(uid)"
        self.events: list[str] = []

    def conduct(self) -> Conduct:
        return Conduct.model_validate(self.settings)

    def launch(self, spec: Mapping[str, Any], now: float) -> App:
        return SimulatedApp(self.conduct, now, ends=False)

    def event(self, kind: str, reason: str, message: str) -> None:
        self.events.append(reason)


def made(machine: Machine, policy: str = "Always", **spec: Any) -> Container:
    return Container({"name": "app", "image": "i", **spec}, machine, policy)


def run(container: Container, until: float, start: float = 0.0) -> dict[float, Any]:
    """Follow a container's own wake-ups to a time; returns what it showed at each."""
    seen, now = {}, start
    while now <= until:
        wake = container.step(now)
        assert wake >= now, "a wake-up lies in the past"
        seen[now] = (container.state, container.ready)
        if wake > until:
            break
        now = wake
    container.step(until)
    return seen


def probe(period: int, failures: int, **more: int) -> dict[str, Any]:
    return {
        "httpGet": {"path": "/health", "port": 1},
        "periodSeconds": period,
        "failureThreshold": failures,
        **more,
    }


def test_ready_when_the_startup_and_the_readiness_probe_have_passed() -> None:
    container = made(Machine(start_seconds=25), startupProbe=probe(10, 6), readinessProbe=probe(5, 3))
    seen = run(container, 100)
    assert [at for at, (_, ready) in seen.items() if not ready][-1] < 30
    assert min(at for at, (_, ready) in seen.items() if ready) == 30
    assert container.restarts == 0


def test_the_startup_budget_is_failures_times_period() -> None:
    machine = Machine(start_seconds=10_000)
    container = made(machine, startupProbe=probe(10, 6))
    run(container, 49)
    assert container.running
    run(container, 50, start=50)
    assert container.restarts == 1, "the first restart is immediate"
    assert container.last_state["terminated"]["exitCode"] == 137
    assert machine.events.count("Unhealthy") == 1


def test_liveness_waits_for_the_startup_probe() -> None:
    container = made(Machine(start_seconds=100), startupProbe=probe(10, 20), livenessProbe=probe(1, 1))
    run(container, 150)
    assert container.restarts == 0
    assert container.ready


def test_liveness_kills_what_falls_sick() -> None:
    container = made(Machine(unhealthy_after_seconds=100), livenessProbe=probe(10, 3))
    run(container, 119)
    assert container.restarts == 0
    run(container, 121, start=119)
    assert container.restarts == 1


def test_readiness_only_takes_it_out_of_service() -> None:
    container = made(Machine(unhealthy_after_seconds=100), readinessProbe=probe(10, 3))
    assert run(container, 500)
    assert container.running
    assert not container.ready
    assert container.restarts == 0


def test_crashes_wait_ten_twenty_forty_seconds_up_to_five_minutes() -> None:
    container = made(Machine(exit_code=1))
    starts, now, before = [], 0.0, -1
    while len(starts) < 9:
        wake = container.step(now)
        if container.restarts != before:
            starts.append(now)
            before = container.restarts
        now = max(wake, now)
    assert [round(b - a) for a, b in itertools.pairwise(starts)] == [
        0,
        10,
        20,
        40,
        80,
        160,
        300,
        300,
    ]


def test_ten_minutes_of_running_forgive_earlier_crashes() -> None:
    machine = Machine(exit_code=1)
    container = made(machine)
    run(container, 35)
    assert container.state["waiting"]["reason"] == "CrashLoopBackOff"
    machine.settings = {"exit_code": 1, "run_seconds": 600}
    run(container, 640, start=35)
    assert container.running, "started again at once"


@pytest.mark.parametrize(
    ("policy", "code", "done"), [("Never", 1, True), ("OnFailure", 0, True), ("OnFailure", 1, False)]
)
def test_restart_policies(policy: str, code: int, done: bool) -> None:
    container = made(Machine(exit_code=code, run_seconds=5), policy)
    run(container, 5)
    assert container.done is done
    assert container.exit_code == (code if done else None)


def test_pulls_alternate_between_failure_and_wait() -> None:
    machine = Machine(image="missing")
    seen = run(made(machine), 100)
    reasons = [(round(at), state["waiting"]["reason"]) for at, (state, _) in seen.items()]
    assert reasons[:4] == [
        (0, "ErrImagePull"),
        (1, "ImagePullBackOff"),
        (11, "ErrImagePull"),
        (12, "ImagePullBackOff"),
    ]
    assert machine.events[:2] == ["Failed", "BackOff"]


def test_an_image_that_appears_is_started() -> None:
    machine = Machine(image="missing")
    container = made(machine)
    run(container, 5)
    machine.settings = {}
    run(container, 30, start=5)
    assert container.ready


@pytest.mark.parametrize(
    "hook",
    [
        {"sleep": {"seconds": 15}},
        {"exec": {"command": ["sh", "-c", "sleep 15; true"]}},
        {"exec": {"command": ["sleep", "15s"]}},
    ],
)
def test_pre_stop_comes_before_the_signal(hook: dict[str, Any]) -> None:
    container = made(Machine(stop_seconds=20), lifecycle={"preStop": hook})
    container.step(0)
    container.stop(100)
    assert container.stopping(100, 200) == 115
    assert container.running
    assert container.stopping(115, 200) == 135
    container.stopping(135, 200)
    assert container.state["terminated"]["exitCode"] == 0


def test_the_grace_period_counts_pre_stop_and_ends_in_a_kill() -> None:
    container = made(Machine(stop_seconds=1000), lifecycle={"preStop": {"sleep": {"seconds": 15}}})
    container.step(0)
    container.stop(100)
    container.stopping(115, 130)
    container.stopping(130, 130)
    assert container.state["terminated"]["exitCode"] == 137


def test_annotations_win_over_what_is_injected() -> None:
    injected = Injections()
    injected.add("a*", "web-*", {"start_seconds": "5", "exit_code": "1"})
    injected.add("*", "*", {"exit_code": "2"})
    assert injected.of("b", "web-1") == {"exit_code": "2"}
    found = conduct({"sandbox.anyport.dev/start-seconds": "7", "other": "x"}, injected.of("ab", "web-1"))
    assert (found.start_seconds, found.exit_code) == (7, 2)
    injected.clear()
    assert injected.of("ab", "web-1") == {}


@pytest.mark.parametrize(
    ("key", "value"), [("starts", "1"), ("start-seconds", "soon"), ("exit-code", "256"), ("image", "gone")]
)
def test_a_conduct_that_means_nothing_is_refused_by_name(key: str, value: str) -> None:
    with pytest.raises(ClusterError, match=f"sandbox.anyport.dev/{key}"):
        conduct({f"sandbox.anyport.dev/{key}": value}, {})
