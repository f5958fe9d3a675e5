"""Faults on demand: make a simulated cloud fail or dawdle, so that a drill has something to survive.

A fault list is JSON in `ANYPORT_SANDBOX_FAULTS`, or in `faults.json` beside the state; it is read anew for
every operation, so it can be changed while an update runs:

    [{"cloud": "gcp", "type": "gcp:vertex/*", "name": "chat-*", "operation": "create",
      "times": 2, "message": "429 Resource exhausted", "delay_seconds": 1.5}]

Every key but `message`/`delay_seconds` may be left out and then matches anything; `times` null or absent
means always. `name` matches the resource's logical name or its id. A fault without a message only delays.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from .clock import Clock
from .errors import CloudError, SandboxError
from .state import State

__all__ = ["Fault", "inject", "load_faults"]

_KEYS = {"cloud", "type", "name", "operation", "times", "message", "delay_seconds"}
_OPERATIONS = ("create", "update", "delete", "read")


@dataclass(frozen=True)
class Fault:
    """One fault; `key` is what its firings are counted under."""

    cloud: str
    type: str
    name: str
    operation: str
    times: int | None
    message: str
    delay_seconds: float
    key: str

    def hits(self, cloud: str, token: str, names: tuple[str, ...], operation: str) -> bool:
        """Whether this fault is about this operation."""
        return (
            fnmatchcase(cloud, self.cloud)
            and fnmatchcase(token, self.type)
            and fnmatchcase(operation, self.operation)
            and any(fnmatchcase(name, self.name) for name in names)
        )


def load_faults(folder: Path) -> list[Fault]:
    """The faults in force now.

    Raises:
        SandboxError: the list is not valid; says what is wrong with which entry.
    """
    text, source = os.environ.get("ANYPORT_SANDBOX_FAULTS", ""), "ANYPORT_SANDBOX_FAULTS"
    if not text:
        file = folder / "faults.json"
        if not file.exists():
            return []
        text, source = file.read_text("utf-8"), str(file)
    try:
        rows = json.loads(text)
        return [_fault(row) for row in rows]
    except (ValueError, TypeError, AttributeError) as error:
        raise SandboxError(f"The fault list in {source} is not valid: {error}.") from error


def _fault(row: dict[str, Any]) -> Fault:
    unknown = set(row) - _KEYS
    if unknown:
        raise ValueError(f"unknown key {min(unknown)!r}, known are {', '.join(sorted(_KEYS))}")
    operation = row.get("operation", "*")
    if operation not in (*_OPERATIONS, "*"):
        raise ValueError(f"operation {operation!r} is none of {', '.join(_OPERATIONS)}")
    times = row.get("times")
    return Fault(
        cloud=row.get("cloud", "*"),
        type=row.get("type", "*"),
        name=row.get("name", "*"),
        operation=operation,
        times=None if times is None else int(times),
        message=row.get("message", ""),
        delay_seconds=float(row.get("delay_seconds", 0)),
        key=hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()[:16],
    )


def inject(
    state: State, clock: Clock, cloud: str, token: str, names: tuple[str, ...], operation: str
) -> None:
    """Delay, then fail, if a fault asks for it.

    Raises:
        CloudError: with the fault's message.
    """
    for fault in load_faults(state.folder):
        if not fault.hits(cloud, token, names, operation):
            continue
        with state.transaction() as records:
            if not records.fired(fault.key, fault.times):
                continue
        if fault.delay_seconds > 0:
            clock.sleep(fault.delay_seconds)
        if fault.message:
            raise CloudError(fault.message)
