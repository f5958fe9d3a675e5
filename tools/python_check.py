"""Says in one sentence when this Python is too old or cannot make virtual environments."""

import importlib.util
import sys

if sys.version_info < (3, 11):
    have = ".".join(map(str, sys.version_info[:3]))
    sys.exit("anyport: Python 3.11 or newer is needed, this is %s. Run: make PYTHON=python3.11 …" % have)
if importlib.util.find_spec("ensurepip") is None:
    sys.exit("anyport: this Python cannot make virtual environments; install the package python3-venv.")
