"""The same files at another commit, by git's plumbing: no checkout, no hooks, no filters, no network."""

from __future__ import annotations

import fnmatch
import os
import subprocess
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import click

from anyport.source import MAX_BYTES

from .git import run_git
from .tree import PATTERN, top_of

__all__ = ["Revision"]

_LINK, _FILE = "120000", ("100644", "100755")


class Revision:
    """A tree that reads from the commit where the work at hand left another line of development.

    Symbolic links are not followed: what they point to at that commit is nobody's business here.
    """

    def __init__(self, paths: Sequence[Path], revision: str) -> None:
        """Find the commit.

        Args:
            paths: files or folders of one checkout.
            revision: a branch, tag or commit; the merge base of it and HEAD is read.

        Raises:
            UsageError: the paths are in no checkout, or there is no such commit here.
        """
        tops = {top_of(path) for path in paths}
        top = tops.pop()
        if top is None or tops:
            raise click.UsageError("--base needs stack files of one git checkout")
        self.top: Path = top
        if revision.startswith("-") or not revision.isprintable() or not revision.strip():
            raise click.UsageError(f"--base {revision!r} is no name of a commit")
        base, head = self._commit(revision), self._commit("HEAD")
        found = self._git("merge-base", base, head)
        if found.returncode != 0:
            raise click.UsageError(
                f"HEAD and {revision} have no common commit here; fetch the whole history (fetch-depth: 0)"
            )
        self.commit = found.stdout.decode("ascii", "replace").split()[0]

    def read(self, path: Path) -> bytes:
        """The file's contents at the commit."""
        entry = self._entries(self._name(path)).get(self._name(path))
        if entry is None:
            raise FileNotFoundError
        mode, identifier, size = entry
        if mode == _LINK:
            raise OSError(0, "is a symbolic link at the base")
        if mode not in _FILE:
            raise IsADirectoryError
        if size > MAX_BYTES:
            return b" " * (MAX_BYTES + 1)
        found = self._git("cat-file", "blob", identifier)
        if found.returncode != 0:
            raise OSError(0, "git cannot read it")
        return found.stdout

    def exists(self, path: Path) -> bool:
        """Whether the commit has it."""
        name = self._name(path)
        return name in self._entries(name)

    def stack_files(self, paths: Sequence[Path]) -> list[Path]:
        """Those that the commit had in the same places."""
        found: dict[Path, None] = {}
        for path in paths:
            if not path.is_dir() and not self._is_folder(path):
                if self.exists(path):
                    found[path] = None
                continue
            name = self._name(path)
            inside = self._entries("" if name == "." else f"{name}/")
            names = sorted(one.rpartition("/")[2] for one in inside)
            found.update({path / one: None for one in names if fnmatch.fnmatchcase(one, PATTERN)})
        return list(found)

    def _is_folder(self, path: Path) -> bool:
        entry = self._entries(self._name(path)).get(self._name(path))
        return entry is not None and entry[0] == "040000"

    def _name(self, path: Path) -> str:
        here = Path(os.path.abspath(path))  # noqa: PTH100
        return here.relative_to(self.top).as_posix() if here.is_relative_to(self.top) else "../outside"

    def _entries(self, name: str) -> dict[str, tuple[str, str, int]]:
        """Mode, object and size by path, of one path or (with a slash at the end) of what a folder holds."""
        if name not in self._listed:
            self._listed[name] = self._list(name)
        return self._listed[name]

    @cached_property
    def _listed(self) -> dict[str, dict[str, tuple[str, str, int]]]:
        return {}

    def _list(self, name: str) -> dict[str, tuple[str, str, int]]:
        if name.startswith("../"):
            return {}
        found = self._git("ls-tree", "-z", "-l", "--full-tree", self.commit, *(["--", name] if name else []))
        entries = {}
        for line in found.stdout.split(b"\0") if found.returncode == 0 else ():
            facts, _, path = line.partition(b"\t")
            parts = facts.decode("ascii", "replace").split()
            if len(parts) == 4:
                size = int(parts[3]) if parts[3].isdigit() else 0
                entries[os.fsdecode(path)] = (parts[0], parts[2], size)
        return entries

    def _commit(self, revision: str) -> str:
        found = self._git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
        if found.returncode != 0:
            raise click.UsageError(
                f"there is no commit {revision} in {self.top}; fetch it first (fetch-depth: 0)"
                + (f"; git says: {_first(found.stderr)}" if found.stderr.strip() else "")
            )
        return found.stdout.decode("ascii", "replace").split()[-1]

    def _git(self, *arguments: str) -> subprocess.CompletedProcess[bytes]:
        return run_git(self.top, arguments, "--base")


def _first(text: bytes) -> str:
    return text.decode("utf-8", "replace").strip().splitlines()[0][:200]
