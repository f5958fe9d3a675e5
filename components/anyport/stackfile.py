"""A stack file (`Pulumi.<stack>.yaml`) or a shared spec file → the spec and this stack's build share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from .catalog import Catalog
from .errors import Problem, SpecError
from .source import Source, read_yaml
from .spec import BuildShare, StackSpec, parse
from .spec_problems import allowed_text, problem_at, problems_of
from .targets.registry import provider_names

__all__ = ["PREFIX", "StackConfig", "is_foreign", "load_stack_file", "parse_stack_config"]

PREFIX = "anyport:"
SPEC_KEYS = ("tier", "owner", "cost_center", "providers", "endpoints")


@dataclass(frozen=True)
class StackConfig:
    """A parsed stack: the whole spec, and the share of it that this stack builds.

    `source` belongs to the file that holds the endpoints.
    """

    spec: StackSpec
    build: BuildShare
    source: Source


def load_stack_file(path: Path, catalog: Catalog | None = None) -> StackConfig:
    """Read one stack file.

    Raises:
        SpecError: every problem of the file (and of the shared spec it names) at once.
    """
    document, source = read_yaml(path)
    config = _own_config(document)
    if config is None:
        raise SpecError(
            [
                Problem(
                    "AP004",
                    "config",
                    "no anyport: keys here",
                    fix="add config: with anyport:endpoints:",
                    file=source.file,
                )
            ]
        )
    return parse_stack_config(config, source.under("config"), path.parent, catalog)


def is_foreign(path: Path) -> bool:
    """Whether the file is a stack file of another program: good YAML without a key of Anyport's."""
    try:
        return _own_config(read_yaml(path)[0]) is None
    except SpecError:
        return False


def _own_config(document: Any) -> Mapping[Any, Any] | None:
    config = document.get("config") if isinstance(document, Mapping) else None
    own = isinstance(config, Mapping) and any(str(key).startswith(PREFIX) for key in config)
    return config if own else None


def parse_stack_config(
    config: Mapping[Any, Any], source: Source, folder: Path, catalog: Catalog | None = None
) -> StackConfig:
    """Parse the `config:` map of a stack. Keys of other namespaces are left alone.

    Args:
        config: keys with their `anyport:` prefix.
        source: positions of those keys.
        folder: where `anyport:spec` is looked up.
        catalog: facts; the shipped ones by default.
    """
    own = {str(key): value for key, value in config.items() if str(key).startswith(PREFIX)}
    bare = {key: key.removeprefix(PREFIX) for key in own}
    inner = source.renamed(bare)
    mapping = {bare[key]: value for key, value in own.items()}
    build, problems = _build_share(mapping.pop("build", None), inner)
    shared = mapping.pop("spec", None)
    spec, spec_source, found = (
        _shared(shared, mapping, inner, folder, catalog)
        if shared is not None
        else _inline(mapping, inner, catalog)
    )
    problems += found
    if spec is not None:
        problems += _share_names(build, spec, inner)
    if spec is not None and shared is None and not problems:
        problems += _left_out(build, spec, inner)
    if problems or spec is None:
        raise SpecError(_prefixed(problems, source.file))
    return StackConfig(spec, build, spec_source)


def _prefixed(problems: list[Problem], stack_file: str) -> list[Problem]:
    """Show stack-file paths as the user wrote them: with `anyport:` in front."""
    from dataclasses import replace

    return [
        replace(p, path=PREFIX + p.path)
        if p.path and p.file == stack_file and not p.path.startswith(PREFIX)
        else p
        for p in problems
    ]


def _inline(
    mapping: Mapping[str, Any], source: Source, catalog: Catalog | None
) -> tuple[StackSpec | None, Source, list[Problem]]:
    try:
        return parse(mapping, source, catalog), source, []
    except SpecError as error:
        return None, source, list(error.problems)


def _shared(
    name: Any, rest: Mapping[str, Any], source: Source, folder: Path, catalog: Catalog | None
) -> tuple[StackSpec | None, Source, list[Problem]]:
    problems = [
        problem_at(
            "AP301",
            (key,),
            source,
            "cannot stand beside anyport:spec, which names the file that holds it",
            fix=f"move it into {name}, or drop anyport:spec",
        )
        for key in rest
    ]
    if not isinstance(name, str):
        return (
            None,
            source,
            [*problems, problem_at("AP103", ("spec",), source, "must be the path of a file", got=name)],
        )
    path = folder / name
    try:
        document, spec_source = read_yaml(path)
        return parse(document, spec_source, catalog), spec_source, problems
    except SpecError as error:
        return None, source, [*problems, *error.problems]


def _build_share(value: Any, source: Source) -> tuple[BuildShare, list[Problem]]:
    if value is None:
        return BuildShare(), []
    try:
        return BuildShare.model_validate(value), []
    except ValidationError as error:
        return BuildShare(), problems_of(error, BuildShare, source, ("build",))


def _share_names(build: BuildShare, spec: StackSpec, source: Source) -> list[Problem]:
    """Names that the spec does not have. A placement may use any provider, and names its targets by itself."""
    placed = spec.placed
    targets = {
        f"{endpoint}/{target}": inner.provider
        for endpoint, e in spec.endpoints.items()
        for target, inner in e.targets.items()
    }
    problems = [
        problem_at(
            "AP220",
            ("build", "targets", index),
            source,
            "the planner names this endpoint's targets, and may name others after a change of the catalog",
            got=name,
            fix="share by build.providers, or paste the targets that `anyport plan --pin` prints",
        )
        for index, name in enumerate(build.targets or ())
        if name.split("/")[0] in placed
    ]
    for key, given, known in (
        ("providers", build.providers or (), provider_names() if placed else sorted(set(targets.values()))),
        ("targets", build.targets or (), sorted(targets)),
    ):
        problems += [
            problem_at(
                "AP302", ("build", key, index), source, "the spec has no such entry", got=name, allowed=known
            )
            for index, name in enumerate(given)
            if name not in known and name.split("/")[0] not in placed
        ]
    return problems


def _left_out(build: BuildShare, spec: StackSpec, source: Source) -> list[Problem]:
    """A share of a spec that stands in the stack file itself: no other stack can build the rest of it."""
    names = [
        f"{endpoint}/{target}"
        for endpoint, each in spec.endpoints.items()
        for target, inner in each.targets.items()
        if inner.standby == "warm" and not build.includes(endpoint, target, inner.provider)
    ]
    if not names:
        return []
    return [
        problem_at(
            "AP305",
            ("build",),
            source,
            f"the share leaves out {allowed_text(names)}, which no other stack can build since the spec stands in this file",
            fix="move the spec to a file of its own that each stack names by anyport:spec, or drop anyport:build",
        )
    ]
