"""Three targets on loopback that misbehave as told, and the transports that lead to them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "gateway"))

from client_helpers import Clock, Harness
from raw_target import RawTarget


@pytest.fixture(scope="module")
def servers() -> Iterator[dict[str, RawTarget]]:
    made = {name: RawTarget(name).start() for name in "abc"}
    yield made
    for server in made.values():
        server.stop()


@pytest.fixture
def harness(servers: dict[str, RawTarget]) -> Iterator[Harness]:
    """The usual one: a, b and c in that order, no failure known yet."""
    for server in servers.values():
        server.mode = "ok"
        server.take()
    with Harness(servers, Clock()) as made:
        yield made
