"""What the tests of `anyport check` share: specs, checkouts, and how a run ended."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

DAY = "2026-11-25"
ONE = """\
config:
  anyport:tier: {tier}
  anyport:endpoints:
    chat:
      model: gpt-oss-120b
      targets:
        azure: {{priority: 1, provider: azure_openai, region: eastus2}}
"""
OCI = "        oci: {priority: 2, provider: oci_generative_ai, region: us-chicago-1}\n"
SOUTH = "        south: {priority: 3, provider: azure_openai, region: southcentralus}\n"


@dataclass(frozen=True)
class Ended:
    """How a run of the command ended."""

    code: int
    out: str
    err: str

    @property
    def said(self) -> str:
        return self.out + self.err


Anyport = Callable[..., Ended]


class Checkout:
    """A git checkout with a folder of stack files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.stacks = folder, folder / "stacks"
        self.stacks.mkdir(parents=True)
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str) -> str:
        settings = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
        done = subprocess.run(
            ["git", *settings, "-C", str(self.folder), *arguments], capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def write(self, name: str, text: str) -> Path:
        path = self.stacks / name
        path.write_text(text, "utf-8")
        return path

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "x")
        return self.git("rev-parse", "HEAD")
