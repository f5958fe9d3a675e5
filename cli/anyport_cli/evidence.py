"""What a stored page has to tell of its origin: the commit, whether files differ from it; and where it may go."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import click

from .git import run_git
from .tree import top_of

__all__ = ["checkouts_of", "not_over"]


def not_over(output: Path | None, inputs: Iterable[Path]) -> None:
    """Refuse to write a page over a file that it is made from.

    Raises:
        UsageError: `output` is one of the inputs.
    """
    if output is None:
        return
    real = os.path.realpath(output)
    if any(os.path.realpath(path) == real for path in inputs):
        raise click.UsageError(f"--output {output} is a file that is read; name another one")


def checkouts_of(paths: Iterable[Path], output: Path | None, what: str) -> list[dict[str, object]]:
    """The checkouts that files are from, in the files' order: `stacks` (the files), `commit`, and whether anything but
    the file to be written differs from it (`dirty`); nulls for files outside of any.

    The page itself is left out, or the next run, on the same sources, would call them changed.
    """
    by_top: dict[Path | None, list[str]] = {}
    for path in paths:
        by_top.setdefault(top_of(path), []).append(str(path))
    return [{"stacks": stacks, **_state(top, output, what)} for top, stacks in by_top.items()]


def _state(top: Path | None, output: Path | None, what: str) -> dict[str, object]:
    if top is None:
        return {"commit": None, "dirty": None}
    head = run_git(top, ["rev-parse", "--verify", "--quiet", "HEAD"], what)
    state = run_git(top, ["status", "--porcelain", "-z", "--untracked-files=all"], what)
    commit = head.stdout.decode("ascii", "replace").strip() if head.returncode == 0 else None
    if state.returncode != 0:
        return {"commit": commit, "dirty": None}
    own = _inside(top, output)
    return {"commit": commit, "dirty": any(name != own for name in _changed(state.stdout))}


def _inside(top: Path, output: Path | None) -> bytes | None:
    """The file as git writes it; a link to it is replaced by `write`, so only links on the way are followed."""
    if output is None:
        return None
    here = os.path.join(os.path.realpath(output.parent), output.name)  # noqa: PTH118
    inside = os.path.relpath(here, os.path.realpath(top))
    return None if inside.startswith("..") else os.fsencode(inside)


def _changed(status: bytes) -> Iterator[bytes]:
    """Paths of `git status --porcelain -z`; a rename names its old path in an entry of its own, without a state."""
    entries = iter(status.split(b"\0"))
    for entry in entries:
        if entry:
            yield entry[3:]
        if entry[:1] in b"RC" and entry:
            yield next(entries, b"")
