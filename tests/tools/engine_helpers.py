"""Loads the modules of tools/engine, which is no package, and makes stand-ins for engines."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

ENGINE_DIR = Path(__file__).resolve().parents[2] / "tools" / "engine"


def load(name: str) -> ModuleType:
    """Load a module of tools/engine by path: the folder is no package."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, ENGINE_DIR / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


store = load("engine_store")
sources = load("engine_sources")
obtain = load("obtain")


def script(path: Path, body: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def fake_pulumi(folder: Path, version: str, *, host: bool = True) -> Path:
    if host:
        script(folder / "pulumi-language-python")
        script(folder / "pulumi-language-python-exec")
    return script(folder / "pulumi", f"echo {version}")


def fill(folder: Path) -> None:
    for name in store.REQUIRED:
        script(folder / name)


def refuse(why: str) -> Callable[[Path], None]:
    def make(_folder: Path) -> None:
        raise sources.SourceError(why)

    return make
