"""Stand-in for the Pulumi provider `oci`; the engine starts it, people do not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(_CHECKOUT / "sandbox"), str(_CHECKOUT / "components")]

from anyport_sandbox.clouds.clock import SystemClock  # noqa: E402  # the folder may not be installed
from anyport_sandbox.clouds.oci import PACKAGE  # noqa: E402
from anyport_sandbox.clouds.oci_api_keys import ApiKeys, loopback_port, serve  # noqa: E402
from anyport_sandbox.clouds.server import main  # noqa: E402
from anyport_sandbox.clouds.state import State, state_dir  # noqa: E402

if _PORT := loopback_port(os.environ):
    serve(ApiKeys(State(state_dir(_CHECKOUT), PACKAGE.name), SystemClock()), _PORT)
main(PACKAGE, __file__)
