"""Breaking a target while it runs: a small file the servers read at every call.

A file and not an HTTP route, so that the simulated addresses have nothing the real ones lack.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from anyport_sandbox.servers.errors import ServersError
from anyport_sandbox.servers.files import write_private
from anyport_sandbox.servers.routes import Fault, Route

__all__ = ["FaultBook"]

_FAULTS = TypeAdapter(dict[str, Fault])


class FaultBook:
    """`faults.json` of a state directory: `{"endpoint/target": Fault}`; no file is no faults."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / "faults.json"

    def read(self) -> dict[str, Fault]:
        """All faults now in force.

        Raises:
            ServersError: somebody wrote a file that is not faults.
        """
        try:
            return _FAULTS.validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return {}
        except (OSError, ValidationError):
            raise ServersError(f"{self.path} is not a valid file of faults: mend or remove it.") from None

    def write(self, faults: Mapping[str, Fault]) -> None:
        """Replace all faults; an empty map heals everything. Takes effect at the next call."""
        write_private(self.path, _FAULTS.dump_json(dict(faults), indent=1))

    def of(self, route: Route) -> Fault | None:
        """The fault of a route: what the file says, else what the route was started with."""
        return self.read().get(route.name, route.fault)
