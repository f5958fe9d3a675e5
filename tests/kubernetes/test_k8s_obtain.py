"""Obtaining the control plane, with a `go` of the tests' own in place of the real one."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

FAKE_GO = """#!{python}
import json, os, sys
from pathlib import Path
words = sys.argv[1:]
with open(os.environ["GO_LOG"], "a") as log:
    log.write(json.dumps(words) + "\\n")
if words[0] == os.environ.get("GO_FAILS"):
    print("first line", file=sys.stderr)
    sys.exit("no route to the proxy")
if words[:2] == ["mod", "download"]:
    facts = json.loads(os.environ["GO_MODULES"])[words[-1]]
    for file in facts["files"]:
        target = Path(facts["Dir"], file)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("kind: CustomResourceDefinition")
    print(json.dumps({{"Dir": facts["Dir"], "Sum": facts["Sum"]}}))
if words[0] == "build":
    target = Path(words[words.index("-o") + 1])
    target.write_text("program")
    target.chmod(0o755)
"""


@pytest.fixture(scope="session")
def obtain(checkout: Path) -> ModuleType:
    """The script under a name that no other script has."""
    spec = importlib.util.spec_from_file_location(
        "kubernetes_obtain", checkout / "tools" / "kubernetes" / "obtain.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["kubernetes_obtain"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def log(obtain: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A world with only the fake `go`; returns its log."""
    go = tmp_path / "path" / "go"
    go.parent.mkdir()
    go.write_text(FAKE_GO.format(python=sys.executable))
    go.chmod(0o755)
    modules = {
        module: {"Dir": str(tmp_path / f"module-{index}"), "Sum": checksum, "files": files}
        for index, (module, (checksum, files)) in enumerate((obtain.CRDS | obtain.GATEWAY_CRDS).items())
    }
    monkeypatch.setenv("PATH", str(go.parent))
    monkeypatch.setenv("GO_LOG", str(tmp_path / "go.log"))
    monkeypatch.setenv("GO_MODULES", json.dumps(modules))
    monkeypatch.setenv("ANYPORT_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "go.log"


def calls(log: Path) -> list[str]:
    return [json.loads(line)[0] for line in log.read_text().splitlines()] if log.exists() else []


def test_it_builds_once_and_links_the_cache(obtain: ModuleType, log: Path, tmp_path: Path) -> None:
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    assert obtain.main([], checkout) == 0
    place = checkout / ".engine" / "kubernetes"
    assert os.access(place / "bin" / "controlplane", os.X_OK)
    assert sorted(file.name for file in (place / "crds").iterdir()) == obtain.crd_names()
    assert place.resolve().parent == tmp_path / "cache" / "kubernetes"
    gateway = checkout / ".engine" / "gateway-crds"
    assert sorted(file.name for file in gateway.iterdir()) == obtain.crd_names(obtain.GATEWAY_CRDS)
    done = calls(log)
    assert done.count("build") == 1
    assert obtain.main([], checkout) == 0
    other = tmp_path / "other"
    other.mkdir()
    assert obtain.main([], other) == 0
    assert calls(log) == done, "neither again here nor for another checkout"
    (place / "crds" / obtain.crd_names()[0]).unlink()
    assert obtain.main([], checkout) == 0
    assert calls(log) != done, "an entry that lost a file is made again"


@pytest.mark.parametrize("step", ["mod", "build"])
def test_a_failing_go_is_quoted_and_leaves_nothing(
    obtain: ModuleType,
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    step: str,
) -> None:
    monkeypatch.setenv("GO_FAILS", step)
    assert obtain.main([], tmp_path) == 3
    assert "no route to the proxy" in capsys.readouterr().err
    assert sorted(file.name for file in (tmp_path / "cache" / "kubernetes").iterdir()) == ["lock"]
    assert not (tmp_path / ".engine").exists()


def test_an_altered_module_is_refused(
    obtain: ModuleType,
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    altered = json.loads(os.environ["GO_MODULES"])
    altered["sigs.k8s.io/lws@v0.7.0"]["Sum"] = "h1:other="
    monkeypatch.setenv("GO_MODULES", json.dumps(altered))
    assert obtain.main([], tmp_path) == 3
    assert "has checksum h1:other=" in capsys.readouterr().err
    assert "build" not in calls(log)


def test_without_go_it_says_where_to_get_it(
    obtain: ModuleType,
    log: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert obtain.main([], tmp_path) == 3
    assert "https://go.dev/dl/" in capsys.readouterr().err


def test_the_version_stands_in_one_place(obtain: ModuleType) -> None:
    from anyport_sandbox.kubernetes.control_plane import VERSION

    assert obtain.kubernetes_version() == VERSION


def test_wrong_usage(obtain: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    assert obtain.main(["--now"]) == 2
    assert "usage:" in capsys.readouterr().err
