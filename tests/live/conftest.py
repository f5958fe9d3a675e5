"""Simulated listings on loopback, and commands against them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from live_helpers import COMPARTMENT, SUBSCRIPTION, TOKEN, Run

from anyport_sandbox.live.server import ListingServer
from anyport_sandbox.live.world import world

CHECKOUT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTING_TOKEN", TOKEN)


@pytest.fixture
def server() -> Iterator[ListingServer]:
    with ListingServer(world(), token=TOKEN) as made:
        yield made


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A copy of the catalog's data, to be changed."""
    shutil.copytree(CHECKOUT / "components/anyport/catalog/data", tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def refresh(server: ListingServer, data: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """`anyport catalog refresh` against the server and the copy."""
    monkeypatch.chdir(data.parent)

    def run(cloud: str, *args: str, live: bool = True) -> Result:
        from anyport_cli.main import cli

        scope = {"azure": ("--subscription", SUBSCRIPTION), "oci": ("--compartment", COMPARTMENT)}.get(
            cloud, ()
        )
        asked = ("--endpoint", server.url, "--token-env", "LISTING_TOKEN", *scope) if live else ()
        command = [
            "catalog",
            "refresh",
            "--from",
            cloud,
            "--data",
            "data",
            "--today",
            "2026-11-25",
            *asked,
            *args,
        ]
        return CliRunner().invoke(cli, command, catch_exceptions=False)

    return run
