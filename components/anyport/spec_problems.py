"""Pydantic's findings in the user's words: code, path, got, allowed, nearest spelling, file and line."""

from __future__ import annotations

import types
import typing
from collections.abc import Sequence
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from .errors import Problem, nearest
from .source import Source

__all__ = ["allowed_text", "problem_at", "problems_of", "shown"]

Loc = tuple[str | int, ...]

_UNION_OF_OPTIONS = ("dict[str,any]", "TargetOptions")
_RANGE = {"greater_than_equal", "greater_than", "less_than_equal", "less_than"}


def problems_of(
    error: ValidationError, model: type[BaseModel], source: Source, prefix: Loc = ()
) -> list[Problem]:
    """Translate all errors of one validation; `prefix` is where the model stands in the file."""
    seen: dict[tuple[str, Loc], Problem] = {}
    for detail in error.errors(include_url=False):
        path = _real_path(detail)
        problem = _translate(detail, path, model, source, prefix)
        seen.setdefault((problem.code, path), problem)
    return list(seen.values())


def problem_at(
    code: str,
    path: Loc,
    source: Source,
    message: str,
    *,
    got: Any = None,
    allowed: Sequence[str] = (),
    fix: str = "",
) -> Problem:
    """A problem at a path, with its place looked up and the nearest spelling offered."""
    where = source.at(path)
    text = "" if got is None else shown(got)
    near = nearest(str(got), allowed) if isinstance(got, str) and allowed else ""
    if near and not fix:
        fix = f"did you mean {near}?"
    return Problem(
        code,
        ".".join(str(part) for part in path),
        message,
        got=text,
        allowed=allowed_text(allowed, near),
        fix=fix,
        file=source.file,
        line=where.line,
        column=where.column,
    )


def allowed_text(allowed: Sequence[str], near: str = "", most: int = 12) -> str:
    """The allowed values, the nearest first, shortened when there are many."""
    ordered = [*([near] if near else []), *(word for word in allowed if word != near)]
    if len(ordered) <= most:
        return ", ".join(ordered)
    return f"{', '.join(ordered[:most])} and {len(ordered) - most} more"


def shown(value: Any) -> str:
    """A value as the user wrote it, shortened; secrets never pass here, since the spec holds none."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return f"a map of {len(value)}" if value else "an empty map"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}" if value else "an empty list"
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _translate(
    detail: ErrorDetails, path: Loc, model: type[BaseModel], source: Source, prefix: Loc
) -> Problem:
    kind, full = detail["type"], (*prefix, *path)
    got, context = detail.get("input"), detail.get("ctx", {})
    if kind == "extra_forbidden":
        known = _keys_at(model, path[:-1])
        return problem_at(
            "AP101",
            full,
            source,
            "unknown key",
            got=str(path[-1]),
            allowed=known,
            fix="" if nearest(str(path[-1]), known) else "remove the key",
        )
    if kind == "missing":
        return problem_at("AP102", full, source, "required key is missing", fix=f"add {path[-1]}:")
    if kind in {"literal_error", "enum"}:
        return problem_at(
            "AP106", full, source, "not one of the allowed values", got=got, allowed=_literals(model, path)
        )
    if kind in _RANGE:
        return problem_at("AP104", full, source, _plain(detail["msg"]), got=got)
    if kind == "too_short" and not got:
        return problem_at(
            "AP105",
            full,
            source,
            "must not be empty",
            got=got,
            fix="add at least one entry, or remove the key",
        )
    if kind == "string_pattern_mismatch" and detail["loc"][-1] == "[key]":
        return problem_at(
            "AP107",
            full,
            source,
            "name must be lower case letters, digits and hyphens, 32 characters at most",
            got=got,
        )
    if kind == "string_pattern_mismatch":
        return problem_at(
            "AP103",
            full,
            source,
            "does not have the form expected here",
            got=got,
            allowed=[context.get("pattern", "")],
        )
    return problem_at("AP103", full, source, _plain(detail["msg"]), got=got)


def _plain(message: str) -> str:
    message = message.replace("valid integer", "whole number").removesuffix(
        ", unable to parse string as an integer"
    )
    message = message.removeprefix("Value error, ").replace("Input should be", "must be")
    message = (
        message.replace("valid dictionary", "map")
        .replace("valid tuple", "list")
        .replace("valid list", "list")
        .replace(" or instance of TargetSpec", "")
        .replace(" or instance of EndpointSpec", "")
    )
    return message[:1].lower() + message[1:]


def _real_path(detail: ErrorDetails) -> Loc:
    """Drop the parts that pydantic adds for keys and for the union of options, which the user never wrote."""
    loc = detail["loc"]
    if loc[-1:] == ("[key]",) and detail["type"] != "extra_forbidden":
        loc = loc[:-1]
    before = (None, *loc)
    return tuple(
        part
        for part, above in zip(loc, before, strict=False)
        if not (above == "options" and part in _UNION_OF_OPTIONS)
    )


def _strip(annotation: Any) -> Any:
    while get_origin(annotation) is typing.Annotated:
        annotation = get_args(annotation)[0]
    if get_origin(annotation) in (Union, types.UnionType):
        inner = [arg for arg in get_args(annotation) if arg is not type(None)]
        return _strip(inner[0])
    return annotation


def _annotation_at(model: type[BaseModel], path: Loc) -> Any:
    here: Any = model
    for part in path:
        here = _strip(here)
        if isinstance(here, type) and issubclass(here, BaseModel):
            if part not in here.model_fields:
                return None
            here = here.model_fields[str(part)].annotation
            continue
        args = get_args(here)
        if not args:
            return None
        here = args[1] if get_origin(here) is dict else args[0]
    return _strip(here)


def _keys_at(model: type[BaseModel], path: Loc) -> list[str]:
    here = _annotation_at(model, path)
    return list(here.model_fields) if isinstance(here, type) and issubclass(here, BaseModel) else []


def _literals(model: type[BaseModel], path: Loc) -> list[str]:
    here = _annotation_at(model, path)
    return [str(value) for value in get_args(here)] if get_origin(here) is Literal else []
