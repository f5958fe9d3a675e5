"""The peers bench without its peer: what it counts, and what it refuses to install or start."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from anyport_sandbox.drill.model import Call, Fault, Hit, Observation, Step

NAMES = ["a", "b"]
BENCH = Path(__file__).resolve().parents[2] / "tools" / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCH))
    import peers_bench

    return peers_bench


@pytest.fixture
def peer(bench: ModuleType) -> ModuleType:
    return sys.modules["litellm_proxy"]


def call(number: int, started: float, outcome: str, said: str = "") -> Call:
    return Call(number, False, False, started, started + 0.1, started + 0.2, outcome, said=said)  # type: ignore[arg-type]


def observed(broken: dict[str, Fault], calls: list[Call], hits: list[Hit]) -> Observation:
    return Observation(Step(broken), 0, 1, 2, 4, tuple(calls), tuple(hits), {}, ())


def test_what_is_counted_needs_no_header_and_no_call_number(bench: ModuleType) -> None:
    calls = [
        call(1, 0.5, "answered", "a"),
        call(2, 1.1, "answered", "b"),
        call(3, 1.2, "refused"),
        call(4, 1.3, "answered", "Any port in"),
        call(5, 1.4, "broken"),
        call(6, 2.5, "answered", "a"),
    ]
    found = bench.count(observed({"a": Fault.S503}, calls, [Hit("a", -1, 1.1, 1.1, False)]), NAMES)
    assert (found.calls, found.lost, found.short, found.told, found.dead) == (6, 1, 1, 1, 1)
    assert (round(found.fail_over, 3), round(found.fail_back, 3)) == (0.3, 0.6)
    assert bench.cells(found) == ("1 of 6", "1", "1", "1", "0.30 s", "0.60 s")


def test_a_fault_nobody_met_and_one_nobody_can_see_are_not_zero(bench: ModuleType) -> None:
    for fault, says in ((Fault.S503, "0: untested"), (Fault.REFUSE, "not seen")):
        assert bench.cells(bench.count(observed({"a": fault}, [], []), NAMES))[3] == says


def test_where_every_target_is_broken_only_calls_after_it_count(bench: ModuleType) -> None:
    broken = dict.fromkeys(NAMES, Fault.S503)
    seen = observed(broken, [call(1, 1.5, "refused"), call(2, 2.1, "refused")], [])
    assert bench.count(seen, NAMES).lost == 1


def test_both_gateways_are_told_the_same_targets_and_times(bench: ModuleType) -> None:
    text = bench.export({"east": 1, "south": 2, "other-cloud": 3}, "1.106.2")
    for line in (
        "http://127.0.0.1:1/east/v1",
        "stream_timeout: 0.5",
        "cooldown_time: 1.0",
        "allowed_fails: 1",
    ):
        assert line in text


@pytest.mark.parametrize("version", ["1.107.0", "1.82.7", "1.83.0"])
def test_a_compromised_release_is_not_installed(peer: ModuleType, tmp_path: Path, version: str) -> None:
    lock = tmp_path / "litellm.lock"
    lock.write_text(f"litellm=={version} --hash=sha256:0\n")
    with pytest.raises(peer.PeerError, match=version):
        peer.obtain({"ANYPORT_CACHE_DIR": str(tmp_path)}, lock)
    assert [each.name for each in tmp_path.iterdir()] == ["litellm.lock"]


def test_the_lock_pins_every_package_by_hash(peer: ModuleType) -> None:
    assert peer.locked_version() == "1.106.2"
    text = peer.LOCK.read_text()
    pins = [line for line in text.splitlines() if line[:1].isalnum()]
    assert pins
    assert all("==" in line and line.endswith("\\") for line in pins)


@pytest.mark.parametrize("name", ["cook.pth", "sitecustomize.py"])
def test_code_that_python_runs_by_itself_is_refused(peer: ModuleType, tmp_path: Path, name: str) -> None:
    site = tmp_path / "lib" / "python3.11" / "site-packages"
    site.mkdir(parents=True)
    (site / "_virtualenv.pth").touch()
    peer.refuse_hooks(tmp_path)
    (site / name).touch()
    with pytest.raises(peer.PeerError, match=name):
        peer.refuse_hooks(tmp_path)


def test_a_proxy_that_dies_is_quoted_and_gets_no_credentials(
    peer: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "never")
    code = "import os, sys; sys.exit('died ' + str(sorted(os.environ)))"
    with (
        pytest.raises(peer.PeerError, match="died") as said,
        peer.proxy([sys.executable, "-c", code], "", {}, tmp_path),
    ):
        pass
    assert "AZURE_CLIENT_SECRET" not in str(said.value)
    assert "AZURE_CLIENT_SECRET" in os.environ
