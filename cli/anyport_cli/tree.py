"""Files of a checkout that may be somebody else's: nothing outside it is read, nothing in it is run."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from anyport.source import MAX_BYTES, reading_through
from anyport.stackfile import is_foreign

__all__ = ["Disk", "Tree", "misspelt", "own_files", "shown", "top_of"]

PATTERN = "Pulumi.*.yaml"
_OWN_KEY = re.compile(rb"(?m)^\s+[\"']?anyport:")
"""Saves parsing a file twice; a file where it finds nothing is parsed to be sure."""


class Tree(Protocol):
    """Where files are read from: the disk or a commit."""

    def read(self, path: Path) -> bytes:
        """The contents. Raises OSError, whose `strerror` says why to a person."""

    def exists(self, path: Path) -> bool:
        """Whether anything is there, readable or not."""

    def stack_files(self, paths: Sequence[Path]) -> list[Path]:
        """Files as named; a folder stands for the stack files in it."""


def top_of(path: Path) -> Path | None:
    """The folder above `path` that holds `.git`; None outside of any checkout. Follows no link."""
    here = _absolute(path)
    return next((folder for folder in (here, *here.parents) if os.path.lexists(folder / ".git")), None)


def shown(path: Path | str) -> str:
    """The path as reports show it: from the top of the checkout, else from here, else as it is written."""
    here = _absolute(path)
    for base in (top_of(here), Path.cwd()):
        if base is not None and here.is_relative_to(base):
            return here.relative_to(base).as_posix()
    return Path(path).as_posix()


def own_files(tree: Tree, paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Stack files as named and in folders, and apart those in folders that hold nothing of Anyport's.

    What cannot be read or is no YAML stays among the first, so that it is said.
    """
    files = tree.stack_files(paths)
    others = [file for file in files if file not in paths and _is_another(tree, file)]
    return [file for file in files if file not in others], others


def _is_another(tree: Tree, file: Path) -> bool:
    try:
        if _OWN_KEY.search(tree.read(file)):
            return False
    except OSError:
        return False
    with reading_through(tree.read):
        return is_foreign(file)


def misspelt(path: Path) -> list[Path]:
    """Files of a folder that would be stack files but for their ending."""
    return sorted(path.glob("Pulumi.*.yml")) if path.is_dir() else []


class Disk:
    """The files as they lie there. What leads out of the checkout is refused, even to a readable file."""

    def __init__(self, paths: Sequence[Path], files: Sequence[Path | None] = ()) -> None:
        """Say what may be read.

        Args:
            paths: stack files and folders; whatever is in the checkouts that hold them may be read.
            files: further files, named by who runs the command; only these themselves may be read.
        """
        self._roots = {_root(path) for path in paths}
        self._files = {_absolute(file): _root(file) for file in files if file is not None}

    def read(self, path: Path) -> bytes:
        """At most a byte more than a stack file may have."""
        real = Path(os.path.realpath(path, strict=True))
        named = self._files.get(_absolute(path))
        if not any(real.is_relative_to(root) for root in (*self._roots, *([named] if named else []))):
            raise OSError(0, "leads out of the checkout, and nothing outside is read")
        mode = real.stat().st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError
        if not stat.S_ISREG(mode):
            raise OSError(0, "is not a regular file")
        with real.open("rb") as file:
            return file.read(MAX_BYTES + 1)

    def exists(self, path: Path) -> bool:
        """A broken link is there too, so that it is refused and not passed over."""
        return os.path.lexists(path)

    def stack_files(self, paths: Sequence[Path]) -> list[Path]:
        """Each file once, however it is spelt, in the order named and by name inside a folder."""
        found: dict[str, Path] = {}
        for path in paths:
            for each in sorted(path.glob(PATTERN)) if path.is_dir() else [path]:
                found.setdefault(os.path.realpath(each), each)
        return list(found.values())


def _root(path: Path) -> Path:
    """What must hold the file: its checkout, else the working folder, else the folder it was named in."""
    here = _absolute(path)
    top = top_of(here)
    if top is None:
        top = Path.cwd() if here.is_relative_to(Path.cwd()) else here.parent
    return Path(os.path.realpath(top))


def _absolute(path: Path | str) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100  # resolve() would follow links
