"""Certificates for the simulated hosts, from an authority made anew at every start.

The authority's own key is never written: who reads the state directory can pose as a simulated host
for the clients that trust `ca.pem`, but cannot make certificates for other names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import trustme

from anyport_sandbox.servers.files import private_dir, write_private

__all__ = ["CA_FILE", "Certificates", "make_certificates"]

CA_FILE = "ca.pem"


@dataclass(frozen=True)
class Certificates:
    """Paths: the authority to trust, and per host a file with key and chain (mode 0600)."""

    ca: Path
    by_host: dict[str, Path]


def make_certificates(state_dir: Path, hosts: Mapping[str, Iterable[str]]) -> Certificates:
    """Write `ca.pem` and one `tls/<host>.pem` per host, good for all the names given for it."""
    authority = trustme.CA(organization_name="Anyport sandbox", organization_unit_name="simulated clouds")
    folder = private_dir(state_dir / "tls")
    by_host = {}
    for host, names in hosts.items():
        by_host[host] = folder / f"{host}.pem"
        write_private(by_host[host], authority.issue_cert(*names).private_key_and_cert_chain_pem.bytes())
    ca = state_dir / CA_FILE
    write_private(ca, authority.cert_pem.bytes())
    return Certificates(ca, by_host)
