"""The words of a drill: what is broken, what was seen, what was measured, what is judged. Times are seconds of one
monotonic clock, from the start of the drill.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

__all__ = ["Api", "Call", "Effect", "Fault", "Hit", "Load", "Measured", "Observation", "Place", "Recipe", "Rules", "Step",
           "Verdict"]  # fmt: skip


Api = Literal["chat_completions", "embeddings"]
"""What callers ask for. Only chat streams and has tools."""


class Effect(StrEnum):
    """What a fault must do to callers."""

    MOVES_ON = "moves on"
    """Before the first byte: another target serves, nobody notices."""
    BREAKS = "breaks"
    """After the first byte: the caller is told, and no other target is asked."""
    PASSES = "passes"
    """No fault of the target: its answer is the caller's, whatever it is."""


class Fault(StrEnum):
    """A way in which a target is broken."""

    REFUSE = "refuse"
    BLACKHOLE = "blackhole"
    RESET = "reset"
    HANG = "hang"
    SLOW = "slow first byte"
    GARBAGE = "garbage"
    S401 = "401"
    S403 = "403"
    S404 = "404"
    S408 = "408"
    S410 = "410"
    S429 = "429"
    S429_AFTER = "429 retry-after"
    S500 = "500"
    S503 = "503"
    CUT = "cut mid-stream"
    STALL = "stall mid-stream"
    NO_DONE = "end without [DONE]"
    DRIP = "slow drip"
    S400 = "400"

    @property
    def effect(self) -> Effect:
        """What it must do to callers."""
        if self in (Fault.CUT, Fault.STALL, Fault.NO_DONE):
            return Effect.BREAKS
        return Effect.PASSES if self in (Fault.DRIP, Fault.S400) else Effect.MOVES_ON

    @property
    def of_streams(self) -> bool:
        """Whether only a stream can be broken so."""
        return self is Fault.NO_DONE

    @property
    def unseen(self) -> bool:
        """Whether attempts end before the target's server sees a request."""
        return self in (Fault.REFUSE, Fault.BLACKHOLE)


@dataclass(frozen=True)
class Rules:
    """The times the drilled gateway was told, in seconds, and the failures it counts."""

    first_byte: float = 0.5
    stream_idle: float = 1.0
    connect: float = 0.4
    cooldown: float = 1.0
    failures: int = 2
    slack: float = 0.2
    """What a failover may cost beside the timeouts themselves."""


@dataclass(frozen=True)
class Place:
    """A target as the contract has it."""

    name: str
    path: str
    model: str
    priority: int
    features: frozenset[str]


Render = Callable[[Mapping[str, int], int, int, Path], str]
"""Ports of the targets by name, the gateway's port, its admin port, a folder for credentials → Envoy's YAML."""


@dataclass(frozen=True)
class Recipe:
    """Which endpoint is drilled, through which configuration."""

    endpoint: str
    places: tuple[Place, ...]
    rules: Rules
    render: Render
    api: Api = "chat_completions"

    @property
    def faults(self) -> tuple[Fault, ...]:
        """The faults that its targets can have."""
        return tuple(fault for fault in Fault if self.api == "chat_completions" or not fault.of_streams)


@dataclass(frozen=True)
class Load:
    """How callers behave. `open`: a call starts every 1/rate s, whatever became of the ones before. `closed`: so
    many callers, each asking again when it has its answer, with a pause that keeps them near `rate` together.
    """

    kind: Literal["open", "closed"] = "open"
    rate: float = 30.0
    callers: int = 4


@dataclass(frozen=True)
class Step:
    """One fault, or one on each of several targets at once."""

    broken: Mapping[str, Fault]
    load: Load = Load()
    broken_seconds: float = 2.5

    @property
    def name(self) -> str:
        """As reports show it: `a: hang`."""
        return ", ".join(f"{target}: {fault}" for target, fault in self.broken.items())

    @property
    def effect(self) -> Effect:
        """The same for all faults of a step."""
        return next(iter(self.broken.values())).effect


@dataclass(frozen=True)
class Hit:
    """A request that reached a target's server. `well` is whether it was answered as a healthy target would."""

    target: str
    call: int
    arrived: float
    ended: float
    well: bool


Outcome = Literal["answered", "refused", "broken", "silent", "failed"]
"""`answered` whole; `refused` by an HTTP error; `broken` after the first byte, and told so; `silent`: cut without a
word; `failed`: no answer at all."""


@dataclass(frozen=True)
class Call:
    """One request as its caller saw it. `said` is who answered by the answer's own text."""

    number: int
    stream: bool
    tools: bool
    started: float
    first_byte: float | None
    ended: float
    outcome: Outcome
    status: int = 0
    served_by: str = ""
    attempts: int = 0
    said: str = ""
    detail: str = ""

    @property
    def waited(self) -> float:
        """Until the first byte, or the end when there was none."""
        return (self.ended if self.first_byte is None else self.first_byte) - self.started


@dataclass(frozen=True)
class Observation:
    """All that was seen of one step."""

    step: Step
    started: float
    broke: float
    healed: float
    ended: float
    calls: tuple[Call, ...]
    hits: tuple[Hit, ...]
    counted: Mapping[str, int]
    """Requests per target by the gateway's own metrics."""
    logged: tuple[str, ...]
    """Targets the gateway's log called dead."""


@dataclass(frozen=True)
class Measured:
    """Numbers of one step. None where there was nothing to measure."""

    step: str
    load: str
    calls: int
    lost: int
    told: int
    told_seconds: float | None
    silent: int
    dead_hits: int
    dead_hits_known: int
    trials: int
    twice: int
    moved_late: int
    untold: int
    wrong_place: int
    over_bound: int
    worst_wait_seconds: float | None
    added_p50_seconds: float | None
    added_p99_seconds: float | None
    fail_over_seconds: float | None
    fail_back_seconds: float | None
    herd: int
    uncounted: int
    unlogged: int
    last_not_tried: int


@dataclass(frozen=True)
class Verdict:
    """Whether a step kept one clause of the guarantee; `says` is the number that decides."""

    step: str
    clause: int
    kept: bool
    says: str


@dataclass(frozen=True)
class Memory:
    """Resident memory at one moment of a soak, in MiB."""

    at: float
    gateway: float
    client: float


@dataclass(frozen=True)
class Drilled:
    """A whole drill: what the reports are made of."""

    endpoint: str
    rules: Rules
    gateway: str
    observations: tuple[Observation, ...]
    measured: tuple[Measured, ...]
    verdicts: tuple[Verdict, ...]
    memory: tuple[Memory, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def kept(self) -> bool:
        """Whether every verdict is good; a drill without verdicts proves nothing."""
        return bool(self.verdicts) and all(verdict.kept for verdict in self.verdicts)
