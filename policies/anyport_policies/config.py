"""Levels and parameters of rules from one JSON file, in the form that `--policy-pack-config` takes.

    {"model-retirement": {"days": 120}, "cost-tags": "mandatory", "cost-ceiling": {"enforcementLevel": "disabled"}}

Keys are the rules' slugs. `all` sets the level of every rule that does not say its own. Packs read the same
file (see `anyport_policies.pulumi_view`), so what is said once holds offline and in the engine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from anyport.errors import Problem, nearest
from anyport.source import Source, read_yaml

from .problems import PolicyFileError, PolicyProblem

if TYPE_CHECKING:
    from .rule import Parameters, Rule

__all__ = ["NO_CONFIG", "PolicyConfig", "load_policy_config", "parse_policy_config"]

LEVELS = ("mandatory", "advisory", "disabled")
_LEVEL_KEY = "enforcementLevel"


@dataclass(frozen=True, slots=True)
class PolicyConfig:
    """What was said of rules, by slug; empty for the rules' own levels and parameters."""

    levels: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def level(self, rule: Rule) -> str:
        """`mandatory`, `advisory` or `disabled`."""
        return self.levels.get(rule.slug) or self.levels.get("all") or rule.level

    def parameters(self, rule: Rule) -> Parameters:
        """The rule's parameters.

        Raises:
            ValidationError: values that `parse_policy_config` would have refused.
        """
        return rule.parameters.model_validate(self.values.get(rule.slug, {}))

    def with_values(self, slug: str, values: Mapping[str, Any]) -> PolicyConfig:
        """The same with further values of one rule, which win."""
        merged = {**self.values, slug: {**self.values.get(slug, {}), **values}}
        return PolicyConfig(self.levels, merged)


NO_CONFIG = PolicyConfig()


def load_policy_config(path: Path, rules: tuple[Rule, ...]) -> PolicyConfig:
    """Read the file; a file that does not exist says nothing.

    Raises:
        PolicyFileError: every problem of the file at once.
    """
    if not path.is_file():
        return NO_CONFIG
    document, source = read_yaml(path)
    return parse_policy_config(document, source, rules)


def parse_policy_config(document: Any, source: Source, rules: tuple[Rule, ...]) -> PolicyConfig:
    """Levels and parameters of a mapping.

    Raises:
        PolicyFileError: AW003, AW010 or AW011, all at once.
    """
    problems: list[Problem] = []
    levels: dict[str, str] = {}
    values: dict[str, Mapping[str, Any]] = {}
    by_slug = {rule.slug: rule for rule in rules}
    if not isinstance(document, Mapping):
        raise PolicyFileError([_problem(source, "AW003", (), "the file must hold a map of rules")])
    for slug, said in document.items():
        rule = by_slug.get(str(slug))
        if rule is None and slug != "all":
            near = nearest(str(slug), tuple(by_slug))
            fix = f"did you mean {near}?" if near else "name a rule by its slug, as in policies/RULES.md"
            problems.append(_problem(source, "AW010", (str(slug),), "no rule has this name", fix))
            continue
        level = said if isinstance(said, str) else said.get(_LEVEL_KEY) if isinstance(said, Mapping) else 0
        if level is not None and level not in LEVELS:
            fix = f"write one of {', '.join(LEVELS)}, or a map of parameters"
            problems.append(_problem(source, "AW003", (str(slug),), "not a level", fix))
        elif level:
            levels[str(slug)] = str(level)
        if rule is not None and isinstance(said, Mapping):
            values[rule.slug] = {str(k): v for k, v in said.items() if k != _LEVEL_KEY}
            problems += _parameter_problems(rule, values[rule.slug], source)
    if problems:
        raise PolicyFileError(problems)
    return PolicyConfig(levels, values)


def _parameter_problems(rule: Rule, values: Mapping[str, Any], source: Source) -> list[Problem]:
    try:
        rule.parameters.model_validate(values)
    except ValidationError as error:
        found = []
        for one in error.errors():
            path = (rule.slug, *one["loc"])
            unknown = one["type"] == "extra_forbidden"
            known = ", ".join(rule.parameters.model_fields) or "none"
            found.append(
                _problem(
                    source,
                    "AW010" if unknown else "AW011",
                    path,
                    "the rule has no such parameter" if unknown else one["msg"].lower(),
                    f"parameters of {rule.slug}: {known}",
                )
            )
        return found
    return []


def _problem(source: Source, code: str, path: tuple[str | int, ...], message: str, fix: str = "") -> Problem:
    at = source.at(path)
    return PolicyProblem(
        code, ".".join(map(str, path)), message, fix=fix, file=source.file, line=at.line, column=at.column
    )
