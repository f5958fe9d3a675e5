"""The three ways to an engine, one by one: installed, archive, build; without network or Go."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from engine_helpers import ENGINE_DIR, fake_pulumi, script, sources, store

# -- versions and the installed engine


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("v3.259.0", (3, 259, 0)),
        ("go1.26.8", (1, 26, 8)),
        ("go1.25", (1, 25, 0)),
        ("3.300.1-alpha.2", (3, 300, 1)),
    ],
)
def test_versions_compare_as_numbers(text: str, numbers: tuple[int, ...]) -> None:
    assert sources.version_tuple(text) == numbers


def test_no_version_is_older_than_any() -> None:
    assert sources.version_tuple("devel") < sources.version_tuple("0.0.1")
    assert sources.version_tuple("3.9.0") < sources.version_tuple("3.259.0")


@pytest.mark.parametrize("version", ["v3.258.9", "v4.0.0", ""])
def test_unfit_installed_engine_is_refused(checkout: Path, tmp_path: Path, version: str) -> None:
    fake_pulumi(tmp_path / "usr", version)
    with pytest.raises(sources.SourceError, match=r"3\.259\.0 or a newer 3\.x is needed"):
        sources.from_path(checkout, str(tmp_path / "usr"))


def test_installed_engine_without_language_host_is_refused(checkout: Path, tmp_path: Path) -> None:
    fake_pulumi(tmp_path / "usr", "v3.259.0", host=False)
    with pytest.raises(sources.SourceError, match="pulumi-language-python"):
        sources.from_path(checkout, str(tmp_path / "usr"))


def test_installed_engine_that_fails_is_refused(checkout: Path, tmp_path: Path) -> None:
    script(tmp_path / "usr" / "pulumi", "exit 9")
    with pytest.raises(sources.SourceError, match="does not answer"):
        sources.from_path(checkout, str(tmp_path / "usr"))


def test_own_bin_on_path_does_not_vouch_for_itself(checkout: Path) -> None:
    own = checkout / ".engine" / "bin"
    fake_pulumi(own, "v3.259.0")
    with pytest.raises(sources.SourceError, match="not on PATH"):
        sources.from_path(checkout, str(own))


# -- the archive


def archive_with(entries: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in entries.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def serving(archive: bytes, digest: str) -> Callable[[str, Path, float], None]:
    def get(url: str, target: Path, _timeout: float) -> None:
        listing = f"{'0' * 64}  other.tar.gz\n{digest}  {sources.archive_name()}\n".encode()
        target.write_bytes(listing if url == sources.CHECKSUMS_URL else archive)

    return get


GOOD = {f"pulumi/{name}": b"#!/bin/sh\n" for name in ("pulumi", "pulumi-language-python", "pulumi-watch")}


def test_archive_is_verified_and_unpacked(tmp_path: Path) -> None:
    archive = archive_with(GOOD)
    get = serving(archive, hashlib.sha256(archive).hexdigest())
    folder = store.cached(tmp_path, "k", lambda bin_folder: sources.make_from_archive(bin_folder, get))
    assert sorted(p.name for p in folder.iterdir()) == ["pulumi", "pulumi-language-python"]
    assert os.access(folder / "pulumi", os.X_OK)
    assert [p.name for p in folder.parent.iterdir()] == ["bin"]


def test_archive_with_another_checksum_is_refused(tmp_path: Path) -> None:
    get = serving(archive_with(GOOD), "a" * 64)
    with pytest.raises(sources.SourceError, match="was not used"):
        store.cached(tmp_path, "k", lambda bin_folder: sources.make_from_archive(bin_folder, get))
    assert list(tmp_path.iterdir()) == []


def test_archive_missing_from_the_checksums_is_refused() -> None:
    with pytest.raises(sources.SourceError, match="cannot be trusted"):
        sources.expected_checksum(
            "abc  pulumi-v3.259.0-linux-x64.tar.gz\n", "pulumi-v3.259.0-linux-x64.tar.gz"
        )


@pytest.mark.parametrize("name", ["../pulumi", "/tmp/pulumi", "pulumi/../../pulumi"])
def test_archive_leading_outside_is_refused_whole(tmp_path: Path, name: str) -> None:
    (tmp_path / "a").write_bytes(archive_with({**GOOD, name: b"x"}))
    (tmp_path / "out").mkdir()
    with pytest.raises(sources.SourceError, match="unsafe entry"):
        sources.unpack(tmp_path / "a", tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_archive_with_a_link_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a", "w:gz") as tar:
        member = tarfile.TarInfo("pulumi/pulumi")
        member.type, member.linkname = tarfile.SYMTYPE, "/bin/sh"
        tar.addfile(member)
    with pytest.raises(sources.SourceError, match="unsafe entry"):
        sources.unpack(tmp_path / "a", tmp_path)


def test_broken_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(archive_with(GOOD)[:60])
    with pytest.raises(sources.SourceError, match="cannot be unpacked"):
        sources.unpack(tmp_path / "a", tmp_path)


def test_closed_port_is_a_clear_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(sources.SourceError, match="cannot be downloaded"):
        sources.fetch("http://127.0.0.1:1/x", tmp_path / "x", 5.0)


# -- the build


def test_build_of_an_older_host_is_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))  # no go: a build would fail
    modules = sources.digest_of(*sources.MODULE_FILES)
    earlier = tmp_path / f"{sources.VERSION}-build-{modules}-0000000000" / "bin"
    script(earlier / "pulumi", "echo the one built before")
    for name in sources.SCRIPTS:
        script(earlier / name)
    folder = store.cached(tmp_path, sources.build_key(), sources.make_from_modules)
    assert (folder / "pulumi").read_bytes() == (earlier / "pulumi").read_bytes()
    assert (folder / "language_host.py").read_bytes() == (ENGINE_DIR / "language_host.py").read_bytes()


def test_missing_go_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(sources.SourceError, match="`go` is not on PATH"):
        sources.check_go()


def test_old_go_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "go", "echo go1.20.3")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(sources.SourceError, match=r"go1\.20\.3 is too old"):
        sources.check_go()


def test_failing_go_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script(tmp_path / "go", "echo noise >&2; echo 'no space left on device' >&2; exit 1")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(sources.SourceError, match="`go build` failed: no space left on device"):
        sources.go(["build"], "still building")
