"""Where an obtained engine is kept: the cache outside the checkout, and `.engine/` inside it.

Cache: `${ANYPORT_CACHE_DIR:-${XDG_CACHE_HOME:-~/.cache}/anyport}/engine/<key>/bin`, a folder that appears
in one rename once it is complete. Checkout: `.engine/bin` (symlinks into the cache or to the installed
Pulumi; copies where symlinks can't be made) and, written last, `.engine/engine.json`:

    {"format": 1, "version": "3.259.0", "source": "path" | "archive" | "build",
     "path": "<folder the files really lie in>", "key": "<name of the cache entry, or of the installed file>"}

A reader needs only that file: no file means no engine, and the engine is broken when `.engine/bin/pulumi` or
`.engine/bin/pulumi-language-python` doesn't resolve to an existing file.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

REQUIRED = ("pulumi", "pulumi-language-python")
# Everything worth taking from a distribution: the siblings serve Python programs and dynamic providers.
WANTED = (*REQUIRED, "pulumi-language-python-exec", "pulumi-resource-pulumi-python", "language_host.py")
FORMAT = 1


@dataclass(frozen=True)
class EngineInfo:
    """An engine as `.engine/engine.json` records it.

    Attributes:
        version: Version of the `pulumi` program, without a leading v.
        source: How it was obtained: path, archive or build.
        path: The folder the files really lie in.
        key: What the engine was made from; a different key means it must be obtained again.
        problems: One sentence for each thing that keeps it from working; empty when usable.
    """

    version: str
    source: str
    path: Path
    key: str
    problems: tuple[str, ...] = ()


def say(message: str) -> None:
    """One progress line on stderr, so that stdout stays free for callers."""
    sys.stderr.write(f"anyport engine: {message}\n")
    sys.stderr.flush()


def cache_root(environ: dict[str, str]) -> Path:
    """The folder all engines are cached under; it is shared by every checkout of this user."""
    if named := environ.get("ANYPORT_CACHE_DIR"):
        return Path(named).expanduser().absolute() / "engine"
    base = environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser().absolute() / "anyport" / "engine"


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the cache alone, saying so when another run makes us wait.

    Also clears what a killed run left half-made: with the lock held nobody can be using it.
    """
    root.mkdir(parents=True, exist_ok=True)
    with (root / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another run is obtaining the engine; waiting for it ...")
            fcntl.flock(handle, fcntl.LOCK_EX)
        for stale in root.glob(".making-*"):
            shutil.rmtree(stale, ignore_errors=True)
        yield


def cached(root: Path, key: str, make: Callable[[Path], None]) -> Path:
    """The bin folder of a cache entry, made first if it isn't there; the caller holds the lock.

    Args:
        root: The cache folder.
        key: Name of the entry.
        make: Fills the empty bin folder it is given. When it raises, nothing of the entry remains.
    """
    entry = root / key
    if complete(entry / "bin"):
        return entry / "bin"
    making = Path(tempfile.mkdtemp(prefix=".making-", dir=root))
    try:
        (making / "bin").mkdir()
        make(making / "bin")
        if not complete(making / "bin"):
            raise OSError(f"the engine is incomplete: {', '.join(REQUIRED)} should all be there")
        shutil.rmtree(entry, ignore_errors=True)
        making.chmod(0o755)
        making.rename(entry)
    finally:
        shutil.rmtree(making, ignore_errors=True)
    return entry / "bin"


def complete(folder: Path) -> bool:
    """Whether a folder has what the engine cannot do without."""
    return all((folder / name).is_file() and os.access(folder / name, os.X_OK) for name in REQUIRED)


def place(target: Path, link: Path) -> None:
    """Make `link` point to `target` in one step, or be a copy of it where symlinks can't be made."""
    temporary = link.with_name(f".{link.name}.new")
    temporary.unlink(missing_ok=True)
    try:
        temporary.symlink_to(target)
    except (OSError, NotImplementedError):
        shutil.copy2(target, temporary)
    temporary.replace(link)


def install(checkout: Path, info: EngineInfo, files: dict[str, Path]) -> None:
    """Put the engine's files into the checkout's `.engine/bin`, recording it last.

    A run that ends early leaves no engine.json, which readers take for "no engine".
    """
    folder = checkout / ".engine"
    folder.joinpath("bin").mkdir(parents=True, exist_ok=True)
    record = folder / "engine.json"
    record.unlink(missing_ok=True)
    for name, target in files.items():
        place(target, folder / "bin" / name)
    for leftover in folder.joinpath("bin").iterdir():
        if leftover.name not in files and (leftover.is_symlink() or leftover.is_file()):
            leftover.unlink()
    facts = {
        "format": FORMAT,
        "version": info.version,
        "source": info.source,
        "path": str(info.path),
        "key": info.key,
    }
    temporary = folder / ".engine.json.new"
    temporary.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    temporary.replace(record)


def find_engine(checkout: Path) -> EngineInfo | None:
    """The engine a checkout has, with what is wrong with it; None when none was obtained.

    It runs nothing, so it can't tell whether the program works, only whether its files are there.
    """
    record = checkout / ".engine" / "engine.json"
    try:
        facts = json.loads(record.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        return EngineInfo(
            "", "", Path(), "", (f"{record} cannot be read ({error}); obtain the engine again.",)
        )
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        return EngineInfo("", "", Path(), "", (f"{record} has an unknown format; obtain the engine again.",))
    texts = {name: str(facts.get(name, "")) for name in ("version", "source", "path", "key")}
    missing = [name for name in REQUIRED if not (checkout / ".engine" / "bin" / name).is_file()]
    problems = tuple(f".engine/bin/{name} leads nowhere; obtain the engine again." for name in missing)
    return EngineInfo(texts["version"], texts["source"], Path(texts["path"]), texts["key"], problems)
