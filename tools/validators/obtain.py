"""Obtain the validators that tests run: `python3 tools/validators/obtain.py` prints the folder they lie in.

`node_modules/.bin/sarif-multitool` comes from npm and `actionlint` from Go modules, both pinned by the lock files
here. They lie in `${ANYPORT_CACHE_DIR:-${XDG_CACHE_HOME:-~/.cache}/anyport}/validators/<key>`, which appears in one
rename once it is complete; with everything in place this returns at once and uses no network.

Needs npm and Go. Exit codes: 0 obtained, 3 it cannot be had here.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCES = ("package.json", "package-lock.json", "go.mod", "go.sum", "tools.go")
SECONDS = 900


class ObtainError(Exception):
    """The validators cannot be had here; the message says why."""


def obtain() -> Path:
    """The folder that holds the validators, made if absent. Raises ObtainError."""
    target = _cache() / "validators" / _key()
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".making-") as making:
        area = Path(making) / "made"
        area.mkdir()
        for name in SOURCES:
            shutil.copy(HERE / name, area)
        _run(area, "npm", "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund")
        for program in area.glob("node_modules/@microsoft/sarif-multitool-*/Sarif.Multitool"):
            program.chmod(0o755)  # what its install script would do, which is not run
        _run(area, "go", "build", "-o", "actionlint", "github.com/rhysd/actionlint/cmd/actionlint")
        with contextlib.suppress(OSError):  # another process was quicker
            area.rename(target)
    if not target.is_dir():
        raise ObtainError(f"{target} could not be made")
    return target


def _cache() -> Path:
    if named := os.environ.get("ANYPORT_CACHE_DIR"):
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "anyport"


def _key() -> str:
    content = b"\0".join((HERE / name).read_bytes() for name in SOURCES)
    return hashlib.sha256(content).hexdigest()[:16]


def _run(folder: Path, *command: str) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False
        )
    except FileNotFoundError:
        raise ObtainError(f"{command[0]} is not on PATH") from None
    except subprocess.TimeoutExpired:
        raise ObtainError(f"{' '.join(command)} took more than {SECONDS} s") from None
    if done.returncode != 0:
        raise ObtainError(f"{' '.join(command)} failed: {(done.stderr or done.stdout).strip()[-800:]}")


if __name__ == "__main__":
    try:
        print(obtain())
    except ObtainError as error:
        print(f"anyport validators: {error}", file=sys.stderr)
        sys.exit(3)
