"""All rules, found by file: one module per rule, named `<id>_<slug>.py`, with `RULE` in it."""

from __future__ import annotations

import importlib
import pkgutil

from ..rule import Rule

__all__ = ["RULES"]


def _load() -> tuple[Rule, ...]:
    found: list[Rule] = []
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        rule = importlib.import_module(f"{__name__}.{module}").RULE
        if not isinstance(rule, Rule) or module != f"{rule.id.lower()}_{rule.slug.replace('-', '_')}":
            raise TypeError(f"{module}.py must hold RULE, a Rule with the id and slug of its file name")
        found.append(rule)
    return tuple(found)


RULES: tuple[Rule, ...] = _load()
