"""Somebody's folder of data files: read whole or refused with every fault and its place."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from anyport.catalog import load, loader
from anyport.catalog.folder import PARTS, load_folder
from anyport.errors import SpecError

STATES = Path(__file__).parent / "states"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STATES / "old", tmp_path / "data"))


def faults(folder: Path) -> list[tuple[str, str, int]]:
    with pytest.raises(SpecError) as found:
        load_folder(folder, "data")
    return [(p.code, p.file, p.line) for p in found.value.problems]


def test_the_shipped_folder_is_read_to_the_same_facts() -> None:
    assert load_folder(Path(loader.__file__).parent / "data") == load()


def test_a_state_is_read() -> None:
    catalog = load_folder(STATES / "new")
    assert catalog.names == ("alpha", "née-β")
    assert [one.title for one in catalog.providers["azure_openai"].api_versions] == [
        "Data plane v1",
        "Old, dated; plane 2024-10-21",
    ]


@pytest.mark.parametrize("price", [".inf", ".nan", "-1"])
def test_a_price_is_a_number_of_dollars(folder: Path, price: str) -> None:
    file = folder / "models" / "alpha.yaml"
    before, found, after = file.read_text("utf-8").partition("input_usd_per_million: ")
    assert found
    file.write_text(f"{before}{found}{price}\n{after.partition(chr(10))[2]}", "utf-8")
    assert [code for code, _, _ in faults(folder)] == ["AP503"]


@pytest.mark.parametrize("part", PARTS)
def test_a_folder_without_a_part_is_no_catalog(folder: Path, part: str) -> None:
    (shutil.rmtree if (folder / part).is_dir() else Path.unlink)(folder / part)
    assert faults(folder) == [("AP502", "data", 0)]


def test_all_faults_are_said_at_once_with_their_places(folder: Path) -> None:
    (folder / "models" / "alpha.yaml").write_text("name: alpha\nname: alpha\n")
    (folder / "models" / "gone.yaml").write_text(
        "name: gone\nkind: chat\noffers: {azure_openai: {typo: 1}}\n"
    )
    (folder / "instances.yaml").write_text("- 1\n")
    (folder / "regions" / "azure_openai.yaml").write_text("provider: azure_openai\nregions: {a: {place: [")
    found = faults(folder)
    assert ("AP003", "data/models/alpha.yaml", 2) in found
    assert ("AP503", "data/instances.yaml", 0) in found
    assert ("AP002", "data/regions/azure_openai.yaml") in {(code, file) for code, file, _ in found}
    assert {code for code, file, _ in found if file == "data/models/gone.yaml"} == {"AP503"}


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("models/alpha.yaml", "name: beta\nkind: chat\noffers: {}\n"),
        ("models/alpha.yaml", "name: alpha\n"),
        ("models/alpha.yaml", "name: alpha\nkind: chat\noffers: 3\n"),
        ("models/alpha.yaml", "name: alpha\nkind: chat\noffers: {azure_openai: {servings: 3}}\n"),
        ("models/alpha.yaml", "!!python/object:os.system {}\n"),
        ("providers/azure_openai.yaml", "name: azure_openai\nkinds: {a: 1}\n"),
        ("providers/azure_openai.yaml", "name: azure_openai\nkinds: {}\napi_versions: 3\n"),
        ("regions/azure_openai.yaml", "provider: azure_openai\nregions: {a: 1}\n"),
        ("instances.yaml", "instances: {a: {gpu: x, gpus: 0}}\n"),
        ("instances.yaml", ""),
        ("instances.yaml", "a: &a [*a]\n"),
    ],
)
def test_a_file_that_holds_something_else_is_named(folder: Path, file: str, text: str) -> None:
    (folder / file).write_text(text)
    assert {found[1] for found in faults(folder)} == {f"data/{file}"}


def test_the_oldest_date_of_all_rows_is_that_of_the_catalog(folder: Path) -> None:
    assert str(load_folder(folder).collected_on) == "2026-11-01"
    file = folder / "providers" / "azure_openai.yaml"
    file.write_text(file.read_text().replace("plane: data}", "plane: data, collected_on: 2026-10-01}"))
    assert str(load_folder(folder).collected_on) == "2026-10-01"


@pytest.mark.parametrize("part", PARTS[:3])
def test_a_file_is_named_by_what_it_holds(folder: Path, part: str) -> None:
    """Two files of one name would hide each other."""
    shutil.copyfile(min((folder / part).iterdir()), folder / part / "copy.yaml")
    ((code, file, line),) = faults(folder)
    assert (code, file) == ("AP503", f"data/{part}/copy.yaml")
    assert line > 0


def test_a_folder_of_nothing(tmp_path: Path) -> None:
    for part in PARTS[:3]:
        (tmp_path / part).mkdir()
    (tmp_path / PARTS[3]).write_text("instances: {}\n")
    assert faults(tmp_path) == [("AP502", "data", 0)]
