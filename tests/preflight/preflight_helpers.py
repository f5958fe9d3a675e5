"""Reading a preflight's rows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

Preflight = Callable[..., Any]


def rows(done: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """(target, check) to row, of a run with `--format json`; the last one where there are several."""
    return {(row["target"], row["check"]): row for row in json.loads(done.stdout)["rows"]}


def verdicts(done: Any) -> dict[str, str]:
    """`target check` to verdict."""
    return {f"{target} {check}".strip(): row["verdict"] for (target, check), row in rows(done).items()}


def rewrite(old: str, new: str, file: str = "Pulumi.app.yaml") -> None:
    """Change the stack file of the working folder."""
    text = Path(file).read_text("utf-8")
    assert old in text
    Path(file).write_text(text.replace(old, new), encoding="utf-8")
