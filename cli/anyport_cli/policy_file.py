"""The policy configuration as commands that plan need it: what bounds placements, and what is wrong with the file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from anyport.placement.policy_limits import PolicyLimits
    from anyport.stackfile import StackConfig

__all__ = ["limits_for", "policy_config_option"]


def policy_config_option(command: Any) -> Any:
    """`--policy-config`, as `anyport check` has it."""
    return click.option(
        "--policy-config",
        envvar="ANYPORT_POLICY_CONFIG",
        type=click.Path(path_type=Path),
        help="Instead of policy-config.json beside the stack files; it bounds what a placement may choose.",
    )(command)


def limits_for(file: Path, stack: StackConfig, named: Path | None = None) -> PolicyLimits:
    """What bounds the placements of a stack file; a file without any is not asked about policies.

    Args:
        file: the stack file.
        stack: the same, read.
        named: a policy configuration in place of the one beside the stack file.

    Raises:
        AnyportError: every problem of the policy configuration, whichever rule it is about.
    """
    from anyport.placement.policy_limits import NO_LIMITS, limits_of, policy_file
    from anyport.source import read_yaml

    if not stack.spec.placed:
        return NO_LIMITS
    path = policy_file(file.parent, named)
    if path is None:
        return NO_LIMITS
    from anyport_policies.config import parse_policy_config
    from anyport_policies.rules import RULES

    document, source = read_yaml(path)
    parse_policy_config(document, source, RULES)
    return limits_of(document, source)
