"""Projects for the tests that run the real Pulumi engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from engine_project import Project, ProjectMaker, kill_all


@pytest.fixture(scope="session", autouse=True)
def engine(checkout: Path) -> None:
    """These tests prove nothing without the engine, so its absence is a failure and no skip."""
    if not (checkout / ".engine" / "bin" / "pulumi").exists():
        pytest.fail("The Pulumi engine is not here; run: make engine", pytrace=False)


@pytest.fixture
def project(checkout: Path, tmp_path: Path) -> Iterator[ProjectMaker]:
    """Makes a project: `project(stack_file)`, or `project(files={name: text})` for several files of stacks/."""
    made: list[Project] = []

    def make(stack_file: str = "config: {}\n", files: dict[str, str] | None = None) -> Project:
        contents = {"Pulumi.x.yaml": stack_file} if files is None else files
        made.append(Project(checkout, tmp_path / f"project-{len(made)}", contents))
        return made[-1]

    yield make
    for one in made:
        kill_all(one.folder)
