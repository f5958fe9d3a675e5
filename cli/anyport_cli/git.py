"""Git's plumbing on a checkout that may be somebody else's: no hooks, no filters, no network, no prompts."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import click

__all__ = ["SECONDS", "run_git"]

SECONDS = 60
_DROPPED = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_EXTERNAL_DIFF", "GIT_NAMESPACE")
_ENVIRONMENT = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "LC_ALL": "C",
}


def run_git(top: Path, arguments: Sequence[str], what: str) -> subprocess.CompletedProcess[bytes]:
    """Run a git command in a checkout.

    Args:
        top: the folder that holds `.git`.
        arguments: of our own, and checked ones of users.
        what: the option or command that needs git, for messages.

    Raises:
        UsageError: there is no git, or it does not answer.
    """
    command = ["git", "--no-pager", "-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false"]
    environment = {k: v for k, v in os.environ.items() if k not in _DROPPED} | _ENVIRONMENT
    try:
        return subprocess.run(  # noqa: S603  # git, with arguments of our own and checked ones
            [*command, "-C", str(top), *arguments],
            capture_output=True,
            env=environment,
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError:
        raise click.UsageError(f"{what} needs git, which is not on PATH") from None
    except subprocess.TimeoutExpired:
        raise click.UsageError(f"git {arguments[0]} took more than {SECONDS} s") from None
