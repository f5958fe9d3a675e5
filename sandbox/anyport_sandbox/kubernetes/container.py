"""One container of a simulated pod: pulls, starts, is probed, crashes, is started again.

After the kubelet's documentation: a first restart is immediate, later ones wait 10 s, 20 s, 40 s … up to 300 s
(`CrashLoopBackOff`), and a run of ten minutes forgets that; pulls wait alike (`ImagePullBackOff`). Simplified: a
container killed by its startup or liveness probe goes at once, without `preStop` or grace.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Protocol

from anyport_sandbox.kubernetes.apps import KILLED, App
from anyport_sandbox.kubernetes.clock import Clock
from anyport_sandbox.kubernetes.errors import ClusterError, MountError
from anyport_sandbox.kubernetes.faults import Conduct
from anyport_sandbox.kubernetes.probes import Probe

__all__ = ["Container", "Host"]

_FIRST_BACKOFF, _LONGEST_BACKOFF = 10.0, 300.0
_FORGIVEN_AFTER = 600.0
_CONFIG_RETRY = 5.0
_PULL_RETRY = 1.0


class Host(Protocol):
    """What a container needs of its pod and machine."""

    clock: Clock

    @property
    def title(self) -> str:
        """`name_namespace(uid)`, as in the kubelet's messages."""

    def conduct(self) -> Conduct:
        """How its containers behave; ClusterError for annotations that mean nothing."""

    def launch(self, spec: Mapping[str, Any], now: float) -> App:
        """Start what is in a container; ClusterError when its environment cannot be made."""

    def event(self, kind: str, reason: str, message: str) -> None:
        """Tell the cluster; `kind` is Normal or Warning."""


