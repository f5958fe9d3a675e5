"""Every case builds, and together the cases reach every option that a provider has."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from typing import Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel
from recorder import Case, all_cases, cases, record_case

from anyport.targets.registry import provider_names, traits

BUILT = pytest.mark.parametrize("case", all_cases(), ids=lambda case: f"{case.provider}-{case.name}")


@BUILT
def test_a_case_builds_and_every_resource_hangs_on_its_target(case: Case) -> None:
    made = record_case(case)
    assert made
    names = {resource.name for resource in made} | {"chat-one"}
    hanging = [resource for resource in made if not resource.type.startswith("pulumi:providers:")]
    assert all(resource.parent in names for resource in hanging)
    assert len({(resource.type, resource.name) for resource in made}) == len(made)


@pytest.mark.parametrize("provider", provider_names())
def test_the_cases_reach_every_option(provider: str) -> None:
    said = {path for case in cases(provider) for path in paths(case.options)}
    missing = sorted(set(option_paths(traits(provider).options)) - said)
    assert missing == [], f"add a case to tests/targets/cases/{provider}.yaml"


@pytest.mark.parametrize("provider", provider_names())
def test_a_plain_option_of_a_case_is_not_its_default(provider: str) -> None:
    """Naming an option with its default value would reach nothing."""
    for name, field in traits(provider).options.model_fields.items():
        if get_origin(plain(field.annotation)) is None and not is_model(plain(field.annotation)):
            values = [case.options[name] for case in cases(provider) if name in case.options]
            assert any(value != field.default for value in values), name


def option_paths(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield f"{prefix}{name}"
        for inner in models_in(field.annotation):
            if inner.__name__ != "SecretRef":
                yield from option_paths(inner, f"{prefix}{name}.")


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if is_model(annotation):
        yield annotation
    for argument in get_args(annotation):
        yield from models_in(argument)


def is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def plain(annotation: Any) -> Any:
    while get_origin(annotation) is typing.Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [argument for argument in get_args(annotation) if argument is not type(None)]
        return plain(inner[0])
    return annotation


def paths(value: Any, prefix: str = "") -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield f"{prefix}{key}"
            yield from paths(item, f"{prefix}{key}.")
    elif isinstance(value, list):
        for item in value:
            yield from paths(item, prefix)
