"""`anyport preflight` against simulated listings, with one stack file that a test can rewrite."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from preflight_helpers import Preflight

from anyport_sandbox.live.server import ListingServer
from anyport_sandbox.live.world import world

HERE = Path(__file__).parent


@pytest.fixture
def server() -> Iterator[ListingServer]:
    """Listings as the catalog has them, and two machines in the cluster."""
    made = world()
    for name in ("a", "b"):
        made.machine(name, "gd-8xh100ib-i128", 8)
    with ListingServer(made, token="t") as found:
        yield found


@pytest.fixture
def preflight(server: ListingServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Preflight:
    """`preflight("--format", "json")`; the stack is `Pulumi.app.yaml` in the working folder."""
    monkeypatch.setenv("LISTING_TOKEN", "t")
    monkeypatch.chdir(tmp_path)
    shutil.copy(HERE / "stacks" / "Pulumi.app.yaml", tmp_path)

    def run(*args: str, live: bool = True) -> Any:
        from anyport_cli.main import cli

        asked = ["--subscription", "sub-1", "--compartment", "ocid1.compartment.oc1..mine"]
        for cloud in ("azure", "gcp", "oci", "coreweave") if live else ():
            asked += ["--endpoint", f"{cloud}={server.url}", "--token-env", f"{cloud}=LISTING_TOKEN"]
        command = ["preflight", ".", "--today", "2026-11-25", *asked, *args]
        return CliRunner().invoke(cli, command, catch_exceptions=False)

    return run
