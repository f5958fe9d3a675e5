"""What runs in a simulated container: nothing but times, or a model-server process."""

from __future__ import annotations

import contextlib
import http.client
import math
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from anyport_sandbox.kubernetes.clock import Clock
from anyport_sandbox.kubernetes.faults import Conduct
from anyport_sandbox.kubernetes.processes import Child

__all__ = ["KILLED", "App", "ProcessApp", "SimulatedApp"]

KILLED = 137
"""Exit code of what SIGKILL ended."""
_PROBE_SECONDS = 1.0
_LOOK_SECONDS = 0.1
_HEALTHY = range(200, 400)
_UNVERIFIED = ssl.create_default_context()
"""Probes do not verify the pod's certificate, as the kubelet's do not."""
_UNVERIFIED.check_hostname = False
_UNVERIFIED.verify_mode = ssl.CERT_NONE


class App(Protocol):
    """The running inside of a container. `now` is in simulated seconds."""

    def exit_code(self, now: float) -> int | None:
        """How it ended, or None."""

    def answers(self, probe: Mapping[str, Any], now: float) -> bool:
        """Whether a probe succeeds."""

    def changes_at(self, now: float) -> float:
        """The earliest time when one of the answers above may become another; infinity for never."""

    def terminate(self, now: float) -> None:
        """SIGTERM."""

    def kill(self) -> None:
        """SIGKILL."""

    def message(self) -> str:
        """Its last words."""


class SimulatedApp:
    """Times only, as its conduct says at each moment."""

    def __init__(self, conduct: Callable[[], Conduct], started: float, *, ends: bool) -> None:
        self._conduct, self._started, self._ends = conduct, started, ends
        self._stopping: float | None = None
        self._killed = False

    def exit_code(self, now: float) -> int | None:
        """By signal, or after its time."""
        if self._killed:
            return KILLED
        if self._stopping is not None and now >= self._stopping + self._conduct().stop_seconds:
            return 0
        return self._conduct().exit_code if now >= self._end() else None

    def answers(self, probe: Mapping[str, Any], now: float) -> bool:
        """Between its start and its sickness."""
        del probe
        conduct = self._conduct()
        age = now - self._started
        sick = conduct.unhealthy_after_seconds is not None and age >= conduct.unhealthy_after_seconds
        return conduct.answers and age >= conduct.start_seconds and not sick

    def changes_at(self, now: float) -> float:
        """The next of its times."""
        conduct = self._conduct()
        times = [self._end(), self._started + conduct.start_seconds]
        if conduct.unhealthy_after_seconds is not None:
            times.append(self._started + conduct.unhealthy_after_seconds)
        if self._stopping is not None:
            times.append(self._stopping + conduct.stop_seconds)
        return min((each for each in times if each > now), default=math.inf)

    def _end(self) -> float:
        conduct = self._conduct()
        if conduct.run_seconds is not None:
            return self._started + conduct.run_seconds
        return self._started if self._ends or conduct.exit_code else math.inf

    def terminate(self, now: float) -> None:
        """Begin to stop."""
        if self._stopping is None:
            self._stopping = now

    def kill(self) -> None:
        """End at once."""
        self._killed = True

    def message(self) -> str:
        """As its conduct says."""
        return self._conduct().message


class ProcessApp:
    """A process on an address of its own; HTTP and TCP probes are real, a command in the container always succeeds."""

    def __init__(
        self,
        child: Child,
        address: str,
        ports: Mapping[str, int],
        conduct: Callable[[], Conduct],
        clock: Clock,
    ) -> None:
        self._child, self._address, self._ports, self._conduct, self._clock = (
            child,
            address,
            ports,
            conduct,
            clock,
        )

    def exit_code(self, now: float) -> int | None:
        """Of the process."""
        del now
        code = self._child.exit_code()
        if code is not None:
            self._child.release()
        return code

    def answers(self, probe: Mapping[str, Any], now: float) -> bool:
        """Ask the process, unless its conduct says that it does not answer."""
        del now
        if not self._conduct().answers:
            return False
        if "httpGet" in probe:
            return self._get(probe["httpGet"])
        if "tcpSocket" in probe or "grpc" in probe:
            port = self._port((probe.get("tcpSocket") or probe["grpc"])["port"])
            with (
                contextlib.suppress(OSError),
                socket.create_connection((self._address, port), _PROBE_SECONDS),
            ):
                return True
            return False
        return True

    def _get(self, get: Mapping[str, Any]) -> bool:
        where = (self._address, self._port(get["port"]))
        connection = (
            http.client.HTTPSConnection(*where, timeout=_PROBE_SECONDS, context=_UNVERIFIED)
            if get.get("scheme") == "HTTPS"
            else http.client.HTTPConnection(*where, timeout=_PROBE_SECONDS)
        )
        try:
            connection.request("GET", get.get("path") or "/")
            return connection.getresponse().status in _HEALTHY
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _port(self, port: int | str) -> int:
        return port if isinstance(port, int) else self._ports.get(port, 0)

    def changes_at(self, now: float) -> float:
        """At any time: look every tenth of a real second."""
        return now + _LOOK_SECONDS * self._clock.speed

    def terminate(self, now: float) -> None:
        """SIGTERM."""
        del now
        self._child.terminate()

    def kill(self) -> None:
        """SIGKILL."""
        self._child.kill()

    def message(self) -> str:
        """The end of its log."""
        return self._child.last_words()
