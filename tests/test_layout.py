"""The lines between the rooms: who may import whom, and conventions that would rot without a check."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from syntax import parsed

CHECKOUT = Path(__file__).resolve().parents[1]
ROOMS = {
    "anyport": CHECKOUT / "components" / "anyport",
    "anyport_policies": CHECKOUT / "policies" / "anyport_policies",
    "anyport_cli": CHECKOUT / "cli" / "anyport_cli",
    "anyport_sandbox": CHECKOUT / "sandbox" / "anyport_sandbox",
}
MAY_IMPORT = {
    "anyport": (),
    "anyport_policies": (
        "anyport.spec", "anyport.plan", "anyport.catalog", "anyport.contract", "anyport.errors", "anyport.source",
    ),
    "anyport_cli": ("anyport", "anyport_policies", "anyport_sandbox"),
    "anyport_sandbox": ("anyport.catalog",),
}  # fmt: skip
PULUMI = (
    "endpoint.py", "program.py", "targets/base.py", "targets/*/*.py", "vllm/component.py", "gateway/component.py",
)  # fmt: skip


def imports(path: Path, package: str, root: Path) -> Iterator[str]:
    here = [package, *path.relative_to(root).with_suffix("").parts]
    for node in ast.walk(parsed(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(here[: len(here) - node.level]) if node.level else ""
            yield ".".join(part for part in (base, node.module or "") if part)


def files(room: str) -> list[Path]:
    return sorted(ROOMS[room].rglob("*.py"))


@pytest.mark.parametrize("room", ROOMS)
def test_imports_go_one_way(room: str) -> None:
    wrong = [
        f"{path.relative_to(CHECKOUT)} imports {name}"
        for path in files(room)
        for name in imports(path, room, ROOMS[room])
        if name.split(".")[0] in ROOMS
        and name.split(".")[0] != room
        and not any(name == ok or name.startswith(f"{ok}.") for ok in MAY_IMPORT[room])
    ]
    assert wrong == []


def test_pulumi_is_imported_only_where_resources_are_made() -> None:
    root = ROOMS["anyport"]
    wrong = [
        str(path.relative_to(root))
        for path in files("anyport")
        if any(name.split(".")[0].startswith("pulumi") for name in imports(path, "anyport", root))
        and not any(path.relative_to(root).match(pattern) for pattern in PULUMI)
    ]
    assert wrong == []


def test_judging_a_spec_needs_no_pulumi() -> None:
    """Options and refusals of all providers, the plan and the rules load without the SDKs."""
    code = (
        "import sys; from anyport.targets.registry import *; [traits(p) for p in provider_names()];"
        "import anyport.plan, anyport_policies.rules;"
        "sys.exit(', '.join(sorted(m for m in sys.modules if m.split('.')[0].startswith('pulumi'))) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_policies_are_usable_without_pulumi() -> None:
    root = ROOMS["anyport_policies"]
    users = [
        str(path.relative_to(root))
        for path in files("anyport_policies")
        if any(name.split(".")[0].startswith("pulumi") for name in imports(path, "anyport_policies", root))
    ]
    assert users == ["pulumi_pack.py", "pulumi_view.py"]


def test_targets_do_not_import_each_other() -> None:
    root = ROOMS["anyport"] / "targets"
    providers = [folder.name for folder in root.iterdir() if (folder / "options.py").is_file()]
    assert len(providers) == 4
    for provider in providers:
        for path in (root / provider).glob("*.py"):
            for name in imports(path, "anyport", ROOMS["anyport"]):
                assert not any(f"targets.{other}" in name for other in providers if other != provider), path


def test_every_provider_has_what_a_provider_needs() -> None:
    """What a fifth cloud must bring, named when it is missing."""
    from anyport.catalog import load
    from anyport.targets.registry import provider_names, traits

    assert sorted(load().providers) == list(provider_names())
    for provider in provider_names():
        assert traits(provider).name == provider
        assert (ROOMS["anyport"] / "targets" / provider / "component.py").is_file()
        for what, capability in traits(provider).capabilities.items():
            assert capability.supported or capability.reason, f"{provider}: {what} needs the cloud's reason"


def test_files_stay_small() -> None:
    large = {
        str(path.relative_to(CHECKOUT)): lines
        for room in ROOMS
        for path in files(room)
        if (lines := len(path.read_text().splitlines())) > 340
    }
    assert large == {}


def test_the_stack_program_stays_thin() -> None:
    assert len((CHECKOUT / "stacks" / "__main__.py").read_text().splitlines()) <= 40


def test_the_root_project_names_no_stand_in() -> None:
    assert "plugins" not in (CHECKOUT / "Pulumi.yaml").read_text()


def test_stack_files_name_the_schema_and_the_schema_is_current() -> None:
    from anyport.schema import schema_text

    for path in (CHECKOUT / "stacks").glob("Pulumi.*.yaml"):
        assert path.read_text().startswith("# yaml-language-server: $schema=schema.json\n"), path
    assert (CHECKOUT / "stacks" / "schema.json").read_text() == schema_text(), "run: make docs"


def test_names_that_are_exported_exist() -> None:
    import importlib

    for room in ("anyport", "anyport_policies", "anyport_cli"):
        for path in files(room):
            module = ".".join([room, *path.relative_to(ROOMS[room]).with_suffix("").parts]).removesuffix(
                ".__init__"
            )
            found = importlib.import_module(module)
            for name in getattr(found, "__all__", ()):
                assert hasattr(found, name), f"{module}.{name}"


def test_no_secret_is_written_in_the_repository() -> None:
    """Keys of clouds and of model hosts have forms that a search finds."""
    forms = re.compile(
        r"sk-[A-Za-z0-9]{20}|hf_[A-Za-z0-9]{20}|AKIA[0-9A-Z]{16}|-----BEGIN (RSA |EC )?PRIVATE KEY"
    )
    for room in ("components", "policies", "cli", "sandbox", "stacks", "docs"):
        for path in (CHECKOUT / room).rglob("*"):
            if path.is_file() and path.suffix in {".py", ".yaml", ".md", ".json"}:
                assert not forms.search(path.read_text()), path


def test_no_two_test_modules_have_one_name() -> None:
    """Folders of tests are no packages, so a second module of a name would never be imported."""
    names = [
        path.name
        for path in (CHECKOUT / "tests").rglob("*.py")
        if not (path.parent / "__init__.py").exists() and path.name not in ("conftest.py", "__init__.py")
    ]
    assert sorted({name for name in names if names.count(name) > 1}) == []
