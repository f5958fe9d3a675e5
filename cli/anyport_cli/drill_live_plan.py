"""What a drill of a live gateway asks, and what must come of it. Pure: made from the contract's routes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from anyport.gateway.lua_text import LENIENT
from anyport.gateway.routes import EndpointRoute

__all__ = ["LiveStep", "live_steps", "outcomes"]


@dataclass(frozen=True)
class LiveStep:
    """Requests of one kind.

    Attributes:
        name: as reports show it.
        drilled: targets that are to be as if broken, in the header's order; empty for no drill.
        wrong_key: whether the header goes with a key that is not the drill key.
        plain: served by → attempts that are right for a request without a stream; nothing when none can serve.
        stream: the same for one that streams.
        streams: whether there are such requests; not for embeddings.
    """

    name: str
    drilled: tuple[str, ...]
    wrong_key: bool
    plain: frozenset[tuple[str, int]]
    stream: frozenset[tuple[str, int]]
    streams: bool = True


def live_steps(endpoint: EndpointRoute, streams: bool = True) -> tuple[LiveStep, ...]:
    """No drill; a wrong key; each target; each pair that leaves one; all of them."""
    names = [target.name for target in endpoint.targets]
    steps = [
        _step(endpoint, "no drill", ()),
        _step(endpoint, f"wrong key for {names[0]}", (names[0],), wrong_key=True),
    ]
    sets = [
        *((name,) for name in names),
        *(pair for pair in itertools.combinations(names, 2) if len(names) > 2),
        tuple(names),
    ]  # fmt: skip
    steps += [_step(endpoint, _named(each, len(names)), each) for each in sets]
    return tuple(steps if streams else [replace(step, stream=frozenset(), streams=False) for step in steps])


def _named(drilled: tuple[str, ...], count: int) -> str:
    return "all targets" if len(drilled) == count else " and ".join(drilled)


def _step(
    endpoint: EndpointRoute, name: str, drilled: tuple[str, ...], *, wrong_key: bool = False
) -> LiveStep:
    broken = () if wrong_key else drilled
    plain, stream = (frozenset(outcomes(endpoint, broken, needs)) for needs in ((), ("streaming",)))
    return LiveStep(name, drilled, wrong_key, plain, stream)


def outcomes(
    endpoint: EndpointRoute, drilled: tuple[str, ...], needs: tuple[str, ...]
) -> Iterator[tuple[str, int]]:
    """Who may serve, after how many attempts, while every target that is not drilled is well.

    Several where targets share a priority, since the gateway draws among those. The drilled ones that come first are
    attempts, as they would be if they had just broken.
    """
    names = [target.name for target in endpoint.targets]
    listed = frozenset().union(*(target.features for target in endpoint.targets))
    asked = frozenset(needs) - (LENIENT - listed)
    able = {place for place, target in enumerate(endpoint.targets) if target.features >= asked}
    for order in endpoint.orders():
        if set(order) != able:
            continue
        left = [place for place, index in enumerate(order) if names[index] not in drilled]
        if left:
            yield names[order[left[0]]], left[0] + 1
