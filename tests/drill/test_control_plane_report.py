"""`anyport drill --control-plane` without an engine: its reports, its judgement, its ends. The engine's own run is in
`tests/engine/test_control_plane_down.py`; `control_plane_recorded.json` is what one printed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from anyport_cli import drill_control_plane
from anyport_cli.main import cli
from anyport_sandbox.drill import control_plane
from anyport_sandbox.drill.control_plane import DOWN, PROVIDERS, control_plane_drill
from anyport_sandbox.drill.control_plane_estate import GATEWAY, VENDORS, Ran, Vendor
from anyport_sandbox.drill.control_plane_model import Check, ControlPlaneDrill, StackStep
from anyport_sandbox.drill.control_plane_report import (
    control_plane_json,
    control_plane_page,
    control_plane_text,
)

HERE = Path(__file__).parent
RECORDED = (HERE / "control_plane_recorded.json").read_text()


def recorded() -> ControlPlaneDrill:
    raw = json.loads(RECORDED)
    steps = []
    for step in raw["steps"]:
        checks = tuple(Check(**check) for check in step.pop("checks"))
        assert step.pop("kept")
        steps.append(StackStep(**step, checks=checks))
    return ControlPlaneDrill(raw["without"], raw["message"], raw["engine"], tuple(steps))


def spoiled(place: int, **changes: Any) -> ControlPlaneDrill:
    """The recorded run with one step changed."""
    done = recorded()
    steps = list(done.steps)
    steps[place] = replace(steps[place], **changes)
    return replace(done, steps=tuple(steps))


def test_the_text_is_what_a_reviewer_reads() -> None:
    assert control_plane_text(recorded()) == (HERE / "control_plane_recorded.txt").read_text()


def test_json_has_every_step_and_check() -> None:
    assert control_plane_json(recorded()) == RECORDED


def test_the_page_shows_all_of_it_and_needs_nothing_else() -> None:
    page = control_plane_page(recorded())
    assert not re.search(r"<script|<link|<img|@import|url\(|(?:src|href)=", page)
    assert page.count("<tr>") == 1 + len(recorded().steps)
    assert page.count(">refused<") == 1
    assert DOWN in page
    assert "Not kept" not in page
    assert 'class="bad"' not in page


def test_what_an_engine_said_is_escaped() -> None:
    page = control_plane_page(spoiled(4, happened="failed", says='error: <b onload="x">'))
    assert "<b onload" not in page
    assert "&lt;b onload" in page


@pytest.mark.parametrize(
    ("place", "changes", "why"),
    [
        (4, {"happened": "refused", "says": DOWN}, f"it must go through and was refused: {DOWN}"),
        (4, {"checks": (Check("gcp was asked nothing", False),)}, "not so: gcp was asked nothing"),
        (7, {"happened": "went through", "says": ""}, "it must be refused and went through"),
        (7, {"happened": "failed", "says": "error: else"}, "it must be refused and failed: error: else"),
        (10, {"happened": "not tried"}, "not tried, since the estate was not built"),
    ],
)
def test_a_step_gone_wrong_is_named_everywhere_and_exit_1(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, place: int, changes: dict[str, Any], why: str
) -> None:
    done = spoiled(place, **changes)
    monkeypatch.setattr(control_plane, "control_plane_drill", lambda *_: done)
    page = tmp_path / "d.html"
    text = CliRunner().invoke(cli, ["drill", "--control-plane", "--page", str(page)])
    assert text.exit_code == 1
    step = done.steps[place]
    assert f"NOT KEPT  {step.stack}: {step.what}: {why}\n" in text.stdout
    assert "10 of 11 steps did what they must" in text.stdout
    assert "<h2>Not kept</h2>" in page.read_text()
    told = json.loads(CliRunner().invoke(cli, ["drill", "--control-plane", "--format", "json"]).stdout)
    assert [told["kept"], [row["kept"] for row in told["steps"]].index(False)] == [False, place]


def test_no_step_is_no_proof() -> None:
    assert not replace(recorded(), steps=()).kept


class Imagined:
    """An estate in memory that behaves, save for one defect."""

    def __init__(self, defect: str) -> None:
        self.defect = defect
        self.cost_center, self.without, self.down = "cc-1234", tuple[str, ...](), ""
        self.held: dict[str, dict[str, Any]] = {vendor.cloud: {} for vendor in VENDORS}
        self.routed = list(VENDORS)

    def make_stack(self, stack: str) -> None:
        assert stack

    def charge(self, cost_center: str) -> None:
        self.cost_center = cost_center

    def route_without(self, providers: tuple[str, ...]) -> None:
        self.without = providers

    def take_down(self, vendor: Vendor, message: str) -> None:
        assert message == DOWN
        self.down = vendor.cloud

    def bring_back(self) -> None:
        self.down = ""

    def pulumi_in(self, stack: str, *arguments: str) -> Ran:
        if stack == GATEWAY:
            return self.route()
        vendor = next(each for each in VENDORS if each.stack == stack)
        refused = vendor.cloud == self.down and self.defect != "vendor's change slips through"
        if self.down and vendor.cloud != self.down and self.defect == "other vendors are refused too":
            refused = True
        if self.defect == "nothing can be built":
            return Ran(255, "error: no space left on device\n", 1.0)
        if refused:
            self.held[vendor.cloud]["faults"] = {"key": 1}
            if self.defect == "refused and changed all the same":
                self.held[vendor.cloud]["resources"]["one"]["tags"] = self.cost_center
            noise = "Traceback (most recent call last)\n" if self.defect == "a traceback" else ""
            return Ran(255, f"{noise}error: {DOWN}\n   long line error: {DOWN}\n", 1.0)
        if "--expect-no-changes" in arguments and self.defect == "it does not converge":
            return Ran(255, "error: no changes were expected but changes were proposed\n", 1.0)
        self.held[vendor.cloud]["resources"] = {"one": {"tags": self.cost_center}}
        return Ran(0, "", 1.0)

    def route(self) -> Ran:
        if self.defect == "the gateway asks the vendor" and self.down:
            self.held[self.down]["faults"] = {"key": 1}
        if self.defect == "the gateway is refused" and self.down:
            return Ran(255, f"error: {DOWN}\n", 1.0)
        if self.defect != "the gateway still routes there":
            self.routed = [vendor for vendor in VENDORS if vendor.provider not in self.without]
        return Ran(0, "", 1.0)

    def gateway_state(self) -> list[dict[str, Any]]:
        text = "\n".join(f"address: {vendor.host}" for vendor in self.routed)
        clusters = 1 if self.defect == "a cluster is left behind" else 2
        names = [vendor.stack for vendor in self.routed]
        contract = {
            "targets": [{"target": name} for name in names],
            "elsewhere": [vendor.stack for vendor in VENDORS if vendor.stack not in names],
        }
        if self.defect == "the contract hides who is out":
            contract["elsewhere"] = []
        made = {"type": "kubernetes:core/v1:ConfigMap", "outputs": {"data": {"envoy.yaml": text}}}
        return [
            {"type": "pulumi:pulumi:Stack", "outputs": {"contracts": {"chat": contract}}},
            *[made] * clusters,
        ]

    def held_by(self, vendor: Vendor) -> dict[str, Any]:
        return self.held[vendor.cloud]


def imagined(monkeypatch: pytest.MonkeyPatch, defect: str, without: str = PROVIDERS[0]) -> ControlPlaneDrill:
    @contextmanager
    def one(_checkout: Path) -> Iterator[Imagined]:
        yield Imagined(defect)

    monkeypatch.setattr(control_plane, "estate", one)
    monkeypatch.setattr(control_plane, "engine_version", lambda _: "v0")
    return control_plane_drill(HERE, without)


@pytest.mark.parametrize("without", PROVIDERS)
def test_an_estate_that_behaves_is_kept_whoever_is_down(
    monkeypatch: pytest.MonkeyPatch, without: str
) -> None:
    done = imagined(monkeypatch, "", without)
    assert done.kept, control_plane_text(done)
    [refused] = [step for step in done.steps if step.happened == "refused"]
    assert (refused.stack, refused.says) == (next(v.stack for v in VENDORS if v.provider == without), DOWN)


@pytest.mark.parametrize(
    ("defect", "says"),
    [
        ("the gateway still routes there", "not so: 2 clusters route to vertex, oci only"),
        ("a cluster is left behind", "not so: 2 clusters route to azure, vertex, oci only"),
        ("the gateway asks the vendor", "not so: azure-native was asked nothing"),
        ("the gateway is refused", f"it must go through and was refused: {DOWN}"),
        ("other vendors are refused too", f"it must go through and was refused: {DOWN}"),
        ("vendor's change slips through", "it must be refused and went through"),
        ("refused and changed all the same", "not so: the cloud's resources carry cc-1234 only"),
        ("the contract hides who is out", "not so: the contract has vertex, oci in order, elsewhere: azure"),
        ("a traceback", "not so: no traceback is shown"),
        ("it does not converge", "it must go through and failed: error: no changes were expected"),
        ("nothing can be built", "it must go through and failed: error: no space left on device"),
    ],
)
def test_every_defect_is_seen(monkeypatch: pytest.MonkeyPatch, defect: str, says: str) -> None:
    done = imagined(monkeypatch, defect)
    assert not done.kept
    assert says in control_plane_text(done)


def test_without_an_estate_nothing_more_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    happened = [step.happened for step in imagined(monkeypatch, "nothing can be built").steps]
    assert happened == ["failed", *["not tried"] * 10]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--without", "vertex_ai"], "that was not asked for"),
        (
            ["--control-plane", "--short", "--seed", "1"],
            "--control-plane and --short and --seed cannot go together",
        ),
        (
            ["--control-plane", "--without", "aws"],
            "no provider 'aws' is simulated here; there are azure_openai,",
        ),
        (["--control-plane", "--without", "coreweave_vllm"], "CoreWeave's control plane is a Kubernetes API"),
    ],
)
def test_what_cannot_be_drilled_is_told(words: list[str], says: str) -> None:
    done = CliRunner().invoke(cli, ["drill", *words])
    assert done.exit_code == 2
    assert says in done.output


@pytest.fixture
def elsewhere(checkout: Path, tmp_path: Path) -> Path:
    """As much of a checkout as the drill looks for, with an engine that makes stacks and fails at everything else."""
    made = tmp_path / "checkout"
    (made / "sandbox" / "plugins").mkdir(parents=True)
    shutil.copy(checkout / "sandbox" / "Pulumi.yaml", made / "sandbox")
    (made / "stacks").mkdir()
    (made / "stacks" / "__main__.py").touch()
    (made / ".venv").mkdir()
    engine(made, 'case "$*" in version) echo v0;; *init*) ;; *) echo "error: nothing works"; exit 255;; esac')
    (tmp_path / "temporary").mkdir()
    return made


def engine(checkout: Path, script: str) -> None:
    program = checkout / ".engine" / "bin" / "pulumi"
    program.parent.mkdir(parents=True, exist_ok=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def drill_in(monkeypatch: pytest.MonkeyPatch, checkout: Path) -> Result:
    monkeypatch.setattr(drill_control_plane, "CHECKOUT", checkout)
    monkeypatch.setattr("tempfile.tempdir", str(checkout.parent / "temporary"))
    done = CliRunner().invoke(cli, ["drill", "--control-plane"])
    assert list((checkout.parent / "temporary").iterdir()) == []
    return done


def test_an_engine_that_fails_is_exit_1_with_its_words(
    monkeypatch: pytest.MonkeyPatch, elsewhere: Path
) -> None:
    done = drill_in(monkeypatch, elsewhere)
    assert done.exit_code == 1
    assert (
        "NOT KEPT  azure: build azure_openai: it must go through and failed: error: nothing works"
        in done.stdout
    )
    assert "0 of 11 steps did what they must" in done.stdout


@pytest.mark.parametrize(
    ("gone", "says"),
    [
        ("sandbox", "needs a checkout of Anyport"),
        (".venv", "Run: make venv"),
        (".engine", "The Pulumi engine is not here. Run: make engine"),
    ],
)
def test_without_what_it_needs_it_is_exit_3_and_a_sentence(
    monkeypatch: pytest.MonkeyPatch, elsewhere: Path, gone: str, says: str
) -> None:
    shutil.rmtree(elsewhere / gone)
    monkeypatch.setenv("PATH", "/nowhere")
    done = drill_in(monkeypatch, elsewhere)
    assert done.exit_code == 3
    assert says in done.stderr
    assert "Traceback" not in done.output


def test_a_stack_that_cannot_be_made_is_exit_3(monkeypatch: pytest.MonkeyPatch, elsewhere: Path) -> None:
    engine(elsewhere, "echo 'error: the backend is full'; exit 255")
    done = drill_in(monkeypatch, elsewhere)
    assert done.exit_code == 3
    assert "The stack azure cannot be made: error: the backend is full" in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="looks for what is left in /proc")
@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_stopped_halfway_it_leaves_nothing(elsewhere: Path, sign: signal.Signals) -> None:
    """The engine has a child that ignores signals, as a plugin that hangs does."""
    started = elsewhere / "started"
    engine(elsewhere, f"(trap '' INT TERM; touch {started}; exec sleep 300) & wait")
    code = (
        "import pathlib; from anyport_cli import drill_control_plane as d; from anyport_cli.main import main;"
        f"d.CHECKOUT = pathlib.Path({str(elsewhere)!r}); main()"
    )
    temporary = elsewhere.parent / "temporary"
    running = subprocess.Popen(
        [sys.executable, "-c", code, "drill", "--control-plane"],
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 60
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert started.exists()
    [folder] = temporary.iterdir()
    running.send_signal(sign)
    _, told = running.communicate(timeout=60)
    assert running.returncode == 130, told
    assert "anyport: stopped" in told
    assert "Traceback" not in told
    assert list(temporary.iterdir()) == []
    left = []
    for each in Path("/proc").glob("[0-9]*/environ"):
        try:
            left += [each] if str(folder).encode() in each.read_bytes() else []
        except OSError:
            continue
    assert left == []


def test_the_guide_shows_what_was_recorded(checkout: Path) -> None:
    assert control_plane_text(recorded()) in (checkout / "docs" / "drill.md").read_text()
