"""A vendor's control plane is down: the estate is split into stacks, and the ones without the vendor go on.

The scenario is that of `anyport drill --control-plane`; here it runs as a whole, and its own judgement is read.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from anyport_cli.main import cli
from anyport_sandbox.drill.control_plane import DOWN

pytestmark = pytest.mark.engine


def test_the_gateway_leaves_a_vendor_whose_control_plane_is_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    done = CliRunner().invoke(cli, ["drill", "--control-plane", "--format", "json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert (told["kept"], told["without"]) == (True, "azure_openai")
    assert all(step["kept"] and all(c["kept"] for c in step["checks"]) for step in told["steps"]), done.stdout
    assert [(step["stack"], step["happened"]) for step in told["steps"]] == [
        ("azure", "went through"),
        ("vertex", "went through"),
        ("oci", "went through"),
        ("gateway", "went through"),
        ("gateway", "went through"),
        ("vertex", "went through"),
        ("oci", "went through"),
        ("azure", "refused"),
        ("azure", "went through"),
        ("azure", "went through"),
        ("gateway", "went through"),
    ]
    routed = [c["claim"] for step in told["steps"] for c in step["checks"] if "clusters" in c["claim"]]
    assert routed == [
        "2 clusters route to azure, vertex, oci only",
        "2 clusters route to vertex, oci only",
        "2 clusters route to azure, vertex, oci only",
    ]
    assert "azure-native was asked nothing" in [check["claim"] for check in told["steps"][4]["checks"]]
    assert DOWN in told["steps"][7]["says"]
    assert list(tmp_path.iterdir()) == [], "nothing is left lying about"
