"""Stand-in for the Pulumi provider `kubernetes`; the engine starts it, people do not."""

from __future__ import annotations

import sys
from pathlib import Path

_CHECKOUT = Path(__file__).resolve().parents[3]
sys.path[:0] = [str(_CHECKOUT / "sandbox"), str(_CHECKOUT / "components")]

from anyport_sandbox.clouds.kubernetes_plugin import main  # noqa: E402  # the folder may not be installed

main(__file__)
