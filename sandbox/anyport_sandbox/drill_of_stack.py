"""The end of `make sandbox`: the endpoint that was built is broken on purpose, behind the real gateway.

The drill belongs to the command line, which knows how contracts become a gateway's configuration; so it runs as
`anyport drill`, in a process of its own.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

from .workspace import SandboxError, Workspace

__all__ = ["FAULTS", "drill_stack", "drillable"]

FAULTS = ("refuse", "503", "cut-mid-stream")
"""One before a connection, one instead of an answer, one within it: about 12 s."""
SLACK_SECONDS = 1.0
"""Wider than the drill's own, since a demonstration runs beside whatever else a machine does."""
_MAIN = "from anyport_cli.main import main; main()"


def drillable(outputs: Mapping[str, Any]) -> str | None:
    """The first endpoint for chat with a target to fail over to, or None."""
    for name, endpoint in outputs["endpoints"].items():
        if "chat_completions" in endpoint["apis"] and len(endpoint["targets"]) > 1:
            return str(name)
    return None


def drill_stack(workspace: Workspace, outputs: Mapping[str, Any], endpoint: str) -> tuple[str, bool]:
    """The drill's table with the place of its page, and whether the guarantee was kept.

    Raises:
        SandboxError: the drill could not run, such as without Envoy; the text is what it said.
    """
    contracts, page = workspace.area / "sandbox" / "contracts.json", workspace.area / "sandbox" / "drill.html"
    try:
        contracts.write_text(json.dumps(outputs, indent=2, sort_keys=True) + "\n", "utf-8")
    except OSError as error:
        raise SandboxError(f"{contracts} cannot be written: {error.strerror}.") from None
    done = workspace.command(
        [
            sys.executable, "-c", _MAIN, "drill", "--contract", str(contracts), "--endpoint", endpoint,
            "--faults", ",".join(FAULTS), "--slack", str(SLACK_SECONDS), "--page", str(page),
        ],
        quiet=True,
    )  # fmt: skip
    if done.returncode not in (0, 1) or not done.stdout:
        raise SandboxError(f"the drill did not run: {_last_line(done.stderr)}")
    return f"{done.stdout}Timelines: {page}\n", done.returncode == 0


def _last_line(text: str) -> str:
    lines = text.strip().splitlines() or ["it said nothing"]
    return lines[-1].removeprefix("anyport drill: ").removeprefix("Error: ")