class Container:
    """A container with its status.

    Attributes:
        state, last_state: in the API's own spelling.
        restarts: how often it was started again.
        done: it has ended and is not started again.
    """

    def __init__(self, spec: Mapping[str, Any], host: Host, restart_policy: str) -> None:
        self.spec, self._host, self._policy = spec, host, restart_policy
        self.state: dict[str, Any] = _waiting("ContainerCreating")
        self.last_state: dict[str, Any] = {}
        self._told = ""
        self.restarts = 0
        self.done = False
        self.app: App | None = None
        self._runs = 0
        self._due = 0.0
        self._started = 0.0
        self._crashes = 0
        self._pull_backoff = 0.0
        self._stop_at = math.inf
        self._probes: dict[str, Probe] = {}

    # -- what the pod asks -----------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.spec["name"])

    @property
    def running(self) -> bool:
        """Whether it runs now."""
        return self.app is not None

    @property
    def ever_ran(self) -> bool:
        """Whether it has ever been started."""
        return self._runs > 0

    @property
    def started(self) -> bool:
        """Whether its startup probe has passed."""
        return self.running and ("startup" not in self._probes or self._probes["startup"].good is True)

    @property
    def ready(self) -> bool:
        """Whether its readiness probe is passed; one without is ready when started."""
        return self.started and ("readiness" not in self._probes or self._probes["readiness"].good is True)

    @property
    def exit_code(self) -> int | None:
        """Of its last end, if it is over."""
        found = self.state.get("terminated")
        return found["exitCode"] if found else None

    def status(self) -> dict[str, Any]:
        """Its entry in the pod's status."""
        status = {
            "name": self.name,
            "image": self.spec["image"],
            "imageID": self.spec["image"] if self.ever_ran else "",
            "restartCount": self.restarts,
            "ready": self.ready,
            "started": self.started,
            "state": self.state,
        }
        if self.last_state:
            status["lastState"] = self.last_state
        if self.ever_ran:
            status["containerID"] = f"simulated://{self._host.title}/{self.name}/{self._runs}"
        return status

    # -- its life ---------------------------------------------------------------------------------------------

    def step(self, now: float) -> float:
        """Do what is due; returns when to look again, in simulated seconds."""
        if self.done:
            return math.inf
        if self.app is None:
            if now < self._due:
                return self._due
            self._try_start(now)
        return self._look(now) if self.app is not None else (math.inf if self.done else self._due)

    def _try_start(self, now: float) -> None:
        try:
            if self._host.conduct().image == "missing":
                self._pull_failed(now)
                return
            self.app = self._host.launch(self.spec, now)
        except MountError as error:
            self._wait("ContainerCreating", "", now + _CONFIG_RETRY, event="FailedMount", told=str(error))
            return
        except ClusterError as error:
            self._wait("CreateContainerConfigError", str(error), now + _CONFIG_RETRY)
            return
        self.restarts = self._runs
        self._runs += 1
        self._started, self._pull_backoff = now, 0.0
        self.state = {"running": {"startedAt": self._host.clock.stamp()}}
        kinds = ("startup", "readiness", "liveness")
        self._probes = {
            kind: Probe(self.spec[f"{kind}Probe"], now) for kind in kinds if self.spec.get(f"{kind}Probe")
        }

    def _pull_failed(self, now: float) -> None:
        """The two states alternate: the failed pull, then the wait for the next."""
        image = self.spec["image"]
        failure = f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found'
        if self.state.get("waiting", {}).get("reason") == "ErrImagePull":
            self._pull_backoff = min(max(self._pull_backoff * 2, _FIRST_BACKOFF), _LONGEST_BACKOFF)
            text = f'Back-off pulling image "{image}": ErrImagePull: {failure}'
            self._wait("ImagePullBackOff", text, now + self._pull_backoff, event="BackOff")
            return
        self._wait("ErrImagePull", failure, now + _PULL_RETRY, event="Failed")

    def _wait(self, reason: str, message: str, due: float, event: str = "Failed", told: str = "") -> None:
        """Wait for a reason, and tell it once: the event's own words if it has some, else the message."""
        self._due = due
        state, told = _waiting(reason, message), told or message
        if (state, told) != (self.state, self._told):
            self.state, self._told = state, told
            self._host.event("Warning", event, told)

    def _look(self, now: float) -> float:
        """See whether it has ended, then what its probes say."""
        app = self.app
        assert app is not None
        if (code := app.exit_code(now)) is not None:
            self._ended(code, now)
            return self._due if not self.done else math.inf
        wake = app.changes_at(now)
        for kind, probe in self._probes.items():
            if kind != "startup" and not self.started:
                continue
            if kind == "startup" and probe.good:
                continue
            asks = now >= probe.due
            if asks and self._ask(kind, probe, app, now):
                return self._due if not self.done else math.inf
            # Only an answer of just now can be relied on: its conduct may have been changed since the last.
            wake = min(wake, probe.next_look(app.changes_at(now)) if asks else probe.due)
            if kind == "startup" and probe.good:
                wake = now
        return wake

    def _ask(self, kind: str, probe: Probe, app: App, now: float) -> bool:
        """Ask once; returns whether the container was ended for its answer."""
        if not probe.note(app.answers(probe.spec, now), now) or probe.good:
            return False
        self._host.event("Warning", "Unhealthy", f"{kind.capitalize()} probe failed")
        if kind == "readiness":
            return False
        text = f"Container {self.name} failed {kind} probe, will be restarted"
        self._host.event("Normal", "Killing", text)
        app.kill()
        self._ended(KILLED, now)
        return True

    def _ended(self, code: int, now: float) -> None:
        assert self.app is not None
        fallback = self.spec.get("terminationMessagePolicy") == "FallbackToLogsOnError" and code
        words = self._host.conduct().message or (self.app.message() if fallback else "")
        self.app, self._stop_at = None, math.inf
        ended = {
            "exitCode": code,
            "reason": "Completed" if code == 0 else "Error",
            "startedAt": self.state["running"]["startedAt"],
            "finishedAt": self._host.clock.stamp(),
            **({"message": words} if words else {}),
        }
        if self._policy == "Never" or (self._policy == "OnFailure" and code == 0):
            self.state, self.done = {"terminated": ended}, True
            return
        self.last_state = {"terminated": ended}
        self._crashes = 1 if now - self._started >= _FORGIVEN_AFTER else self._crashes + 1
        if self._crashes == 1:
            self.state, self._due = {"terminated": ended}, now
            return
        backoff = min(_FIRST_BACKOFF * 2.0 ** (self._crashes - 2), _LONGEST_BACKOFF)
        text = f"back-off {_duration(backoff)} restarting failed container={self.name} pod={self._host.title}"
        self._wait("CrashLoopBackOff", text, now + backoff, event="BackOff")

    # -- its end ----------------------------------------------------------------------------------------------

    def stop(self, now: float) -> None:
        """The pod is to end: `preStop` first."""
        self._stop_at = now + _pre_stop_seconds(self.spec)
        if self.app is None:
            self._over(KILLED)

    def stopping(self, now: float, latest: float) -> float:
        """What is due of the end; returns when to look again, infinity when it is over."""
        if self.app is None:
            return math.inf
        if now >= latest:
            self.app.kill()
        elif now >= self._stop_at:
            self.app.terminate(now)
        if (code := self.app.exit_code(now)) is not None:
            self._over(code)
            return math.inf
        # Probes go on until the end, but nobody acts on them.
        due = self._stop_at if now < self._stop_at else self.app.changes_at(now)
        return min(due, self.app.changes_at(now), latest)

    def _over(self, code: int) -> None:
        """Ended with its pod."""
        started = self.state.get("running", {}).get("startedAt")
        self.app, self.done = None, True
        if "terminated" in self.state:
            return
        self.state = {
            "terminated": {
                "exitCode": code,
                "reason": "Completed" if code == 0 else "Error" if started else "ContainerStatusUnknown",
                "finishedAt": self._host.clock.stamp(),
                **({"startedAt": started} if started else {}),
            }
        }

    def kill(self) -> None:
        """End it at once, with the machine or with its pod's record."""
        if self.app is not None:
            self.app.kill()


def _waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def _duration(seconds: float) -> str:
    """As Go writes it: 10s, 2m40s."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def _pre_stop_seconds(spec: Mapping[str, Any]) -> float:
    """How long `preStop` takes: a `sleep` its seconds, also as a command; anything else no time."""
    hook = (spec.get("lifecycle") or {}).get("preStop") or {}
    if "sleep" in hook:
        return float(hook["sleep"].get("seconds") or 0)
    words = " ".join((hook.get("exec") or {}).get("command") or ()).replace(";", " ").split()
    if "sleep" in words[:-1]:
        after = words[words.index("sleep") + 1].rstrip("s")
        return float(after) if after.replace(".", "", 1).isdigit() else 0.0
    return 0.0
