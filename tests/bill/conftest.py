"""What the tests of bills share: the fixtures in a folder of the test's own, and the command run in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from anyport_cli.main import cli

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Ran:
    """What one run of `anyport bill` answered."""

    code: int
    out: str
    err: str

    @property
    def body(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.out)
        return found


Bill = Callable[..., Ran]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the stack files and nothing else; the test stands in it."""
    shutil.copytree(HERE / "stacks", tmp_path / "stacks")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def exports(place: Path) -> Path:
    """All hand-made exports; Google's, which nests its labels, as Parquet."""
    import duckdb

    folder = place / "exports"
    shutil.copytree(HERE / "exports", folder)
    source = folder / "google-1.2.json"
    duckdb.connect().execute(
        f"COPY (SELECT * FROM read_json('{source}')) TO '{source.with_suffix('.parquet')}' (FORMAT parquet)"
    )
    source.unlink()
    return folder


@pytest.fixture
def bill() -> Bill:
    """`bill("exports", "--month", …)` as a user would type it, on a fixed day."""

    def run(*arguments: str) -> Ran:
        done = CliRunner().invoke(cli, ["bill", *arguments, "--today", "2026-11-25"], standalone_mode=False)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            if hasattr(done.exception, "format_message"):
                return Ran(2, done.stdout, done.exception.format_message())
            raise done.exception
        return Ran(int(done.return_value or 0), done.stdout, done.stderr)

    return run
