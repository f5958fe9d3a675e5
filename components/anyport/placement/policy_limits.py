"""What a platform team said of the rules, as far as it bounds a placement: from `policy-config.json`, by slug.

    {"model-retirement": {"days": 120}, "allowed-operators": {"operators": ["Google", "Microsoft"]}}

The rules live in a room that this one may not read, so the parameters that a choice of targets hangs on are named here
once more; a test holds names, ranges and defaults equal. Parameters of a rule that is disabled bound nothing: the
planner then keeps to the rules' defaults. Whether the rest of the file is right is for its own readers to say.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import Problem, SpecError
from ..source import Source, read_yaml
from ..spec_problems import problem_at, problems_of

__all__ = ["NO_LIMITS", "PolicyLimits", "limits_of", "policy_file", "read_limits"]

FILE = "policy-config.json"
VARIABLE = "ANYPORT_POLICY_CONFIG"


class _Parameters(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Retirement(_Parameters):
    """Of AB001, model-retirement. Without `days` the placement's own 90 hold."""

    days: int | None = Field(default=None, ge=0, le=1000)


class Window(_Parameters):
    """Of AB002, retirement-window."""

    days: int = Field(default=60, ge=0, le=1000)


class Ceiling(_Parameters):
    """Of AB010, cost-ceiling."""

    input_usd_per_million: float | None = Field(default=None, gt=0)
    output_usd_per_million: float | None = Field(default=None, gt=0)


class Operators(_Parameters):
    """Of AR013, allowed-operators."""

    operators: list[str] | None = Field(default=None, min_length=1)


class Sameness(_Parameters):
    """Of AR005, equivalence."""

    context_share: float = Field(default=0.9, gt=0, le=1)
    evaluated_within_days: int = Field(default=365, ge=1)


class Capacity(_Parameters):
    """Of AR006, fallback-capacity."""

    share: float = Field(default=1.0, gt=0, le=10)
    tokens_per_minute: dict[str, int] = {}


class PolicyLimits(BaseModel):
    """Bounds of a placement beyond its own keys. Without a policy configuration: the rules' defaults.

    `window_strict` says that AB002 is mandatory, so that its window bounds the choice too.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    retirement: Retirement = Retirement()
    window: Window = Window()
    window_strict: bool = False
    ceiling: Ceiling = Ceiling()
    operators: Operators = Operators()
    sameness: Sameness = Sameness()
    capacity: Capacity = Capacity()


NO_LIMITS = PolicyLimits()
SLUGS = {
    "model-retirement": "retirement", "retirement-window": "window", "cost-ceiling": "ceiling",
    "allowed-operators": "operators", "equivalence": "sameness", "fallback-capacity": "capacity",
}  # fmt: skip
"""Slug of the rule → the part of `PolicyLimits` that its parameters are."""


def policy_file(
    folder: Path, named: Path | None = None, environ: Mapping[str, str] = os.environ
) -> Path | None:
    """The file that steers the rules for stack files of a folder; None where there is none.

    Args:
        folder: of the stack files; `policy-config.json` in it need not exist.
        named: by an option of a command; it and what the variable ANYPORT_POLICY_CONFIG names must exist to be read.
        environ: where the variable is looked up.
    """
    said = named or (Path(environ[VARIABLE]) if environ.get(VARIABLE) else None)
    beside = folder / FILE
    return said or (beside if os.path.lexists(beside) else None)


def read_limits(path: Path | None) -> PolicyLimits:
    """Bounds of a file; none of no file.

    Raises:
        SpecError: AP001 to AP003 for a file that cannot be read, AP103 or AP104 for a parameter that bounds nothing.
    """
    return limits_of(*read_yaml(path)) if path is not None else NO_LIMITS


def limits_of(document: Any, source: Source | None = None) -> PolicyLimits:
    """Bounds of what the file says. Keys that do not bound a placement are left to the readers of rules.

    Raises:
        SpecError: AP103 or AP104, all at once.
    """
    source = source or Source()
    if not isinstance(document, Mapping):
        raise SpecError([problem_at("AP103", (), source, "the file must hold a map of rules")])
    problems: list[Problem] = []
    parts: dict[str, Any] = {}
    for slug, part in SLUGS.items():
        said = document.get(slug, {})
        if _level(said, document) == "disabled" or not isinstance(said, Mapping):
            continue
        kind = type(getattr(NO_LIMITS, part))
        try:
            parts[part] = kind.model_validate(said)
        except ValidationError as error:
            problems += problems_of(error, kind, source, (slug,))
    if problems:
        raise SpecError(problems)
    strict = _level(document.get("retirement-window"), document) == "mandatory"
    return PolicyLimits(**parts, window_strict=strict)


def _level(said: Any, document: Mapping[Any, Any]) -> Any:
    """A rule's own level, else that of all, else None for the rule's default."""
    own = said.get("enforcementLevel") if isinstance(said, Mapping) else said
    if own:
        return own
    every = document.get("all")
    return every.get("enforcementLevel") if isinstance(every, Mapping) else every
