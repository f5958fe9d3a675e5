"""Runs the command as its entry point does, inside this process, so that a test costs no start of Python."""

from __future__ import annotations

import contextlib
import io
import sys
from pathlib import Path

import pytest
from check_runs import DAY, Anyport, Checkout, Ended

from anyport_cli.main import main


@pytest.fixture
def anyport(monkeypatch: pytest.MonkeyPatch) -> Anyport:
    """`anyport("check", path)`; the day is fixed unless --today is given."""

    def run(*arguments: str | Path) -> Ended:
        words = [str(argument) for argument in arguments]
        if words[0] == "check" and "--today" not in words:
            words += ["--today", DAY]
        monkeypatch.setattr(sys, "argv", ["anyport", *words])
        out, err = io.StringIO(), io.StringIO()
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
            pytest.raises(SystemExit) as ended,
        ):
            main()
        return Ended(int(ended.value.code or 0), out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def checkout_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """A new checkout, which is the working folder."""
    made = Checkout(tmp_path / "repo")
    monkeypatch.chdir(made.folder)
    return made
