"""`docs/errors.md`, generated from the table of codes."""

from __future__ import annotations

from .errors import CODES

__all__ = ["errors_markdown"]

_GROUPS = {
    "AP0": "Reading files",
    "AP1": "Shape of the spec",
    "AP2": "Meaning of the spec",
    "AP3": "Building",
    "AP4": "Gateways",
    "AP5": "Catalog, live answers, cost and bills",
}


def errors_markdown() -> str:
    """The page of error codes, one table per group."""
    lines = [
        "# Error codes",
        "",
        "Every message names the file, line and column, the path of the key, what was given, what is allowed",
        "and how to mend it. Codes keep their meaning for good. (Generated; `make docs` renews this page.)",
    ]
    for prefix, title in _GROUPS.items():
        lines += ["", f"## {title}", "", "| code | meaning |", "|---|---|"]
        lines += [f"| {code} | {text} |" for code, text in CODES.items() if code.startswith(prefix)]
    return "\n".join(lines) + "\n"
