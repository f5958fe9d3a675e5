"""What tests of live questions share, beside fixtures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from click.testing import Result

from anyport.live.asker import Access, LiveAsker
from anyport_sandbox.live.server import ListingServer

TOKEN = "eyJ-a-very-secret-token"
SUBSCRIPTION = "11111111-2222-3333-4444-555555555555"
COMPARTMENT = "ocid1.compartment.oc1..secretcompartment"
DAY = date(2026, 11, 25)
CLOUDS = ("azure_openai", "vertex_ai", "oci_generative_ai", "coreweave_vllm")

Run = Callable[..., Result]


def asker(
    server: ListingServer, waits: list[float] | None = None, variable: str = "LISTING_TOKEN"
) -> LiveAsker:
    """Asks the server for every cloud; waits are noted and not waited."""
    access = Access({(c, ""): server.url for c in CLOUDS}, {(c, ""): variable for c in CLOUDS})
    return LiveAsker(access, DAY, (waits if waits is not None else []).append)
