"""Folders the engine tests share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "checkout"
    folder.mkdir()
    return folder


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"ANYPORT_CACHE_DIR": str(tmp_path / "cache"), "PATH": str(tmp_path / "nothing")}
