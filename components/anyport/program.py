"""The config-driven program: a stack's configuration → its endpoints. `stacks/__main__.py` calls it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pulumi

from .endpoint import InferenceEndpoint
from .errors import AnyportError
from .placement.policy_limits import NO_LIMITS, PolicyLimits, policy_file, read_limits
from .plan import resolve
from .source import Source, read_yaml
from .stackfile import PREFIX, StackConfig, parse_stack_config

__all__ = ["run"]


def run(folder: Path, today: date) -> None:
    """Build what this stack's configuration says, or say everything that is wrong with it.

    Args:
        folder: where the stack files are.
        today: the day to judge retirements by.

    Bad input ends as one message per problem and a failed update, never as a traceback.

    Endpoints are built after the program's last line, one after another, with a turn of the event loop between them:
    so the engine registers (and policies judge) the first while the next are built. A program that builds all at once
    holds the loop until it is done, and the engine waits for it. What the program makes itself may stand beside `run`.
    """
    pulumi.run(lambda: _said_plainly(folder, today))


async def _said_plainly(folder: Path, today: date) -> None:
    try:
        await _build(folder, today)
    except AnyportError as error:
        for problem in error.problems:
            pulumi.log.error(str(problem))
        raise pulumi.RunError(
            f"{len(error.problems)} problem(s) in the configuration of this stack"
        ) from None


async def _build(folder: Path, today: date) -> None:
    stack = _stack_config(folder)
    plan = resolve(stack.spec, None, today, stack.source, _limits(stack, folder))
    contracts: dict[str, pulumi.Output[dict[str, Any]]] = {}
    for endpoint in plan.endpoints:
        mine = {
            target.name
            for target in endpoint.targets
            if target.standby == "warm" and stack.build.includes(endpoint.name, target.name, target.provider)
        }
        component = InferenceEndpoint(endpoint.name, endpoint, builds=_among(mine))
        contracts[endpoint.name] = component.contract
        await asyncio.sleep(0)
    pulumi.export("endpoints", contracts)
    pulumi.export("catalog_collected_on", plan.catalog_collected_on.isoformat())


def _limits(stack: StackConfig, folder: Path) -> PolicyLimits:
    """What bounds placements: the file that `anyport plan` and the packs read too, so that all choose and judge alike."""
    return read_limits(policy_file(folder)) if stack.spec.placed else NO_LIMITS


def _among(names: set[str]) -> Callable[[Any], bool]:
    return lambda target: target.name in names


def _stack_config(folder: Path) -> StackConfig:
    """Configuration values come from Pulumi (which merges flags and environments), places from the file."""
    config: dict[str, Any] = {}
    for full, text in pulumi.runtime.config.CONFIG.get().items():
        if full.startswith(PREFIX) and not pulumi.runtime.is_config_secret(full):
            config[full] = _value(text)
    path = folder / f"Pulumi.{pulumi.get_stack()}.yaml"
    source = Source(path.name)
    if path.is_file():
        source = read_yaml(path, f"stacks/{path.name}")[1].under("config")
    return parse_stack_config(config, source, folder)


def _value(text: str) -> Any:
    """Pulumi hands maps and lists over as JSON and everything else as text."""
    if text[:1] in "{[":
        try:
            return json.loads(text)
        except json.JSONDecodeError:
            return text
    return text
