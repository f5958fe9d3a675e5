"""What people said of the rules, in files beside the stack files: read for the packs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from anyport.errors import AnyportError

from .config import NO_CONFIG, PolicyConfig, load_policy_config
from .rules import RULES
from .waivers import Waiver, load_waivers

__all__ = ["Steering", "steering"]


@dataclass(frozen=True)
class Steering:
    """What people said of the rules: parameters, levels, waivers; and what is wrong with the files that say it."""

    config: PolicyConfig = NO_CONFIG
    waivers: tuple[Waiver, ...] = ()
    problems: tuple[str, ...] = ()


def steering(pack_folder: Path, today: date, environ: Mapping[str, str] = os.environ) -> Steering:
    """Read `waivers.yaml` and `policy-config.json`, of the checkout's stacks/ unless ANYPORT_WAIVERS and
    ANYPORT_POLICY_CONFIG name others. Nothing of a file with a problem counts, so it excepts nothing.
    """
    stacks = pack_folder.resolve().parent.parent / "stacks"
    waivers_path = Path(environ.get("ANYPORT_WAIVERS") or stacks / "waivers.yaml")
    config_path = Path(environ.get("ANYPORT_POLICY_CONFIG") or stacks / "policy-config.json")
    found = Steering()
    try:
        found = replace(found, config=load_policy_config(config_path, RULES))
    except AnyportError as error:
        found = replace(found, problems=tuple(map(str, error.problems)))
    try:
        return replace(found, waivers=load_waivers(waivers_path, RULES, today))
    except AnyportError as error:
        return replace(found, problems=(*found.problems, *map(str, error.problems)))
