"""The catalog as it is somewhere else: in a folder of data files, or at a git revision of a checkout."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from anyport.catalog import Catalog
from anyport.catalog.folder import PARTS, load_folder
from anyport.errors import Problem, SpecError
from anyport.source import MAX_BYTES

from .git import run_git
from .tree import top_of

__all__ = ["DATA", "Named", "catalog_of"]

DATA = "components/anyport/catalog/data"
"""Where the data files lie in a checkout of Anyport."""
FORCED = "git:"
_REGULAR = ("100644", "100755")
_TOO_LARGE = b" " * (MAX_BYTES + 1)
"""Stands for a file that the reader will refuse for its size, so that it is not passed over."""


@dataclass(frozen=True)
class Named:
    """A catalog, and how reports call it."""

    name: str
    catalog: Catalog


def catalog_of(text: str, data: str) -> Named:
    """Read a folder, or else a revision.

    Args:
        text: a folder; or a revision of the checkout that holds the working folder, `git:` before it where a
            folder has the same name.
        data: path of the data files in that checkout.

    Raises:
        SpecError: AP502 there is neither, AP503 and AP001 to AP003 the files are wrong.
    """
    folder = Path(text)
    if not text.startswith(FORCED) and folder.is_dir():
        return Named(text, load_folder(folder))
    revision = text.removeprefix(FORCED)
    top = top_of(Path.cwd())
    if top is None or not _spelt_well(revision):
        raise _nothing(text, "name a folder of data files, or run this in a checkout and name a revision")
    commit = _commit(top, revision)
    if commit is None:
        raise _nothing(text, "name a folder of data files or a commit that is here (fetch-depth: 0)")
    with tempfile.TemporaryDirectory(prefix="anyport-catalog-") as made:
        _copy(top, commit, data, Path(made))
        return Named(f"{revision} ({commit[:12]})", load_folder(Path(made), f"{revision}:{data}"))


def _nothing(text: str, fix: str) -> SpecError:
    return SpecError(
        [Problem("AP502", "", "is neither a folder nor a revision", got=text, fix=fix, file=text)]
    )


def _spelt_well(revision: str) -> bool:
    return bool(revision.strip()) and revision.isprintable() and not revision.startswith("-")


def _commit(top: Path, revision: str) -> str | None:
    wanted = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    found = run_git(top, wanted, "comparing with a revision")
    return found.stdout.decode("ascii", "replace").split()[-1] if found.returncode == 0 else None


def _copy(top: Path, commit: str, data: str, into: Path) -> None:
    """Write the revision's data files; links and whatever else is no regular file are left out."""
    prefix = PurePosixPath(data).as_posix().strip("/") + "/"
    what = "comparing with a revision"
    listed = run_git(top, ("ls-tree", "-r", "-z", "-l", "--full-tree", commit, "--", prefix), what)
    for line in listed.stdout.split(b"\0") if listed.returncode == 0 else ():
        facts, _, path = line.partition(b"\t")
        parts = facts.decode("ascii", "replace").split()
        inside = os.fsdecode(path).removeprefix(prefix)
        if len(parts) != 4 or parts[0] not in _REGULAR or not _belongs(inside):
            continue
        file = into / inside
        file.parent.mkdir(parents=True, exist_ok=True)
        small = int(parts[3]) <= MAX_BYTES
        blob = run_git(top, ("cat-file", "blob", parts[2]), what).stdout if small else _TOO_LARGE
        file.write_bytes(blob)


def _belongs(inside: str) -> bool:
    """`instances.yaml`, or a YAML file of one of the folders; nothing can lead out of the folder."""
    parts = PurePosixPath(inside).parts
    return inside == PARTS[3] or (len(parts) == 2 and parts[0] in PARTS[:3] and parts[1].endswith(".yaml"))
