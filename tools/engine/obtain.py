"""Obtain the Pulumi engine into `<checkout>/.engine/bin`: `python3 tools/engine/obtain.py [--source WAY]`.

Ways, in the order `auto` tries them: `path` (an installed Pulumi), `archive` (the official release,
checksum-verified), `build` (from Go modules, with our own small language host). Needs nothing but Python
3.11: it runs before the project's environment exists. With an engine in place it returns at once. `auto` uses
what lies in the cache before it downloads or builds, and keeps a working engine whatever way it came, so name
a way to change it. `ANYPORT_ENGINE_SOURCE` overrides `--source`.
Exit codes: 0 obtained, 2 wrong usage, 3 no way works, 130 interrupted.
It deliberately doesn't obtain provider plugins, and doesn't run on Windows outside WSL.
The record other programs read, `.engine/engine.json`, is described in engine_store.py.
"""

from __future__ import annotations

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - runs with whatever python3 there is
    sys.stderr.write(
        "anyport engine: Python 3.11 or newer is needed, this is %d.%d.\n"  # noqa: UP031
        % sys.version_info[:2]
    )
    sys.exit(3)
if sys.platform == "win32":
    sys.stderr.write("anyport engine: Windows is not supported directly; run this inside WSL.\n")
    sys.exit(3)

import argparse
import os
import signal
from pathlib import Path
from types import FrameType

import engine_sources as sources
from engine_store import EngineInfo, cache_root, cached, complete, find_engine, install, locked, say

WAYS = ("path", "archive", "build")
CHECKOUT = Path(__file__).resolve().parents[2]


class NothingWorksError(Exception):
    """No way to an engine works; the text names each way, why it failed and what to do."""


def still_good(checkout: Path, ways: tuple[str, ...]) -> EngineInfo | None:
    """The engine in place, when it is whole, came by an allowed way and is what we would obtain now."""
    info = find_engine(checkout)
    if info is None or info.problems or info.source not in ways:
        return None
    try:
        current = info.key == current_key(info)
    except (OSError, sources.SourceError):
        return None
    return info if current else None


def current_key(info: EngineInfo) -> str:
    """What the key of an engine from this source would be today."""
    if info.source == "path":
        return sources.path_key(Path(info.key.rsplit(":", 2)[0]))
    return cached_key(info.source)


def cached_key(way: str) -> str:
    """The cache entry a way fills."""
    return sources.build_key() if way == "build" else sources.archive_name().removesuffix(".tar.gz")


def in_good_order(ways: tuple[str, ...], root: Path) -> tuple[str, ...]:
    """The ways with those that need neither network nor build time first, otherwise in their own order."""

    def costly(way: str) -> bool:
        try:
            return way != "path" and not complete(root / cached_key(way) / "bin")
        except (OSError, sources.SourceError):
            return True

    return tuple(sorted(ways, key=costly))


def obtain_by(way: str, checkout: Path, environ: dict[str, str]) -> EngineInfo:
    """Obtain the engine one way and install it into the checkout; the caller holds the cache lock."""
    if way == "path":
        version, files = sources.from_path(checkout, environ.get("PATH", ""))
        program = files["pulumi"]
        info = EngineInfo(version, way, program.parent, sources.path_key(program))
    else:
        key = cached_key(way)
        make = sources.make_from_modules if way == "build" else sources.make_from_archive
        folder = cached(cache_root(environ), key, make)
        files = {file.name: file for file in sorted(folder.iterdir())}
        info = EngineInfo(sources.VERSION, way, folder, key)
    install(checkout, info, files)
    return info


def obtain(checkout: Path, source: str, environ: dict[str, str]) -> EngineInfo:
    """Make sure the checkout has an engine.

    Args:
        checkout: The folder that gets `.engine`.
        source: auto, or the one way to use.
        environ: PATH and the cache variables are read from it.

    Raises:
        NothingWorksError: Every allowed way failed; nothing half-made is left behind.
    """
    ways = WAYS if source == "auto" else (source,)
    if ready := still_good(checkout, ways):
        return ready
    failures = []
    try:
        with locked(cache_root(environ)):
            if ready := still_good(checkout, ways):
                return ready
            for way in in_good_order(ways, cache_root(environ)):
                try:
                    return obtain_by(way, checkout, environ)
                except sources.SourceError as error:
                    failures.append(f"{way}: {error}")
                except OSError as error:
                    failures.append(f"{way}: {reason_of(error)}")
    except OSError as error:
        failures.append(f"cache: {reason_of(error)}")
    listed = "".join(f"\n  - {failure}" for failure in failures)
    raise NothingWorksError(f"no Pulumi engine could be obtained. Tried:{listed}")


def reason_of(error: OSError) -> str:
    """An operating system error as one sentence with a way out."""
    where = f" ({error.filename})" if error.filename else ""
    return (
        f"{error.strerror or error}{where}; make room or give access there, "
        "or set ANYPORT_CACHE_DIR to another folder."
    )


def interrupted(_number: int, _frame: FrameType | None) -> None:
    """Treat a request to end like Ctrl-C, so that clean-up runs."""
    raise KeyboardInterrupt


def main(arguments: list[str], checkout: Path = CHECKOUT) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Obtain the Pulumi engine into .engine/bin.")
    parser.add_argument("--source", choices=("auto", *WAYS), default="auto")
    source = os.environ.get("ANYPORT_ENGINE_SOURCE") or parser.parse_args(arguments).source
    if source not in ("auto", *WAYS):
        say(f"ANYPORT_ENGINE_SOURCE is '{source}'; use one of auto, {', '.join(WAYS)}.")
        return 2
    signal.signal(signal.SIGTERM, interrupted)
    try:
        info = obtain(checkout, source, dict(os.environ))
    except NothingWorksError as error:
        say(str(error))
        return 3
    except KeyboardInterrupt:
        say("interrupted; nothing half-made was left behind.")
        return 130
    say(f"pulumi {info.version} ({info.source}) is ready in {checkout / '.engine' / 'bin'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
