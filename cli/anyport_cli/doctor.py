"""`anyport doctor`: what is here of what Anyport needs, and how to get the rest."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import click

from .inputs import format_option, print_json

__all__ = ["doctor"]

ENGINE = (3, 259, 0)
PACKAGES = ("pulumi", "pulumi-azure-native", "pulumi-gcp", "pulumi-kubernetes", "pulumi-oci", "pulumi-policy")


@dataclass(frozen=True)
class Check:
    """One thing looked for. `needed` false means only some uses want it."""

    name: str
    found: str
    ok: bool
    needed: bool = True
    fix: str = ""


@click.command()
@format_option
def doctor(output: str) -> None:
    """Say what this machine has of what Anyport needs. Exit 1 when something needed is missing."""
    checks = list(_checks(Path.cwd()))
    if output == "json":
        print_json({"checks": [asdict(check) for check in checks]})
    else:
        for check in checks:
            mark = "ok     " if check.ok else "MISSING" if check.needed else "absent "
            click.echo(
                f"{mark} {check.name}: {check.found}"
                + (f"\n        fix: {check.fix}" if check.fix and not check.ok else "")
            )
    raise click.exceptions.Exit(0 if all(check.ok or not check.needed for check in checks) else 1)


def _checks(checkout: Path) -> Iterator[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    yield Check(
        "python",
        f"{version} at {sys.executable}",
        sys.version_info >= (3, 11),
        fix="install Python 3.11 or newer",
    )
    for package in PACKAGES:
        try:
            yield Check(package, metadata.version(package), ok=True)
        except metadata.PackageNotFoundError:
            yield Check(package, "not installed", ok=False, fix="run: make venv")
    yield _engine(checkout)
    yield _beside_engine(checkout, "pulumi-language-python")
    yield _go()
    yield _passphrase()


def _engine_path(checkout: Path) -> str | None:
    local = checkout / ".engine" / "bin" / "pulumi"
    return str(local) if local.exists() else shutil.which("pulumi")


def _engine(checkout: Path) -> Check:
    path = _engine_path(checkout)
    if path is None:
        return Check("pulumi", "not found in .engine/bin or on PATH", ok=False, fix="run: make engine")
    environment = {**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"}
    try:
        answer = subprocess.run(  # noqa: S603  # the engine found above
            [path, "version"], capture_output=True, text=True, timeout=30, env=environment, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check("pulumi", f"{path} does not run: {error}", ok=False, fix="run: make engine")
    text = answer.stdout.strip().removeprefix("v")
    numbers = tuple(int(part) for part in text.split("-")[0].split(".") if part.isdigit())
    found = f"{text or 'no version'} at {path}{_origin(checkout, path)}"
    return Check("pulumi", found, numbers >= ENGINE, fix="3.259.0 or newer is needed; run: make engine")


def _origin(checkout: Path, path: str) -> str:
    """How the engine in `.engine` was obtained, as its own record says."""
    record = checkout / ".engine" / "engine.json"
    if not path.startswith(str(checkout / ".engine")):
        return ""
    try:
        source = json.loads(record.read_text())["source"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    texts = {"path": "found on PATH", "archive": "official release archive", "build": "built from Go modules"}
    return f" ({texts.get(source, source)})"


def _beside_engine(checkout: Path, name: str) -> Check:
    local = checkout / ".engine" / "bin" / name
    path = str(local) if local.exists() else shutil.which(name)
    return Check(name, path or "not found", path is not None, fix="run: make engine")


def _go() -> Check:
    path = shutil.which("go")
    return Check(
        "go",
        path or "not found",
        path is not None,
        needed=False,
        fix="only needed to build the engine where no release archive can be had",
    )


def _passphrase() -> Check:
    names = ("PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE")
    have = next((name for name in names if name in os.environ), None)
    return Check(
        "passphrase",
        f"{have} is set" if have else "not set",
        have is not None,
        needed=False,
        fix="stacks with a passphrase need PULUMI_CONFIG_PASSPHRASE or …_FILE",
    )
