"""Catalog data files of any folder, which may be somebody's draft: every fault at once, with its file.

The shipped files are proved by tests and read by `anyport.catalog.load` without ceremony. These here are
input: a key given twice, a tag that would build an object, or an anchor that expands without end is refused.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from ..errors import Problem, SpecError
from ..source import Source, read_yaml
from .loader import CatalogError, load_from
from .loader import parts as parts_of
from .models import Catalog

__all__ = ["PARTS", "load_folder"]

PARTS = ("models", "providers", "regions", "instances.yaml")
"""What a folder of catalog data holds."""


def load_folder(folder: Path, shown_as: str = "") -> Catalog:
    """Read a folder of data files.

    Args:
        folder: holds `models/`, `providers/`, `regions/` and `instances.yaml`.
        shown_as: how messages call the folder; its path by default.

    Raises:
        SpecError: AP001 to AP003 a file that cannot be read, AP502 a folder without the parts, AP503 a
            file that holds something else than catalog data.
    """
    name = shown_as or str(folder)
    missing = [part for part in PARTS if not (folder / part).exists()]
    if missing:
        raise SpecError(
            [
                Problem(
                    "AP502",
                    "",
                    f"holds no catalog data: {', '.join(missing)} missing",
                    allowed=", ".join(PARTS),
                    fix="name a folder such as components/anyport/catalog/data",
                    file=name,
                )
            ]
        )
    problems = [problem for file in _files(folder) for problem in _faults(file, folder, name)]
    if problems:
        raise SpecError(problems)
    try:
        return load_from(folder)
    except CatalogError as error:
        raise SpecError([Problem("AP503", "", _first(error), file=name)]) from None
    except ValueError:
        raise SpecError([Problem("AP502", "", "holds no fact with a date", file=name)]) from None


def _files(folder: Path) -> list[Path]:
    inside = [file for part in PARTS[:3] for file in sorted((folder / part).glob("*.yaml"))]
    return [*inside, folder / PARTS[3]]


def _faults(file: Path, folder: Path, name: str) -> list[Problem]:
    where = f"{name}/{file.relative_to(folder).as_posix()}"
    try:
        document, source = read_yaml(file, where)
    except SpecError as error:
        return list(error.problems)
    if not isinstance(document, dict):
        return [_wrong("must be a map", (), source)]
    part = file.parent.name if file.parent != folder else file.stem
    key = "provider" if part == "regions" else "name"
    called = document.get(key, file.stem)
    if part != "instances" and called != file.stem:
        return [_wrong(f"a file is named by what it holds, and this one holds {called}", (key,), source)]
    try:
        parts_of[part](document)
    except ValidationError as error:
        return [
            _wrong(f"{'.'.join(map(str, one['loc']))}: {one['msg'].lower()}", one["loc"], source)
            for one in error.errors()
        ]
    except KeyError as error:
        return [_wrong(f"the key {error} is missing", (), source)]
    except (ValueError, TypeError, AttributeError) as error:
        return [_wrong(_first(error), (), source)]
    return []


def _wrong(message: str, path: tuple[int | str, ...], source: Source) -> Problem:
    at = source.at(path)
    return Problem(
        "AP503", "", message, fix="see the shipped files", file=source.file, line=at.line, column=at.column
    )


def _first(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
