"""How an engine gets into the cache and the checkout, and what is said when none can be had."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from engine_helpers import fake_pulumi, fill, obtain, refuse, script, sources, store


def leftovers(environ: dict[str, str]) -> list[str]:
    return sorted(p.name for p in Path(environ["ANYPORT_CACHE_DIR"], "engine").iterdir() if p.name != "lock")


# -- the cache and the build


def test_cache_hit_makes_nothing(tmp_path: Path) -> None:
    first = store.cached(tmp_path, "k", fill)
    assert store.cached(tmp_path, "k", refuse("made twice")) == first


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_failure_leaves_nothing_half_made(tmp_path: Path, error: BaseException) -> None:
    def make(folder: Path) -> None:
        script(folder / "pulumi")
        raise error

    with pytest.raises(type(error)):
        store.cached(tmp_path, "k", make)
    assert list(tmp_path.iterdir()) == []


def test_incomplete_engine_is_not_cached(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="incomplete"):
        store.cached(tmp_path, "k", lambda folder: script(folder / "pulumi"))
    assert list(tmp_path.iterdir()) == []


def test_leftovers_of_a_killed_run_are_cleared(tmp_path: Path) -> None:
    (tmp_path / ".making-dead" / "bin").mkdir(parents=True)
    with store.locked(tmp_path):
        assert [p.name for p in tmp_path.iterdir()] == ["lock"]


# -- the whole


def test_cached_build_is_used_before_the_network(
    checkout: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(Path(environ["ANYPORT_CACHE_DIR"], "engine", sources.build_key(), "bin"))
    monkeypatch.setattr(sources, "make_from_archive", refuse("the network was used"))
    assert obtain.obtain(checkout, "auto", environ).source == "build"


def test_second_run_does_no_work(
    checkout: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "make_from_modules", fill)
    first = obtain.obtain(checkout, "build", environ)
    monkeypatch.setattr(obtain, "locked", refuse("the lock was taken"))
    assert obtain.obtain(checkout, "auto", environ) == first


def test_broken_link_is_obtained_again(
    checkout: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "make_from_modules", fill)
    obtain.obtain(checkout, "build", environ)
    (Path(environ["ANYPORT_CACHE_DIR"], "engine", sources.build_key(), "bin") / "pulumi").unlink()
    found = store.find_engine(checkout)
    assert found is not None
    assert found.problems == (".engine/bin/pulumi leads nowhere; obtain the engine again.",)
    assert obtain.obtain(checkout, "build", environ).problems == ()
    assert (checkout / ".engine" / "bin" / "pulumi").is_file()


def test_nothing_works_names_every_way(
    checkout: Path,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def full(_folder: Path) -> None:
        raise OSError(28, "No space left on device", "/somewhere")

    monkeypatch.setattr(os, "environ", environ)
    monkeypatch.setattr(sources, "make_from_archive", refuse("the network is closed; open it."))
    monkeypatch.setattr(sources, "make_from_modules", full)
    assert obtain.main([], checkout) == 3
    said = capsys.readouterr().err
    assert "no Pulumi engine could be obtained. Tried:" in said
    assert "- path: `pulumi` is not on PATH; install Pulumi 3.259.0" in said
    assert "- archive: the network is closed; open it." in said
    assert "- build: No space left on device (/somewhere); make room" in said
    assert leftovers(environ) == []
    assert store.find_engine(checkout) is None


def test_cache_that_cannot_be_made_is_named(checkout: Path, environ: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    with pytest.raises(obtain.NothingWorksError, match=r"cache: .*ANYPORT_CACHE_DIR"):
        obtain.obtain(checkout, "auto", environ)


def test_interrupt_exits_130(
    checkout: Path, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_folder: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "environ", environ)
    monkeypatch.setattr(sources, "make_from_modules", interrupt)
    assert obtain.main(["--source", "build"], checkout) == 130
    assert leftovers(environ) == []


def test_environment_overrides_the_source(
    checkout: Path,
    environ: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environ["ANYPORT_ENGINE_SOURCE"] = "path"
    monkeypatch.setattr(os, "environ", environ)
    assert obtain.main(["--source", "build"], checkout) == 3
    assert "build:" not in capsys.readouterr().err
    environ["ANYPORT_ENGINE_SOURCE"] = "luck"
    assert obtain.main([], checkout) == 2


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 99}'])
def test_unreadable_record_is_a_problem_not_a_crash(checkout: Path, text: str) -> None:
    (checkout / ".engine").mkdir()
    (checkout / ".engine" / "engine.json").write_text(text)
    found = store.find_engine(checkout)
    assert found is not None
    assert "obtain the engine again" in found.problems[0]


def test_new_enough_installed_engine_is_linked(
    checkout: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    installed = fake_pulumi(tmp_path / "usr", "v3.260.1")
    environ["PATH"] = str(installed.parent)
    info = obtain.obtain(checkout, "auto", environ)
    assert (info.version, info.source, info.path) == ("3.260.1", "path", installed.parent)
    links = {p.name: p.resolve() for p in (checkout / ".engine" / "bin").iterdir()}
    assert links == {p.name: p for p in installed.parent.iterdir()}
    record = json.loads((checkout / ".engine" / "engine.json").read_text())
    assert record["format"] == 1
    assert (record["version"], record["source"], record["path"]) == ("3.260.1", "path", str(installed.parent))


def test_upgraded_installed_engine_is_noticed(
    checkout: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    environ["PATH"] = str(tmp_path / "usr")
    fake_pulumi(tmp_path / "usr", "v3.259.0")
    obtain.obtain(checkout, "auto", environ)
    fake_pulumi(tmp_path / "usr", "v3.270.12")
    assert obtain.obtain(checkout, "auto", environ).version == "3.270.12"
