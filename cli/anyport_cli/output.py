"""Where reports go: the terminal or files, several in one run."""

from __future__ import annotations

import contextlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import click

__all__ = ["NAMES", "Outlet", "outlets", "write"]

NAMES = ("text", "json", "junit", "sarif", "markdown", "github", "gitlab")
"""As in `anyport_policies.report.FORMATS`, which is not imported for `--help`."""


@dataclass(frozen=True)
class Outlet:
    """A format and the file it goes to; None for standard output."""

    format: str
    file: Path | None


def outlets(formats: tuple[str, ...], output: Path | None) -> list[Outlet]:
    """What `--format` and `--output` ask for, in their order.

    Raises:
        BadParameter: an unknown format, or two that want standard output.
    """
    found: list[Outlet] = []
    for text in formats or ("text",):
        name, equals, file = text.partition("=")
        if name not in NAMES:
            raise click.BadParameter(f"{name!r} is not one of {', '.join(NAMES)}", param_hint="--format")
        if equals and not file:
            raise click.BadParameter(f"{text!r} names no file", param_hint="--format")
        found.append(Outlet(name, Path(file) if equals else None))
    bare = [outlet for outlet in found if outlet.file is None]
    if len(bare) > 1:
        raise click.BadParameter("only one format can go without =FILE", param_hint="--format")
    if output is not None:
        if not bare:
            raise click.BadParameter("every format names its file already", param_hint="--output")
        return [Outlet(one.format, one.file or output) for one in found]
    return found if bare else [*found, Outlet("text", None)]


def write(path: Path, text: str) -> None:
    """Write the file whole or not at all. A link in its place is replaced, not written through.

    Raises:
        UsageError: it cannot be written.
    """
    try:
        if path.is_absolute() and path.is_relative_to("/dev"):
            path.write_text(text, encoding="utf-8")
            return
        if path.is_dir():
            raise IsADirectoryError(21, "is a directory")
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except (OSError, ValueError) as error:
        why = (getattr(error, "strerror", None) or str(error)).lower()
        raise click.UsageError(f"{path} cannot be written: {why}") from None
