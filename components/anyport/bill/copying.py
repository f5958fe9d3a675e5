"""Exports out of object stores into a folder of this run, so that all that is checked of files is checked of them too.

DuckDB could read stores itself, through an extension that is code from a network and would need the credentials; and a
file that changes under its reader gives a sum of no month. So what was listed is copied whole, piece by piece, bound to
the version that was listed, and removed with the run.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import Problem
from .remote import Remote, parse_remote, scheme_of
from .stores import PIECE_BYTES, Object, Store, StoreError, changed, open_store

__all__ = ["Copied", "Copies", "copy_all"]

MANIFEST = "manifest.json"
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Copied:
    """What came of one address: exports as shown and where they are now, and what was left out, in words."""

    files: tuple[tuple[str, Path], ...]
    notes: tuple[str, ...]


@dataclass
class Copies:
    """Of all addresses of a run, by the address as given; `names` tells how every copied file is shown."""

    by_url: dict[str, Copied] = field(default_factory=dict)
    names: dict[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def copy_all(
    paths: Sequence[Path | str],
    folder: Path,
    endings: tuple[str, ...],
    told: Callable[[str], None] = lambda _: None,
    opened: Callable[[Remote], Store] = open_store,
) -> Copies:
    """Copy what the addresses among the paths name. Every address is tried; problems are gathered.

    Args:
        paths: files, folders and addresses.
        folder: of this run alone; removed by its owner.
        endings: of names that are exports.
        told: is told what is about to be fetched, in a sentence.
        opened: makes a store of an address.
    """
    copies = Copies()
    for number, given in enumerate(dict.fromkeys(str(path) for path in paths if scheme_of(str(path)))):
        remote = parse_remote(given)
        if isinstance(remote, Problem):
            copies.problems.append(remote)
            continue
        try:
            copies.by_url[given] = _copy(
                remote, folder / f"copy-{number:03d}", endings, copies.names, told, opened
            )
        except StoreError as error:
            copies.problems.append(error.problem)
    return copies


def _copy(
    remote: Remote,
    folder: Path,
    endings: tuple[str, ...],
    names: dict[Path, str],
    told: Callable[[str], None],
    opened: Callable[[Remote], Store],
) -> Copied:
    store = opened(remote)
    exports, manifests, others = _sorted_out(_listed(remote, store, endings), endings)
    if not exports:
        raise StoreError(_nothing(remote, endings))
    _room(remote, folder.parent, sum(one.size for one in exports))
    told(
        f"fetching {len(exports)} files, {sum(one.size for one in exports) / 1e6:,.0f} MB, from {remote.url}"
    )
    files = []
    parents: dict[str, Path] = {}
    for number, one in enumerate((*exports, *manifests)):
        parent, _, name = one.key.rpartition("/")
        place = parents.setdefault(parent, folder / f"{len(parents):05d}") / name
        _fetch(remote, store, one, place)
        names[place] = remote.shown(one.key)
        if number < len(exports):
            files.append((names[place], place))
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    notes = (
        (f"{remote.url}: not read, being no export by name: {', '.join(others[:3])}{more}",) if others else ()
    )
    return Copied(tuple(files), notes)


def _nothing(remote: Remote, endings: tuple[str, ...]) -> Problem:
    if remote.prefix.lower().endswith(endings):
        return Problem("AP561", "", "there is no such object", fix="look at its name", file=remote.url)
    return Problem(
        "AP561", "", "the store holds no export there", allowed=", ".join(endings),
        fix="look at the prefix: it is compared by whole segments", file=remote.url,
    )  # fmt: skip


def _listed(remote: Remote, store: Store, endings: tuple[str, ...]) -> Iterable[Object]:
    if remote.prefix.lower().endswith(endings):
        one = store.one(remote.prefix)
        return [] if one is None else [one]
    return sorted(store.below(remote.prefix), key=lambda each: each.key)


def _sorted_out(
    found: Iterable[Object], endings: tuple[str, ...]
) -> tuple[list[Object], list[Object], list[str]]:
    """Exports, manifests beside them, and names of the rest. What begins with a dot is nobody's export."""
    exports: list[Object] = []
    manifests: list[Object] = []
    others: list[str] = []
    for one in found:
        name = one.key.rpartition("/")[2]
        if not name or name.startswith("."):
            continue
        if name.lower().endswith(endings):
            exports.append(one)
        elif name.lower() == MANIFEST:
            manifests.append(one)
        elif name.lower() != "_success":
            others.append(name)
    return exports, manifests, others


def _room(remote: Remote, folder: Path, needed: int) -> None:
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise _no_room(remote, f"{needed / 1e6:,.0f} MB are to be fetched and {free / 1e6:,.0f} MB are free")


def _no_room(remote: Remote, why: str) -> StoreError:
    fix = "name a bigger folder by TMPDIR, or a prefix of fewer months"
    return StoreError(Problem("AP570", "", f"no room for a copy: {why}", fix=fix, file=remote.url))


def _fetch(remote: Remote, store: Store, one: Object, place: Path) -> None:
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with place.open("xb") as file:
            for start in range(0, one.size, PIECE_BYTES):
                end = min(start + PIECE_BYTES, one.size)
                piece = store.piece(one, start, end)
                if len(piece) != end - start:
                    raise changed(
                        remote, one.key, f"{len(piece)} of {end - start} bytes came: the transfer was cut"
                    )
                file.write(piece)
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise _no_room(remote, "the disk is full") from None
        why = (error.strerror or type(error).__name__).lower()
        raise StoreError(
            Problem("AP561", "", f"it cannot be copied here: {why}", file=remote.shown(one.key))
        ) from None
