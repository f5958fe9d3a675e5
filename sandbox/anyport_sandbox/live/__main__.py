"""`python -m anyport_sandbox.live [PORT]`: the listings until interrupted, for trying commands by hand."""

from __future__ import annotations

import sys
import threading

from .server import ListingServer
from .world import world


def main() -> None:
    """Serve on a port; 8765 by default."""
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 8765
    with ListingServer(world(), port=port) as server:
        sys.stdout.write(f"simulated listings at {server.url}; interrupt to end\n")
        sys.stdout.flush()
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
