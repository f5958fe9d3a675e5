"""Prints the entries of a lock file that belong to the packages named: `lock_of.py requirements.lock click ...`.

Exit code 2 when one of them is not in it.
"""

# ruff: noqa: T201  # what it prints is for the log of a pipeline
from __future__ import annotations

import re
import sys
from pathlib import Path


def entries(text: str) -> dict[str, str]:
    """Each requirement with its hashes, by normalised name."""
    found: dict[str, str] = {}
    name = ""
    for line in text.splitlines(keepends=True):
        start = re.match(r"([A-Za-z0-9._-]+)(\[[^]]*\])?==", line)
        if start:
            name = re.sub(r"[-_.]+", "-", start[1]).lower()
        if name and not line.lstrip().startswith("#"):
            found[name] = found.get(name, "") + line
    return found


def main() -> int:
    """Entry point."""
    path, *names = sys.argv[1:]
    found = entries(Path(path).read_text("utf-8"))
    missing = [name for name in names if name not in found]
    if missing:
        print(f"{path} does not have {', '.join(missing)}", file=sys.stderr)
        return 2
    print("".join(found[name] for name in names), end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
